"""Commands of people: who works for a vendor or as an operator, added, changed and let go."""

import secrets
from typing import Annotated

import typer
from sqlmodel import Session

from service.store import acts, members, parties, people
from service.store.database import unit_of_work
from service.store.members import Group
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column

Vendor = Annotated[str, typer.Option(help="Name of the vendor; left out: the operators.")]
Login = Annotated[str, typer.Argument(metavar="LOGIN")]
_BY = "command-line"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Operators, and people of vendors.", no_args_is_help=True)
    group.command("list")(people_list)
    group.command("add")(people_add)
    group.command("role")(people_role)
    group.command("end")(people_end)
    app.add_typer(group, name="people")


def people_list(vendor: Vendor = "", *, as_json: Json = False) -> None:
    """List members with their roles."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = members.listing(session, _group(session, vendor))
    columns = [Column("login"), Column("name"), Column("role"), Column("second factor")]
    table = [
        (one.login, one.name, one.member_role, "on" if one.has_factor else "off") for one in found
    ]
    screen.table("people", columns, table, as_json=as_json)


def people_add(
    login: Login,
    vendor: Vendor = "",
    role: Annotated[str, typer.Option(help="owner, developer, finance, viewer; admin.")] = "viewer",
) -> None:
    """Add somebody and print the password, this once."""
    password = secrets.token_urlsafe(12)
    with workplace() as place, unit_of_work(place.database) as session:
        now, group = place.clock(), _group(session, vendor)
        user_id = members.add(session, group, login, password, member_role=role, now=now)
        acts.record(session, "people-add", f"user={user_id} role={role}", role=_BY, now=now)
    screen.facts({"login": login, "role": role, "password": password}, as_json=False)


def people_role(login: Login, role: str, vendor: Vendor = "") -> None:
    """Give somebody another role; their sessions end."""
    with workplace() as place, unit_of_work(place.database) as session:
        group = _group(session, vendor)
        user_id = _user(session, group, login)
        members.change(session, group, user_id, role)
        subject = f"user={user_id} role={role}"
        acts.record(session, "people-role", subject, role=_BY, now=place.clock())


def people_end(login: Login, vendor: Vendor = "") -> None:
    """Let somebody in no more, at once."""
    with workplace() as place, unit_of_work(place.database) as session:
        group, now = _group(session, vendor), place.clock()
        user_id = _user(session, group, login)
        members.end(session, group, user_id, now=now)
        acts.record(session, "people-end", f"user={user_id}", role=_BY, now=now)


def _group(session: Session, vendor: str) -> Group:
    if not vendor:
        return Group("operator", None)
    return Group("vendor", parties.vendor_named(session, vendor).party_id)


def _user(session: Session, group: Group, login: str) -> int:
    user = people.user_named(session, login)
    if user is None or user.user_id is None or user.role != group.role:
        raise members.MemberNotFound(0)
    return user.user_id
