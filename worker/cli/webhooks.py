"""Commands of webhooks: who wants to be told, what was sent when, and sending it again."""

from datetime import timedelta
from typing import Annotated

import typer

from service.api.webhook_target import checked_url
from service.ledger.errors import LedgerError
from service.store import parties, webhook_secrets, webhook_states, webhooks
from service.store.database import unit_of_work
from service.store.webhook_events import EventType
from service.store.webhooks import Cause, Endpoint, NewEndpoint, Owner, OwnerRole
from worker.cli import screen, webhook_log
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.payees import ring_of
from worker.cli.screen import Column
from worker.cli.webhook_log import Number
from worker.workplace import Workplace


class TwoOwners(LedgerError):
    """A webhook was to be a vendor's and a holder's."""

    def __init__(self) -> None:
        super().__init__("give --vendor or --holder, not both; neither: it is told of all")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Who is told of what happens, and when.", no_args_is_help=True)
    group.command("add")(webhooks_add)
    group.command("list")(webhooks_list)
    group.command("show")(webhooks_show)
    group.command("change")(webhooks_change)
    group.command("enable")(webhooks_enable)
    group.command("disable")(webhooks_disable)
    group.command("rotate")(webhooks_rotate)
    group.command("delete")(webhooks_delete)
    webhook_log.add_to(group)
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


def webhooks_show(number: Number, *, as_json: Json = False) -> None:
    """Show one webhook, and which secrets sign now."""
    with workplace() as place, unit_of_work(place.database) as session:
        one = webhooks.get(session, number, owner=None)
        signing = webhook_secrets.listing(session, number, now=place.clock())
        known = parties.names(session, [one.owner.party_id or 0])
    names = ("webhook", "for", "url", "events", "state", "reason", "failing since")
    told: dict[str, object] = dict(zip(names, _row(one, known), strict=True))
    ends = [
        f"{each.serial} until {each.ends_at:%Y-%m-%d %H:%M}" for each in signing[1:] if each.ends_at
    ]
    told |= {"label": one.label, "made by": one.made_by, "made at": f"{one.made_at:%Y-%m-%d %H:%M}"}
    told |= {"signs with": ", ".join([*(str(each.serial) for each in signing[:1]), *ends])}
    screen.facts(told, as_json=as_json)


def webhooks_change(
    number: Number,
    url: Annotated[str | None, typer.Option(help="Send there.")] = None,
    event: Annotated[list[EventType] | None, typer.Option(help="Only these.")] = None,
    label: Annotated[str | None, typer.Option(help="At most 100 characters.")] = None,
    *,
    every_event: Annotated[bool, typer.Option(help="All that concern its owner.")] = False,
) -> None:
    """Change what is given; what waits already goes to the new URL."""
    with workplace() as place:
        kept = None if url is None else checked_url(url, place.settings)
        with unit_of_work(place.database) as session:
            one = webhooks.locked(session, number, owner=None)
            types = () if every_event else event or one.types
            called = one.label if label is None else label
            webhooks.change(session, one, NewEndpoint(one.owner, kept or one.url, types, called))
    screen.say(f"webhook {number} is changed")


def webhooks_enable(number: Number) -> None:
    """Tell a webhook again of what happens from now on."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.locked(session, number, owner=None)
        webhook_states.enable(session, number, now=place.clock())
    screen.say(f"webhook {number} is enabled")


def webhooks_disable(number: Number) -> None:
    """Send nothing to a webhook any more; what waits is dropped, and may be replayed."""
    with workplace() as place, unit_of_work(place.database) as session:
        one = webhooks.locked(session, number, owner=None)
        webhook_states.disable(session, one, Cause.OPERATOR, now=place.clock())
    screen.say(f"webhook {number} is disabled")


def webhooks_rotate(
    number: Number,
    overlap_hours: Annotated[int, typer.Option(help="How long the old one signs too.")] = 24,
    *,
    as_json: Json = False,
) -> None:
    """Make a new secret; prints it, this once. The old one goes on signing for the overlap."""
    with workplace() as place, unit_of_work(place.database) as session:
        webhooks.locked(session, number, owner=None)
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
        webhooks.locked(session, number, owner=None)
        webhook_states.delete(session, number)
    screen.say(f"webhook {number} is deleted")
