"""Commands of payees: who is paid, where, and in which currency."""

from typing import Annotated

import typer

from service.ledger.payee import Profile
from service.ledger.tax import PayeeKind
from service.store import parties, payees
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY

Payee = Annotated[int, typer.Argument(help="Number of the holder, as its statements name it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Who is paid, where and how.", no_args_is_help=True)
    group.command("profile")(payees_profile)
    group.command("show")(payees_show)
    app.add_typer(group, name="payees")


def payees_profile(
    payee: Payee,
    legal_name: Annotated[str, typer.Option(help="As the bank and the authorities know it.")],
    country: Annotated[str, typer.Option(help="Of residence: two capitals, ISO 3166.")],
    currency: Annotated[str, typer.Option(help="In which it is paid.")],
    kind: Annotated[PayeeKind, typer.Option()] = PayeeKind.PERSON,
    address: Annotated[list[str] | None, typer.Option(help="A line; at most three.")] = None,
    tax_number: Annotated[str, typer.Option(help="For invoices and authorities.")] = "",
    *,
    invoice: Annotated[bool, typer.Option(help="Wants self-billing invoices.")] = False,
    as_json: Json = False,
) -> None:
    """Keep who a payee is; the newest counts."""
    lines = tuple(address or ())
    profile = Profile(legal_name, country, kind, currency, lines, tax_number, invoice)
    with workplace() as place, unit_of_work(place.database) as session:
        payees.add(session, payee, profile, by=BY, now=place.clock())
    screen.facts({"payee": payee, "legal name": legal_name, "country": country}, as_json=as_json)


def payees_show(payee: Payee, *, as_json: Json = False) -> None:
    """Show what is known of a payee."""
    with workplace() as place, unit_of_work(place.database) as session:
        parties.check_holders(session, [payee])
        found = payees.profiles(session, [payee]).get(payee)
    facts: dict[str, object] = {"payee": payee}
    if found:
        who = found.profile
        facts |= {"legal name": who.legal_name, "country": who.country, "kind": str(who.kind)}
        facts |= {"currency": who.currency, "address": ", ".join(who.address)}
        facts |= {"since": found.made_at.isoformat(), "by": found.made_by}
    screen.facts(facts, as_json=as_json)
