"""Sending again what was sent or given up, under the same id, and sending an event to try out.

Who calls holds the endpoint's row, and it is active.
"""

from datetime import datetime

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.database import driver
from service.store.webhook_events import EventType
from service.store.webhook_log import DeliveryNotFound

MOST_AT_ONCE = 10_000


class DeliveryUnderWay(LedgerError):
    """A delivery is being sent right now."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(
            f"delivery {delivery_id} is being sent right now: look again in a minute",
            delivery_id=delivery_id,
        )


_AGAIN = (
    "UPDATE webhook_delivery d SET state = 'waiting', next_try_at = %(now)s, changed_at = %(now)s, "
    "replayed_after = attempts "
)


_FAILED = (
    "FROM (SELECT delivery_id FROM webhook_delivery JOIN webhook_event USING (event_id) "
    "WHERE endpoint_id = %(endpoint)s AND state IN ('failed', 'dropped') "
    "AND occurred_at >= %(since)s ORDER BY delivery_id LIMIT %(limit)s) AS failed "
    "WHERE d.delivery_id = failed.delivery_id"
)


def replay(session: Session, endpoint_id: int, delivery_id: int, *, now: datetime) -> None:
    """Send a delivery again now, whatever became of it; its waits begin anew.

    Raises DeliveryNotFound, DeliveryUnderWay.
    """
    connection, number = driver(session), min(delivery_id, 2**63 - 1)
    row = connection.execute(
        "SELECT state = 'sending' AND next_try_at > %s FROM webhook_delivery "
        "WHERE endpoint_id = %s AND delivery_id = %s FOR UPDATE",
        (now, endpoint_id, number),
    ).fetchone()
    if row is None:
        raise DeliveryNotFound(delivery_id)
    if row[0]:
        raise DeliveryUnderWay(delivery_id)
    connection.execute(_AGAIN + "WHERE delivery_id = %(id)s", {"now": now, "id": number})


def replay_failed(session: Session, endpoint_id: int, *, since: datetime, now: datetime) -> int:
    """Send again what failed or was dropped of events since an instant, the oldest first.

    Returns how many, at most 10,000: asked again it goes on with the others.
    """
    done = driver(session).execute(
        _AGAIN + _FAILED,
        {"endpoint": endpoint_id, "since": since, "limit": MOST_AT_ONCE, "now": now},
    )
    return done.rowcount


def send_test(session: Session, endpoint_id: int, *, now: datetime) -> int:
    """Let an endpoint be sent an event that means nothing; return the delivery's number."""
    row = (
        driver(session)
        .execute(
            "WITH v AS (INSERT INTO webhook_event (type, party_ids, for_vendors, data, "
            "occurred_at) VALUES (%(type)s, '{}', false, "
            "jsonb_build_object('webhook_id', %(endpoint)s::bigint), %(now)s) RETURNING event_id) "
            "INSERT INTO webhook_delivery (endpoint_id, event_id, state, next_try_at, changed_at) "
            "SELECT %(endpoint)s, event_id, 'waiting', %(now)s, %(now)s FROM v "
            "RETURNING delivery_id",
            {"type": str(EventType.TEST), "endpoint": endpoint_id, "now": now},
        )
        .fetchone()
    )
    assert row
    return int(row[0])
