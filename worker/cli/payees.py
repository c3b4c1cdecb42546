"""Commands of payees: who is paid, where, and in which currency."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from service.ledger.money import PPM
from service.ledger.payee import CheckKind, CheckOutcome, Profile, obstacles
from service.ledger.succession import Assignment, AssignmentKind
from service.ledger.tax import PayeeKind
from service.settings import Settings
from service.store import (
    key_ring,
    parties,
    payee_accounts,
    payee_assignments,
    payee_checks,
    payees,
    people,
    webhook_secrets,
)
from service.store.account_details import checked
from service.store.database import unit_of_work
from service.store.key_ring import KeyRing
from service.store.payee_checks import NewCheck
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.screen import Column
from worker.workplace import Workplace

_ACCOUNTS_A_STEP = 500

Payee = Annotated[int, typer.Argument(help="Number of the holder, as its statements name it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Who is paid, where and how.", no_args_is_help=True)
    group.command("profile")(payees_profile)
    group.command("show")(payees_show)
    group.command("waiting")(payees_waiting)
    group.command("account")(payees_account)
    group.command("check")(payees_check)
    group.command("assign")(payees_assign)
    group.command("unassign")(payees_unassign)
    group.command("died")(payees_died)
    group.command("erase")(payees_erase)
    group.command("rotate-keys")(payees_rotate_keys)
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
    """Show what is known of a payee, and all that keeps it from being paid."""
    with workplace() as place, unit_of_work(place.database) as session:
        parties.check_holders(session, [payee])
        known, now = payees.known(session, [payee])[payee], place.clock()
        checks = payee_checks.history(session, payee)
    facts: dict[str, object] = {"payee": payee}
    if known.profile:
        who = known.profile
        facts |= {"legal name": who.legal_name, "country": who.country, "kind": str(who.kind)}
        facts |= {"currency": who.currency, "address": ", ".join(who.address)}
    if known.account:
        facts["account"] = f"{known.account.masked}, paid from {known.account.usable_at:%Y-%m-%d}"
    for one in checks:
        facts[str(one.check.kind)] = (
            f"{one.check.outcome} on {one.checked_at:%Y-%m-%d} by {one.checked_by}: "
            f"{one.check.evidence}"
        )
    waits = [error.sentence for error in obstacles(known, now=now)]
    screen.facts(facts | {"waits for": waits or "nothing"}, as_json=as_json)


def payees_waiting(*, as_json: Json = False) -> None:
    """List payees of what is payable who cannot be paid now, and why: hits to decide among them."""
    with workplace() as place, unit_of_work(place.database) as session:
        now = place.clock()
        found = payees.waiting(session, now=now)
        names = parties.names(session, [one.payee_id for one in found])
    rows = [
        (one.payee_id, names[one.payee_id], error.sentence, error.facts.get("until"))
        for one in found
        for error in obstacles(one, now=now)
    ]
    columns = [Column("payee", number=True), Column("name"), Column("waits for"), Column("until")]
    screen.table("Payees that wait", columns, rows, as_json=as_json)


def payees_account(
    payee: Payee,
    iban: Annotated[str, typer.Option(help="Of a bank account.")] = "",
    number: Annotated[str, typer.Option(help="Where the country has no IBAN; with --bic.")] = "",
    bic: Annotated[str, typer.Option(help="Of the bank.")] = "",
    email: Annotated[str, typer.Option(help="Of a wallet.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Keep where a payee is paid, sealed; a change waits for the cooling period."""
    details = checked(iban_text=iban, number=number, bic_text=bic, email=email)
    with workplace() as place, unit_of_work(place.database) as session:
        kept = payee_accounts.set_account(
            session,
            payee,
            details,
            ring_of(place.settings),
            by=BY,
            now=place.clock(),
            cooling_days=place.settings.payee_cooling_days,
        )
    told = {"payee": payee, "account": kept.masked, "paid from": kept.usable_at.isoformat()}
    screen.facts(told, as_json=as_json)


def payees_check(
    payee: Payee,
    kind: Annotated[CheckKind, typer.Argument()],
    outcome: Annotated[CheckOutcome, typer.Argument(help="passed or failed.")],
    evidence: Annotated[str, typer.Option(help="What was looked at, and why it is so.")],
    operator: Annotated[str, typer.Option(help="Login of the operator who checked.")],
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day it counts.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Record a check of a payee, or the decision about what a screen found."""
    until = expires.date() if expires else None
    with workplace() as place, unit_of_work(place.database) as session:
        people.check_operator(session, operator)
        new = NewCheck(payee, kind, outcome, evidence, until)
        payee_checks.add(session, new, by=operator, now=place.clock())
    screen.facts({"payee": payee, str(kind): str(outcome)}, as_json=as_json)


def payees_assign(
    holder: Payee,
    payee: Annotated[int, typer.Argument(help="Number of who is paid instead.")],
    kind: Annotated[AssignmentKind, typer.Argument(help="assigned, merged or estate.")],
    evidence: Annotated[str, typer.Option(help="Contract, deed or certificate.")],
    from_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    ppm: Annotated[int, typer.Option(help="Part of what is paid, of assigned.")] = PPM,
    *,
    as_json: Json = False,
) -> None:
    """Record who is paid in a holder's place: of statements issued from a day on, or at once."""
    new = Assignment(0, holder, payee, kind, ppm, from_on.date())
    with workplace() as place, unit_of_work(place.database) as session:
        kept = payee_assignments.add(session, new, evidence=evidence, by=BY, now=place.clock())
    told = {"assignment": kept.assignment_id, "holder": holder, "payee": payee, "ppm": ppm}
    screen.facts(told, as_json=as_json)


def payees_unassign(
    assignment: Annotated[int, typer.Argument(help="Number of an assignment.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day without it.")],
) -> None:
    """Let an assignment end; statements that are out are paid as they were."""
    with workplace() as place, unit_of_work(place.database) as session:
        payee_assignments.end(session, assignment, on=on.date(), now=place.clock())


def payees_died(
    payee: Payee,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of death.")],
    evidence: Annotated[str, typer.Option(help="Certificate.")],
) -> None:
    """Record a death: payments wait until an estate or heir is assigned."""
    with workplace() as place, unit_of_work(place.database) as session:
        facts = {"evidence": evidence, "by": BY}
        payee_assignments.add_death(session, payee, on=on.date(), now=place.clock(), **facts)


def payees_erase(payee: Payee, *, as_json: Json = False) -> None:
    """Erase name, address, tax number and account data of a payee; money records stay."""
    with workplace() as place, unit_of_work(place.database) as session:
        parties.check_holders(session, [payee])
        erased = payees.erase(session, payee, now=place.clock())
    screen.facts({"payee": payee, "erased rows": erased}, as_json=as_json)


def payees_rotate_keys(*, as_json: Json = False) -> None:
    """Seal all account data, and secrets of webhooks, with the current key.

    The old ones may be removed after it.
    """
    with workplace() as place:
        ring = ring_of(place.settings)
        accounts = _reseal_all(place, ring, payee_accounts.reseal)
        secrets = _reseal_all(place, ring, webhook_secrets.reseal)
    told = {"accounts": accounts, "secrets of webhooks": secrets, "key": ring.current}
    screen.facts(told, as_json=as_json)


def _reseal_all(place: Workplace, ring: KeyRing, reseal: Callable[..., int]) -> int:
    count = 0
    while True:
        with unit_of_work(place.database) as session:
            done = reseal(session, ring, limit=_ACCOUNTS_A_STEP)
        count += done
        if not done:
            return count


def ring_of(settings: Settings) -> KeyRing:
    """Return the keys that the settings name."""
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    return key_ring.load(given, settings.home, embedded=settings.embedded)
