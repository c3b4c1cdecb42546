"""Payouts: runs say what is paid of closed statements; what is approved of it is reserved."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from service.ledger import transfer
from service.ledger.errors import LedgerError
from service.ledger.journal import JournalEntry
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.store import journal, payout_runs, payouts, periods
from service.store.database import Database, unit_of_work
from service.store.payout_runs import PayoutRun, RunItem, item_of
from service.store.payouts import NewPayout, Payable
from worker import holding
from worker.payout_planning import Planned, Policy, Terms, plan, terms_on
from worker.payout_steps import entries_of, step, take_step

__all__ = ["Made", "Policy", "Reserved", "carry_out", "make", "reserve", "step", "take_step"]

STATEMENTS_A_STEP = 200

Progress = Callable[[str, int, int], None]


class ChangedSinceApproved(LedgerError):
    """What a run would pay of a statement is not what it says any more."""

    def __init__(self, number: str, *, run_id: int) -> None:
        super().__init__(
            f"statement {number} is paid by another run: what run {run_id} says has changed",
            number=number,
            run_id=run_id,
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A run, its items, and what it passed over with the reason."""

    run: PayoutRun
    items: tuple[RunItem, ...]
    passed_over: tuple[LedgerError, ...]


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a run reserved, and what it passed over with the reason, by statement."""

    payout_ids: tuple[int, ...]
    passed_over: tuple[LedgerError, ...]


def make(
    database: Database,
    period: Period,
    *,
    by: str,
    now: datetime,
    progress: Progress,
    policy: Policy | None = None,
) -> Made:
    """Make a run of all that can be paid of a closed period's statements now; nothing is posted.

    What holds keep back is posted first and payees are screened, some statements a commit. Raises
    NotClosed.
    """
    asked = policy or Policy()
    with unit_of_work(database) as session:
        periods.check_closed(session, period)
        terms = terms_on(session, now.date(), asked)
    items, passed_over, after = list[RunItem](), list[LedgerError](), 0
    spent = Counter[str]()
    while True:
        with unit_of_work(database) as session:
            payouts.lock(session)
            some = payouts.unpaid(session, period, after=after, limit=STATEMENTS_A_STEP)
            if not some:
                run = payout_runs.insert(session, period, terms.day, items, by=by, now=now)
                return Made(run, tuple(items), tuple(passed_over))
            after = some[-1].statement_id
            open_ones = [one for one in some if sum(one.paid.values()) < one.payable_nanos]
            planned = _plan(session, open_ones, terms, asked, now=now, spent=spent)
        for new in planned.payouts:
            spent[new.statement.currency] += new.transfer.net_nanos
        items += map(item_of, planned.payouts)
        passed_over += planned.passed_over
        progress("planning payouts", len(items), len(items) + len(passed_over))


def carry_out(
    database: Database,
    run_id: int,
    *,
    needed: int,
    by: str,
    now: datetime,
    progress: Progress,
    policy: Policy | None = None,
) -> Reserved:
    """Reserve what a run says, and nothing else; some statements a commit, safe to run again.

    needed: how many operators beside its maker must have approved it. What would be another amount
    now, or go to another account, is passed over. Raises RunNotFound, RunNotApproved.
    """
    asked = policy or Policy()
    with unit_of_work(database) as session:
        run = payout_runs.get(session, run_id)
        payout_runs.check_approved(session, run, needed=needed)
        terms = terms_on(session, run.day, asked)
    made, passed_over, after = list[int](), list[LedgerError](), (0, -1)
    while True:
        with unit_of_work(database) as session:
            payouts.lock(session)
            some = payout_runs.items(session, run_id, after=after, limit=STATEMENTS_A_STEP)
            if not some:
                return Reserved(tuple(made), tuple(passed_over))
            after = (some[-1].statement_id, some[-1].part)
            good, refused = _still_due(session, run, some, terms, asked, now=now)
            made += post(session, good, by=by, now=now)
        passed_over += refused
        progress("reserving payouts", len(made), run.item_count)


def reserve(
    database: Database,
    period: Period,
    *,
    by: str,
    now: datetime,
    progress: Progress,
    policy: Policy | None = None,
) -> Reserved:
    """Make a run and carry it out at once: for installations where nobody else approves it."""
    run = make(database, period, by=by, now=now, progress=progress, policy=policy)
    done = carry_out(
        database, run.run.run_id, needed=0, by=by, now=now, progress=progress, policy=policy
    )
    return Reserved(done.payout_ids, run.passed_over + done.passed_over)


def _plan(
    session: Session,
    some: Sequence[Payable],
    terms: Terms,
    policy: Policy,
    *,
    now: datetime,
    spent: Counter[str] | None = None,
) -> Planned:
    into = periods.hold_open_from(session, Period.of(now))
    holding.post(session, sorted({one.holder_id for one in some}), into=into, now=now)
    return plan(session, some, terms, policy, now=now, spent=spent)


def _still_due(
    session: Session,
    run: PayoutRun,
    some: Sequence[RunItem],
    terms: Terms,
    policy: Policy,
    *,
    now: datetime,
) -> tuple[list[NewPayout], list[LedgerError]]:
    """Return the payouts of some items that are as the run says, and why others are not made."""
    numbers = sorted({item.statement_id for item in some})
    known = payouts.unpaid(session, run.period, statement_ids=numbers)
    paid = {(one.statement_id, part) for one in known for part in one.paid}
    waiting = [item for item in some if (item.statement_id, item.part) not in paid]
    wanted = {item.statement_id for item in waiting}
    listed = [one for one in known if one.statement_id in wanted]
    planned = _plan(session, listed, terms, policy, now=now)
    due = {(new.statement.statement_id, new.part): new for new in planned.payouts}
    good, refused = list[NewPayout](), list[LedgerError]()
    reasons = {error.facts.get("number"): error for error in planned.passed_over}
    for item in waiting:
        new = due.get((item.statement_id, item.part))
        if new is not None and item_of(new) == item:
            good.append(replace(new, run_id=run.run_id))
            continue
        changed = ChangedSinceApproved(item.statement, run_id=run.run_id)
        refused.append(changed if new else reasons.get(item.statement, changed))
    return good, refused


def post(session: Session, some: Sequence[NewPayout], *, by: str, now: datetime) -> list[int]:
    """Reserve payouts that were planned in this transaction; return their numbers."""
    into = periods.hold_open_from(session, Period.of(now))
    numbers, said = list[int](), list[JournalEntry]()
    state = PayoutState.RESERVED
    for new in some:
        number, gross = payouts.insert(session, new), new.transfer.gross_nanos
        payouts.add_step(session, number, gross, state, period=into, reference="", by=by, now=now)
        said += entries_of(number, transfer.entries(new.transfer, wanted=state))
        numbers.append(number)
    if said:
        journal.append_entries(session, said, period=into.number, now=now)
    return numbers
