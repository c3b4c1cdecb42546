"""Filters of templates: amounts, shares and times as the reader of this page is shown them.

The reader is set for the time of one rendering: macros of imported templates know no other context.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

from markupsafe import Markup

from service.ledger.money import format_nanos
from service.portal.reading import Reader

_MONEY = Markup('<data class="money" value="{}" title="{} {}">{}&nbsp;<abbr>{}</abbr></data>')
_UTC = Markup('<time datetime="{}">{}&nbsp;UTC</time>')
_LOCAL = Markup('<time datetime="{}" title="{} UTC">{}&nbsp;{}</time>')
_DAY = Markup('<time datetime="{}" title="{} UTC">{}</time>')
_PLAIN = Reader()
_READER: ContextVar[Reader] = ContextVar("reader", default=_PLAIN)


@contextmanager
def shown_to(reader: Reader) -> Iterator[None]:
    """Let the filters write for this reader in the block."""
    before = _READER.set(reader)
    try:
        yield
    finally:
        _READER.reset(before)


def money(nanos: int, currency: str) -> Markup:
    """Show an amount to the nano with its ISO 4217 code."""
    return _with_code(nanos, _READER.get().exact(nanos, currency), currency)


def brief(nanos: int, currency: str) -> Markup:
    """Show one unit or more cut to the minor unit, a smaller amount exactly; exact on hover."""
    return _with_code(nanos, _READER.get().brief(nanos, currency), currency)


def _with_code(nanos: int, shown: str, currency: str) -> Markup:
    exact = format_nanos(nanos)
    return _MONEY.format(exact, exact, currency, shown, currency)


def instant(at: datetime) -> Markup:
    """Show an instant in the reader's zone, in UTC on hover."""
    utc, local = at.astimezone(UTC), _READER.get().local(at)
    stamp = f"{utc:%Y-%m-%dT%H:%M:%SZ}"
    if local.tzinfo is UTC:
        return _UTC.format(stamp, f"{utc:%Y-%m-%d %H:%M}")
    return _LOCAL.format(stamp, f"{utc:%Y-%m-%d %H:%M}", f"{local:%Y-%m-%d %H:%M}", f"{local:%Z}")


def day(at: datetime) -> Markup:
    """Show the day of an instant in the reader's zone, the time in UTC on hover."""
    utc, local = at.astimezone(UTC), _READER.get().local(at)
    return _DAY.format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M}", f"{local:%Y-%m-%d}")


def count(number: int) -> str:
    """Show a whole number in groups of digits."""
    return _READER.get().count(number)


def percent(share_ppm: int) -> str:
    """Show a share exactly, without its sign."""
    return _READER.get().percent(share_ppm)


FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "money": money,
        "brief": brief,
        "instant": instant,
        "day": day,
        "count": count,
        "percent": percent,
        "plain": format_nanos,
    }
)
