"""Interest on what lies in a pool: simple, by month, by a rate on file; rounded down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from service.ledger.backing import Owed
from service.ledger.errors import LedgerError
from service.ledger.money import PPM
from service.ledger.period import Period

_MONTHS = 12


class BadRate(LedgerError):
    """A rate of interest was filed that breaks a rule."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"rate of interest: {rule}", rule=rule)


@dataclass(frozen=True, slots=True)
class InterestRate:
    """What a year yields on one currency, in ppm, from a day on."""

    currency: str
    valid_from: date
    annual_ppm: int

    def __post_init__(self) -> None:
        if not 0 <= self.annual_ppm <= PPM:
            raise BadRate(f"annual_ppm lies in 0..{PPM}")


@dataclass(frozen=True, slots=True)
class Accrual:
    """What one month yielded: nanos = balance at its start x ppm / 12, rounded down."""

    month: Period
    balance_nanos: int
    annual_ppm: int
    nanos: int


def accrued(
    moved: Mapping[Period, int], rates: Iterable[InterestRate], *, after: Period, before: Period
) -> tuple[Accrual, ...]:
    """Return what each whole month between two others yielded.

    moved: what was put in by the month it was posted into. The rate is that of the month's first
    day; a month without one, or without a balance, yields nothing and is left out.
    """
    filed = sorted(rates, key=lambda rate: rate.valid_from)
    found, month = [], after.next()
    while month < before:
        balance = sum(nanos for period, nanos in moved.items() if period < month)
        ppm = _rate_on(filed, month.first_day)
        if balance > 0 and ppm:
            found.append(Accrual(month, balance, ppm, balance * ppm // (_MONTHS * PPM)))
        month = month.next()
    return tuple(found)


def _rate_on(filed: Sequence[InterestRate], day: date) -> int:
    valid = [rate.annual_ppm for rate in filed if rate.valid_from <= day]
    return valid[-1] if valid else 0


def owed_with(owed: Sequence[Owed], interest: Mapping[Period, int]) -> list[Owed]:
    """Add to what a vendor owes for each period the interest that the platform owes on its pools.

    The platform pays it, so receipts grow by the same: interest backs itself, whatever the vendor
    paid, and takes nothing of what the vendor's receipts back.
    """
    of_period = {one.period: one for one in owed}
    if not interest:
        return list(owed)
    assert owed, "interest was released, so something was earned"
    for period, nanos in interest.items():
        one = of_period.get(period, Owed(owed[0].vendor, period, 0, {}))
        of_period[period] = replace(one, owed_nanos=one.owed_nanos + nanos)
    return [of_period[period] for period in sorted(of_period)]
