"""Claims as rows: who claims what of whom, and how far each claim has come."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import Actor, Claim, Side
from service.ledger.errors import LedgerError
from service.store.claim_rows import OPEN, SELECT, StoredClaim, stored
from service.store.database import driver


class ClaimNotFound(LedgerError):
    """No such claim, or not yours."""

    def __init__(self, claim_id: int) -> None:
        super().__init__(f"no claim {claim_id}", claim_id=claim_id)


def get(session: Session, claim_id: int) -> StoredClaim:
    """Return a claim; raise ClaimNotFound."""
    row = None
    if 0 < claim_id < 2**63:
        row = driver(session).execute(SELECT + "WHERE c.claim_id = %s", (claim_id,)).fetchone()
    if not row:
        raise ClaimNotFound(claim_id)
    return stored(row)


def get_seen(session: Session, actor: Actor, claim_id: int) -> StoredClaim:
    """Return a claim somebody is a party of, or has a share of by now; raise ClaimNotFound."""
    found = get(session, claim_id)
    if found.claim.side_of(actor) is None and actor.holder_id not in found.holds:
        raise ClaimNotFound(claim_id)
    return found


def locked(session: Session, claim_id: int) -> StoredClaim:
    """Return a claim of which nobody else takes a step until the transaction ends."""
    if 0 < claim_id < 2**63:
        query = text("SELECT 1 FROM claim WHERE claim_id = :id FOR UPDATE")
        session.execute(query, {"id": claim_id})
    return get(session, claim_id)


def listing(
    session: Session,
    *,
    holder_id: int | None = None,
    work_id: int | None = None,
    only_open: bool = False,
    before: int | None = None,
    limit: int,
) -> list[StoredClaim]:
    """List claims, newest first, below one number; on request of one party or work."""
    rows = driver(
        session
    ).execute(
        SELECT + "WHERE (%(before)s::bigint IS NULL OR c.claim_id < %(before)s) "  # noqa: S608
        "AND (%(holder)s::bigint IS NULL OR EXISTS (SELECT 1 FROM claim_party o "
        "WHERE o.claim_id = c.claim_id AND o.holder_id = %(holder)s) OR EXISTS (SELECT 1 "
        "FROM claim_hold h WHERE h.claim_id = c.claim_id AND h.holder_id = %(holder)s)) "
        "AND (%(work)s::bigint IS NULL OR c.work_id = %(work)s) "
        f"AND (NOT %(open)s OR c.{OPEN}) ORDER BY c.claim_id DESC LIMIT %(limit)s",
        {
            "before": before,
            "holder": holder_id,
            "work": work_id,
            "open": only_open,
            "limit": limit,
        },
    )
    return [stored(row) for row in rows]


def open_of_work(session: Session, work_id: int) -> list[StoredClaim]:
    """List the open claims over one work, newest first."""
    rows = driver(session).execute(
        SELECT + f"WHERE c.work_id = %s AND c.{OPEN} ORDER BY c.claim_id DESC", (work_id,)
    )
    return [stored(row) for row in rows]


def ended_of(session: Session, work_id: int, claimants: Sequence[int]) -> int | None:
    """Return a claim of one of these over a work that they made themselves and that failed."""
    row = (
        driver(session)
        .execute(
            "SELECT c.claim_id FROM claim c JOIN claim_party o USING (claim_id) "
            "WHERE c.work_id = %s AND o.side = 'claimant' AND o.holder_id = ANY(%s) "
            "AND c.state IN ('rejected', 'withdrawn', 'expired') AND c.finding_id IS NULL "
            "ORDER BY c.claim_id DESC LIMIT 1",
            (work_id, list(claimants)),
        )
        .fetchone()
    )
    return int(row[0]) if row else None


def open_count(session: Session, claimant: int) -> int:
    """Count the open claims one holder has made, those that findings opened apart."""
    row = (
        driver(session)
        .execute(
            "SELECT count(*) FROM claim_party o JOIN claim c USING (claim_id) "  # noqa: S608
            f"WHERE o.holder_id = %s AND o.side = 'claimant' AND c.{OPEN} "
            "AND c.finding_id IS NULL",
            (claimant,),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def next_number(session: Session) -> int:
    """Take the number of a claim that is about to be kept: its holds name it."""
    query = text("SELECT nextval(pg_get_serial_sequence('claim', 'claim_id'))")
    return int(session.execute(query).scalar_one())


def insert(session: Session, made: StoredClaim) -> None:
    """Keep a claim that was just filed, with its parties."""
    claim, connection = made.claim, driver(session)
    connection.execute(
        "INSERT INTO claim (claim_id, work_id, filed_at, filed_by, held_from, "
        "from_first_day, over_ppm, counters, finding_id, state, step_count, last_at, due_at, "
        "has_evidence, split_holders, split_ppm, followed_to, gave_up, granted_ppm) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '{}', 0)",
        (
            claim.claim_id,
            claim.work_id,
            made.filed_at,
            made.filed_by,
            claim.held_from,
            made.from_first_day,
            made.over_ppm,
            made.counters,
            made.finding_id,
            str(claim.state),
            made.step_count,
            claim.last_at,
            claim.due_at,
            claim.has_evidence,
            list(made.filed_ppm),
            list(made.filed_ppm.values()),
            made.followed_to,
        ),
    )
    _insert_parties(connection, made)


def _insert_parties(connection: psycopg.Connection, made: StoredClaim) -> None:
    claim = made.claim
    parties: list[tuple[int, str, int, int | None]] = [
        (h, str(Side.CLAIMANT), ppm, None) for h, ppm in claim.claimants.items()
    ]
    parties += [
        (h, str(Side.RESPONDENT), ppm, made.holds[h]) for h, ppm in claim.respondents.items()
    ]
    for holder, side, ppm, hold in parties:
        connection.execute(
            "INSERT INTO claim_party (claim_id, holder_id, side, share_ppm, hold_id) "
            "VALUES (%s, %s, %s, %s, %s)",
            (claim.claim_id, holder, side, ppm, hold),
        )


def advance(session: Session, claim: Claim) -> int:
    """Keep how far a claim has come by a step; return the step's number."""
    row = (
        driver(session)
        .execute(
            "UPDATE claim SET state = %s, step_count = step_count + 1, last_at = %s, due_at = %s, "
            "has_evidence = %s, gave_up = %s, outcome = %s, granted_ppm = %s, decided_by = %s "
            "WHERE claim_id = %s RETURNING step_count",
            (
                str(claim.state),
                claim.last_at,
                claim.due_at,
                claim.has_evidence,
                sorted(claim.gave_up),
                str(claim.outcome) if claim.outcome else None,
                claim.granted_ppm,
                claim.decided_by,
                claim.claim_id,
            ),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def settle(session: Session, claim_id: int, *, now: datetime) -> None:
    """Say that the holds of a claim have ended."""
    session.execute(
        text("UPDATE claim SET settled_at = :now WHERE claim_id = :id AND settled_at IS NULL"),
        {"now": now, "id": claim_id},
    )


def due(session: Session, *, now: datetime, after: int = 0) -> int | None:
    """Return the first claim, after a number, of which the clock has something to decide.

    A claim that waits for its counter-claim is left out until that one is decided.
    """
    found = session.execute(
        text(
            "SELECT c.claim_id FROM claim c WHERE c.due_at <= :now AND c.claim_id > :after "  # noqa: S608
            "AND NOT (c.state = 'contested' AND EXISTS (SELECT 1 FROM claim n "
            f"WHERE n.counters = c.claim_id AND n.{OPEN})) ORDER BY c.claim_id LIMIT 1"
        ),
        {"now": now, "after": after},
    ).scalar()
    return None if found is None else int(found)


def unfollowed(session: Session) -> int | None:
    """Return an open claim over a work whose rights have changed since its holds began."""
    found = session.execute(
        text(
            f"SELECT claim_id FROM claim c WHERE {OPEN} AND EXISTS (SELECT 1 FROM rights_change r "  # noqa: S608
            "WHERE r.work_id = c.work_id AND r.change_id > c.followed_to) ORDER BY 1 LIMIT 1"
        )
    ).scalar()
    return None if found is None else int(found)


def last_change(session: Session, work_id: int) -> int:
    """Return the number of the last change of a work's rights, 0 where there was none."""
    query = text("SELECT coalesce(max(change_id), 0) FROM rights_change WHERE work_id = :work")
    return int(session.execute(query, {"work": work_id}).scalar_one())


def winners(session: Session, work_id: int) -> frozenset[int]:
    """Return the claimants of verified claims over a work: what they gained nobody gave away."""
    query = text(
        "SELECT holder_id FROM claim c JOIN claim_party o USING (claim_id) "
        "WHERE c.work_id = :work AND c.state = 'verified' AND o.side = 'claimant'"
    )
    return frozenset(session.execute(query, {"work": work_id}).scalars())


def unsettled(session: Session) -> list[int]:
    """List the verified claims whose holds have not ended, in order."""
    query = text(
        "SELECT claim_id FROM claim WHERE settled_at IS NULL AND state = 'verified' ORDER BY 1"
    )
    return [int(number) for number in session.execute(query).scalars()]
