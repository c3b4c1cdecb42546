"""Endpoints of webhooks: made, changed, rotated, disabled and deleted by whose they are."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.api.preconditions import IfMatch, etag, seen
from service.api.webhook_owner import AnyCaller, Caller
from service.api.webhook_target import checked_url, ring_of
from service.store import webhook_secrets, webhook_states, webhooks
from service.store.database import unit_of_work
from service.store.webhook_events import EventType
from service.store.webhooks import Cause, Endpoint, EndpointState, NewEndpoint, OwnerRole

router = APIRouter(tags=["webhooks"], route_class=StrictRoute)


class WebhookOrder(BaseModel):
    """Where to send to, and what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://hooks.example.org/wellspring",
                    "events": ["statement.issued", "sale.quarantined"],
                    "label": "billing",
                }
            ]
        },
    )
    url: str = Field(max_length=2_000, description="https://, on the public internet.")
    events: list[EventType] = Field(
        default_factory=list,
        max_length=len(EventType),
        description="Which to be told of; empty: all that concern you, future ones too.",
    )
    label: str = Field(default="", description="At most 100 characters.")


class SecretOrder(BaseModel):
    """How long the old secret signs beside the new one."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"overlap_hours": 48}]}
    )
    overlap_hours: int = Field(default=24, ge=0, le=720, description="0: it ends at once.")


class ShownSecret(BaseModel):
    """A secret that signs, without itself."""

    serial: int
    made_at: datetime
    ends_at: datetime | None


class Webhook(BaseModel):
    """An endpoint as it stands."""

    webhook_id: int
    role: OwnerRole
    party_id: int | None = Field(description="The vendor or holder; null: an operator's.")
    url: str
    events: list[EventType]
    label: str
    state: EndpointState
    cause: Cause | None = Field(description="What disabled it.")
    reason: str = Field(description="The same in words.")
    changed_at: datetime = Field(description="When it was enabled or disabled.")
    failing_since: datetime | None = Field(description="Since when it has taken nothing.")
    made_by: str
    made_at: datetime
    version: int
    secrets: list[ShownSecret] = Field(description="Those that sign now, the newest first.")


class NewWebhook(Webhook):
    """An endpoint with its newest secret, shown this once."""

    secret: str = Field(description="`whsec_` and 32 bytes in base64.")


@router.get("/v1/webhooks", summary="List webhooks", responses=problems(401, 403))
def list_webhooks(
    context: Context,
    caller: AnyCaller,
    everybody: Annotated[
        bool, Query(description="For an operator: the others' too, not only its own.")
    ] = False,
    limit: Limit = 20,
    after: After = "",
) -> Page[Webhook]:
    """List your webhooks in the order they were made."""
    owner = caller.sees if everybody else caller.owner
    with unit_of_work(context.database) as session:
        rows = webhooks.listing(
            session, owner=owner, after=paging.number_of(after), limit=limit + 1
        )
        return paging.page_of(
            rows,
            limit,
            shown=lambda one: shown(session, one, now=context.clock()),
            cursor=lambda one: one.endpoint_id,
        )


@router.post(
    "/v1/webhooks",
    summary="Make a webhook",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 415),
)
def make_webhook(
    context: Context,
    caller: AnyCaller,
    response: Response,
    order: Annotated[WebhookOrder, Body()],
) -> NewWebhook:
    """Be told of what happens from now on. The secret that signs is shown in this answer only."""
    url, ring = checked_url(order.url, context.settings), ring_of(context.settings)
    new = NewEndpoint(caller.owner, url, order.events, order.label)
    now = context.clock()
    with unit_of_work(context.database) as session:
        number = webhooks.add(session, new, by=caller.by, now=now)
        secret = webhook_secrets.make(session, number, ring, overlap=timedelta(), now=now)
        return _with_secret(session, response, number, secret, now=now)


@router.get("/v1/webhooks/{webhook_id}", summary="Get a webhook", responses=problems(401, 403, 404))
def get_webhook(
    context: Context, caller: AnyCaller, response: Response, webhook_id: Number
) -> Webhook:
    """Return a webhook with its ETag; an operator sees everybody's."""
    with unit_of_work(context.database) as session:
        return _answer(session, response, caller, webhook_id, now=context.clock())


@router.put(
    "/v1/webhooks/{webhook_id}",
    summary="Change a webhook",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 428),
)
def put_webhook(
    context: Context,
    caller: AnyCaller,
    response: Response,
    webhook_id: Number,
    order: Annotated[WebhookOrder, Body()],
    if_match: IfMatch = None,
) -> Webhook:
    """Set URL, events and label; what waits already goes to the new URL."""
    known = seen(if_match)
    with unit_of_work(context.database) as session:
        caller.own(session, webhook_id, seen=known)
    url = checked_url(order.url, context.settings)
    with unit_of_work(context.database) as session:
        found = caller.own(session, webhook_id, seen=known)
        new = NewEndpoint(caller.owner, url, order.events, order.label)
        webhooks.change(session, found, new)
        return _answer(session, response, caller, webhook_id, now=context.clock())


@router.delete(
    "/v1/webhooks/{webhook_id}",
    summary="Delete a webhook",
    status_code=204,
    responses=problems(401, 403, 404),
)
def delete_webhook(context: Context, caller: AnyCaller, webhook_id: Number) -> None:
    """Forget a webhook, its secrets and its log."""
    with unit_of_work(context.database) as session:
        caller.own(session, webhook_id)
        webhook_states.delete(session, webhook_id)


@router.post(
    "/v1/webhooks/{webhook_id}/enable",
    summary="Enable a webhook",
    responses=problems(401, 403, 404),
)
def enable_webhook(
    context: Context, caller: AnyCaller, response: Response, webhook_id: Number
) -> Webhook:
    """Be told again of what happens from now on; what was dropped may be replayed."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        webhooks.locked(session, webhook_id, owner=caller.sees)
        webhook_states.enable(session, webhook_id, now=now)
        return _answer(session, response, caller, webhook_id, now=now)


@router.post(
    "/v1/webhooks/{webhook_id}/disable",
    summary="Disable a webhook",
    responses=problems(401, 403, 404),
)
def disable_webhook(
    context: Context, caller: AnyCaller, response: Response, webhook_id: Number
) -> Webhook:
    """Be told of nothing any more; what waits is dropped, and may be replayed later."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        found = webhooks.locked(session, webhook_id, owner=caller.sees)
        cause = Cause.OWNER if found.owner == caller.owner else Cause.OPERATOR
        webhook_states.disable(session, found, cause, now=now)
        return _answer(session, response, caller, webhook_id, now=now)


@router.post(
    "/v1/webhooks/{webhook_id}/rotate",
    summary="Replace the secret of a webhook",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def rotate_webhook(
    context: Context,
    caller: AnyCaller,
    response: Response,
    webhook_id: Number,
    order: Annotated[SecretOrder | None, Body()] = None,
) -> NewWebhook:
    """Make a new secret, shown this once. For the overlap both sign, the newest first."""
    asked, now, ring = order or SecretOrder(), context.clock(), ring_of(context.settings)
    overlap = timedelta(hours=asked.overlap_hours)
    with unit_of_work(context.database) as session:
        caller.own(session, webhook_id)
        secret = webhook_secrets.make(session, webhook_id, ring, overlap=overlap, now=now)
        return _with_secret(session, response, webhook_id, secret, now=now)


def _answer(
    session: Session, response: Response, caller: Caller, webhook_id: int, *, now: datetime
) -> Webhook:
    found = webhooks.get(session, webhook_id, owner=caller.sees)
    response.headers["ETag"] = etag(found.version)
    return shown(session, found, now=now)


def _with_secret(
    session: Session, response: Response, webhook_id: int, secret: str, *, now: datetime
) -> NewWebhook:
    found = webhooks.get(session, webhook_id, owner=None)
    response.headers["ETag"] = etag(found.version)
    response.headers["Cache-Control"] = "no-store"
    return NewWebhook(**shown(session, found, now=now).model_dump(), secret=secret)


def shown(session: Session, one: Endpoint, *, now: datetime) -> Webhook:
    """Show an endpoint with the secrets that sign now."""
    return Webhook(
        webhook_id=one.endpoint_id,
        role=one.owner.role,
        party_id=one.owner.party_id,
        url=one.url,
        events=list(one.types),
        label=one.label,
        state=one.state,
        cause=one.cause,
        reason=one.reason,
        changed_at=one.changed_at,
        failing_since=one.failing_since,
        made_by=one.made_by,
        made_at=one.made_at,
        version=one.version,
        secrets=[
            ShownSecret(serial=known.serial, made_at=known.made_at, ends_at=known.ends_at)
            for known in webhook_secrets.listing(session, one.endpoint_id, now=now)
        ],
    )
