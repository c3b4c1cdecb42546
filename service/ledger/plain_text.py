"""The journal as plain-text accounting: beancount and hledger read it and check every balance."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.ledger.accounts import Side, normal_side

_NANOS = 9


class Form(StrEnum):
    """Programs that read what is written."""

    BEANCOUNT = "beancount"
    HLEDGER = "hledger"


@dataclass(frozen=True, slots=True)
class TextEntry:
    """An entry on a day: ``title`` names kind and source; nanos by account, debit positive."""

    day: date
    title: str
    batch_id: int
    currency: str
    legs: Mapping[str, int]


def account(name: str) -> str:
    """Return an account's name as both programs take it; two names never become one.

    Each part begins with a capital or a digit; parts are lower case with us, so it can be undone.
    """
    root = "Assets" if normal_side(name) is Side.DEBIT else "Liabilities"
    return ":".join((root, *(part[:1].upper() + part[1:] for part in name.split(":"))))


def amount(nanos: int) -> str:
    """Write nanos with all nine places: no place is lost to a program's rounding."""
    whole, part = divmod(abs(nanos), 10**_NANOS)
    return f"{'-' * (nanos < 0)}{whole}.{part:0{_NANOS}d}"


def written(
    form: Form,
    *,
    first_day: date,
    last_day: date,
    opening: Mapping[tuple[str, str], int],
    entries: Iterable[TextEntry],
    closing: Mapping[tuple[str, str], int],
) -> Iterator[str]:
    """Write a journal line by line.

    opening, closing: nanos by account and currency before the first entry, and what all balances
    must be on ``last_day`` after the last; the reader fails if one is not.
    """
    text = _Beancount() if form is Form.BEANCOUNT else _Hledger()
    names = sorted(set(opening) | set(closing))
    yield from text.head(first_day, names)
    for currency in sorted({one for _, one in opening}):
        legs = {name: nanos for (name, one), nanos in opening.items() if one == currency and nanos}
        if legs:
            yield from text.entry(TextEntry(first_day, "opening balances", 0, currency, legs))
    for one in entries:
        yield from text.entry(one)
    yield from text.balances(last_day, {name: closing.get(name, 0) for name in names})


class _Beancount:
    """The language of beancount 2 and 3."""

    def head(self, day: date, names: Iterable[tuple[str, str]]) -> Iterator[str]:
        yield 'option "title" "Wellspring"'
        currencies: dict[str, list[str]] = {}
        for name, currency in names:
            currencies.setdefault(name, []).append(currency)
        for currency in sorted({one for of in currencies.values() for one in of}):
            yield f'option "operating_currency" "{currency}"'
        for name, of in currencies.items():
            yield f"{day} open {account(name)} {','.join(of)}"

    def entry(self, one: TextEntry) -> Iterator[str]:
        yield f'{one.day} * "{one.title}"'
        yield f"  batch: {one.batch_id}"
        for name, nanos in one.legs.items():
            yield f"  {account(name)}  {amount(nanos)} {one.currency}"

    def balances(self, day: date, closing: Mapping[tuple[str, str], int]) -> Iterator[str]:
        for (name, currency), nanos in closing.items():
            yield f"{day} balance {account(name)}  {amount(nanos)} ~ 0 {currency}"


class _Hledger:
    """The language of hledger; a balance is asserted by a posting of nothing."""

    def head(self, _day: date, names: Iterable[tuple[str, str]]) -> Iterator[str]:
        named = sorted(names)
        for currency in sorted({currency for _, currency in named}):
            yield f"commodity 1000.000000000 {currency}"
        for name in sorted({name for name, _ in named}):
            yield f"account {account(name)}"

    def entry(self, one: TextEntry) -> Iterator[str]:
        yield f"{one.day} * {one.title}  ; batch:{one.batch_id}"
        for name, nanos in one.legs.items():
            yield f"    {account(name)}  {amount(nanos)} {one.currency}"

    def balances(self, day: date, closing: Mapping[tuple[str, str], int]) -> Iterator[str]:
        yield f"{day} * balances"
        for (name, currency), nanos in closing.items():
            nothing = amount(0)
            yield f"    {account(name)}  {nothing} {currency} = {amount(nanos)} {currency}"
