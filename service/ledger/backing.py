"""Pay when paid: a vendor's receipts back what its sales earned, oldest period first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.ledger.allocation import allocate, tie_of
from service.ledger.period import Period


@dataclass(frozen=True, slots=True)
class Owed:
    """What one vendor owes for one period, and to whom it goes on.

    owed_nanos: the receivable of the period. earned: nanos by holder released from its lines.
    """

    vendor: str
    period: Period
    owed_nanos: int
    earned: Mapping[int, int]


def backed(received_nanos: int, owed: Sequence[Owed]) -> dict[tuple[Period, int], int]:
    """Return how much of each (period, holder) a vendor's receipts stand behind, all together so far.

    Receipts fill the oldest period first. Within a period they stand behind all its claims alike:
    holders and, as one more claim, whatever else the receivable holds (fee, unmatched pool, chain).
    A period the vendor is owed for (refunds passed sales) adds to what is left for the next.
    A negative earning (a clawback) needs no backing and is backed whole.
    """
    result: dict[tuple[Period, int], int] = {}
    left = received_nanos
    for month in sorted(owed, key=lambda o: o.period):
        covered = min(left, month.owed_nanos)
        left -= covered
        claims = {f"holder:{h}": n for h, n in month.earned.items() if n > 0}
        rest = max(month.owed_nanos - sum(claims.values()), 0)
        weights = claims | {"rest": rest}
        whole = sum(weights.values())
        tie = tie_of(month.vendor, str(month.period))
        parts = allocate(min(max(covered, 0), whole), weights, tie=tie) if whole else {}
        for holder, earned in month.earned.items():
            key = f"holder:{holder}"
            result[month.period, holder] = parts[key] if earned > 0 else earned
    return result
