"""Commands of what is on file for payouts: withholding tax, fees, rates of exchange."""

from datetime import datetime
from typing import Annotated

import typer

from service.ledger.exchange import Rate, parse_ratio
from service.ledger.money import format_nanos, parse_nanos
from service.ledger.tax import NO_ADVICE, PayeeKind, TaxRule
from service.ledger.transfer import Fee
from service.store import payout_terms
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.screen import Column

From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Tax rules, fees and rates of exchange of payouts.", no_args_is_help=True
    )
    group.command("tax")(terms_tax)
    group.command("fee")(terms_fee)
    group.command("rate")(terms_rate)
    group.command("list")(terms_list)
    app.add_typer(group, name="payout-terms")


def terms_tax(
    code: Annotated[str, typer.Argument(help="Name of the rule, like jp-royalties.")],
    country: Annotated[str, typer.Argument(help="Of the payee: two capitals, ISO 3166.")],
    ppm: Annotated[int, typer.Argument(help="Of what is paid, in parts per million.")],
    valid_from: From,
    source: Annotated[str, typer.Option(help="Law or treaty it was taken from.")],
    valid_until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day.")
    ] = None,
    kind: Annotated[PayeeKind | None, typer.Option(help="Only payees of this kind.")] = None,
    payee: Annotated[int | None, typer.Option(help="Only this payee.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Put a rule of withholding tax on file; the narrowest that is valid on the day counts."""
    last = valid_until.date() if valid_until else None
    rule = TaxRule(0, code, country, kind, payee, ppm, valid_from.date(), last, source)
    with workplace() as place, unit_of_work(place.database) as session:
        kept = payout_terms.add_tax_rule(session, rule, by=BY, now=place.clock())
    screen.facts(
        {"rule": kept.code, "number": kept.tax_rule_id, "note": NO_ADVICE}, as_json=as_json
    )


def terms_fee(
    currency: Annotated[str, typer.Argument(help="Of the statement.")],
    method: Annotated[str, typer.Argument(help="bank or wallet.")],
    valid_from: From,
    fixed: Annotated[str, typer.Option(help="Amount a transfer, in major units.")] = "0",
    ppm: Annotated[int, typer.Option(help="Part of the gross, in parts per million.")] = 0,
    *,
    as_json: Json = False,
) -> None:
    """Put what transfers cost their payees on file, from a day on."""
    fee = Fee(parse_nanos(fixed), ppm)
    with workplace() as place, unit_of_work(place.database) as session:
        day = valid_from.date()
        payout_terms.add_fee(session, currency, method, fee, day=day, by=BY, now=place.clock())
    screen.facts({"currency": currency, "method": method, "fixed": fixed}, as_json=as_json)


def terms_rate(
    source: Annotated[str, typer.Argument(help="Currency of the statement.")],
    target: Annotated[str, typer.Argument(help="Currency of the payee.")],
    rate: Annotated[str, typer.Argument(help="Units of the second for one of the first.")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day it was published.")],
    origin: Annotated[str, typer.Option(help="Who published it.")],
    *,
    as_json: Json = False,
) -> None:
    """Put a rate of exchange on file; of one day the newest counts."""
    one = Rate(0, source, target, *parse_ratio(rate), day.date(), origin)
    with workplace() as place, unit_of_work(place.database) as session:
        kept = payout_terms.add_rate(session, one, by=BY, now=place.clock())
    told = {"rate": str(kept), "from": source, "to": target, "day": str(kept.day)}
    screen.facts(told, as_json=as_json)


def terms_list(*, as_json: Json = False) -> None:
    """List all tax rules, and the fees and rates that count today."""
    with workplace() as place, unit_of_work(place.database) as session:
        day = place.clock().date()
        rules = payout_terms.tax_rules(session)
        fees = payout_terms.fees_on(session, day)
        age = place.settings.fx_rate_age_days
        rates, _ = payout_terms.rates_on(session, day, max_age_days=age)
    columns = [Column("kind"), Column("of"), Column("figure", number=True), Column("since")]
    rows: list[tuple[object, ...]] = [
        (
            "tax",
            f"{rule.code} {rule.country} {rule.payee_kind or ''} {rule.payee_id or ''}".strip(),
            f"{rule.ppm} ppm",
            f"{rule.valid_from} to {rule.valid_until or 'further notice'}",
        )
        for rule in rules
    ]
    rows += [
        ("fee", f"{currency} {method}", f"{format_nanos(fee.fixed_nanos)} + {fee.ppm} ppm", "")
        for (currency, method), fee in fees.items()
    ]
    rows += [
        ("rate", f"{one.source} to {one.target}, {one.origin}", str(one), str(one.day))
        for one in rates.values()
    ]
    screen.table("Terms of payouts", columns, rows, as_json=as_json)
