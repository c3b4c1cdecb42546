"""What was sent to a webhook and what came of it; sending it again, and an event to try out."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.api.webhook_owner import AnyCaller
from service.store import webhook_log, webhook_replays, webhooks
from service.store.database import unit_of_work
from service.store.webhook_events import EventType
from service.store.webhook_log import DeliveryState, Wanted

router = APIRouter(tags=["webhooks"], route_class=StrictRoute)


class ReplayOrder(BaseModel):
    """Which to send again: all that failed or were dropped of events since an instant."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"since": "2026-02-01T00:00:00Z"}]}
    )
    since: AwareDatetime


class Replayed(BaseModel):
    """How many are sent again."""

    replayed: int = Field(description="At most 10000: ask again for the rest.")


class Delivery(BaseModel):
    """One event for one webhook."""

    delivery_id: int
    message_id: str = Field(description="The `webhook-id` of all its tries.")
    event: EventType
    occurred_at: datetime
    data: dict[str, Any]
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None = Field(description="While it waits.")
    changed_at: datetime
    last_status: int | None = Field(description="Of HTTP; null: no answer came.")


class Attempt(BaseModel):
    """One try. A request is never kept, nor headers of an answer."""

    tried_at: datetime
    took_millis: int
    status: int | None = Field(description="Of HTTP; null: no answer came.")
    answer: str = Field(description="First 500 characters, or what failed.")


class WholeDelivery(Delivery):
    """A delivery with all its tries, the oldest first."""

    tries: list[Attempt]


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    summary="List deliveries",
    responses=problems(401, 403, 404),
)
def list_deliveries(
    context: Context,
    caller: AnyCaller,
    webhook_id: Number,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
    event: Annotated[EventType | None, Query(description="Only of this type.")] = None,
    since: Annotated[
        AwareDatetime | None, Query(description="Only of events at or after an instant.")
    ] = None,
    limit: Limit = 20,
    after: After = "",
) -> Page[Delivery]:
    """List what was or is to be sent to a webhook, newest first."""
    with unit_of_work(context.database) as session:
        webhooks.get(session, webhook_id, owner=caller.sees)
        rows = webhook_log.listing(
            session,
            webhook_id,
            Wanted(state, event, since),
            before=paging.number_of(after) or None,
            limit=limit + 1,
        )
    return paging.page_of(rows, limit, shown=shown, cursor=lambda one: one.delivery_id)


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    summary="Get a delivery",
    responses=problems(401, 403, 404),
)
def get_delivery(
    context: Context, caller: AnyCaller, webhook_id: Number, delivery_id: Number
) -> WholeDelivery:
    """Return a delivery with every try: when, how long, which status, the answer's beginning."""
    with unit_of_work(context.database) as session:
        webhooks.get(session, webhook_id, owner=caller.sees)
        found = webhook_log.get(session, webhook_id, delivery_id)
        tries = webhook_log.attempts(session, delivery_id)
    return WholeDelivery(
        **shown(found).model_dump(),
        tries=[
            Attempt(
                tried_at=one.tried_at,
                took_millis=one.took_millis,
                status=one.status,
                answer=one.answer,
            )
            for one in tries
        ],
    )


@router.post(
    "/v1/webhooks/{webhook_id}/test",
    summary="Send a test event",
    status_code=202,
    responses=problems(401, 403, 404, 409),
)
def test_webhook(context: Context, caller: AnyCaller, webhook_id: Number) -> Delivery:
    """Send `webhook.test`, whatever events are chosen; look at the delivery for what came of it."""
    with unit_of_work(context.database) as session:
        caller.own(session, webhook_id, active=True)
        number = webhook_replays.send_test(session, webhook_id, now=context.clock())
        return shown(webhook_log.get(session, webhook_id, number))


@router.post(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    summary="Send a delivery again",
    status_code=202,
    responses=problems(401, 403, 404, 409),
)
def replay_delivery(
    context: Context, caller: AnyCaller, webhook_id: Number, delivery_id: Number
) -> Delivery:
    """Send an event again under the same `webhook-id`, whatever became of it before."""
    with unit_of_work(context.database) as session:
        caller.own(session, webhook_id, active=True)
        webhook_replays.replay(session, webhook_id, delivery_id, now=context.clock())
        return shown(webhook_log.get(session, webhook_id, delivery_id))


@router.post(
    "/v1/webhooks/{webhook_id}/replay",
    summary="Send all again that failed",
    status_code=202,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def replay_webhook(
    context: Context,
    caller: AnyCaller,
    webhook_id: Number,
    order: Annotated[ReplayOrder, Body()],
) -> Replayed:
    """Send again what failed or was dropped, the oldest first, under the same ids."""
    now = context.clock()
    with unit_of_work(context.database) as session:
        caller.own(session, webhook_id, active=True)
        count = webhook_replays.replay_failed(session, webhook_id, since=order.since, now=now)
    return Replayed(replayed=count)


def shown(one: webhook_log.Delivery) -> Delivery:
    """Show a delivery."""
    return Delivery(
        delivery_id=one.delivery_id,
        message_id=one.message_id,
        event=one.kind,
        occurred_at=one.occurred_at,
        data=dict(one.data),
        state=one.state,
        attempts=one.attempts,
        next_try_at=one.next_try_at,
        changed_at=one.changed_at,
        last_status=one.last_status,
    )
