"""Commands that change what settled sales rest on, and what becomes of it."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from service.ledger.contract import Contract
from service.ledger.contract_form import steps_from_json
from service.ledger.period import Period
from service.store import (
    correction_jobs,
    parked_refunds,
    parties,
    quarantined,
    rights,
    sales,
    terms,
    works,
)
from service.store.correction_jobs import Job, NewJob
from service.store.corrections import Cause
from service.store.database import unit_of_work
from worker import import_lines, quarantine
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column
from worker.import_lines import BadOption

Reason = Annotated[str, typer.Option(help="Why; it is kept with every correction.")]
From = Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First day it counts.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Changed facts under settled sales: the worker posts target minus posted.",
        no_args_is_help=True,
    )
    group.command("list")(corrections_list)
    group.command("contract")(corrections_contract)
    group.command("split")(corrections_split)
    group.command("reattribute")(corrections_reattribute)
    app.add_typer(group, name="corrections")
    aside = typer.Typer(help="Sales that could not be settled.", no_args_is_help=True)
    aside.command("list")(quarantine_list)
    aside.command("retry")(quarantine_retry)
    app.add_typer(aside, name="quarantine")
    parked = typer.Typer(help="Refunds that came before their sale.", no_args_is_help=True)
    parked.command("parked")(refunds_parked)
    app.add_typer(parked, name="refunds")


def corrections_list(
    *,
    only_waiting: Annotated[bool, typer.Option("--waiting", help="Only what is not done.")] = False,
    as_json: Json = False,
) -> None:
    """List changed facts and how far their sales are corrected, newest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        jobs = correction_jobs.listing(session, only_waiting=only_waiting, limit=MOST_LISTED)
    columns = [Column("number", number=True), *(Column(n) for n in ("cause", "of", "reason", "by"))]
    columns += [Column("looked at", number=True), Column("corrected", number=True), Column("done")]
    rows = [
        (
            *(job.job_id, str(job.cause), _scope(job), job.reason, job.requested_by),
            *(job.looked_at, job.corrected, job.done_at.isoformat() if job.done_at else "waits"),
        )
        for job in jobs
    ]
    screen.table("Corrections", columns, rows, as_json=as_json)


def _scope(job: Job) -> str:
    named = (("sale", job.sale_id), ("vendor", job.vendor_id), ("work", job.work_id))
    (scope,) = (f"{name} {number}" for name, number in named if number is not None)
    since = f" from {job.sold_from.date()}" if job.sold_from else ""
    return scope + since + (f" until {job.sold_until.date()}" if job.sold_until else "")


def corrections_contract(
    vendor: Annotated[str, typer.Argument(help="Name of the vendor.")],
    path: Annotated[Path, typer.Argument(metavar="STEPS.json", help="A list of steps.")],
    day: From,
    reason: Reason,
    *,
    as_json: Json = False,
) -> None:
    """Let a contract count from a day on; sales settled since are corrected."""
    with workplace() as place, unit_of_work(place.database) as session:
        party = parties.vendor_named(session, vendor)
        assert party.party_id is not None
        number = terms.correct_contract(
            session,
            party,
            _contract(terms.of_vendors(session, [party.party_id])[party.party_id], path, day),
            reason=reason,
            by=BY,
            now=place.clock(),
        )
    screen.facts({"contract": number, "valid from": day}, as_json=as_json)


def _contract(known: terms.Terms, path: Path, day: str) -> Contract:
    try:
        steps = steps_from_json(json.loads(path.read_bytes()))
    except OSError as error:
        raise BadOption(str(path), f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise BadOption(str(path), "must be JSON in UTF-8") from None
    return Contract(0, known.vendor, _day(day), known.contracts[-1].currency, steps)


def corrections_split(
    work: Annotated[int, typer.Argument(help="Number of the work.")],
    shares: Annotated[list[str], typer.Argument(metavar="HOLDER=PPM...", help="Sum 1000000.")],
    day: From,
    reason: Reason,
    *,
    as_json: Json = False,
) -> None:
    """Let a split count from a day on that may have sales; those settled since are corrected."""
    split = dict(_share(each) for each in shares)
    with workplace() as place, unit_of_work(place.database) as session:
        works.get(session, work)
        number = rights.back_date(
            session, work, split, day=_day(day), reason=reason, by=BY, now=place.clock()
        )
    screen.facts({"rights version": number, "valid from": day}, as_json=as_json)


def _share(given: str) -> tuple[int, int]:
    holder, _, share = given.partition("=")
    if not (holder.isascii() and holder.isdigit() and share.isascii() and share.isdigit()):
        raise BadOption(given, "must be the number of a holder, =, and parts per million")
    return int(holder), int(share)


def _day(given: str) -> date:
    return import_lines.day("--from", given)


def corrections_reattribute(
    reason: Reason,
    *,
    sale: Annotated[str | None, typer.Option(help="VENDOR/ID of one sale.")] = None,
    work: Annotated[int | None, typer.Option(help="All sales attributed to a work.")] = None,
    vendor: Annotated[str | None, typer.Option(help="All sales of a vendor.")] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only of a month.")] = None,
    as_json: Json = False,
) -> None:
    """Attribute sales anew by the engine and findings of today; those that differ are corrected."""
    if sum(each is not None for each in (sale, work, vendor)) != 1:
        raise BadOption("reattribute", "takes one of --sale, --work and --vendor")
    period = Period.parse(month) if month else None
    with workplace() as place, unit_of_work(place.database) as session:
        if sale is not None:
            name, _, external_id = sale.partition("/")
            scope = {"sale_id": sales.find(session, _vendor_id(session, name), external_id).sale_id}
        elif vendor is not None:
            scope = {"vendor_id": _vendor_id(session, vendor)}
        else:
            assert work is not None
            scope = {"work_id": works.get(session, work).work_id or 0}
        job = NewJob(
            Cause.ATTRIBUTION,
            reason,
            BY,
            **scope,
            sold_from=period.start if period else None,
            sold_until=period.next().start if period else None,
        )
        number = correction_jobs.request(session, job, now=place.clock())
    screen.facts({"correction": number}, as_json=as_json)


def _vendor_id(session: Session, name: str) -> int:
    party = parties.vendor_named(session, name)
    assert party.party_id is not None
    return party.party_id


def quarantine_list(*, as_json: Json = False) -> None:
    """List quarantined sales with the rule each broke."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = quarantined.page(session, before=None, limit=MOST_LISTED)
    columns = [Column("sale", number=True), *(Column(n) for n in ("vendor", "id", "month"))]
    columns += [Column("reason"), Column("facts")]
    screen.table(
        "Quarantine",
        columns,
        [
            (
                r.sale_id,
                r.vendor,
                r.external_id,
                str(r.period),
                r.reason,
                str(r.facts.get("sentence")),
            )
            for r in rows
        ],
        as_json=as_json,
    )


def quarantine_retry(
    sale: Annotated[int | None, typer.Argument(help="Number of a sale; none: all.")] = None,
    *,
    without_attribution: Annotated[
        bool, typer.Option(help="Settle what cannot be attributed: its whole pool is unmatched.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Settle quarantined sales now that what was wrong is put right."""
    told = []
    with workplace() as place:
        with unit_of_work(place.database) as session:
            rows = quarantined.page(session, before=None, limit=MOST_LISTED)
        for sale_id in [row.sale_id for row in rows] if sale is None else [sale]:
            try:
                again = quarantine.settle_again(
                    place.database,
                    sale_id,
                    without_attribution=without_attribution,
                    now=place.clock(),
                )
            except quarantine.CannotAttribute as error:
                if sale is not None:
                    raise
                again = error.code
            told.append((sale_id, f"quarantined: {again}" if again else "settled"))
    screen.table("Quarantine", [Column("sale", number=True), Column("now")], told, as_json=as_json)


def refunds_parked(*, as_json: Json = False) -> None:
    """List refunds that wait for a sale nobody has reported, and those their sale refused."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = parked_refunds.listing(session, limit=MOST_LISTED)
    names = ("vendor", "refund", "sale", "received", "refused")
    screen.table(
        "Parked refunds",
        [Column(name) for name in names],
        [
            (
                *(r.vendor, r.refund.external_id, r.refund.sale, r.received_at.isoformat()),
                r.refused or "",
            )
            for r in rows
        ],
        as_json=as_json,
    )
