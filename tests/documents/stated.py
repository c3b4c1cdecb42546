"""A statement that tests change in one place at a time."""

from dataclasses import replace
from datetime import UTC, datetime

from service.documents.statement_document import StatementDocument
from service.ledger.period import Period
from service.ledger.statement import Closing, LineKind, Statement, StatementLine
from service.ledger.tiers import Tier

JANUARY, DECEMBER = Period(202601), Period(202512)
ISSUED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)

EARNED = StatementLine(
    LineKind.EARNED, 11, 1, "acme", Tier.ELITE, JANUARY, 2, 1_500_000, 12_150_000_000, 600_000,
    7_290_000_000,
)  # fmt: skip
LATE = StatementLine(
    LineKind.ADJUSTMENT, 12, 2, "borealis", Tier.HIGH_SPEED, DECEMBER, 0, 0, -3, 333_333, -1
)


def a_document(
    *,
    title: str = "Ode",
    lines: tuple[StatementLine, ...] = (EARNED, LATE),
    opening: int = 4_500_000,
    payouts: tuple = (),
    closing: Closing | None = None,
) -> StatementDocument:
    end = opening + sum(line.nanos for line in lines) + sum(one.nanos for one in payouts)
    parts = closing or Closing(2_000_000_000, 5_290_000_000, end - 7_290_000_000)
    statement = Statement(7, "USD", JANUARY, opening, lines, end, parts, payouts)
    titles, vendors = {1: title, 2: "Essay"}, {"acme": "Acme", "borealis": "Borealis"}
    return StatementDocument("2026-01-H7-USD", "Ada", ISSUED, statement, titles, vendors)


def a_long_one(count: int) -> StatementDocument:
    """Make a statement of so many equal lines, all of it payable but what was there before."""
    lines = tuple(replace(EARNED, line_id=number) for number in range(1, count + 1))
    return a_document(lines=lines, closing=Closing(0, 7_290_000_000 * count, 4_500_000))
