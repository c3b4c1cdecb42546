"""A statement that tests change in one place at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime

from service.documents.statement_document import LineChange, StatementDocument
from service.ledger.advance import AdvanceStep
from service.ledger.exchange import Rate
from service.ledger.period import Period
from service.ledger.statement import (
    AdvanceStanding,
    BalanceMove,
    Closing,
    HeldPart,
    HeldReason,
    HoldbackStanding,
    LineKind,
    PayoutMove,
    Statement,
    StatementLine,
)
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
    return StatementDocument(
        *("2026-01-H7-USD", "Ada", ISSUED, statement, titles, vendors),
        changes={(12, DECEMBER): LineChange(5, ("refunds of 2 sales: not as ordered",))},
    )


BACK = datetime(2026, 1, 9, tzinfo=UTC)
RATE = Rate(1, "USD", "JPY", 1_492_3, 100, date(2026, 1, 4), "ECB")
TAXED = PayoutMove(
    *("2025-12-H7-USD", "reserved", -10_000_000_000, datetime(2026, 1, 5, tzinfo=UTC)),
    *(10_000_000_000, "jp-treaty", 100_000, 1_000_000_000, 250_000_000, 8_750_000_000),
    *("JPY", 1_305_000_000_000, RATE, "Ada's heir"),
    tax_from=date(2025, 4, 1),
)


def a_full_one() -> StatementDocument:
    """Make a statement of everything there can be: each of its parts differs from the others."""
    upstream = replace(
        EARNED, upstream_received_nanos=2_150_000_000, upstream_paid_nanos=1, pool_nanos=3
    )
    moves = (
        BalanceMove(AdvanceStep.ADVANCE, "advance 3", "acme", 20_000_000_000, BACK),
        BalanceMove(AdvanceStep.RECOUPMENT, "advance 3", "acme", -5_000_000_000, BACK),
        BalanceMove(AdvanceStep.GUARANTEE, "advance 2", "borealis", 700_000_000, BACK),
    )
    opening, end = 12_000_000_000, 24_989_999_999
    held = (
        HeldPart(HeldReason.NOT_BACKED, 3_000_000_000),
        HeldPart(HeldReason.CONTESTED, 2_000_000_000, ("dispute 7", "claim 9")),
        HeldPart(HeldReason.UNCONFIRMED, 1_000_000_000, ("proposal 3",)),
    )
    statement = Statement(
        *(7, "USD", JANUARY, opening, (upstream, LATE), end),
        Closing(6_000_000_000, 17_000_000_000, 1_189_999_999, 800_000_000),
        (TAXED,),
        moves,
        held,
        HoldbackStanding(900_000_000, 400_000_000, 500_000_000, Period(202604)),
        AdvanceStanding(1_000_000_000, 20_000_000_000, 5_000_000_000),
    )
    titles, vendors = {1: "Ode", 2: "Essay"}, {"acme": "Acme", "borealis": "Borealis"}
    return StatementDocument("2026-01-H7-USD", "Ada", ISSUED, statement, titles, vendors)


def a_long_one(count: int) -> StatementDocument:
    """Make a statement of so many equal lines, all of it payable but what was there before."""
    lines = tuple(replace(EARNED, line_id=number) for number in range(1, count + 1))
    return a_document(lines=lines, closing=Closing(0, 7_290_000_000 * count, 4_500_000))
