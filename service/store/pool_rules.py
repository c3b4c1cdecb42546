"""Announced rules of unmatched pools, the funds they name, and rates of interest on file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.interest import BadRate, InterestRate
from service.ledger.money import PPM, check_currency
from service.ledger.period import Period
from service.ledger.pool_rule import BadRule, Method, PoolRule, RuleStep, check_days, check_steps
from service.store import parties, rights, works
from service.store.text_rules import check_text

MAX_NAME_CHARS, MAX_RULE_CHARS, MAX_SOURCE_CHARS = 200, 10_000, 500


class RuleTaken(LedgerError):
    """A rule or fund of this name exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:80]!r} exists already: what is announced stays", name=name[:80])


class FundNotFound(LedgerError):
    """No fund has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no fund {name[:80]!r}", name=name[:80])


class RuleNotFound(LedgerError):
    """No rule has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no rule {name[:80]!r}", name=name[:80])


@dataclass(frozen=True, slots=True)
class Fund:
    """A party that takes what nobody else can be given; its line is one of a work of its own."""

    fund_id: int
    name: str
    work_id: int


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as it is announced; steps as ``same-vendor``, ``all-vendors``, ``fund:NAME``."""

    name: str
    text: str
    valid_from: Period
    steps: tuple[str, ...]
    claim_window_days: int
    notice_days: int


def add_fund(
    session: Session, name: str, purpose: str, *, holder_id: int | None = None, now: datetime
) -> Fund:
    """Name a fund and what it is for; ``holder_id``: the party behind it, None adds one.

    It is registered as a work withdrawn at once, so that no sale ever pays it. Raises RuleTaken.
    """
    check_text(name, place="name", max_chars=MAX_NAME_CHARS)
    check_text(purpose, place="purpose", max_chars=MAX_RULE_CHARS)
    known = text("SELECT 1 FROM pool_fund WHERE name = :name")
    if session.execute(known, {"name": name}).first():
        raise RuleTaken(name)
    if holder_id is None:
        holder_id = parties.add_holder(session, name, now=now).party_id
    assert holder_id is not None
    body = f"{name} takes what unmatched pools give to nobody else. {purpose}"
    work = works.register(session, works.NewWork(name, body, "en"), registered_at=now, now=now)
    assert work.work_id is not None
    rights.first_version(session, work.work_id, {holder_id: PPM}, day=now.date(), now=now)
    works.withdraw(session, work.work_id, now=now)
    session.execute(
        text("UPDATE work SET late_searched_at = :now WHERE work_id = :work"),
        {"now": now, "work": work.work_id},
    )
    made = session.execute(
        text(
            "INSERT INTO pool_fund (name, work_id, named_at) VALUES (:name, :work, :now) "
            "RETURNING fund_id"
        ),
        {"name": name, "work": work.work_id, "now": now},
    )
    return Fund(int(made.scalar_one()), name, work.work_id)


def funds(session: Session) -> list[Fund]:
    """List the funds in order."""
    rows = session.execute(text("SELECT fund_id, name, work_id FROM pool_fund ORDER BY fund_id"))
    return [Fund(*row) for row in rows]


def announce(session: Session, rule: NewRule, *, by: str, now: datetime) -> PoolRule:
    """Announce a rule: from now on it is public. Raises BadRule, RuleTaken, FundNotFound."""
    check_text(rule.name, place="name", max_chars=MAX_NAME_CHARS)
    check_text(rule.text, place="text", max_chars=MAX_RULE_CHARS)
    check_days(claim_window_days=rule.claim_window_days, notice_days=rule.notice_days)
    steps = tuple(_step(session, step) for step in rule.steps)
    check_steps(steps)
    if any(rule.name == one.name for one in rules(session)):
        raise RuleTaken(rule.name)
    made = session.execute(
        text(
            "INSERT INTO pool_rule (name, body, valid_from, steps, claim_window_days, notice_days, "
            "announced_at, announced_by) VALUES (:name, :body, :from, :steps, :window, :notice, "
            ":now, :by) RETURNING rule_id"
        ),
        {
            "name": rule.name,
            "body": rule.text,
            "from": rule.valid_from.number,
            "steps": [str(step) for step in steps],
            "window": rule.claim_window_days,
            "notice": rule.notice_days,
            "now": now,
            "by": by,
        },
    )
    number = int(made.scalar_one())
    return next(one for one in rules(session) if one.rule_id == number)


def _step(session: Session, said: str) -> RuleStep:
    method, _, fund = said.partition(":")
    if method == Method.FUND:
        known = {one.name: one.fund_id for one in funds(session)}
        if fund not in known:
            raise FundNotFound(fund)
        return RuleStep(Method.FUND, known[fund])
    if said not in {Method.SAME_VENDOR, Method.ALL_VENDORS}:
        raise BadRule("steps", "each is same-vendor, all-vendors or fund:NAME")
    return RuleStep(Method(said))


def rules(session: Session) -> list[PoolRule]:
    """List all rules ever announced, oldest first."""
    rows = session.execute(
        text(
            "SELECT rule_id, name, body, valid_from, steps, claim_window_days, notice_days, "
            "announced_at, announced_by FROM pool_rule ORDER BY rule_id"
        )
    )
    return [
        PoolRule(number, name, body, Period(month), tuple(map(read_step, steps)), *rest)
        for number, name, body, month, steps, *rest in rows
    ]


def read_step(step: str) -> RuleStep:
    """Read a step as it is stored."""
    method, _, fund = step.partition(":")
    return RuleStep(Method(method), int(fund) if fund else None)


def named(session: Session, name: str) -> PoolRule:
    """Return a rule by its name; raise RuleNotFound."""
    found = next((one for one in rules(session) if one.name == name), None)
    if found is None:
        raise RuleNotFound(name)
    return found


def said_steps(steps: Sequence[RuleStep], funds: Sequence[Fund]) -> list[str]:
    """Write steps as they are announced, with the names of funds."""
    names = {one.fund_id: one.name for one in funds}
    return [
        str(step.method) if step.fund_id is None else f"{step.method}:{names[step.fund_id]}"
        for step in steps
    ]


def file_rate(session: Session, rate: InterestRate, *, source: str, by: str, now: datetime) -> None:
    """Put a rate of interest on file; each begins after the one before. Raises BadRate."""
    check_currency(rate.currency)
    check_text(source, place="source", max_chars=MAX_SOURCE_CHARS)
    newest = max((one.valid_from for one in rates(session, rate.currency)), default=None)
    if newest is not None and rate.valid_from <= newest:
        raise BadRate(f"one from {newest} is on file: the next begins after it")
    session.execute(
        text(
            "INSERT INTO interest_rate (currency, valid_from, annual_ppm, source, filed_by, "
            "filed_at) VALUES (:currency, :from, :ppm, :source, :by, :now)"
        ),
        {
            "currency": rate.currency,
            "from": rate.valid_from,
            "ppm": rate.annual_ppm,
            "source": source,
            "by": by,
            "now": now,
        },
    )


def rates(session: Session, currency: str) -> list[InterestRate]:
    """List the rates of a currency, oldest first."""
    rows = session.execute(
        text(
            "SELECT currency, valid_from, annual_ppm FROM interest_rate "
            "WHERE currency = :currency ORDER BY valid_from"
        ),
        {"currency": currency},
    )
    return [InterestRate(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class FiledRate:
    """A rate with where it comes from."""

    currency: str
    valid_from: date
    annual_ppm: int
    source: str


def filed(session: Session) -> list[FiledRate]:
    """List all rates on file by currency and day."""
    rows = session.execute(
        text(
            "SELECT currency, valid_from, annual_ppm, source FROM interest_rate "
            "ORDER BY currency, valid_from"
        )
    )
    return [FiledRate(*row) for row in rows]
