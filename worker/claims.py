"""Claims without anybody at the keyboard: near copies open, the clock decides, holds end."""

from datetime import datetime

import structlog
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import claim_course, claim_holds, claim_outcomes, claims, near_copies
from service.store.claim_steps import Said
from service.store.database import Database, unit_of_work

log = structlog.get_logger()


def waits(session: Session, *, now: datetime) -> bool:
    """Whether a claim waits for a worker."""
    return (
        claims.due(session, now=now) is not None
        or near_copies.next_waiting(session, day=now.date()) is not None
        or near_copies.next_overruled(session) is not None
        or claims.unfollowed(session) is not None
        or bool(settled_by_now(session))
    )


def step(database: Database, *, now: datetime) -> bool:
    """Open a conflict, keep what the clock decided of a claim, or end holds; whether it did any.

    Each is one commit and safe to run twice or by several at once.
    """
    return (
        open_next(database, now=now)
        or overrule_next(database, now=now)
        or follow_next(database, now=now)
        or lapse_next(database, now=now)
        or settle_all(database, now=now)
    )


def open_next(database: Database, *, now: datetime) -> bool:
    """Open the conflict of one near copy that has none; whether it was opened here.

    Another process may have been quicker: then the holders have their claim already.
    """
    try:
        with unit_of_work(database) as session:
            found = near_copies.next_waiting(session, day=now.date())
            if found:
                near_copies.open_conflict(session, found, now=now)
    except LedgerError as error:
        log.warning("claim.not_opened", error=error.code, **error.facts)
        return False
    return found is not None


def overrule_next(database: Database, *, now: datetime) -> bool:
    """End one claim whose finding was dismissed; whether there was one."""
    with unit_of_work(database) as session:
        found = near_copies.next_overruled(session)
        if found:
            number, by, reason = found
            claim_course.overrule(session, number, Said(reason), by=by, now=now)
    return found is not None


def follow_next(database: Database, *, now: datetime) -> bool:
    """Let the holds of one claim follow a change of rights; whether there was one."""
    with unit_of_work(database) as session:
        number = claims.unfollowed(session)
        if number is not None:
            claim_holds.follow(session, number, now=now)
    return number is not None


def lapse_next(database: Database, *, now: datetime) -> bool:
    """Keep what the clock has decided of one claim; whether there was one.

    One that cannot be ended, whatever the reason, is told of and does not hold up the others.
    """
    after = 0
    while True:
        with unit_of_work(database) as session:
            number = claims.due(session, now=now, after=after)
        if number is None:
            return False
        after = number
        try:
            with unit_of_work(database) as session:
                if claim_course.let_the_clock_decide(session, number, now=now):
                    return True
        except LedgerError as error:
            log.warning("claim.stuck", claim=number, error=error.code, **error.facts)


def settled_by_now(session: Session, *, released: Period | None = None) -> list[int]:
    """List the verified claims whose change of rights has reached everybody it concerns."""
    return [
        number
        for number in claims.unsettled(session)
        if claim_outcomes.is_corrected(session, number, released=released)
    ]


def settle_all(database: Database, *, now: datetime, released: Period | None = None) -> bool:
    """End the holds of verified claims once the change has reached the holders; whether any did.

    ``released``: a period whose lines a close under way has released, and not yet held.
    """
    with unit_of_work(database) as session:
        ready = settled_by_now(session, released=released)
        for number in ready:
            stored = claims.locked(session, number)
            claim_holds.end(session, stored, stored.claim.state, now=now)
    return bool(ready)
