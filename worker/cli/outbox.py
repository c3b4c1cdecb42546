"""Commands of the outbox: addresses of holders, letters with statements, what came of them."""

from typing import Annotated

import typer

from service.documents.figures import locale_named
from service.ledger.period import Period
from service.store import mail, parties, periods
from service.store.database import unit_of_work
from service.store.mail import MailState
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.cli.screen import Column
from worker.outbox.delivery import deliver_all, outbox_of

_MOST = 100_000

Holder = Annotated[int, typer.Argument(metavar="HOLDER", help="Number of a holder.")]
Letter = Annotated[int, typer.Argument(metavar="N", help="Number of a letter, see `outbox list`.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Letters that bring statements to holders.", no_args_is_help=True)
    group.command("address")(outbox_address)
    group.command("queue")(outbox_queue)
    group.command("deliver")(outbox_deliver)
    group.command("list")(outbox_list)
    group.command("arrived")(outbox_arrived)
    group.command("again")(outbox_again)
    app.add_typer(group, name="outbox")


def outbox_address(
    holder: Holder,
    address: Annotated[str, typer.Argument(help="Mail address; empty: none any more.")],
    locale: Annotated[str, typer.Option(help="Figures as this locale writes them: de.")] = "",
) -> None:
    """Say where a holder wants letters sent to."""
    if locale:
        locale_named(locale)
    with workplace() as place, unit_of_work(place.database) as session:
        parties.check_holders(session, [holder])
        if address:
            mail.set_address(session, holder, address, locale=locale, now=place.clock())
        else:
            mail.remove_address(session, holder)
    screen.say(f"holder {holder}: {address or 'no address'}")


def outbox_queue(period: PeriodText, *, as_json: Json = False) -> None:
    """Queue a letter for each statement of a closed month that has an address; each once."""
    month = Period.parse(period)
    with workplace() as place:
        outbox = outbox_of(place.settings)
        with unit_of_work(place.database) as session:
            periods.check_closed(session, month)
            queued = mail.queue(session, month, now=place.clock())
        tried = deliver_all(place.database, outbox, clock=place.clock)
    screen.facts({"queued": queued, "tried": tried}, as_json=as_json)


def outbox_deliver(*, as_json: Json = False) -> None:
    """Deliver every letter that is due."""
    with workplace() as place:
        tried = deliver_all(place.database, outbox_of(place.settings), clock=place.clock)
    screen.facts({"tried": tried}, as_json=as_json)


def outbox_list(
    state: Annotated[MailState | None, typer.Option(help="Only those in this state.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List letters; one that stays `sending` may have arrived or not: say `arrived` or `again`."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = mail.listing(session, state=state, limit=_MOST)
    columns = [Column("letter", number=True), Column("document"), Column("state")]
    columns += [Column("tries", number=True), Column("changed"), Column("answer")]
    table = [
        (
            one.mail_id,
            str(one.number),
            str(one.state),
            one.attempts,
            f"{one.changed_at:%Y-%m-%d %H:%M}",
            one.answer,
        )
        for one in rows
    ]
    screen.table("Letters", columns, table, as_json=as_json)


def outbox_arrived(letter: Letter) -> None:
    """Say that a letter whose answer never came did arrive."""
    _decide(letter, arrived=True)


def outbox_again(letter: Letter) -> None:
    """Say that a letter did not arrive: it is sent again."""
    _decide(letter, arrived=False)


def _decide(letter: int, *, arrived: bool) -> None:
    with workplace() as place, unit_of_work(place.database) as session:
        mail.decide(session, letter, arrived=arrived, now=place.clock())
    screen.say(f"letter {letter}: {'arrived' if arrived else 'is sent again'}")
