"""Deliveries: one event for one endpoint, claimed by workers, with a log of every try.

A claim is a lease: who takes a delivery and dies lets somebody else have it a minute later, under
the same id. So an endpoint may get an event twice, and never loses one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlmodel import Session

from service.store import webhooks
from service.store.database import driver
from service.store.webhook_events import body_of
from service.store.webhook_schedule import Answer, Result, judge

LEASE = timedelta(minutes=1)
AT_ONCE_TO_ONE = 4
"""How many an endpoint gets at the same time; one whose last try failed or took long gets one."""
MAX_ANSWER_CHARS = 500


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this worker's until the lease ends. body: what is signed and sent."""

    delivery_id: int
    endpoint_id: int
    url: str
    message_id: str
    body: bytes
    tries: int
    is_slow: bool


_CLAIM = """
WITH e AS (
    SELECT endpoint_id, url, slow FROM webhook_endpoint e
    WHERE state = 'active' AND slow = %(slow)s AND coalesce(paused_until <= %(now)s, true)
        AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.endpoint_id
            AND d.state IN ('waiting', 'sending') AND d.next_try_at <= %(now)s)
        AND (SELECT count(*) FROM webhook_delivery d WHERE d.endpoint_id = e.endpoint_id
            AND d.state = 'sending' AND d.next_try_at > %(now)s)
            < CASE WHEN slow THEN 1 ELSE %(at_once)s END
    ORDER BY claimed_at NULLS FIRST, endpoint_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
d AS (
    SELECT due.delivery_id, e.endpoint_id, e.url, e.slow FROM e CROSS JOIN LATERAL (
        SELECT delivery_id FROM webhook_delivery d WHERE d.endpoint_id = e.endpoint_id
            AND d.state IN ('waiting', 'sending') AND d.next_try_at <= %(now)s
        ORDER BY d.next_try_at, d.delivery_id LIMIT 1 FOR UPDATE SKIP LOCKED) AS due),
noted AS (
    UPDATE webhook_endpoint w SET claimed_at = %(now)s FROM e WHERE w.endpoint_id = e.endpoint_id),
taken AS (
    UPDATE webhook_delivery t SET state = 'sending', attempts = attempts + 1,
        next_try_at = %(until)s, changed_at = %(now)s
    FROM d WHERE t.delivery_id = d.delivery_id
    RETURNING t.delivery_id, d.endpoint_id, d.url, t.event_id, t.attempts, d.slow)
SELECT delivery_id, endpoint_id, url, message_id, type, occurred_at, data, attempts, slow
FROM taken JOIN webhook_event USING (event_id) ORDER BY delivery_id
"""


def claim(session: Session, *, slow: bool, limit: int, now: datetime) -> list[Claimed]:
    """Take deliveries that are due, one of each endpoint, who waited longest first.

    slow: of endpoints whose last try failed or took long, else of the others. Others skip what is
    taken here.
    """
    rows = driver(session).execute(
        _CLAIM,
        {
            "slow": slow,
            "now": now,
            "until": now + LEASE,
            "at_once": AT_ONCE_TO_ONE,
            "limit": limit,
        },
    )
    return [
        Claimed(number, endpoint, url, message, body_of(kind, at, data), tries, is_slow)
        for number, endpoint, url, message, kind, at, data, tries, is_slow in rows
    ]


def due(session: Session, *, now: datetime) -> bool:
    """Whether something is due."""
    row = (
        driver(session)
        .execute(
            "SELECT EXISTS (SELECT 1 FROM webhook_endpoint e WHERE state = 'active' "
            "AND coalesce(paused_until <= %(now)s, true) AND EXISTS (SELECT 1 "
            "FROM webhook_delivery d WHERE d.endpoint_id = e.endpoint_id "
            "AND d.state IN ('waiting', 'sending') AND d.next_try_at <= %(now)s))",
            {"now": now},
        )
        .fetchone()
    )
    return bool(row and row[0])


def note(
    session: Session, claimed: Claimed, answer: Answer, *, spread_ppm: int, now: datetime
) -> Result | None:
    """Keep what came of a try, and what follows; return what becomes of the delivery.

    None where the endpoint was deleted meanwhile. Who lost the lease changes nothing any more,
    unless it was taken: then it is delivered.
    """
    connection = driver(session)
    row: Any = connection.execute(
        "SELECT state, failing_since FROM webhook_endpoint WHERE endpoint_id = %s FOR UPDATE",
        (claimed.endpoint_id,),
    ).fetchone()
    if row is None:
        return None
    _log(connection, claimed, answer, now=now)
    verdict = judge(
        answer, tries=claimed.tries, failing_since=row[1], spread_ppm=spread_ppm, now=now
    )
    connection.execute(
        "UPDATE webhook_delivery SET state = %(state)s, next_try_at = %(next)s, "
        "changed_at = %(now)s WHERE delivery_id = %(id)s AND (%(taken)s "
        "OR (state = 'sending' AND attempts = %(tries)s))",
        {
            "state": str(verdict.result),
            "next": verdict.next_try_at,
            "now": now,
            "id": claimed.delivery_id,
            "taken": answer.is_taken,
            "tries": claimed.tries,
        },
    )
    connection.execute(
        "UPDATE webhook_endpoint SET failing_since = %s, paused_until = %s, slow = %s "
        "WHERE endpoint_id = %s AND state = 'active'",
        (verdict.failing_since, verdict.rests_until, answer.is_slow, claimed.endpoint_id),
    )
    if verdict.disabled:
        webhooks.disable(session, claimed.endpoint_id, reason=verdict.disabled, now=now)
    return verdict.result


def _log(
    connection: psycopg.Connection, claimed: Claimed, answer: Answer, *, now: datetime
) -> None:
    connection.execute(
        "INSERT INTO webhook_attempt (delivery_id, tried_at, took_millis, status, answer) "
        "VALUES (%s, %s, %s, %s, %s)",
        (
            *(claimed.delivery_id, now - answer.took, answer.took // timedelta(milliseconds=1)),
            *(answer.status, answer.text[:MAX_ANSWER_CHARS]),
        ),
    )
