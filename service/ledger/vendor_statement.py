"""What a vendor owes for a period and why: sales, corrections, what moved the debt, its age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.ledger.ageing import Aged, aged
from service.ledger.backing import Owed
from service.ledger.period import Period
from service.ledger.tiers import Tier


class LineKind(StrEnum):
    """Whether a line is of sales as they were settled, or of what was corrected afterwards."""

    SALES = "sales"
    CORRECTION = "correction"


class MoveKind(StrEnum):
    """What moved a vendor's debt beside sales and their corrections."""

    RECEIPT = "receipt"
    WRITE_OFF = "write-off"
    RECOUPMENT = "recoupment"
    GUARANTEE = "guarantee"


@dataclass(frozen=True, slots=True)
class Division:
    """Where an amount of gross went, in nanos; signed in corrections.

    works: royalties of matched works, less the platform's fee. unmatched: what no work claimed.
    chain: all chain parties, whoever settles with them. kept: the vendor's own part.
    """

    works_nanos: int = 0
    fee_nanos: int = 0
    unmatched_nanos: int = 0
    chain_nanos: int = 0
    kept_nanos: int = 0

    @property
    def gross_nanos(self) -> int:
        """All of it."""
        return self.pool_nanos + self.chain_nanos + self.kept_nanos

    @property
    def matched_nanos(self) -> int:
        """What works claimed, with the fee on it."""
        return self.works_nanos + self.fee_nanos

    @property
    def pool_nanos(self) -> int:
        """The IP pool: matched and unmatched."""
        return self.matched_nanos + self.unmatched_nanos

    def __add__(self, other: "Division") -> "Division":
        """Add part by part."""
        return Division(
            *(getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        )


@dataclass(frozen=True, slots=True)
class VendorLine:
    """Sales of one month and tier, or corrections of them by one cause ("" for sales).

    due_nanos: what of the gross settles on the platform, so what the vendor owes for the line.
    output_tokens is 0 for corrections.
    """

    kind: LineKind
    month: Period
    tier: Tier
    cause: str
    count: int
    output_tokens: int
    division: Division
    due_nanos: int


@dataclass(frozen=True, slots=True)
class ChainPart:
    """What one chain party got; settles: "direct" from the vendor or through the "platform"."""

    party: str
    settles: str
    nanos: int


@dataclass(frozen=True, slots=True)
class VendorMove:
    """One thing that moved the debt: nanos above zero make it larger."""

    kind: MoveKind
    source_id: int
    nanos: int
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VendorStatement:
    """What a vendor owes at the end of a period in one currency, and how it came to that.

    opening + charged + corrected + moved = closing = what is open of all months - paid ahead.
    """

    vendor: str
    currency: str
    period: Period
    opening_nanos: int
    lines: tuple[VendorLine, ...]
    chain: tuple[ChainPart, ...]
    moves: tuple[VendorMove, ...]
    ageing: Aged

    @property
    def charged_nanos(self) -> int:
        """What sales added to the debt."""
        return self._due(LineKind.SALES)

    @property
    def corrected_nanos(self) -> int:
        """What refunds and other corrections added to the debt; mostly below zero."""
        return self._due(LineKind.CORRECTION)

    @property
    def moved_nanos(self) -> int:
        """What receipts and the like added to the debt; receipts are below zero."""
        return sum(move.nanos for move in self.moves)

    @property
    def closing_nanos(self) -> int:
        """What the vendor owes at the end; below zero: paid ahead."""
        return self.opening_nanos + self.charged_nanos + self.corrected_nanos + self.moved_nanos

    @property
    def is_whole(self) -> bool:
        """Whether age and chain parties come to what the lines and moves say."""
        chain = sum(one.nanos for one in self.chain)
        aged_nanos = self.ageing.open_nanos - self.ageing.unallocated_nanos
        return self.closing_nanos == aged_nanos and self.division().chain_nanos == chain

    def _due(self, kind: LineKind) -> int:
        return sum(line.due_nanos for line in self.lines if line.kind is kind)

    def division(self, kind: LineKind | None = None) -> Division:
        """Where the gross of all lines, or of those of one kind, went."""
        chosen = [line.division for line in self.lines if kind in {None, line.kind}]
        return sum(chosen, Division())


@dataclass(frozen=True, slots=True)
class VendorFacts:
    """What the books say of a vendor's account by the end of a period, in nanos.

    owed, received, written_off: by the period they were posted into, all up to the end.
    """

    opening_nanos: int = 0
    lines: Sequence[VendorLine] = ()
    chain: Sequence[ChainPart] = ()
    moves: Sequence[VendorMove] = ()
    owed: Mapping[Period, int] = field(default_factory=dict)
    received_nanos: int = 0
    written_off_nanos: int = 0


def make(vendor: str, currency: str, period: Period, facts: VendorFacts) -> VendorStatement:
    """Make a vendor's statement of what the books say."""
    owed = [Owed(vendor, month, nanos, {}) for month, nanos in sorted(facts.owed.items())]
    return VendorStatement(
        vendor,
        currency,
        period,
        facts.opening_nanos,
        tuple(sorted(facts.lines, key=_place_of_line)),
        tuple(sorted(facts.chain, key=lambda one: (one.party, one.settles))),
        tuple(sorted(facts.moves, key=lambda one: (one.at, one.kind, one.source_id))),
        aged(facts.received_nanos, facts.written_off_nanos, owed),
    )


def _place_of_line(line: VendorLine) -> tuple[str, Period, int, str]:
    return ("" if line.kind is LineKind.SALES else "x", line.month, line.tier.number, line.cause)


def due_on(issued_at: datetime, *, days: int) -> date:
    """Return the day by which a statement is to be paid."""
    return (issued_at + timedelta(days=days)).date()
