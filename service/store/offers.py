"""Offers of vendors as they stand: what was offered, for which works, and all that was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.offer import Offer, OfferState, Said, Step, state_of
from service.store.database import driver
from service.store.text_rules import check_text

_OFFERING = 8_800_000
MAX_MESSAGE_CHARS, MAX_NOTE_CHARS = 2_000, 500


class OfferNotFound(LedgerError):
    """No such offer, or none of yours."""

    def __init__(self, offer_id: int) -> None:
        super().__init__(f"no offer {offer_id}", offer_id=offer_id)


@dataclass(frozen=True, slots=True)
class StoredOffer:
    """An offer for one work, or for the catalogue of one holder as it was when it was made.

    ``work_ids``: what it was made for.
    """

    offer_id: int
    offer: Offer
    work_id: int | None
    holder_id: int | None
    work_ids: tuple[int, ...]
    made_by: str
    made_at: datetime
    steps: tuple[Step, ...]

    def state(self, now: datetime) -> OfferState:
        """Return how far the offer has come at an instant."""
        return state_of(self.offer.open_until, self.steps, today=now.astimezone(UTC).date())


def lock(session: Session) -> None:
    """Let one transaction at a time look at an offer and say something of it."""
    driver(session).execute("SELECT pg_advisory_xact_lock(%s)", (_OFFERING,))


def insert(
    session: Session,
    offer: Offer,
    *,
    work_id: int | None,
    holder_id: int | None,
    work_ids: Sequence[int],
    by: str,
    now: datetime,
) -> int:
    """Keep an offer; return its number. Raise BadText for a message that cannot be kept."""
    check_text(offer.message, place="message", max_chars=MAX_MESSAGE_CHARS, empty=True)
    row = (
        driver(session)
        .execute(
            "INSERT INTO offer (vendor_id, work_id, holder_id, currency, advance_nanos, "
            "guarantee_nanos, multiplier_ppm, days, open_until, message, made_by, made_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, daterange(%s, %s), %s, %s, %s, %s) "
            "RETURNING offer_id",
            (
                *(offer.vendor_id, work_id, holder_id, offer.currency),
                *(offer.advance_nanos, offer.guarantee_nanos, offer.multiplier_ppm),
                *(offer.starts_on, offer.ends_on, offer.open_until, offer.message, by, now),
            ),
        )
        .fetchone()
    )
    assert row
    driver(session).execute(
        "INSERT INTO offer_work (offer_id, work_id) SELECT %s, unnest(%s::bigint[])",
        (row[0], sorted(work_ids)),
    )
    return int(row[0])


def say(session: Session, offer_id: int, steps: Sequence[Step]) -> None:
    """Keep what was said of an offer; the caller holds the lock and has decided that it may."""
    for step in steps:
        check_text(step.note, place="note", max_chars=MAX_NOTE_CHARS, empty=True)
        driver(session).execute(
            "INSERT INTO offer_step (offer_id, said, holder_id, note, taken_by, taken_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (offer_id, str(step.said), step.holder_id, step.note, step.by, step.at),
        )


_OFFERS = """
SELECT offer_id, vendor_id, work_id, holder_id, currency, advance_nanos, guarantee_nanos,
    multiplier_ppm, lower(days), upper(days), open_until, message, made_by, made_at,
    ARRAY(SELECT work_id FROM offer_work w WHERE w.offer_id = o.offer_id ORDER BY 1)
FROM offer o
"""
_SEEN = """
(%(vendor)s::bigint IS NULL OR o.vendor_id = %(vendor)s)
AND (%(holder)s::bigint IS NULL OR o.holder_id = %(holder)s OR o.work_id IN (
    SELECT work_id FROM rights_version WHERE holder_ids @> ARRAY[%(holder)s::bigint]))
"""
_STATE = """
coalesce((SELECT said FROM offer_step s WHERE s.offer_id = o.offer_id AND said <> 'agreed'),
    CASE WHEN %(today)s >= o.open_until THEN 'expired' ELSE 'offered' END)
"""


def get(
    session: Session, offer_id: int, *, vendor_id: int | None = None, holder_id: int | None = None
) -> StoredOffer:
    """Return an offer that the vendor made, or that the holder may see; raise OfferNotFound."""
    facts = {"id": offer_id, "vendor": vendor_id, "holder": holder_id}
    query = f"{_OFFERS} WHERE o.offer_id = %(id)s AND {_SEEN}"
    found = _stored(session, driver(session).execute(query.encode(), facts).fetchall())
    if not found:
        raise OfferNotFound(offer_id)
    return found[0]


def listing(
    session: Session,
    *,
    vendor_id: int | None = None,
    holder_id: int | None = None,
    state: OfferState | None = None,
    today: date,
    before: int | None,
    limit: int,
) -> list[StoredOffer]:
    """List offers below a number, newest first: a vendor's, a holder's, or all; in one state."""
    facts = {"vendor": vendor_id, "holder": holder_id, "before": before, "limit": limit}
    facts |= {"state": str(state) if state else None, "today": today}  # type: ignore[dict-item]
    query = (
        f"{_OFFERS} WHERE {_SEEN} AND (%(before)s::bigint IS NULL OR o.offer_id < %(before)s) "
        f"AND (%(state)s::text IS NULL OR {_STATE} = %(state)s) "
        "ORDER BY o.offer_id DESC LIMIT %(limit)s"
    )
    return _stored(session, driver(session).execute(query.encode(), facts).fetchall())


def _stored(session: Session, rows: Sequence[Sequence[Any]]) -> list[StoredOffer]:
    said = _steps(session, [row[0] for row in rows])
    found = []
    for number, vendor, work, holder, currency, advance, guarantee, multiplier, *more in rows:
        starts, ends, until, message, by, at, works = more
        offer = Offer(
            vendor, currency, advance, guarantee, multiplier, starts, ends, until, message
        )
        steps = tuple(said.get(number, ()))
        found.append(StoredOffer(number, offer, work, holder, tuple(works), by, at, steps))
    return found


def _steps(session: Session, offer_ids: Sequence[int]) -> Mapping[int, list[Step]]:
    found: dict[int, list[Step]] = {}
    for number, said, holder, note, by, at in driver(session).execute(
        "SELECT offer_id, said, holder_id, note, taken_by, taken_at FROM offer_step "
        "WHERE offer_id = ANY(%s::bigint[]) ORDER BY step_id",
        (list(offer_ids),),
    ):
        found.setdefault(number, []).append(Step(Said(said), holder, at, by, note))
    return found
