"""Deliveries: one event for one endpoint, claimed by workers, with a log of every try.

A claim is a lease: who takes a delivery and dies lets somebody else have it a minute later, under
the same id. So an endpoint may get an event twice, and never loses one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from sqlmodel import Session

from service.store import webhook_states, webhooks
from service.store.database import driver
from service.store.webhook_events import body_of
from service.store.webhook_schedule import Answer, Result, Verdict, judge
from service.store.webhooks import Cause

LEASE = timedelta(minutes=1)
AT_ONCE_TO_ONE = 4
"""How many an endpoint gets at the same time; one whose last try failed or took long gets one."""
AT_ONCE_TO_OWNER = 8
"""How many all endpoints of one vendor or holder get, so that nobody's servers hold up others'."""
MAX_ANSWER_CHARS = 500


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this worker's until the lease ends. body: what is signed and sent.

    tries: how many there are with this one; waits: how many since it was last replayed.
    """

    delivery_id: int
    endpoint_id: int
    url: str
    message_id: str
    body: bytes
    tries: int
    waits: int
    is_slow: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of a delivery. disabled: what disabled its endpoint with this try."""

    result: Result
    disabled: Cause | None = None


_CLAIM = """
WITH busy AS (
    SELECT endpoint_id, count(*) AS sending FROM webhook_delivery
    WHERE state = 'sending' AND next_try_at > %(now)s GROUP BY endpoint_id),
owners AS (
    SELECT role, party_id, sum(sending) AS sending
    FROM busy JOIN webhook_endpoint USING (endpoint_id) GROUP BY role, party_id),
ready AS (
    SELECT e.endpoint_id, coalesce(o.sending, 0) + row_number() OVER (
        PARTITION BY e.role, e.party_id ORDER BY claimed_at NULLS FIRST, e.endpoint_id) AS turn
    FROM webhook_endpoint e LEFT JOIN busy USING (endpoint_id)
    LEFT JOIN owners o ON o.role = e.role AND o.party_id IS NOT DISTINCT FROM e.party_id
    WHERE state = 'active' AND slow = %(slow)s AND coalesce(paused_until <= %(now)s, true)
        AND coalesce(busy.sending, 0) < CASE WHEN slow THEN 1 ELSE %(at_once)s END
        AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.endpoint_id
            AND d.state IN ('waiting', 'sending') AND d.next_try_at <= %(now)s)),
e AS (
    SELECT w.endpoint_id, url, slow FROM webhook_endpoint w JOIN ready USING (endpoint_id)
    WHERE state = 'active' AND (turn <= %(to_owner)s OR role = 'operator')
    ORDER BY claimed_at NULLS FIRST, endpoint_id LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED),
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
    RETURNING t.delivery_id, d.endpoint_id, d.url, t.event_id, t.attempts,
        t.attempts - t.replayed_after AS waits, d.slow)
SELECT delivery_id, endpoint_id, url, message_id, type, occurred_at, data, attempts, waits, slow
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
            "to_owner": AT_ONCE_TO_OWNER,
            "limit": limit,
        },
    )
    return [
        Claimed(number, endpoint, url, message, body_of(kind, at, data), *counts)
        for number, endpoint, url, message, kind, at, data, *counts in rows
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
) -> Noted | None:
    """Keep what came of a try, and what follows; return what becomes of the delivery.

    None where the endpoint was deleted meanwhile. Who lost the lease changes nothing any more,
    unless it was taken: then it is delivered. What a URL answered that is not the endpoint's any
    more says nothing about the endpoint: the new one is tried at once.
    """
    connection = driver(session)
    try:
        one = webhooks.locked(session, claimed.endpoint_id, owner=None)
    except webhooks.WebhookNotFound:
        return None
    _log(connection, claimed, answer, now=now)
    if one.url != claimed.url and not answer.is_taken:
        _keep(connection, claimed, Verdict(Result.WAITING, now, None), is_taken=False, now=now)
        return Noted(Result.WAITING)
    since = one.failing_since
    verdict = judge(
        answer, tries=claimed.waits, failing_since=since, spread_ppm=spread_ppm, now=now
    )
    _keep(connection, claimed, verdict, is_taken=answer.is_taken, now=now)
    connection.execute(
        "UPDATE webhook_endpoint SET failing_since = %s, paused_until = %s, slow = %s "
        "WHERE endpoint_id = %s AND state = 'active'",
        (verdict.failing_since, verdict.rests_until, answer.is_slow, claimed.endpoint_id),
    )
    if verdict.disabled is None:
        return Noted(verdict.result)
    cause, reason = verdict.disabled, verdict.reason
    is_new = webhook_states.disable(session, one, cause, reason=reason, now=now)
    return Noted(verdict.result, cause if is_new else None)


def put_back(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """Let a delivery that could not even be tried wait for a minute; it counts as no try."""
    driver(session).execute(
        "UPDATE webhook_delivery SET state = 'waiting', attempts = attempts - 1, "
        "next_try_at = %s, changed_at = %s "
        "WHERE delivery_id = %s AND state = 'sending' AND attempts = %s",
        (now + LEASE, now, claimed.delivery_id, claimed.tries),
    )


def _keep(
    connection: psycopg.Connection,
    claimed: Claimed,
    verdict: Verdict,
    *,
    is_taken: bool,
    now: datetime,
) -> None:
    connection.execute(
        "UPDATE webhook_delivery SET state = %(state)s, next_try_at = %(next)s, "
        "changed_at = %(now)s WHERE delivery_id = %(id)s AND (%(taken)s "
        "OR (state = 'sending' AND attempts = %(tries)s))",
        {
            "state": str(verdict.result),
            "next": verdict.next_try_at,
            "now": now,
            "id": claimed.delivery_id,
            "taken": is_taken,
            "tries": claimed.tries,
        },
    )


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
