"""Commands that bring in works and sales, and who may come in: works, sales, vendors, users."""

from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from service.api.formats.native import SaleDefaults
from service.ledger.tiers import parse_tier
from service.store import api_keys, parties
from service.store.api_keys import Scope
from service.store.database import unit_of_work
from service.store.mode import Mode
from worker import founding, import_lines, logins, sale_import, work_import
from worker.cli import files_of_works, screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.fingerprints import EngineFingerprints
from worker.import_lines import BadOption
from worker.vendor_books.directory import BookDirectory


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for name, text, command, function in (
        ("works", "Works of rights holders.", "import", works_import),
        ("sales", "Sales of vendors.", "import", sales_import),
    ):
        group = typer.Typer(help=text, no_args_is_help=True)
        group.command(command)(function)
        if name == "works":
            files_of_works.add_to(group)
        app.add_typer(group, name=name)
    vendors = typer.Typer(help="AI vendors and their keys.", no_args_is_help=True)
    vendors.command("add")(vendors_add)
    vendors.command("list")(vendors_list)
    vendors.command("key")(vendors_key)
    app.add_typer(vendors, name="vendors")
    users = typer.Typer(help="Logins of the portal.", no_args_is_help=True)
    users.command("add")(users_add)
    app.add_typer(users, name="users")


File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines or CSV, UTF-8.")]


def works_import(
    path: File,
    holder: Annotated[str | None, typer.Option(help="Owner of works that name none.")] = None,
    registered_at: Annotated[
        str | None, typer.Option(help="Day of registration, YYYY-MM-DD; default today.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option(help="Try everything and keep nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Register the works of a file, all or none: JSON Lines, or CSV where its name ends in .csv."""
    with workplace() as place:
        now = place.clock()
        day = import_lines.day("--registered-at", registered_at) if registered_at else None
        imported = work_import.import_works(
            place.database,
            path,
            holder=holder,
            registered_at=import_lines.start_of(day) if day else now,
            now=now,
            dry_run=dry_run,
        )
    screen.facts(asdict(imported), as_json=as_json)
    if dry_run:
        screen.say("this was a dry run: nothing was stored")


def sales_import(
    path: Annotated[Path, typer.Argument(metavar="F.jsonl", help="JSON Lines, UTF-8.")],
    vendor: Annotated[str, typer.Option(help="Name of the vendor that sold.")],
    tier: Annotated[str | None, typer.Option(help="Tier of sales that name none.")] = None,
    sold_at: Annotated[
        str | None, typer.Option(help="Day of sales that name none, YYYY-MM-DD.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Report the sales of a file, all or none."""
    day = import_lines.day("--sold-at", sold_at) if sold_at else None
    defaults = SaleDefaults(
        parse_tier(tier) if tier else None, import_lines.start_of(day) if day else None
    )
    with workplace() as place:
        imported = sale_import.import_sales(
            place.database,
            path,
            vendor=vendor,
            defaults=defaults,
            fingerprints=EngineFingerprints(place.room.encoder),
            now=place.clock(),
            retention_days=place.settings.text_retention_days,
        )
    told = {name.replace("_", " "): value for name, value in asdict(imported).items()}
    if not as_json:
        told |= {key: ", ".join(told[key]) or "none" for key in ("conflict", "fields ignored")}
    screen.facts(told, as_json=as_json)
    if imported.conflict:
        raise typer.Exit(1)


def vendors_add(
    name: str,
    valid_from: Annotated[str, typer.Option(help="First day of rate card and contract.")],
    *,
    as_json: Json = False,
) -> None:
    """Add a vendor with the standard rate card and the sample contract."""
    day = import_lines.day("--valid-from", valid_from)
    with workplace() as place, unit_of_work(place.database) as session:
        vendor = founding.add_vendor(session, name, valid_from=day, now=place.clock())
    screen.facts({"vendor": vendor.name, "public id": vendor.slug}, as_json=as_json)


def vendors_list(*, as_json: Json = False) -> None:
    """List vendors."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = [(v.name, v.slug, v.is_sample) for v in parties.vendors(session)]
    columns = [screen.Column("name"), screen.Column("public id"), screen.Column("sample")]
    screen.table("Vendors", columns, rows, as_json=as_json)


def vendors_key(
    vendor: str,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; all if none.")] = None,
    expires_on: Annotated[
        str | None, typer.Option(help="First day it is refused, YYYY-MM-DD.")
    ] = None,
    *,
    test: Annotated[bool, typer.Option(help="A key of the vendor's test book.")] = False,
    as_json: Json = False,
) -> None:
    """Make an API key of a vendor; it is shown this once."""
    end = None
    if expires_on is not None:
        end = datetime.combine(import_lines.day("--expires-on", expires_on), time(), UTC)
    with workplace() as place, unit_of_work(place.database) as session:
        party = parties.vendor_named(session, vendor)
        assert party.party_id is not None
        if test:
            BookDirectory(place).book_of(party.party_id)
        key, _ = api_keys.make(
            session,
            party.party_id,
            label,
            scopes=scope or tuple(Scope),
            expires_at=end,
            mode=Mode.TEST if test else Mode.LIVE,
            now=place.clock(),
        )
    screen.facts({"vendor": party.name, "key": key}, as_json=as_json)


def users_add(
    login: str,
    role: Annotated[str, typer.Option(help="creator, operator or vendor.")],
    name: Annotated[str | None, typer.Option(help="Holder or vendor the login belongs to.")] = None,
) -> None:
    """Add a login with a random password, which is written to logins.txt."""
    with workplace() as place, unit_of_work(place.database) as session:
        party_id = None
        if role != "operator":
            if name is None:
                raise BadOption("--name", "must name the holder or vendor of this login")
            if role == "vendor":
                party_id = parties.vendor_named(session, name).party_id
            else:
                party_id = parties.holder_named(session, name, now=place.clock()).party_id
        home = place.settings.home
        logins.add(session, home, login, role, party_id, now=place.clock())
        screen.say(f"the password of {login} is in {home / logins.FILE}")
