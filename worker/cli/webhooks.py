"""Commands of webhooks: who wants to be told, what was sent when, and sending it again."""

from datetime import timedelta
from typing import Annotated

import typer

from service.api.webhook_target import checked_url
from service.ledger.errors import LedgerError
from service.store import parties, webhook_secrets, webhooks
from service.store.database import unit_of_work
from service.store.webhook_events import EventType
from service.store.webhooks import Endpoint, NewEndpoint, Owner, OwnerRole
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.payees import ring_of
from worker.cli.screen import Column
from worker.outbox.webhooks import deliver_all, post_of
from worker.workplace import Workplace

Number = Annotated[int, typer.Argument(metavar="N", help="Number, see `webhooks list`.")]


class TwoOwners(LedgerError):
    """A webhook was to be a vendor's and a holder's."""

    def __init__(self) -> None:
        super().__init__("give --vendor or --holder, not both; neither: it is told of all")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Who is told of what happens, and when.", no_args_is_help=True)
    group.command("add")(webhooks_add)
    group.command("list")(webhooks_list)
    group.command("rotate")(webhooks_rotate)
    group.command("delete")(webhooks_delete)
    group.command("deliver")(webhooks_deliver)
    app.add_typer(group, name="webhooks")


def webhooks_add(
    url: Annotated[str, typer.Argument(help="Where to send to: https://...")],
    vendor: Annotated[str, typer.Option(help="Name of the vendor it is for.")] = "",
    holder: Annotated[int, typer.Option(help="Number of the holder it is for.")] = 0,
    event: Annotated[list[EventType] | None, typer.Option(help="Only these.")] = None,
    label: Annotated[str, typer.Option(help="At most 100 characters.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Tell somebody of what happens; prints the secret that signs, this once."""
    with workplace() as place:
        kept = checked_url(url, place.settings)
        ring = ring_of(place.settings)
        with unit_of_work(place.database) as session:
            owner = _owner(place, vendor, holder)
            new = NewEndpoint(owner, kept, event or (), label)
            number = webhooks.add(session, new, by=BY, now=place.clock())
            secret = webhook_secrets.make(
                session, number, ring, overlap=timedelta(), now=place.clock()
            )
    screen.facts({"webhook": number, "url": kept, "secret": secret}, as_json=as_json)


def _owner(place: Workplace, vendor: str, holder: int) -> Owner:
    if vendor and holder:
        raise TwoOwners
    with unit_of_work(place.database) as session:
        if vendor:
            return Owner(OwnerRole.VENDOR, parties.vendor_named(session, vendor).party_id)
        if holder:
            parties.check_holders(session, [holder])
            return Owner(OwnerRole.CREATOR, holder)
    return Owner(OwnerRole.OPERATOR, None)


def webhooks_list(*, as_json: Json = False) -> None:
    """List everybody who is told, and since when a webhook takes nothing."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = webhooks.listing(session, owner=None, limit=100_000)
        known = parties.names(session, [one.owner.party_id or 0 for one in found])
    columns = [Column("webhook", number=True), Column("for"), Column("url"), Column("events")]
    columns += [Column("state"), Column("reason"), Column("failing since")]
    screen.table("Webhooks", columns, [_row(one, known) for one in found], as_json=as_json)


def _row(one: Endpoint, known: dict[int, str]) -> tuple[object, ...]:
    whose = known.get(one.owner.party_id or 0, "operators")
    since = f"{one.failing_since:%Y-%m-%d %H:%M}" if one.failing_since else ""
    kinds = ", ".join(one.types) or "all"
    return one.endpoint_id, whose, one.url, kinds, str(one.state), one.reason, since


def webhooks_rotate(
    number: Number,
    overlap_hours: Annotated[int, typer.Option(help="How long the old one signs too.")] = 24,
    *,
    as_json: Json = False,
) -> None:
    """Make a new secret; prints it, this once. The old one goes on signing for the overlap."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.get(session, number, owner=None, lock=True)
        secret = webhook_secrets.make(
            session,
            number,
            ring_of(place.settings),
            overlap=timedelta(hours=overlap_hours),
            now=place.clock(),
        )
    screen.facts({"webhook": number, "secret": secret}, as_json=as_json)


def webhooks_delete(number: Number) -> None:
    """Forget a webhook, its secrets and all that was sent to it."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.get(session, number, owner=None, lock=True)
        webhooks.delete(session, number)
    screen.say(f"webhook {number} is deleted")


def webhooks_deliver(*, as_json: Json = False) -> None:
    """Send all that is due."""
    with workplace() as place:
        tried = deliver_all(place.database, post_of(place.settings), clock=place.clock)
    screen.facts({"tried": tried}, as_json=as_json)
