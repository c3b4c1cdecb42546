"""Holds as rows: who starts and ends them, and what they are held against."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.hold import Earned, Hold, HoldReason
from service.ledger.period import Period
from service.store.database import driver
from service.store.statement_facts import Recipient
from service.store.text_rules import check_text

_HOLDING = 8_300_000
_MOST_CAUSE_CHARS = 200


class HoldNotFound(LedgerError):
    """No hold has this number."""

    def __init__(self, hold_id: int) -> None:
        super().__init__(f"no hold {hold_id}", hold_id=hold_id)


@dataclass(frozen=True, slots=True)
class NewHold:
    """What is to be held of whom, and why; ``from_period`` as in ``Hold``.

    cause: what the reader of a statement is told, like ``dispute 7``.
    """

    holder_id: int
    work_id: int
    share_ppm: int
    reason: HoldReason
    cause: str
    from_period: Period | None = None


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A hold with its cause, and how it ended."""

    hold: Hold
    cause: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str


def start(session: Session, new: NewHold, *, now: datetime) -> int:
    """Keep a hold; a worker posts what it keeps back. Return its number; raise HoldOutOfRange."""
    Hold(0, new.holder_id, new.work_id, new.share_ppm, new.reason, new.from_period)
    check_text(new.cause, place="cause", max_chars=_MOST_CAUSE_CHARS)
    made = session.execute(
        text(
            "INSERT INTO hold (holder_id, work_id, share_ppm, reason, cause, from_period, "
            "started_at) VALUES (:holder, :work, :ppm, :reason, :cause, :from, :now) "
            "RETURNING hold_id"
        ),
        {
            "holder": new.holder_id,
            "work": new.work_id,
            "ppm": new.share_ppm,
            "reason": str(new.reason),
            "cause": new.cause,
            "from": new.from_period.number if new.from_period else None,
            "now": now,
        },
    )
    return int(made.scalar_one())


def end(session: Session, hold_id: int, *, outcome: str, now: datetime) -> None:
    """End a hold; a worker gives back what it kept. One that has ended stays; or HoldNotFound."""
    check_text(outcome, place="outcome", max_chars=_MOST_CAUSE_CHARS)
    ended = session.execute(
        text(
            "UPDATE hold SET ended_at = greatest(:now, started_at), outcome = :outcome, "
            "settled_at = NULL WHERE hold_id = :id AND ended_at IS NULL RETURNING hold_id"
        ),
        {"now": now, "outcome": outcome, "id": hold_id},
    ).first()
    if (
        not ended
        and not session.execute(
            text("SELECT 1 FROM hold WHERE hold_id = :id"), {"id": hold_id}
        ).scalar()
    ):
        raise HoldNotFound(hold_id)


_LISTED = (
    "SELECT hold_id, holder_id, work_id, share_ppm, reason, from_period, cause, started_at, "
    "ended_at, outcome FROM hold WHERE "
)


def active_of(
    session: Session,
    *,
    holder_ids: Sequence[int] | None = None,
    work_ids: Sequence[int] | None = None,
) -> list[StoredHold]:
    """List the holds that have not ended, in order, of these holders and of these works."""
    rows = driver(session).execute(
        _LISTED + "ended_at IS NULL AND (%(holders)s::bigint[] IS NULL "
        "OR holder_id = ANY(%(holders)s)) AND (%(works)s::bigint[] IS NULL "
        "OR work_id = ANY(%(works)s)) ORDER BY hold_id",
        {
            "holders": None if holder_ids is None else list(holder_ids),
            "works": None if work_ids is None else list(work_ids),
        },
    )
    return [
        StoredHold(
            Hold(number, holder, work, ppm, HoldReason(why), Period(since) if since else None),
            *told,
        )
        for number, holder, work, ppm, why, since, *told in rows
    ]


def lock(session: Session) -> None:
    """Let one transaction at a time post what holds keep back."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _HOLDING})


def waiting_holders(session: Session, *, limit: int) -> list[int]:
    """Return holders of whom a hold began or ended and nobody has posted it."""
    query = text(
        "SELECT DISTINCT holder_id FROM hold WHERE settled_at IS NULL ORDER BY holder_id LIMIT :n"
    )
    return [int(holder) for holder in session.execute(query, {"n": limit}).scalars()]


def holders_concerned(session: Session, among: Sequence[int] | None = None) -> list[int]:
    """Return holders (of ``among``) under a hold, or of whom one has moved something, in order."""
    query = text(
        "SELECT holder_id FROM (SELECT holder_id FROM hold WHERE ended_at IS NULL "
        "UNION SELECT holder_id FROM hold_posting) AS concerned "
        "WHERE CAST(:among AS bigint[]) IS NULL OR holder_id = ANY(:among) ORDER BY 1"
    )
    values = {"among": None if among is None else list(among)}
    return [int(holder) for holder in session.execute(query, values).scalars()]


def unsettled(session: Session, holder_ids: Sequence[int]) -> dict[int, bool]:
    """Return the holds of these holders that nobody has posted yet, and which of them have ended.

    To be read before what the holds keep back: what begins or ends later is posted later.
    """
    query = text(
        "SELECT hold_id, ended_at IS NOT NULL FROM hold "
        "WHERE settled_at IS NULL AND holder_id = ANY(:holders)"
    )
    rows = session.execute(query, {"holders": list(holder_ids)})
    return {int(number): bool(has_ended) for number, has_ended in rows}


def settled(session: Session, seen: Mapping[int, bool], *, now: datetime) -> None:
    """Say that these holds are posted, as they were seen: one that has ended since is not."""
    session.execute(
        text(
            "UPDATE hold SET settled_at = :now "
            "FROM unnest(CAST(:numbers AS bigint[]), CAST(:ended AS boolean[])) "
            "AS seen (hold_id, has_ended) WHERE hold.hold_id = seen.hold_id "
            "AND settled_at IS NULL AND (ended_at IS NOT NULL) = has_ended"
        ),
        {"now": now, "numbers": list(seen), "ended": list(seen.values())},
    )


def earned(
    session: Session, holder_ids: Sequence[int], until: Period | None = None
) -> dict[Recipient, list[Earned]]:
    """Return what was ever released to these holders, or up to a period."""
    found: dict[Recipient, list[Earned]] = defaultdict(list)
    for holder, currency, vendor, work, period, nanos in driver(session).execute(
        "SELECT p.holder_id, l.currency, v.slug, l.work_id, r.period, sum(p.nanos) "
        "FROM release_part p JOIN release r USING (release_id) JOIN line l USING (line_id) "
        "JOIN party v ON v.party_id = l.vendor_id WHERE p.holder_id = ANY(%(holders)s) "
        "AND (%(until)s::integer IS NULL OR r.period <= %(until)s) GROUP BY 1, 2, 3, 4, 5",
        {"holders": list(holder_ids), "until": until.number if until else None},
    ):
        found[Recipient(holder, currency)].append(
            Earned(vendor, int(work), Period(period), int(nanos))
        )
    return found


def backed(
    session: Session, holder_ids: Sequence[int], until: Period | None = None
) -> dict[Recipient, Mapping[str, int]]:
    """Return what receipts of each vendor stand behind, of what these holders earned."""
    found: dict[Recipient, dict[str, int]] = defaultdict(dict)
    for holder, currency, vendor, nanos in driver(session).execute(
        "SELECT p.holder_id, b.currency, v.slug, sum(p.nanos) FROM backing_part p "
        "JOIN backing b USING (backing_id) JOIN party v ON v.party_id = b.vendor_id "
        "LEFT JOIN journal_entry e ON e.kind = 5 AND e.source_id = b.backing_id "
        "WHERE p.holder_id = ANY(%(holders)s) AND (%(until)s::integer IS NULL "
        "OR coalesce(e.period, p.period) <= %(until)s) GROUP BY 1, 2, 3",
        {"holders": list(holder_ids), "until": until.number if until else None},
    ):
        found[Recipient(holder, currency)][vendor] = int(nanos)
    return dict(found)


def moved(
    session: Session, holder_ids: Sequence[int], until: Period | None = None
) -> dict[Recipient, int]:
    """Return what was ever moved from payable to held for these holders, or up to a period."""
    rows = driver(session).execute(
        "SELECT holder_id, currency, sum(nanos) FROM hold_posting "
        "WHERE holder_id = ANY(%(holders)s) "
        "AND (%(until)s::integer IS NULL OR period <= %(until)s) GROUP BY 1, 2",
        {"holders": list(holder_ids), "until": until.number if until else None},
    )
    return {Recipient(holder, currency): int(nanos) for holder, currency, nanos in rows}


def insert_postings(
    session: Session, moves: Mapping[Recipient, int], period: Period, *, now: datetime
) -> dict[Recipient, int]:
    """Keep what is moved now, none of it zero; return the numbers of the postings."""
    numbers = {}
    for whose, nanos in moves.items():
        row = (
            driver(session)
            .execute(
                "INSERT INTO hold_posting (holder_id, currency, period, nanos, posted_at) "
                "VALUES (%s, %s, %s, %s, %s) RETURNING hold_posting_id",
                (whose.holder_id, whose.currency, period.number, nanos, now),
            )
            .fetchone()
        )
        assert row
        numbers[whose] = int(row[0])
    return numbers
