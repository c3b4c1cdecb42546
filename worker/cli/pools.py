"""Commands of unmatched pools: rules, rates, who would gain, and the release itself."""

from datetime import date
from typing import Annotated

import typer
from sqlmodel import Session

from service.ledger.interest import InterestRate
from service.ledger.money import check_currency, format_nanos
from service.ledger.period import Period
from service.store import approvals, parties, people, pool_plans, pool_rules, works
from service.store import pools as stored
from service.store.database import unit_of_work
from service.store.pool_rules import NewRule
from worker import pools
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.cli.findings import BY
from worker.cli.screen import Column
from worker.pools import Simulated

Vendor = Annotated[str, typer.Argument(help="Name of the vendor.")]
Digest = Annotated[str, typer.Argument(help="As `pools simulate` shows it.")]
Currency = Annotated[str, typer.Option(help="ISO 4217 code.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="What no work claimed, by vendor and month.", no_args_is_help=True)
    group.command("list")(pools_list)
    group.command("rules")(pools_rules)
    group.command("announce")(pools_announce)
    group.command("fund")(pools_fund)
    group.command("rate")(pools_rate)
    group.command("simulate")(pools_simulate)
    group.command("approve")(pools_approve)
    group.command("release")(pools_release)
    app.add_typer(group, name="pools")


def pools_list(*, as_json: Json = False) -> None:
    """List pools: what lies in each, by which rule and when it is released."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = [
            (
                str(one.stored.key.month),
                one.stored.key.vendor,
                one.stored.key.currency,
                one.balance,
                one.rule,
                f"{one.window_end:%Y-%m-%d}" if one.window_end else None,
                one.state,
            )
            for one in pool_plans.states(session, now=place.clock())
        ]
    columns = [Column("month"), Column("vendor"), Column("currency")]
    columns += [Column("balance", number=True), Column("rule"), Column("window end")]
    screen.table("Unmatched pools", [*columns, Column("state")], rows, as_json=as_json)


def pools_rules(*, as_json: Json = False) -> None:
    """List the rules ever announced, and the rates of interest on file."""
    with workplace() as place, unit_of_work(place.database) as session:
        funds = pool_rules.funds(session)
        rules = [
            (
                one.name,
                str(one.valid_from),
                ", ".join(pool_rules.said_steps(one.steps, funds)),
                one.claim_window_days,
                one.notice_days,
                f"{one.announced_at:%Y-%m-%d}",
                one.text,
            )
            for one in pool_rules.rules(session)
        ]
        rates = [
            (one.currency, one.valid_from.isoformat(), one.annual_ppm, one.source)
            for one in pool_rules.filed(session)
        ]
    heads = ("rule", "from", "steps", "window days", "notice days", "announced", "text")
    filed = ("currency", "from", "annual ppm", "source")
    if as_json:
        told = {"rules": [dict(zip(heads, row, strict=True)) for row in rules]}
        screen.document(told | {"rates": [dict(zip(filed, row, strict=True)) for row in rates]})
        return
    screen.table("Rules", [Column(name) for name in heads], rules)
    screen.table("Rates of interest", [Column(name) for name in filed], rates)


def pools_announce(
    name: Annotated[str, typer.Argument(help="What the rule is called.")],
    text: Annotated[str, typer.Option(help="What it says, for those it concerns.")],
    valid_from: Annotated[str, typer.Option(help="First month of sale it is for, YYYY-MM.")],
    step: Annotated[list[str], typer.Option(help="same-vendor, all-vendors or fund:NAME.")],
    *,
    window_days: Annotated[int | None, typer.Option(help="Claim window; else the setting.")] = None,
    notice_days: Annotated[int | None, typer.Option(help="Notice; else the setting.")] = None,
    as_json: Json = False,
) -> None:
    """Announce by which rule pools are released at the end of their claim window."""
    with workplace() as place:
        known = place.settings
        rule = NewRule(
            name,
            text,
            Period.parse(valid_from),
            tuple(step),
            known.claim_window_days if window_days is None else window_days,
            known.pool_notice_days if notice_days is None else notice_days,
        )
        with unit_of_work(place.database) as session:
            made = pool_rules.announce(session, rule, by=BY, now=place.clock())
    told: dict[str, object] = {"rule": made.name, "from": str(made.valid_from)}
    told |= {"steps": ", ".join(step), "window days": made.claim_window_days}
    screen.facts(told | {"notice days": made.notice_days}, as_json=as_json)


def pools_fund(
    name: Annotated[str, typer.Argument(help="Name of the fund.")],
    purpose: Annotated[str, typer.Option(help="What it does with the money.")],
    *,
    holder: Annotated[int | None, typer.Option(help="Holder behind it; else a new one.")] = None,
    as_json: Json = False,
) -> None:
    """Name a fund that a rule may give to."""
    with workplace() as place, unit_of_work(place.database) as session:
        made = pool_rules.add_fund(session, name, purpose, holder_id=holder, now=place.clock())
    screen.facts({"fund": made.name, "step": f"fund:{name}"}, as_json=as_json)


def pools_rate(
    annual_ppm: Annotated[int, typer.Argument(help="What a year yields: 25000 is 2.5 %.")],
    valid_from: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    source: Annotated[str, typer.Option(help="Where the rate is published.")],
    *,
    currency: Currency = "USD",
    as_json: Json = False,
) -> None:
    """Put a rate of interest on pools on file."""
    try:
        day = date.fromisoformat(valid_from)
    except ValueError:
        raise typer.BadParameter("write YYYY-MM-DD", param_hint="--valid-from") from None
    rate = InterestRate(check_currency(currency), day, annual_ppm)
    with workplace() as place, unit_of_work(place.database) as session:
        pool_rules.file_rate(session, rate, source=source, by=BY, now=place.clock())
    told = {"currency": currency, "from": valid_from, "annual ppm": annual_ppm}
    screen.facts(told, as_json=as_json)


def pools_simulate(
    vendor: Vendor,
    month: PeriodText,
    rule: Annotated[str | None, typer.Option(help="Another announced rule.")] = None,
    *,
    currency: Currency = "USD",
    as_json: Json = False,
) -> None:
    """Show what the release of a pool would post and who would gain; posts nothing."""
    with workplace() as place, unit_of_work(place.database) as session:
        other = pool_rules.named(session, rule) if rule else None
        found = stored.named(session, vendor, Period.parse(month), check_currency(currency))
        told = pools.simulate(session, found, now=place.clock(), rule=other)
        gained = _gained(session, told)
    facts = _facts(told)
    if as_json:
        screen.document(facts | gained)
        return
    screen.facts(facts)
    for whose, rows in gained.items():
        columns = [Column(whose), Column("name"), Column("nanos", number=True)]
        screen.table(f"By {whose}", columns, [tuple(row.values()) for row in rows])


def pools_approve(
    vendor: Vendor,
    month: PeriodText,
    digest: Digest,
    operator: Annotated[str, typer.Option(help="Login of the operator who approves.")],
    *,
    currency: Currency = "USD",
    as_json: Json = False,
) -> None:
    """Approve the release of a pool as it was simulated, by its digest."""
    with workplace() as place, unit_of_work(place.database) as session:
        people.check_operator(session, operator)
        seen = approvals.parse_digest(digest)
        found = stored.named(session, vendor, Period.parse(month), check_currency(currency))
        pools.approve(session, found, seen, by=operator, now=place.clock())
    screen.facts({"pool": str(found.key), operator: digest}, as_json=as_json)


def pools_release(
    vendor: Vendor,
    month: PeriodText,
    digest: Digest,
    *,
    currency: Currency = "USD",
    as_json: Json = False,
) -> None:
    """Release a pool exactly as it was simulated; the next close passes it on."""
    with workplace() as place:
        seen = approvals.parse_digest(digest)
        with unit_of_work(place.database) as session:
            found = stored.named(session, vendor, Period.parse(month), check_currency(currency))
        needed = place.settings.pool_approvals
        plan = pools.release(place.database, found, seen, needed=needed, by=BY, now=place.clock())
    given = format_nanos(sum(plan.parts.by_name.values()))
    told = {"pool": str(plan.pool), "released": given, "to lines": len(plan.parts.by_name)}
    screen.facts(told | {"digest": plan.digest}, as_json=as_json)


def _facts(told: Simulated) -> dict[str, object]:
    said = told.plan.parts
    return {
        "pool": str(told.plan.pool),
        "rule": told.plan.rule.name,
        "by": str(told.plan.step.method),
        "principal": format_nanos(said.principal_nanos),
        "interest": format_nanos(said.interest_nanos),
        "fee": format_nanos(said.fee_nanos),
        "given": format_nanos(sum(said.by_name.values())),
        "window end": f"{told.plan.rule.window_end(told.plan.pool.month):%Y-%m-%d}",
        "digest": told.plan.digest,
    }


def _gained(session: Session, told: Simulated) -> dict[str, list[dict[str, object]]]:
    titles = works.titles(session, list(told.gains.by_work))
    names = parties.names(session, list(told.gains.by_holder))
    return {
        "work": [
            {"work": work, "name": titles[work], "nanos": nanos}
            for work, nanos in sorted(told.gains.by_work.items())
        ],
        "holder": [
            {"holder": holder, "name": names[holder], "nanos": nanos}
            for holder, nanos in told.gains.by_holder.items()
        ],
    }
