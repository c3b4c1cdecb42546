"""Works off what operators asked for in the console: one job at a time, told as it goes."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from time import monotonic
from typing import Any

import structlog

from service.ledger.contract import Contract
from service.ledger.contract_form import steps_from_json
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.tiers import RateCard, Tier
from service.store import console_jobs, quarantined
from service.store.console_jobs import ConsoleJob, JobKind
from service.store.database import Database, only_one, unit_of_work
from worker import payouts, quarantine
from worker.payout_planning import policy_of
from worker.rehearsal import Progress, Rehearsed, rehearse
from worker.terms_rehearsal import rehearse_terms
from worker.verify import verify
from worker.workplace import Workplace

_ALONE = 7_900_001
_TELL_SECONDS = 0.5
MOST_HOLDERS = 2_000
log = structlog.get_logger()

Facts = Mapping[str, Any]


def waits(database: Database) -> bool:
    """Whether a job waits, or was left by a worker that died."""
    with unit_of_work(database) as session:
        return bool(console_jobs.unfinished(session))


def work_off_next(workplace: Workplace) -> bool:
    """Do the oldest job, if nobody else is at one; whether more wait."""
    if not waits(workplace.database):
        return False
    with only_one(workplace.database, _ALONE) as alone:
        if not alone:
            return False  # who is at it rings again
        with unit_of_work(workplace.database) as session:
            waiting = console_jobs.unfinished(session)
            if waiting:
                console_jobs.begin(session, waiting[0].job_id, now=workplace.clock())
        if waiting:
            _do(workplace, waiting[0])
    return len(waiting) > 1


def _do(workplace: Workplace, job: ConsoleJob) -> None:
    result: Facts | None = None
    refusal = None
    try:
        result = _DOING[job.kind](workplace, job, _teller(workplace.database, job.job_id))
    except LedgerError as error:
        refusal = error.sentence
    except Exception as error:
        log.exception("console.failed", job=job.job_id, kind=str(job.kind))
        refusal = f"it failed: {type(error).__name__}; the log has the rest"
    with unit_of_work(workplace.database) as session:
        console_jobs.end(session, job.job_id, result=result, refusal=refusal, now=workplace.clock())


def _teller(database: Database, job_id: int) -> Progress:
    told = [float("-inf")]

    def tell(step: str, done: int, of_all: int) -> None:
        if monotonic() - told[0] >= _TELL_SECONDS or done >= of_all:
            told[0] = monotonic()
            with unit_of_work(database) as session:
                console_jobs.note(session, job_id, step, done, of_all)

    return tell


def _rehearse_close(workplace: Workplace, job: ConsoleJob, tell: Progress) -> Facts:
    told = rehearse(
        workplace.database,
        Period.parse(job.facts["period"]),
        early=True,
        threshold=workplace.threshold,
        now=workplace.clock(),
        progress=tell,
    )
    return rehearsed_facts(told)


def rehearsed_facts(told: Rehearsed) -> dict[str, Any]:
    """Give what a close would issue as JSON; nanos by holder and cause, the largest change first.

    Totals are of all holders, also where more are left out than are listed.
    """
    named = {(one.holder_id, one.currency): one for one in told.statements}
    rows = []
    totals: dict[str, dict[str, int]] = {}
    for who, change in told.changes.items():
        one = named.get((who.holder_id, who.currency))
        causes = asdict(change) | {"total": change.total}
        row = {
            "holder_id": who.holder_id,
            "holder": one.holder_name if one else "",
            "currency": who.currency,
            "earned": one.earned_nanos if one else 0,
            "payable": one.payable_nanos if one else 0,
            "held": one.held_nanos if one else 0,
            **causes,
        }
        rows.append(row)
        sums = totals.setdefault(who.currency, dict.fromkeys(("earned", "payable", *causes), 0))
        for name in sums:
            sums[name] += row[name]
    rows.sort(key=lambda row: (-abs(row["total"]), row["holder_id"]))
    return {
        "digest": told.digest,
        "statements": len(told.statements),
        "waiting": told.waiting,
        "totals": totals,
        "holders": rows[:MOST_HOLDERS],
        "holders_left_out": max(len(rows) - MOST_HOLDERS, 0),
    }


def _rehearse_terms(workplace: Workplace, job: ConsoleJob, tell: Progress) -> Facts:
    facts = job.facts
    day = datetime.fromisoformat(facts["valid_from"]).date()
    contract = card = None
    if "steps" in facts:
        steps = steps_from_json(facts["steps"])
        contract = Contract(0, facts["vendor"], day, facts["currency"], steps)
    else:
        prices = {Tier(name): nanos for name, nanos in facts["nanos_per_token"].items()}
        card = RateCard(day, facts["currency"], prices)
    told = rehearse_terms(
        workplace.database,
        facts["vendor_id"],
        Period.parse(facts["month"]),
        contract=contract,
        card=card,
        progress=tell,
    )
    return asdict(told)


def _settle_again(workplace: Workplace, job: ConsoleJob, tell: Progress) -> Facts:
    """Settle one quarantined sale, or all of a reason, each in its own commit."""
    database, facts = workplace.database, job.facts
    with unit_of_work(database) as session:
        found = quarantined.of_reason(session, facts["reason"], sale_ids=facts.get("sale_ids"))
    settled, again = 0, dict[str, int]()
    for at, sale_id in enumerate(found):
        tell("settling", at, len(found))
        try:
            rule = quarantine.settle_again(
                database,
                sale_id,
                without_attribution=facts["without_attribution"],
                now=workplace.clock(),
            )
        except (quarantine.CannotAttribute, quarantine.NotQuarantined) as error:
            rule = error.code
        settled += not rule
        if rule:
            again[rule] = again.get(rule, 0) + 1
    tell("settling", len(found), len(found))
    return {"settled": settled, "again": again}


def _make_run(workplace: Workplace, job: ConsoleJob, tell: Progress) -> Facts:
    made = payouts.make(
        workplace.database,
        Period.parse(job.facts["period"]),
        by=job.asked_by,
        now=workplace.clock(),
        progress=tell,
        policy=policy_of(workplace.settings),
    )
    passed = [error.sentence for error in made.passed_over]
    return {"run_id": made.run.run_id, "items": len(made.items), "passed_over": passed}


def _carry_out(workplace: Workplace, job: ConsoleJob, tell: Progress) -> Facts:
    told = payouts.carry_out(
        workplace.database,
        job.facts["run_id"],
        needed=workplace.settings.payout_approvals,
        by=job.asked_by,
        now=workplace.clock(),
        progress=tell,
        policy=policy_of(workplace.settings),
    )
    passed = [error.sentence for error in told.passed_over]
    return {"reserved": len(told.payout_ids), "passed_over": passed}


def _verify(workplace: Workplace, job: ConsoleJob, tell: Progress) -> Facts:
    del job
    checks = verify(workplace.database, tell)
    return {"checks": [asdict(one) | {"holds": one.holds} for one in checks]}


_DOING: Mapping[JobKind, Callable[[Workplace, ConsoleJob, Progress], Facts]] = {
    JobKind.REHEARSE_CLOSE: _rehearse_close,
    JobKind.REHEARSE_TERMS: _rehearse_terms,
    JobKind.SETTLE_AGAIN: _settle_again,
    JobKind.MAKE_RUN: _make_run,
    JobKind.CARRY_OUT: _carry_out,
    JobKind.VERIFY: _verify,
}
