"""How one reader is shown figures and times: in their locale and zone, exact all the same."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError

from service.documents.figures import figures_for, locale_named
from service.ledger.money import NANOS_PER_UNIT, format_nanos, minor_unit_nanos
from service.store.people import Person
from service.store.text_rules import BadText

_CENT_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader. locale: empty for plain figures with a point. zone: an IANA name."""

    locale: str = ""
    zone: str = "UTC"

    def exact(self, nanos: int, currency: str) -> str:
        """Write an amount to the nano."""
        return figures_for(self.locale or None, currency).amount(nanos)

    def brief(self, nanos: int, currency: str) -> str:
        """Write one unit or more cut to the minor unit, toward zero; a smaller amount exactly."""
        if abs(nanos) < NANOS_PER_UNIT:
            return self.exact(nanos, currency)
        if not self.locale:
            return format_nanos(nanos, digits=_CENT_DIGITS)
        unit = minor_unit_nanos(currency)
        cut = abs(nanos) // unit * unit
        return self.exact(cut if nanos > 0 else -cut, currency)

    def count(self, number: int) -> str:
        """Write a whole number in groups."""
        return figures_for(self.locale or None, "USD").count(number)

    def percent(self, share_ppm: int) -> str:
        """Write a share exactly, without its sign."""
        return figures_for(self.locale or None, "USD").percent(share_ppm).removesuffix(" %")

    def local(self, at: datetime) -> datetime:
        """Return an instant in the reader's zone."""
        return at.astimezone(UTC if self.zone == "UTC" else ZoneInfo(self.zone))


def reader_of(person: Person | None) -> Reader:
    """Return how somebody reads; plainly and in UTC where nobody is known."""
    return Reader(person.locale, person.time_zone) if person else Reader()


def checked_zone(name: str) -> str:
    """Return the name of a time zone if there is one; raise BadText."""
    if name not in zones():
        raise BadText("time_zone", "must be a zone's name, like Europe/Berlin or Asia/Kolkata")
    return name


def checked_locale(name: str) -> str:
    """Return a locale's name, empty for plain figures; raise BadLocale."""
    return str(locale_named(name.strip())) if name.strip() else ""


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Return the names of all time zones, in order."""
    return tuple(sorted(name for name in available_timezones() if not name.startswith("posix")))


def guessed_locale(accept_language: str) -> str:
    """Return the locale a browser asks for first, empty where none of them is known."""
    weighed = []
    for position, part in enumerate(accept_language.split(",")[:10]):
        tag, _, rest = part.strip().partition(";")
        quality = rest.strip().removeprefix("q=") or "1"
        weighed.append((-_number(quality), position, tag.strip()))
    for _, _, tag in sorted(weighed):
        try:
            return str(Locale.parse(tag[:20].replace("-", "_")))
        except (ValueError, TypeError, UnknownLocaleError):
            continue
    return ""


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdigit() and text.isascii() else 0.0
