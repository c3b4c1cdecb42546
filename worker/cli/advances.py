"""Commands of advances and holdbacks: what is paid early, and what is kept for a while."""

from typing import Annotated

import typer

from service.ledger.holdback import HoldbackRule
from service.ledger.money import check_currency, format_nanos, parse_nanos
from service.ledger.period import Period
from service.store import advances as stored
from service.store import holdbacks, parties
from service.store.advances import NewAdvance, StoredAdvance
from service.store.database import unit_of_work
from worker import import_lines, recouping
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.screen import Column

Holder = Annotated[int, typer.Argument(help="Number of the holder, as in statements.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="What vendors pay holders early.", no_args_is_help=True)
    group.command("list")(advances_list)
    group.command("agree")(advances_agree)
    group.command("paid")(advances_paid)
    app.add_typer(group, name="advances")
    kept = typer.Typer(help="What is kept for a while against refunds.", no_args_is_help=True)
    kept.command("set")(holdback_set)
    app.add_typer(kept, name="holdback")


def advances_list(
    holder: Annotated[int | None, typer.Option(help="Only those of this holder.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List advances: agreed, paid, recouped, still to be earned back, made up to a guarantee."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = stored.listing(session, holder_id=holder)
    _show(found, as_json=as_json)


def advances_agree(
    vendor: Annotated[str, typer.Argument(help="Name of the vendor.")],
    holder: Holder,
    amount: Annotated[str, typer.Argument(help="What is paid early, like 500.00.")],
    *,
    work: Annotated[list[int] | None, typer.Option(help="Only of this work; repeatable.")] = None,
    guarantee: Annotated[str, typer.Option(help="What the sales bring at least.")] = "0",
    until: Annotated[str | None, typer.Option(help="Last day of the guarantee.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    as_json: Json = False,
) -> None:
    """Keep what a vendor and a holder agreed; it is paid once the vendor's money has come."""
    with workplace() as place:
        with unit_of_work(place.database) as session:
            payer = parties.vendor_named(session, vendor).party_id
            assert payer is not None
            parties.check_holders(session, [holder])
            new = NewAdvance(
                payer,
                holder,
                check_currency(currency),
                parse_nanos(amount),
                tuple(work) if work else None,
                parse_nanos(guarantee),
                import_lines.day("--until", until) if until else None,
            )
            number = stored.insert(session, new, now=place.clock())
        with unit_of_work(place.database) as session:
            found = stored.get(session, number)
    _show([found], as_json=as_json)


def advances_paid(
    advance: Annotated[int, typer.Argument(help="Number of an advance, see `advances list`.")],
    reference: Annotated[str, typer.Option(help="What the bank says of the vendor's payment.")],
    *,
    as_json: Json = False,
) -> None:
    """Post that the vendor's money for an advance has come: it is payable to its holder."""
    with workplace() as place:
        told = recouping.pay(place.database, advance, reference=reference, by=BY, now=place.clock())
    _show([told], as_json=as_json)


def holdback_set(
    percent_ppm: Annotated[int, typer.Argument(metavar="PPM", help="Parts per million; 0: none.")],
    months: Annotated[int, typer.Argument(help="Released by the close so many months later.")],
    *,
    valid_from: Annotated[str, typer.Option("--from", help="YYYY-MM of the first close.")],
    holder: Annotated[int | None, typer.Option(help="Only for this holder.")] = None,
    as_json: Json = False,
) -> None:
    """Keep a part of what becomes payable, of one holder or of all without an own rule."""
    rule, month = HoldbackRule(percent_ppm, months), Period.parse(valid_from)
    with workplace() as place, unit_of_work(place.database) as session:
        if holder is not None:
            parties.check_holders(session, [holder])
        number = holdbacks.set_rule(
            session, rule, holder_id=holder, valid_from=month, by=BY, now=place.clock()
        )
    told = {"rule": number, "of": holder or "everybody", "from": str(month)}
    screen.facts(told | {"ppm": rule.ppm, "months": rule.months}, as_json=as_json)


def _show(found: list[StoredAdvance], *, as_json: bool) -> None:
    names = ("agreed", "paid", "recouped", "unrecouped", "guarantee", "made up")
    columns = [Column("advance"), Column("vendor"), Column("holder"), Column("currency")]
    columns += [Column(name, number=True) for name in names] + [Column("until")]
    rows = [
        (
            one.advance.advance_id,
            one.advance.vendor,
            one.holder_name,
            one.advance.currency,
            format_nanos(one.advance.amount_nanos),
            format_nanos(one.paid_nanos),
            format_nanos(one.recouped_nanos),
            format_nanos(one.paid_nanos - one.recouped_nanos),
            format_nanos(one.advance.guarantee_nanos),
            format_nanos(one.made_up_nanos),
            one.advance.until.isoformat() if one.advance.until else "",
        )
        for one in found
    ]
    screen.table("Advances", columns, rows, as_json=as_json)
