"""A statement with the names its reader knows: what every form of it is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.documents.statement_reasons import carried_reason, held_part_reason, held_reason
from service.ledger.line_dispute import how_to_dispute
from service.ledger.period import Period
from service.ledger.statement import LineKind, Statement, StatementLine


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a document issued again takes the place of, and why."""

    replaces: str
    reason: str
    first_issued_at: datetime


@dataclass(frozen=True, slots=True)
class LineChange:
    """What earlier statements said of an adjusted line, and why it is another now."""

    before_nanos: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A statement as issued. Titles are by work id, vendor names by the vendor's public id.

    ``changes``: of adjusted lines, by line and month of sale.
    """

    number: str
    holder_name: str
    issued_at: datetime
    statement: Statement
    work_titles: Mapping[int, str]
    vendor_names: Mapping[str, str]
    replacement: Replacement | None = None
    changes: Mapping[tuple[int, Period], LineChange] = field(default_factory=dict)

    @property
    def earned_lines(self) -> tuple[StatementLine, ...]:
        """Lines of the period's own sales."""
        return tuple(x for x in self.statement.lines if x.kind is LineKind.EARNED)

    @property
    def adjustments(self) -> tuple[StatementLine, ...]:
        """Lines of sales of closed periods; each names its month."""
        return tuple(x for x in self.statement.lines if x.kind is LineKind.ADJUSTMENT)

    @property
    def held_reason(self) -> str:
        """Say why something is held, each reason once; empty where nothing is."""
        parts = self.statement.held
        if not parts:
            return held_reason(self.statement.closing.held_nanos)
        return " ".join(held_part_reason(part) for part in parts)

    @property
    def carried_reason(self) -> str:
        """Say why something is carried forward; empty where nothing is."""
        return carried_reason(self.statement.closing.carried_nanos, self.statement.currency)

    @property
    def how_to_ask(self) -> str:
        """Say how and until when a line may be disputed: by the day of the first issue."""
        replaced = self.replacement
        first_issued_at = replaced.first_issued_at if replaced else self.issued_at
        return how_to_dispute(self.number, first_issued_at)

    def change_of(self, line: StatementLine) -> LineChange:
        """Return what an adjustment changes; of a line never stated before, from nothing."""
        return self.changes.get((line.line_id, line.month), LineChange(0, ()))

    def vendor_name(self, vendor: str) -> str:
        """Return the name of a vendor; of one that no line names, its public id."""
        return self.vendor_names.get(vendor, vendor)


def nanos_of(lines: tuple[StatementLine, ...]) -> int:
    """Sum what the holder earned on these lines."""
    return sum(line.nanos for line in lines)
