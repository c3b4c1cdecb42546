"""The close of a month of many sales, and what a month costs when something of it doubles."""

from contextlib import ExitStack
from dataclasses import dataclass, replace

import psycopg
from ledger_scene import MONTH, NOW, Size, fill, repeat
from ledger_servers import Cost, Server, database_for
from ledger_sides import HOLDERS, WORKS, settle

from service.ledger.threshold import Threshold
from service.store import closing, periods, seals
from service.store.database import Database, rehearsal, unit_of_work
from worker import close, drain

_ROWS = (
    "SELECT count(*) FROM posting p JOIN account a USING (account_id) "
    "WHERE p.kind = 1 AND starts_with(a.name, 'line:')"
)


@dataclass(frozen=True, slots=True)
class Close:
    """Rows that came in (a sale's royalty of one work), lines that went out, cost by round."""

    sales: int
    rows: int
    lines: int
    costs: list[Cost]


def close_of_many(server: Server, *, rounds: int, sales: int, reported: int) -> Close:
    """Close the same month in each round: release, back and state, then roll all of it back."""
    with ExitStack() as stack:
        name = stack.enter_context(database_for(server, "close"))
        database = stack.enter_context(server.opened(name))
        fill(database, Size(reported, WORKS, HOLDERS))
        repeat(database, sales // reported - 1)
        settle(database, sales)
        with unit_of_work(database) as session:
            closing.begin(session, MONTH, early=False, now=NOW)
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            rows = connection.execute(_ROWS.encode()).fetchone()
        assert rows
        meter = stack.enter_context(server.measured(name))
        costs, lines = [], 0
        for _ in range(rounds):
            with rehearsal(database) as rehearsed:
                costs.append(meter.cost(lambda r=rehearsed: _post(r)))
                lines = _lines(rehearsed)
        return Close(sales, rows[0], lines, costs)


def _post(database: Database) -> None:
    close.post(database, MONTH, threshold=Threshold(), now=NOW, progress=drain.silent)


def _lines(database: Database) -> int:
    with unit_of_work(database) as session:
        query = "SELECT count(*) FROM statement_line"
        return int(session.connection().exec_driver_sql(query).scalar_one())


def _month(database: Database, sales: int) -> None:
    """Settle a month, close it and seal its batches."""
    settle(database, sales)
    with unit_of_work(database) as session:
        closing.begin(session, MONTH, early=False, now=NOW)
    _post(database)
    with unit_of_work(database) as session:
        periods.finish_closing(session, MONTH, now=NOW)
    with unit_of_work(database) as session:
        while seals.seal_waiting(session, now=NOW):
            pass


def doubling(server: Server, *, rounds: int, size: Size) -> dict[str, list[float]]:
    """Settle and close a month as it is and with one thing doubled; return CPU ratios by thing."""
    sizes = {"once": size} | {
        f"doubling_{name}": replace(size, **{name: 2 * getattr(size, name)})
        for name in ("sales", "works", "holders")
    }
    found: dict[str, list[float]] = {name: [] for name in sizes if name != "once"}
    with ExitStack() as stack:
        templates = {}
        for name, one in sizes.items():
            templates[name] = stack.enter_context(database_for(server, name))
            with server.opened(templates[name]) as database:
                fill(database, one)
            with psycopg.connect(server.url(templates[name]), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        for _ in range(rounds):
            cpu = {
                name: _copied(server, templates[name], one.sales).cpu for name, one in sizes.items()
            }
            for name, ratios in found.items():
                ratios.append(cpu[name] / cpu["once"])
    return found


def _copied(server: Server, template: str, sales: int) -> Cost:
    """Copy a database, settle and close its month; return the cost of that."""
    with (
        database_for(server, "month", template) as name,
        server.opened(name) as database,
        server.measured(name) as meter,
    ):
        return meter.cost(lambda: _month(database, sales))
