"""Endpoints of webhooks: where a vendor, a creator or an operator wants to be told what happens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.database import driver
from service.store.text_rules import BadText, check_text
from service.store.webhook_events import EventType

MOST_ENDPOINTS = 20
MAX_LABEL_CHARS = 100


class WebhookNotFound(LedgerError):
    """No such webhook, or not yours."""

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(f"no webhook {endpoint_id}", endpoint_id=endpoint_id)


class TooManyWebhooks(LedgerError):
    """Somebody has as many endpoints as may be."""

    def __init__(self) -> None:
        super().__init__(
            f"you have {MOST_ENDPOINTS} webhooks: delete one first", limit=MOST_ENDPOINTS
        )


class WebhookDisabled(LedgerError):
    """Nothing is sent to an endpoint that is disabled."""

    def __init__(self, endpoint_id: int, reason: str) -> None:
        super().__init__(
            f"webhook {endpoint_id} is disabled ({reason}): enable it first",
            endpoint_id=endpoint_id,
        )


class OwnerRole(StrEnum):
    """Whose endpoint it is; an operator's is told of all."""

    VENDOR = "vendor"
    CREATOR = "creator"
    OPERATOR = "operator"


class EndpointState(StrEnum):
    """Whether anything is sent."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose endpoints; party_id: the vendor or the holder, None for operators."""

    role: OwnerRole
    party_id: int | None

    def __post_init__(self) -> None:
        assert (self.role is OwnerRole.OPERATOR) == (self.party_id is None)


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint to keep; types: the events it is told of, empty: all that concern its owner."""

    owner: Owner
    url: str
    types: Collection[EventType]
    label: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it stands. reason: why it has the state it has since ``changed_at``.

    failing_since: since when it has taken nothing of what it was sent.
    """

    endpoint_id: int
    owner: Owner
    url: str
    types: tuple[EventType, ...]
    label: str
    state: EndpointState
    reason: str
    changed_at: datetime
    made_by: str
    made_at: datetime
    failing_since: datetime | None


_SELECT = (
    "SELECT endpoint_id, role, party_id, url, types, label, state, reason, changed_at, made_by, "
    "made_at, failing_since FROM webhook_endpoint "
)


_FORGET_ATTEMPTS = (
    "DELETE FROM webhook_attempt WHERE delivery_id IN "
    "(SELECT delivery_id FROM webhook_delivery WHERE endpoint_id = %(id)s)"
)


def add(session: Session, new: NewEndpoint, *, by: str, now: datetime) -> int:
    """Keep an endpoint whose URL was checked; return its number. Raises BadText, TooManyWebhooks.

    Only one transaction at a time adds to an owner's.
    """
    connection, owner = driver(session), new.owner
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || %s, 0))",
        (f"{owner.role} {owner.party_id}",),
    )
    if len(listing(session, owner=owner)) >= MOST_ENDPOINTS:
        raise TooManyWebhooks
    row = connection.execute(
        "INSERT INTO webhook_endpoint (role, party_id, url, types, label, state, reason, "
        "changed_at, made_by, made_at) VALUES (%(role)s, %(party)s, %(url)s, %(types)s, %(label)s, "
        "'active', '', %(now)s, %(by)s, %(now)s) RETURNING endpoint_id",
        {
            "role": str(owner.role),
            "party": owner.party_id,
            "url": new.url,
            "types": _types(new.types),
            "label": _label(new.label),
            "by": by,
            "now": now,
        },
    ).fetchone()
    assert row
    return int(row[0])


def change(
    session: Session, endpoint_id: int, *, url: str, types: Collection[EventType], label: str
) -> None:
    """Keep where an endpoint is and what it is told of from now on. Raises BadText.

    The caller holds its row, and its URL was checked.
    """
    driver(session).execute(
        "UPDATE webhook_endpoint SET url = %s, types = %s, label = %s WHERE endpoint_id = %s",
        (url, _types(types), _label(label), endpoint_id),
    )


def get(session: Session, endpoint_id: int, *, owner: Owner | None, lock: bool = False) -> Endpoint:
    """Return an endpoint of an owner, None: of anybody; raise WebhookNotFound.

    lock: nobody changes it, nor takes anything to send to it, until the transaction ends.
    """
    query = _SELECT + "WHERE endpoint_id = %s" + (" FOR UPDATE" if lock else "")
    row = driver(session).execute(query, (min(endpoint_id, 2**63 - 1),)).fetchone()
    found = _endpoint(row) if row else None
    if found is None or (owner is not None and found.owner != owner):
        raise WebhookNotFound(endpoint_id)
    return found


def listing(
    session: Session, *, owner: Owner | None, after: int = 0, limit: int = 1_000
) -> list[Endpoint]:
    """List endpoints of an owner, None: of everybody, in the order they were made."""
    rows = driver(session).execute(
        _SELECT + "WHERE endpoint_id > %(after)s AND (%(role)s::text IS NULL OR "
        "(role = %(role)s AND party_id IS NOT DISTINCT FROM %(party)s)) "
        "ORDER BY endpoint_id LIMIT %(limit)s",
        {
            "after": after,
            "role": str(owner.role) if owner else None,
            "party": owner.party_id if owner else None,
            "limit": limit,
        },
    )
    return [_endpoint(row) for row in rows]


def enable(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Let an endpoint be told again of what happens from now on; one that is active stays so."""
    driver(session).execute(
        "UPDATE webhook_endpoint SET state = 'active', reason = '', changed_at = %s, "
        "failing_since = NULL, paused_until = NULL, slow = false "
        "WHERE endpoint_id = %s AND state = 'disabled'",
        (now, endpoint_id),
    )


def disable(session: Session, endpoint_id: int, *, reason: str, now: datetime) -> None:
    """Send nothing to an endpoint any more; what waits for it is dropped, and may be replayed."""
    connection = driver(session)
    connection.execute(
        "UPDATE webhook_endpoint SET state = 'disabled', reason = %s, changed_at = %s "
        "WHERE endpoint_id = %s AND state = 'active'",
        (reason, now, endpoint_id),
    )
    connection.execute(
        "UPDATE webhook_delivery SET state = 'dropped', changed_at = %s "
        "WHERE endpoint_id = %s AND state IN ('waiting', 'sending')",
        (now, endpoint_id),
    )


def delete(session: Session, endpoint_id: int) -> None:
    """Forget an endpoint with its secrets and all that was sent to it."""
    connection, values = driver(session), {"id": endpoint_id}
    for statement in (
        _FORGET_ATTEMPTS,
        "DELETE FROM webhook_delivery WHERE endpoint_id = %(id)s",
        "DELETE FROM webhook_secret WHERE endpoint_id = %(id)s",
        "DELETE FROM webhook_endpoint WHERE endpoint_id = %(id)s",
    ):
        connection.execute(statement, values)


def _types(types: Collection[EventType]) -> list[str]:
    if EventType.TEST in types:
        raise BadText("events", f"{EventType.TEST} is sent on request only")
    return [str(kind) for kind in EventType if kind in types]


def _label(text: str) -> str:
    return check_text(text, place="label", max_chars=MAX_LABEL_CHARS, empty=True)


def _endpoint(row: Sequence[Any]) -> Endpoint:
    number, role, party, url, types, label, state = row[:7]
    kinds = tuple(EventType(kind) for kind in types)
    owner = Owner(OwnerRole(role), party)
    return Endpoint(number, owner, url, kinds, label, EndpointState(state), *row[7:])
