"""Commands that read balances: of accounts and holders, now or as of a month or a moment."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from service.ledger.accounts import Side, normal_side
from service.ledger.money import check_currency, format_nanos
from service.ledger.period import BadPeriod, Period
from service.store import account_history
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.import_lines import BadOption

AsOf = Annotated[
    str | None,
    typer.Option(help="YYYY-MM: posted into months up to it; an instant: posted by then."),
]
MOST_BATCHES = 10_000


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Balances of accounts and holders.", no_args_is_help=True)
    group.command("accounts")(accounts)
    group.command("holders")(holders)
    group.command("history")(history)
    app.add_typer(group, name="balances")


def accounts(
    prefix: Annotated[str, typer.Option(help="Only accounts that begin so, like vendor:.")] = "",
    as_of: AsOf = None,
    *,
    as_json: Json = False,
) -> None:
    """List the balances of accounts; each positive on the side it normally stands on."""
    period, moment = _as_of(as_of)
    with workplace() as place, unit_of_work(place.database) as session:
        rows = account_history.balances_as_of(session, period=period, moment=moment, prefix=prefix)
    columns = [
        Column("account"),
        Column("currency"),
        Column("side"),
        Column("balance", number=True),
    ]
    shown = [
        (
            *(one.account, one.currency, str(normal_side(one.account))),
            format_nanos(one.nanos if normal_side(one.account) is Side.DEBIT else -one.nanos),
        )
        for one in rows
    ]
    screen.table("Balances", columns, shown, as_json=as_json)


def holders(as_of: AsOf = None, *, as_json: Json = False) -> None:
    """List what every holder stands at: posted = held + available."""
    period, moment = _as_of(as_of)
    if period:
        raise BadOption("--as-of", "must be an instant for holders; statements tell months")
    with workplace() as place, unit_of_work(place.database) as session:
        rows = account_history.holders(session, moment=moment)
    columns = [Column("holder", number=True), Column("name"), Column("currency")]
    columns += [Column(name, number=True) for name in ("posted", "held", "available")]
    shown = [
        (
            *(one.holder_id, one.name, one.currency, format_nanos(one.posted_nanos)),
            *(format_nanos(one.held_nanos), format_nanos(one.available_nanos)),
        )
        for one in rows
    ]
    screen.table("Holders", columns, shown, as_json=as_json)


def history(
    account: Annotated[str, typer.Argument(help="Name of an account.")],
    *,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    before: Annotated[int | None, typer.Option(help="Only batches before this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_BATCHES)] = 50,
    as_json: Json = False,
) -> None:
    """List the batches that moved an account, newest first, with its balance after each."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = account_history.history(
            session, account, check_currency(currency), before=before, limit=limit
        )
    columns = [Column("batch", number=True), Column("kind"), Column("month"), Column("posted")]
    columns += [Column(name, number=True) for name in ("entries", "debit less credit", "balance")]
    shown = [
        (
            *(one.batch_id, str(one.kind), str(one.period), one.created_at.isoformat()),
            *(one.entry_count, format_nanos(one.delta_nanos), format_nanos(one.balance_nanos)),
        )
        for one in rows
    ]
    screen.table(account, columns, shown, as_json=as_json)


def _as_of(given: str | None) -> tuple[Period | None, datetime | None]:
    if given is None:
        return None, None
    try:
        return Period.parse(given), None
    except BadPeriod:
        pass
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise BadOption("--as-of", "must be YYYY-MM or an instant like 2026-01-31T12:00Z") from None
    return None, moment if moment.tzinfo else moment.replace(tzinfo=UTC)
