"""A sale as a vendor reports it, checked; and what becomes of each item of a report."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from service.ledger.allocation import tie_of
from service.ledger.period import Period
from service.ledger.sale_marks import NO_FLAGS, SaleFlag, SaleFormat, TierBy
from service.ledger.tiers import Tier

MAX_SALES = 10_000
"""Most sales of one request."""
POSITIONS = 16_384
"""Sale ids set aside for one request."""
MAX_FUTURE = timedelta(days=1)
"""How far ahead of the clock a sale may be."""


@dataclass(frozen=True, slots=True)
class SaleFingerprint:
    """What a vendor sent instead of the text, checked.

    ``sealed``: as it is stored; ``content_hash``: 32 bytes, computed here and never the vendor's
    word; ``length_chars``: of the text that nobody sent.
    """

    sealed: bytes
    content_hash: bytes
    length_chars: int


@dataclass(frozen=True, slots=True)
class ReportedSale:
    """One reported sale. ``payload_hash``: of all that was given but the id; 32 bytes.

    ``text`` and ``fingerprint`` are never both given. ``text_hash`` is the SHA-256 of the text's
    UTF-8 bytes, or the fingerprint's own hash; None for a sale without either.
    """

    external_id: str
    sold_at: datetime
    tier: Tier
    output_tokens: int
    tokens_estimated: bool
    gross_nanos: int
    currency: str
    model: str | None
    text: str | None
    text_hash: bytes | None
    payload_hash: bytes
    fingerprint: SaleFingerprint | None = None
    format: SaleFormat = SaleFormat.NATIVE
    tier_by: TierBy = TierBy.REPORT
    flags: SaleFlag = NO_FLAGS

    @property
    def text_chars(self) -> int:
        """Length of the text in characters, as counted or as the fingerprint says; 0 without."""
        if self.fingerprint is not None:
            return self.fingerprint.length_chars
        return len(self.text or "")

    @property
    def period(self) -> Period:
        """Month of the sale."""
        return Period.of(self.sold_at)

    def tie(self, vendor: str) -> int:
        """Tie of the sale: public names only, never a serial number."""
        return tie_of(vendor, self.external_id)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of an item; ``rule`` says what would be right."""

    place: str
    rule: str


class Outcome(StrEnum):
    """What became of one item of a report.

    ``ignored``: it tells of no sale. ``parked``: it waits for the sale it is about.
    """

    CREATED = "created"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    IGNORED = "ignored"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """Answer to one item, in the order of the request.

    ``errors``: why it was rejected, or ignored.
    """

    external_id: str | None
    outcome: Outcome
    sale_id: int | None = None
    errors: tuple[FieldError, ...] = field(default=())
