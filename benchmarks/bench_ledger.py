"""Settlement, close and ingest beside raw COPY and other ledgers: same postings, same server.

All sides run by turns in each round of one process; figures are medians of the rounds' ratios of
CPU, of this process and of the server's processes together. SMALL=1: fewer sales and rounds.
--server URL (a superuser's; also WELLSPRING_BENCH_SERVER): runs there as well, in databases of its
own that are dropped. --pgledger FOLDER (WELLSPRING_BENCH_PGLEDGER): pgledger.sql and vendor/*/*.sql
for that peer. --only PART: of sides, split, close, doubling, ingest. Ends with a line of JSON.
"""

import argparse
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from ledger_ingest import ingest
from ledger_months import close_of_many, doubling
from ledger_scene import Size
from ledger_servers import Cost, Server, embedded_server, given_server
from ledger_sides import Rounds, ratio, side_by_side, split
from rich.console import Console
from rich.table import Table

SMALL = bool(os.environ.get("SMALL"))
ROUNDS = Rounds(3, 3_000, 10) if SMALL else Rounds(5, 20_000, 50)
SPLIT = 3_000 if SMALL else 20_000
CLOSED, REPORTED = (4_000, 2_000) if SMALL else (1_000_000, 20_000)
MONTH = Size(1_500, 150, 60) if SMALL else Size(20_000, 500, 200)
REQUESTS = 1 if SMALL else 5
PARTS = ("sides", "split", "close", "doubling", "ingest")
PUBLISHED_ROWS = 20_000
"""Rows a CPU second django-music-publisher makes of royalty statements, at its best (11,000 to
20,000 measured; it promises 200,000 in 20 seconds).

A row of it is one work's income in a statement that came in, divided among the work's writers. Ours
are the royalties of works in sales (rows in), divided among holders; lines go out by work, tier and
vendor.
"""
TARGETS = {
    "of_raw_copy": (0.5, "higher", "of 1"),
    "over_raw_postings": (2.5, "higher", "times"),
    "over_inserted_postings": (None, "higher", "times"),
    "over_orm": (300, "higher", "times"),
    "over_orm_no_balances": (None, "higher", "times"),
    "over_pgledger": (200, "higher", "times"),
    "settled_per_second": (None, "higher", "sales/s by clock"),
    "vectorised_split": (20, "higher", "times"),
    "close_rows_over_publisher": (10, "higher", "times"),
    "close_lines_over_publisher": (None, "higher", "times"),
    "doubling_sales": (2.1, "lower", "times"),
    "doubling_works": (2.1, "lower", "times"),
    "doubling_holders": (2.1, "lower", "times"),
    "ingest_of_no_database": (0.4, "higher", "of 1"),
    "ingest_no_text_of_no_database": (0.4, "higher", "of 1"),
}
Found = dict[str, float]


def costs(seen: dict[str, list[Cost]]) -> Found:
    """Return medians of CPU and clock of each side, in microseconds a sale."""
    found = {}
    for side, rounds in seen.items():
        found[f"{side}_cpu"] = statistics.median(one.cpu for one in rounds)
        found[f"{side}_client_cpu"] = statistics.median(one.client for one in rounds)
        found[f"{side}_wall"] = statistics.median(one.wall for one in rounds)
    return found


def sides(server: Server, pgledger: Path | None) -> Found:
    """Settle beside the peers."""
    seen = side_by_side(server, ROUNDS, pgledger)
    found = {
        "of_raw_copy": ratio(seen, "raw_copy", "ours"),
        "over_raw_postings": ratio(seen, "raw_postings", "ours"),
        "over_inserted_postings": ratio(seen, "inserted_postings", "ours"),
        "over_orm": ratio(seen, "orm", "ours"),
        "over_orm_no_balances": ratio(seen, "orm_no_balances", "ours"),
        "settled_per_second": 1e6 / statistics.median(one.wall for one in seen["ours"]),
    }
    if pgledger:
        found["over_pgledger"] = ratio(seen, "pgledger", "ours")
    return found | costs(seen)


def divided() -> Found:
    """Divide in both forms."""
    rounds = split(max(ROUNDS.rounds, 5), SPLIT)
    return {
        "vectorised_split": statistics.median(plain / arrays for plain, arrays in rounds),
        "plain_split_cpu": statistics.median(plain for plain, _ in rounds),
        "vectorised_split_cpu": statistics.median(arrays for _, arrays in rounds),
    }


def closed(server: Server, sales: int) -> Found:
    """Close a month."""
    done = close_of_many(server, rounds=3 if SMALL else 5, sales=sales, reported=REPORTED)
    seconds = statistics.median(one.cpu for one in done.costs) / 1e6
    return {
        "close_rows_over_publisher": done.rows / seconds / PUBLISHED_ROWS,
        "close_lines_over_publisher": done.lines / seconds / PUBLISHED_ROWS,
        "close_rows": done.rows,
        "close_lines": done.lines,
        "close_sales": done.sales,
        "close_cpu_seconds": seconds,
        "close_wall_seconds": statistics.median(one.wall for one in done.costs) / 1e6,
    }


def doubled(server: Server) -> Found:
    """Double a month."""
    found = doubling(server, rounds=ROUNDS.rounds if SMALL else 5, size=MONTH)
    return {name: statistics.median(ratios) for name, ratios in found.items()}


def reported(server: Server) -> Found:
    """Report to the endpoint."""
    seen = ingest(server, rounds=ROUNDS.rounds, requests=REQUESTS)
    return {
        "ingest_of_no_database": ratio(seen, "ingest_text_no_database", "ingest_text"),
        "ingest_no_text_of_no_database": ratio(
            seen, "ingest_no_text_no_database", "ingest_no_text"
        ),
    } | costs(seen)


def measured(server: Server, options: argparse.Namespace) -> Found:
    """Run the parts that need a server on one."""
    parts: dict[str, Callable[[], Found]] = {
        "sides": lambda: sides(server, options.pgledger),
        "doubling": lambda: doubled(server),
        "ingest": lambda: reported(server),
        "close": lambda: closed(server, options.sales),
    }
    found: Found = {}
    for part in [part for part in parts if part in options.only]:
        started, load = time.perf_counter(), os.getloadavg()[0]
        seen = parts[part]()
        seen[f"{part}_seconds"] = time.perf_counter() - started
        shown = ", ".join(f"{name} {value:.4g}" for name, value in seen.items())
        Console(stderr=True).print(
            f"{server.name} {part}, load {load:.1f} to {os.getloadavg()[0]:.1f}: {shown}"
        )
        found |= seen
    return found


def figure(name: str, value: float) -> dict[str, object]:
    """Put its target beside a figure; one without a target counts as met."""
    target, better, unit = TARGETS.get(name, (None, "lower", _unit(name)))
    met = target is None or (value >= target if better == "higher" else value <= target)
    return {"value": round(value, 3), "target": target, "better": better, "met": met, "unit": unit}


def _unit(name: str) -> str:
    if name.endswith("_seconds"):
        return "s"
    return "us" if name.endswith(("_cpu", "_wall")) else name.rpartition("_")[2]


def show(figures: dict[str, dict[str, object]]) -> None:
    """Print a table for people on stderr and one line of JSON on stdout."""
    table = Table("figure", "value", "unit", "target", "met", title="ledger")
    for name, one in figures.items():
        target = one["target"]
        shown = ("", "") if target is None else (str(target), "yes" if one["met"] else "NO")
        table.add_row(name, str(one["value"]), str(one["unit"]), *shown)
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"bench": "ledger", "figures": figures}) + "\n")


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line and the settings that stand for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default=os.environ.get("WELLSPRING_BENCH_SERVER"))
    pgledger = os.environ.get("WELLSPRING_BENCH_PGLEDGER")
    parser.add_argument("--pgledger", type=Path, default=Path(pgledger) if pgledger else None)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--sales", type=int, default=CLOSED, help="sales of the month that closes")
    options = parser.parse_args(arguments)
    options.only = options.only or PARTS
    return options


def main() -> None:
    """Run and report."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    options = options_of()
    figures = {}
    if "split" in options.only:
        figures |= {name: figure(name, value) for name, value in divided().items()}
    with embedded_server() as server:
        for name, value in measured(server, options).items():
            figures[name] = figure(name, value)
    if options.server:
        with given_server(options.server) as server:
            for name, value in measured(server, options).items():
                figures[f"server_{name}"] = figure(name, value)
    if not options.pgledger:
        Console(stderr=True).print("pgledger: not run; --pgledger names a folder with its SQL")
    show(figures)


if __name__ == "__main__":
    main()
