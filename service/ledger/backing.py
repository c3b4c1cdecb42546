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

    What a later period takes back (negative) cancels what is newest of the earlier ones first: the
    same holder's earnings, and the vendor's debt. Receipts then fill the oldest period first. Within a
    period they stand behind all its claims alike: holders and, as one more claim, whatever else the
    receivable holds (fee, unmatched pool, chain). What was taken back beyond all earnings is negative
    and needs no backing.
    """
    months = sorted(owed, key=lambda o: o.period)
    debts = _netted([month.owed_nanos for month in months])
    holders = {holder for month in months for holder in month.earned}
    earned = {h: _netted([month.earned.get(h, 0) for month in months]) for h in holders}
    result: dict[tuple[Period, int], int] = {}
    left = received_nanos
    for at, month in enumerate(months):
        covered = max(min(left, debts[at]), 0)
        left -= covered
        claims = {f"holder:{h}": earned[h][at] for h in month.earned if earned[h][at] > 0}
        rest = max(debts[at] - sum(claims.values()), 0)
        weights = claims | {"rest": rest}
        whole = sum(weights.values())
        tie = tie_of(month.vendor, str(month.period))
        parts = allocate(min(covered, whole), weights, tie=tie) if whole else {}
        for holder in month.earned:
            result[month.period, holder] = parts.get(f"holder:{holder}", min(earned[holder][at], 0))
    return result


def _netted(amounts: Sequence[int]) -> list[int]:
    """Let each negative amount cancel positive ones before it, the newest first; the sum stays."""
    netted = list(amounts)
    for at, amount in enumerate(netted):
        for earlier in range(at - 1, -1, -1):
            if netted[at] >= 0:
                break
            if netted[earlier] > 0:
                cancelled = min(netted[earlier], -netted[at])
                netted[earlier] -= cancelled
                netted[at] += cancelled
        assert amount <= netted[at]
    return netted
