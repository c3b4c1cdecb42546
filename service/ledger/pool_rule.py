"""Announced rules: who gets what nobody claimed of a month, told before anybody could choose."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.ledger.errors import LedgerError
from service.ledger.period import Period

MAX_WINDOW_DAYS, MAX_NOTICE_DAYS = 3_660, 366


class Method(StrEnum):
    """By what a pool is divided."""

    SAME_VENDOR = "same-vendor"
    ALL_VENDORS = "all-vendors"
    FUND = "fund"


class NoRule(LedgerError):
    """No announced rule counts for a month."""

    def __init__(self, month: Period) -> None:
        super().__init__(
            f"no rule that counts for {month} was announced early enough: announce one for later "
            "months",
            month=str(month),
        )


class BadRule(LedgerError):
    """A rule that is announced breaks a rule itself; ``place`` names the field."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One way to divide; a fund is named by its number."""

    method: Method
    fund_id: int | None = None

    def __str__(self) -> str:
        return str(self.method) if self.fund_id is None else f"{self.method}:{self.fund_id}"


@dataclass(frozen=True, slots=True)
class PoolRule:
    """Steps in order: the first that finds somebody divides the whole pool.

    valid_from: first month of sale it is for. claim_window_days: how long after a month its pool
    may be claimed. notice_days: how long before the end of the window it must have been announced.
    """

    rule_id: int
    name: str
    text: str
    valid_from: Period
    steps: tuple[RuleStep, ...]
    claim_window_days: int
    notice_days: int
    announced_at: datetime
    announced_by: str

    def window_end(self, month: Period) -> datetime:
        """Return the first instant at which the pool of a month may be released."""
        return window_end(month, self.claim_window_days)

    def counts_for(self, month: Period) -> bool:
        """Whether it was announced early enough for a month that it is for."""
        known = self.announced_at + timedelta(days=self.notice_days)
        return self.valid_from <= month and known <= self.window_end(month)


def window_end(month: Period, claim_window_days: int) -> datetime:
    """Return the end of the claim window of a month: the last sale of it can be claimed so long."""
    return month.end + timedelta(days=claim_window_days)


def rule_for(rules: Iterable[PoolRule], month: Period) -> PoolRule:
    """Return the rule of a month: of those that count the one valid from the latest month.

    Of two from one month the later announced. Raises NoRule.
    """
    able = [rule for rule in rules if rule.counts_for(month)]
    if not able:
        raise NoRule(month)
    return max(able, key=lambda rule: (rule.valid_from, rule.announced_at, rule.rule_id))


def check_steps(steps: tuple[RuleStep, ...]) -> None:
    """Raise BadRule unless the steps can be gone through in order."""
    if not steps:
        raise BadRule("steps", "a rule has at least one")
    if len(set(steps)) < len(steps):
        raise BadRule("steps", "each is named once")
    for at, step in enumerate(steps):
        if (step.method is Method.FUND) != (step.fund_id is not None):
            raise BadRule("steps", "a fund, and nothing else, is named by its number")
        if step.method is Method.FUND and at < len(steps) - 1:
            raise BadRule("steps", "a fund always takes the pool: nothing can come after it")


def check_days(*, claim_window_days: int, notice_days: int) -> None:
    """Raise BadRule for a window or a notice nobody would mean."""
    if not 0 <= claim_window_days <= MAX_WINDOW_DAYS:
        raise BadRule("claim_window_days", f"lies in 0..{MAX_WINDOW_DAYS}")
    if not 0 <= notice_days <= MAX_NOTICE_DAYS:
        raise BadRule("notice_days", f"lies in 0..{MAX_NOTICE_DAYS}")
