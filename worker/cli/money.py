"""The command that says where a holder's money stands."""

from typing import Annotated

import typer
from sqlmodel import Session

from service.ledger.money import format_nanos
from service.ledger.money_state import MoneyPart, MoneyStanding, MoneyState
from service.store import money_states, parties
from service.store.database import one_snapshot, unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("money")(money)


def money(
    holder: Annotated[str, typer.Argument(help="Number or name of a holder.")],
    *,
    as_json: Json = False,
) -> None:
    """Say of a holder's money what is estimated, settled, held, payable and paid, and why."""
    with workplace() as place, unit_of_work(place.database) as session:
        one_snapshot(session)
        found = money_states.of_holder(
            session,
            _number(session, holder),
            threshold=place.threshold,
            today=place.clock().date(),
        )
    if as_json:
        screen.document([_document(one) for one in found])
        return
    columns = [Column("state"), Column("amount", number=True), Column("why not paid")]
    columns += [Column("of"), Column("may change on")]
    for one in found:
        title = f"{one.currency}: earned {format_nanos(one.earned_nanos)}"
        screen.table(title, columns, [_row(part) for part in one.parts])


def _number(session: Session, holder: str) -> int:
    if holder.isascii() and holder.isdigit():
        parties.check_holders(session, [int(holder[:18])])
        return int(holder[:18])
    return parties.known_holder(session, holder)


def _row(part: MoneyPart) -> tuple[object, ...]:
    return (
        str(part.state),
        format_nanos(part.nanos),
        part.sentence,
        part.note,
        part.may_change_on,
    )


def _document(one: MoneyStanding) -> dict[str, object]:
    totals = {str(state): format_nanos(one.total(state)) for state in MoneyState}
    parts = [
        {
            "state": str(part.state),
            "amount": format_nanos(part.nanos),
            "why_not_paid": str(part.why) if part.why else None,
            "sentence": part.sentence,
            "of": part.note,
            "may_change_on": part.may_change_on.isoformat() if part.may_change_on else None,
        }
        for part in one.parts
    ]
    return {
        "currency": one.currency,
        "earned": format_nanos(one.earned_nanos),
        "advance": format_nanos(one.advance_nanos),
        **totals,
        "parts": parts,
    }
