"""The log of an endpoint: what was sent when, what was answered, and how long it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.database import driver
from service.store.webhook_events import EventType


class DeliveryNotFound(LedgerError):
    """An endpoint has no such delivery."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(f"no delivery {delivery_id} of this webhook", delivery_id=delivery_id)


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. message_id: the webhook-id of all its tries.

    next_try_at: while it waits. last_status: of HTTP, None where no answer came or nothing was
    tried; last_answer: its first characters.
    """

    delivery_id: int
    endpoint_id: int
    message_id: str
    kind: EventType
    occurred_at: datetime
    data: Mapping[str, object]
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None
    changed_at: datetime
    last_status: int | None
    last_answer: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. status: of HTTP, None: no answer came. answer: its beginning, or what failed."""

    tried_at: datetime
    took_millis: int
    status: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are wanted: in a state, of a type, of events since an instant; None: all."""

    state: DeliveryState | None = None
    kind: EventType | None = None
    since: datetime | None = None


_SELECT = """
SELECT d.delivery_id, d.endpoint_id, v.message_id, v.type, v.occurred_at, v.data, d.state,
    d.attempts, CASE WHEN d.state = 'waiting' THEN d.next_try_at END, d.changed_at,
    last.status, coalesce(last.answer, '')
FROM webhook_delivery d JOIN webhook_event v USING (event_id)
LEFT JOIN LATERAL (SELECT status, answer FROM webhook_attempt a
    WHERE a.delivery_id = d.delivery_id ORDER BY attempt_id DESC LIMIT 1) AS last ON true
WHERE d.endpoint_id = %(endpoint)s
"""


def listing(
    session: Session, endpoint_id: int, wanted: Wanted, *, before: int | None, limit: int
) -> list[Delivery]:
    """List deliveries to an endpoint, the newest first, below one number."""
    rows = driver(session).execute(
        _SELECT + "AND (%(before)s::bigint IS NULL OR d.delivery_id < %(before)s) "
        "AND (%(state)s::text IS NULL OR d.state = %(state)s) "
        "AND (%(kind)s::text IS NULL OR v.type = %(kind)s) "
        "AND (%(since)s::timestamptz IS NULL OR v.occurred_at >= %(since)s) "
        "ORDER BY d.delivery_id DESC LIMIT %(limit)s",
        {
            "endpoint": endpoint_id,
            "before": before,
            "state": str(wanted.state) if wanted.state else None,
            "kind": str(wanted.kind) if wanted.kind else None,
            "since": wanted.since,
            "limit": limit,
        },
    )
    return [_delivery(*row) for row in rows]


def get(session: Session, endpoint_id: int, delivery_id: int) -> Delivery:
    """Return one delivery to an endpoint; raise DeliveryNotFound."""
    values = {"endpoint": endpoint_id, "delivery": min(delivery_id, 2**63 - 1)}
    query = _SELECT + "AND d.delivery_id = %(delivery)s"
    row = driver(session).execute(query, values).fetchone()
    if row is None:
        raise DeliveryNotFound(delivery_id)
    return _delivery(*row)


def attempts(session: Session, delivery_id: int) -> list[Attempt]:
    """List the tries of a delivery in order."""
    rows = driver(session).execute(
        "SELECT tried_at, took_millis, status, answer FROM webhook_attempt "
        "WHERE delivery_id = %s ORDER BY attempt_id",
        (delivery_id,),
    )
    return [Attempt(*row) for row in rows]


def waiting_count(session: Session) -> int:
    """Count deliveries that are not done."""
    query = "SELECT count(*) FROM webhook_delivery WHERE state IN ('waiting', 'sending')"
    row = driver(session).execute(query).fetchone()
    assert row
    return int(row[0])


# A delivery whose endpoint was deleted as it was recorded belongs to nobody any more.
_OLD = """
WITH old AS (SELECT event_id FROM webhook_event v WHERE v.occurred_at < %(before)s
    AND NOT EXISTS (SELECT 1 FROM webhook_delivery d JOIN webhook_endpoint USING (endpoint_id)
        WHERE d.event_id = v.event_id AND d.state IN ('waiting', 'sending'))
    ORDER BY v.occurred_at, v.event_id LIMIT %(limit)s),
tries AS (DELETE FROM webhook_attempt a USING webhook_delivery d, old
    WHERE d.event_id = old.event_id AND a.delivery_id = d.delivery_id),
sent AS (DELETE FROM webhook_delivery d USING old WHERE d.event_id = old.event_id)
DELETE FROM webhook_event v USING old WHERE v.event_id = old.event_id
"""


def tidy(session: Session, *, before: datetime, limit: int) -> int:
    """Forget some events of before an instant with all that was sent of them; return how many.

    An event of which something still waits is kept.
    """
    return driver(session).execute(_OLD, {"before": before, "limit": limit}).rowcount


def _delivery(number: int, endpoint: int, message: str, kind: str, *rest: Any) -> Delivery:
    at, data, state, *more = rest
    known = EventType(kind), at, data, DeliveryState(state)
    return Delivery(number, endpoint, message, *known, *more)
