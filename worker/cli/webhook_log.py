"""Commands about what was sent to a webhook: the log, sending again, an event to try out."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from service.store import webhook_log, webhook_replays, webhooks
from service.store.database import unit_of_work
from service.store.webhook_events import EventType
from service.store.webhook_log import DeliveryState, Wanted
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.outbox.webhooks import deliver_all, post_of

Number = Annotated[int, typer.Argument(metavar="N", help="Number, see `webhooks list`.")]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Of events since then, UTC."),
]
_WRITTEN = "%Y-%m-%d %H:%M:%S"


def add_to(group: typer.Typer) -> None:
    """Add the commands to those of webhooks."""
    group.command("test")(webhooks_test)
    group.command("deliveries")(webhooks_deliveries)
    group.command("delivery")(webhooks_delivery)
    group.command("replay")(webhooks_replay)
    group.command("deliver")(webhooks_deliver)


def webhooks_test(number: Number, *, as_json: Json = False) -> None:
    """Let a worker send an event that means nothing."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.active(session, number, owner=None)
        made = webhook_replays.send_test(session, number, now=place.clock())
    screen.facts({"webhook": number, "delivery": made}, as_json=as_json)


def webhooks_deliveries(
    number: Number,
    state: Annotated[DeliveryState | None, typer.Option(help="Only in this state.")] = None,
    event: Annotated[EventType | None, typer.Option(help="Only of this type.")] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    *,
    as_json: Json = False,
) -> None:
    """List what was or is to be sent to a webhook, newest first."""
    wanted = Wanted(state, event, _utc(since))
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.get(session, number, owner=None)
        found = webhook_log.listing(session, number, wanted, before=None, limit=limit)
    columns = [Column("delivery", number=True), Column("event"), Column("occurred")]
    columns += [Column("state"), Column("tries", number=True), Column("answered"), Column("id")]
    rows = [
        (
            *(one.delivery_id, str(one.kind), f"{one.occurred_at:{_WRITTEN}}", str(one.state)),
            *(one.attempts, one.last_status or "", one.message_id),
        )
        for one in found
    ]
    screen.table("Deliveries", columns, rows, as_json=as_json)


def webhooks_delivery(
    number: Number,
    delivery: Annotated[int, typer.Argument(metavar="D", help="Number of the delivery.")],
    *,
    as_json: Json = False,
) -> None:
    """List every try of a delivery: when, how long, which status, the answer's beginning."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhook_log.get(session, number, delivery)
        found = webhook_log.attempts(session, delivery)
    columns = [Column("tried"), Column("ms", number=True), Column("status"), Column("answer")]
    rows = [
        (f"{one.tried_at:{_WRITTEN}}", one.took_millis, one.status or "", one.answer)
        for one in found
    ]
    screen.table(f"Tries of delivery {delivery}", columns, rows, as_json=as_json)


def webhooks_replay(
    number: Number,
    delivery: Annotated[int, typer.Option(help="Only this one, whatever became of it.")] = 0,
    since: Since = None,
    *,
    as_json: Json = False,
) -> None:
    """Send again under the same id: one delivery, or all that failed since a day."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.active(session, number, owner=None)
        now = place.clock()
        if delivery:
            webhook_replays.replay(session, number, delivery, now=now)
            count = 1
        else:
            begun = _utc(since) or datetime.min.replace(year=2000, tzinfo=UTC)
            count = webhook_replays.replay_failed(session, number, since=begun, now=now)
    screen.facts({"webhook": number, "replayed": count}, as_json=as_json)


def webhooks_deliver(*, as_json: Json = False) -> None:
    """Send all that is due."""
    with workplace() as place:
        tried = deliver_all(place.database, post_of(place.settings), clock=place.clock)
    screen.facts({"tried": tried}, as_json=as_json)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
