"""Licence terms as RSL 1.0 (Really Simple Licensing, https://rslstandard.org/rsl): never a text.

Our uses are RSL's usage tokens: output is ``ai-input`` (input into models, generated answers),
retrieval ``ai-index``, training ``ai-train``. What is not permitted is prohibited by name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from service.ledger.licence import Use
from service.ledger.money import PPM, Money, format_nanos

MEDIA_TYPE = "application/rsl+xml"
NAMESPACE = "https://rslstandard.org/rsl"
PROFILE = "urn:wellspring:reporting:sales:v1"
"""Names the rules of reporting that a use must follow: every sale, as docs/api.md has it."""

_TOKENS = {Use.OUTPUT: "ai-input", Use.RETRIEVAL: "ai-index", Use.TRAINING: "ai-train"}
_MAX_AGE_DAYS = 1
"""Terms change no sooner than the day after tomorrow, so a day-old copy is still right."""


@dataclass(frozen=True, slots=True)
class PublishedWork:
    """What is published of a work. ``url``: where it can be read; ``path``: its place here.

    ``uses``: those allowed today. ``multiplier_ppm``: of the usual royalty.
    """

    work_id: int
    url: str | None
    uses: frozenset[Use]
    multiplier_ppm: int
    changed_at: datetime

    @property
    def path(self) -> str:
        """Place of the work on this site."""
        return f"/works/{self.work_id}"


@dataclass(frozen=True, slots=True)
class Site:
    """Whose licences these are. ``address``: of this installation, without a slash at its end.

    ``price``: what a million premium tokens drawn wholly from a work pay at the usual royalty.
    """

    address: str
    price: Money


def rsl(works: Iterable[PublishedWork], site: Site) -> Iterator[str]:
    """Yield the document in parts: its head, each work, its foot."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<rsl xmlns="{NAMESPACE}" '
    yield f'max-age="{_MAX_AGE_DAYS}">\n'
    for work in works:
        yield _content(work, site)
    yield "</rsl>\n"


def _content(work: PublishedWork, site: Site) -> str:
    url = work.url or site.address + work.path
    changed = f"{work.changed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f"  <content url={quoteattr(url)} lastmod={quoteattr(changed)}>\n"
        f"    <license>\n{_usage(work.uses)}{_payment(work, url, site) if work.uses else ''}"
        "    </license>\n  </content>\n"
    )


def _usage(uses: frozenset[Use]) -> str:
    allowed = " ".join(token for use, token in _TOKENS.items() if use in uses)
    other = " ".join(token for use, token in _TOKENS.items() if use not in uses)
    permits = f'      <permits type="usage">{allowed}</permits>\n' if allowed else ""
    refused = other if allowed else "ai-all"
    prohibits = f'      <prohibits type="usage">{refused}</prohibits>\n' if other else ""
    return permits + prohibits


def _payment(work: PublishedWork, url: str, site: Site) -> str:
    """Say what a use costs, where the terms of one vendor are told, and where uses are reported."""
    amount = format_nanos(site.price.nanos * work.multiplier_ppm // PPM)
    asked = f"{site.address}/v1/licences?uri={quote(url, safe='')}"
    endpoint = quoteattr(f"{site.address}/v1/sales")
    return (
        '      <payment type="use">\n'
        f"        <custom>{escape(asked)}</custom>\n"
        f"        <amount currency={quoteattr(site.price.currency)}>{amount}</amount>\n"
        "      </payment>\n"
        f'      <reporting type="telemetry" profile="{PROFILE}" endpoint={endpoint}/>\n'
    )
