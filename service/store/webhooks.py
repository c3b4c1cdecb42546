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


class WebhookChanged(LedgerError):
    """Somebody else changed an endpoint since it was seen."""

    def __init__(self, endpoint_id: int, version: int) -> None:
        rule = f"webhook {endpoint_id} is at version {version}: look again"
        super().__init__(rule, place="If-Match", rule=rule)


class NotYourWebhook(LedgerError):
    """An operator was to change somebody else's endpoint, or to see its secret."""

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(
            f"webhook {endpoint_id} is somebody else's: an operator may read, enable and disable "
            "it, the rest is its owner's",
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


class Cause(StrEnum):
    """What disabled an endpoint: people, its answer 410, or days without taking anything."""

    OWNER = "owner"
    OPERATOR = "operator"
    GONE = "gone"
    FAILING = "failing"


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
    """An endpoint as it stands. reason, cause: why it is disabled since ``changed_at``.

    failing_since: since when it has taken nothing of what it was sent. version: counts changes by
    people.
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
    version: int
    cause: Cause | None


_SELECT = (
    "SELECT endpoint_id, role, party_id, url, types, label, state, reason, changed_at, made_by, "
    "made_at, failing_since, version, cause FROM webhook_endpoint "
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


def change(session: Session, seen: Endpoint, new: NewEndpoint) -> None:
    """Keep where an endpoint is and what it is told of from now on. Raises BadText.

    The caller holds its row, and the new URL was checked. What waits goes to the new URL, which has
    failed at nothing yet.
    """
    driver(session).execute(
        "UPDATE webhook_endpoint SET url = %(url)s, types = %(types)s, label = %(label)s, "
        "version = version + 1, failing_since = CASE WHEN url = %(url)s THEN failing_since END, "
        "paused_until = CASE WHEN url = %(url)s THEN paused_until END, "
        "slow = slow AND url = %(url)s WHERE endpoint_id = %(id)s",
        {
            "url": new.url,
            "types": _types(new.types),
            "label": _label(new.label),
            "id": seen.endpoint_id,
        },
    )


def locked(
    session: Session, endpoint_id: int, *, owner: Owner | None, seen: int | None = None
) -> Endpoint:
    """Return an endpoint that nobody else changes before the transaction ends.

    seen: the version that must still be the newest. Raises WebhookNotFound, WebhookChanged.
    """
    found = get(session, endpoint_id, owner=owner, lock=True)
    if seen is not None and found.version != seen:
        raise WebhookChanged(endpoint_id, found.version)
    return found


def active(session: Session, endpoint_id: int, *, owner: Owner | None) -> Endpoint:
    """Return an endpoint as ``locked`` does; raise WebhookDisabled where nothing is sent to it."""
    found = locked(session, endpoint_id, owner=owner)
    if found.state is EndpointState.DISABLED:
        raise WebhookDisabled(endpoint_id, found.reason)
    return found


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


def _types(types: Collection[EventType]) -> list[str]:
    if EventType.TEST in types:
        raise BadText("events", f"{EventType.TEST} is sent on request only")
    return [str(kind) for kind in EventType if kind in types]


def _label(text: str) -> str:
    return check_text(text, place="label", max_chars=MAX_LABEL_CHARS, empty=True)


def _endpoint(row: Sequence[Any]) -> Endpoint:
    number, role, party, url, types, label, state, *rest, cause = row
    kinds = tuple(EventType(kind) for kind in types)
    owner, state = Owner(OwnerRole(role), party), EndpointState(state)
    told = (*rest, Cause(cause) if cause else None)
    return Endpoint(number, owner, url, kinds, label, state, *told)
