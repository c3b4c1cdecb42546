"""Whether an endpoint is sent anything: enabled, disabled with its cause, deleted, counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.store import webhook_events
from service.store.database import driver
from service.store.webhook_events import EventType, instant
from service.store.webhooks import Cause, Endpoint, OwnerRole

REASONS: Mapping[Cause, str] = {
    Cause.OWNER: "its owner disabled it",
    Cause.OPERATOR: "an operator disabled it",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How many endpoints there are: sent to, of these failing, and disabled by nobody's wish."""

    active: int
    failing: int
    given_up: int


def enable(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Let an endpoint be told again of what happens from now on; one that is active stays so."""
    driver(session).execute(
        "UPDATE webhook_endpoint SET state = 'active', reason = '', cause = '', "
        "changed_at = %s, failing_since = NULL, paused_until = NULL, slow = false, "
        "version = version + 1 WHERE endpoint_id = %s AND state = 'disabled'",
        (now, endpoint_id),
    )


def disable(
    session: Session, one: Endpoint, cause: Cause, *, reason: str = "", now: datetime
) -> bool:
    """Send nothing to an endpoint any more; whether it was sent to before.

    What waits for it is dropped, and may be replayed. The caller holds its row. Where nobody wished
    it, its owner's other endpoints and the operators' are told.
    """
    connection = driver(session)
    changed = connection.execute(
        "UPDATE webhook_endpoint SET state = 'disabled', reason = %s, cause = %s, "
        "changed_at = %s, version = version + 1 WHERE endpoint_id = %s AND state = 'active'",
        (reason or REASONS[cause], str(cause), now, one.endpoint_id),
    )
    connection.execute(
        "UPDATE webhook_delivery SET state = 'dropped', changed_at = %s "
        "WHERE endpoint_id = %s AND state IN ('waiting', 'sending')",
        (now, one.endpoint_id),
    )
    if not changed.rowcount:
        return False
    if cause not in REASONS:
        told = {"webhook_id": one.endpoint_id, "cause": str(cause), "disabled_at": instant(now)}
        parties = [one.owner.party_id] if one.owner.party_id is not None else []
        kind = EventType.WEBHOOK_DISABLED
        webhook_events.record(session, kind, told, parties=parties, now=now)
    return True


_DELETE = (
    (
        "DELETE FROM webhook_attempt WHERE delivery_id IN "
        "(SELECT delivery_id FROM webhook_delivery WHERE endpoint_id = %(id)s)"
    ),
    "DELETE FROM webhook_delivery WHERE endpoint_id = %(id)s",
    "DELETE FROM webhook_secret WHERE endpoint_id = %(id)s",
    "DELETE FROM webhook_endpoint WHERE endpoint_id = %(id)s",
)


def delete(session: Session, endpoint_id: int) -> None:
    """Forget an endpoint with its secrets and all that was sent to it. The caller holds its row."""
    for statement in _DELETE:
        driver(session).execute(statement, {"id": endpoint_id})


def erase(session: Session, holder_id: int) -> int:
    """Forget every endpoint of a holder; return how many there were."""
    rows = driver(session).execute(
        "SELECT endpoint_id FROM webhook_endpoint WHERE role = %s AND party_id = %s "
        "ORDER BY endpoint_id FOR UPDATE",
        (str(OwnerRole.CREATOR), holder_id),
    )
    found = [int(row[0]) for row in rows]
    for number in found:
        delete(session, number)
    return len(found)


def standing(session: Session) -> Standing:
    """Count endpoints by how they stand."""
    row = (
        driver(session)
        .execute(
            "SELECT count(*) FILTER (WHERE state = 'active'), "
            "count(*) FILTER (WHERE state = 'active' AND failing_since IS NOT NULL), "
            "count(*) FILTER (WHERE cause IN ('gone', 'failing')) FROM webhook_endpoint"
        )
        .fetchone()
    )
    assert row
    return Standing(*map(int, row))
