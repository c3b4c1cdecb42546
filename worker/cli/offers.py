"""Commands of procurement: offers of vendors, and answers of holders who have no login."""

from typing import Annotated

import typer

from service.ledger.money import format_nanos
from service.ledger.offer import OfferState, agreed_by
from service.store import offers as stored
from service.store import parties, procurement
from service.store.database import unit_of_work
from service.store.offers import StoredOffer
from service.store.procurement import Answer
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column

Number = Annotated[int, typer.Argument(metavar="OFFER", help="Number, see `offers list`.")]
Holder = Annotated[int, typer.Option(help="Number of the holder who says so.")]
Note = Annotated[str, typer.Option(help="How the holder said it; kept with the offer.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="What vendors offer for works and catalogues.", no_args_is_help=True)
    group.command("list")(offers_list)
    group.command("accept")(offers_accept)
    group.command("decline")(offers_decline)
    group.command("withdraw")(offers_withdraw)
    app.add_typer(group, name="offers")


def offers_list(
    state: Annotated[OfferState | None, typer.Option(help="Only those in this state.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List offers, newest first, with whom they wait for."""
    with workplace() as place, unit_of_work(place.database) as session:
        now = place.clock()
        found = stored.listing(
            session, state=state, today=now.date(), before=None, limit=MOST_LISTED
        )
        names = parties.slugs(session, sorted({one.offer.vendor_id for one in found}))
        rows = [
            _row(
                one,
                names[one.offer.vendor_id],
                one.state(now),
                procurement.asked_of(session, one) - agreed_by(one.steps),
            )
            for one in found
        ]
    columns = [Column("offer", number=True), *(Column(n) for n in ("vendor", "for", "state"))]
    columns += [
        Column("currency"),
        Column("advance", number=True),
        Column("guarantee", number=True),
    ]
    columns += [Column("multiplier ppm", number=True), Column("from"), Column("until")]
    columns += [Column("open until"), Column("waits for holders")]
    screen.table("Offers", columns, rows, as_json=as_json)


def _row(
    one: StoredOffer, vendor: str, state: OfferState, waits_for: frozenset[int]
) -> tuple[object, ...]:
    offer = one.offer
    catalogue = f"catalogue of holder {one.holder_id}"
    waiting = ", ".join(map(str, sorted(waits_for))) if state is OfferState.OFFERED else ""
    return (
        *(one.offer_id, vendor, f"work {one.work_id}" if one.work_id else catalogue, str(state)),
        *(offer.currency, format_nanos(offer.advance_nanos), format_nanos(offer.guarantee_nanos)),
        *(offer.multiplier_ppm, offer.starts_on, offer.ends_on, offer.open_until, waiting),
    )


def offers_accept(offer: Number, holder: Holder, note: Note, *, as_json: Json = False) -> None:
    """Accept for a holder; once every holder has, deal and advance are made."""
    with workplace() as place, unit_of_work(place.database) as session:
        answer = Answer(holder, BY, note)
        found = procurement.accept(session, offer, answer, now=place.clock())
        _tell(found, found.state(place.clock()), as_json=as_json)


def offers_decline(offer: Number, holder: Holder, note: Note, *, as_json: Json = False) -> None:
    """Decline for a holder: the offer ends."""
    with workplace() as place, unit_of_work(place.database) as session:
        answer = Answer(holder, BY, note)
        found = procurement.decline(session, offer, answer, now=place.clock())
        _tell(found, found.state(place.clock()), as_json=as_json)


def offers_withdraw(offer: Number, *, as_json: Json = False) -> None:
    """Take an open offer back for its vendor."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = procurement.withdraw(session, offer, vendor_id=None, by=BY, now=place.clock())
        _tell(found, found.state(place.clock()), as_json=as_json)


def _tell(one: StoredOffer, state: OfferState, *, as_json: bool) -> None:
    agreed = sorted(agreed_by(one.steps))
    screen.facts({"offer": one.offer_id, "state": str(state), "agreed": agreed}, as_json=as_json)
