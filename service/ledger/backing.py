"""Pay when paid: a vendor's receipts back what its sales earned, oldest period first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.ledger.allocation import allocate, tie_of
from service.ledger.period import Period

_REST = "rest"


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
    """Return how much of each (period, holder) receipts stand behind, all together so far.

    A period's claims are its holders' earnings and, as one more, whatever else the receivable
    holds (fee, unmatched pool, chain). What a later period takes back (negative) cancels the same
    claim of earlier ones, the newest first; what it takes back beyond all earnings is negative,
    needs no backing and frees as much for the others. Receipts then fill the oldest period first,
    all its claims alike: a vendor who paid all it owes has backed everything.
    """
    months = sorted(owed, key=lambda o: o.period)
    holders = {holder for month in months for holder in month.earned}
    claims = {
        f"holder:{holder}": netted([month.earned.get(holder, 0) for month in months])
        for holder in holders
    }
    claims[_REST] = netted([month.owed_nanos - sum(month.earned.values()) for month in months])
    result: dict[tuple[Period, int], int] = {}
    left = received_nanos - sum(n for nanos in claims.values() for n in nanos if n < 0)
    for at, month in enumerate(months):
        weights = {key: nanos[at] for key, nanos in claims.items() if nanos[at] > 0}
        covered = min(left, sum(weights.values()))
        left -= covered
        tie = tie_of(month.vendor, str(month.period))
        parts = allocate(covered, weights, tie=tie) if weights else {}
        for holder in month.earned:
            key = f"holder:{holder}"
            result[month.period, holder] = parts.get(key, min(claims[key][at], 0))
    return result


def netted(amounts: Sequence[int]) -> list[int]:
    """Let each negative amount cancel positive ones before it, the newest first; the sum stays."""
    left = list(amounts)
    for at, amount in enumerate(left):
        for earlier in range(at - 1, -1, -1):
            if left[at] >= 0:
                break
            if left[earlier] > 0:
                cancelled = min(left[earlier], -left[at])
                left[earlier] -= cancelled
                left[at] += cancelled
        assert amount <= left[at]
    return left
