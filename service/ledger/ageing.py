"""What vendors owe by month: paid and written off oldest first, and how old the rest is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from service.ledger.backing import Owed, netted
from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos
from service.ledger.period import Period

BUCKETS = (30, 60, 90)
"""Days after the end of a month up to which an open amount belongs to each bucket but the last."""


class WriteOffTooLarge(LedgerError):
    """More was to be written off than is open, or taken back than was written off."""

    def __init__(self, *, asked_nanos: int, most_nanos: int) -> None:
        super().__init__(
            f"write-off of {format_nanos(asked_nanos)} asked, at most {format_nanos(most_nanos)}",
            asked=format_nanos(asked_nanos),
            most=format_nanos(most_nanos),
        )


@dataclass(frozen=True, slots=True)
class OpenMonth:
    """One month of a vendor's debt, in nanos: owed = received + written off + open.

    ``owed_nanos`` is net of what later months took back.
    """

    period: Period
    owed_nanos: int
    received_nanos: int
    written_off_nanos: int

    @property
    def open_nanos(self) -> int:
        """What the vendor still has to pay."""
        return self.owed_nanos - self.received_nanos - self.written_off_nanos

    def days_open(self, today: date) -> int:
        """Count the days since the month ended, 0 while it runs."""
        return max((today - self.period.end.date()).days, 0)


@dataclass(frozen=True, slots=True)
class Aged:
    """The months of a vendor's debt, oldest first; ``unallocated``: received beyond all of it."""

    months: tuple[OpenMonth, ...]
    unallocated_nanos: int

    @property
    def open_nanos(self) -> int:
        """What the vendor still has to pay."""
        return sum(month.open_nanos for month in self.months)

    def buckets(self, today: date) -> tuple[int, ...]:
        """Sum what is open by age: one more than ``BUCKETS``, the oldest last."""
        sums = [0] * (len(BUCKETS) + 1)
        for month in self.months:
            age = month.days_open(today)
            sums[sum(age > days for days in BUCKETS)] += month.open_nanos
        return tuple(sums)


def aged(received_nanos: int, written_off_nanos: int, owed: Sequence[Owed]) -> Aged:
    """Let what was received, then what was written off, fill the oldest months first."""
    months = sorted(owed, key=lambda one: one.period)
    left, forgiven = received_nanos, written_off_nanos
    found = []
    for month, nanos in zip(months, netted([one.owed_nanos for one in months]), strict=True):
        if nanos <= 0:
            left -= nanos  # taken back beyond all that was owed before
            continue
        paid = min(left, nanos)
        off = min(forgiven, nanos - paid)
        left, forgiven = left - paid, forgiven - off
        found.append(OpenMonth(month.period, nanos, paid, off))
    return Aged(tuple(found), left)


def check_write_off(asked_nanos: int, *, open_nanos: int, written_off_nanos: int) -> int:
    """Return a write-off (negative: taken back) if there is so much, else raise."""
    most = open_nanos if asked_nanos > 0 else written_off_nanos
    if not asked_nanos or abs(asked_nanos) > most:
        raise WriteOffTooLarge(asked_nanos=abs(asked_nanos), most_nanos=most)
    return asked_nanos
