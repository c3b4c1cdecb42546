"""Corrections: target minus posted of one sale, whatever changed under it (docs/accounting.md)."""

from datetime import datetime

from sqlmodel import Session

from service.ledger.correction import correction, target
from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.ledger.settlement import legs
from service.store import (
    against_terms,
    attributions,
    correction_jobs,
    corrections,
    journal,
    periods,
    refunds,
    sales,
)
from service.store.corrections import Basis, Cause
from service.store.database import Database, only_one, unit_of_work
from worker import settled_sale
from worker.engine_room import EngineRoom
from worker.reattributing import reattribute
from worker.settled_sale import SettledSale

SALES_A_STEP = 100
_WORKING_OFF = 8_000_000


def correct(
    session: Session,
    sale_id: int,
    *,
    cause: Cause,
    reason: str,
    now: datetime,
    refund: tuple[int, int] | None = None,
    job_id: int | None = None,
) -> bool:
    """Post target minus posted of a settled sale into the first open period at or after its own.

    The sale's row stays locked until the commit, so that what was posted is all there is.
    ``refund`` (number and nanos): one that is posted hereby; ``job_id``: what it is worked off for.
    False where nothing was left to say.
    """
    period = periods.hold_open_from(session, Period(sales.get(session, sale_id).period))
    facts = settled_sale.load(session, sales.get(session, sale_id, lock=True))
    against_terms.replace(session, sale_id, facts.uses_against_terms)
    refunded = refunds.refunded(session, sale_id) + (refund[1] if refund else 0)
    whole = legs(facts.sale, facts.matched, facts.contract)
    wanted = target(whole, refunded, tie=facts.sale.tie)
    delta = correction(wanted, journal.posted_on_sale(session, sale_id))
    if not delta and refund is None:
        return False
    number = corrections.insert(
        session,
        sale_id,
        cause=cause,
        reason=reason,
        basis=_basis(facts, refunded),
        refund_id=refund[0] if refund else None,
        now=now,
        job_id=job_id,
    )
    source = Source(Kind.CORRECTION, number)
    said = entry(source, facts.stored.currency, delta, subject_sale_id=sale_id)
    if said:
        journal.append_entries(session, [said], period=period.number, now=now)
    return True


def _basis(facts: SettledSale, refunded: int) -> Basis:
    attribution = facts.attribution.attribution_id if facts.attribution else None
    return Basis(facts.stored.version, attribution, facts.contract.contract_id, refunded)


def work_off_next(database: Database, room: EngineRoom, *, now: datetime) -> bool:
    """Correct some sales of the oldest job that is ready; False where none is.

    One process at a time. Each step is one commit with the job's place in it: a killed worker loses
    one step, and a step done twice finds nothing left to say.
    """
    with only_one(database, _WORKING_OFF) as alone:
        if not alone:
            return False
        with unit_of_work(database) as session:
            job = correction_jobs.next_ready(session)
            found = (
                correction_jobs.next_sales(session, job.job_id, limit=SALES_A_STEP) if job else []
            )
        if not job:
            return False
        anew = reattribute(
            database, room, found, only_lacking=job.cause is not Cause.ATTRIBUTION, now=now
        )
        with unit_of_work(database) as session:
            attributions.link_again(session, anew)
            count = sum(
                correct(
                    session, sale, cause=job.cause, reason=job.reason, now=now, job_id=job.job_id
                )
                for sale in found
            )
            if found:
                correction_jobs.advance(session, job.job_id, found, corrected=count)
            else:
                correction_jobs.finish(session, job.job_id, now=now)
        return True
