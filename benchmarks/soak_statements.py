"""Close a month of a million sales and ten thousand holders, and write every statement as PDF.

Each stage runs in a process of its own: settle, release and back, state, seal, PDFs by two workers
that claim rows. Beside it the method of royalty tools: each row of a vendor's statement is split
among the holders of its work, from one CSV to another. HOLDERS=n: others, of 100 sales each;
SMALL=1: 200; WORKERS=n: processes that write. Ends with a line of JSON.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from bulk_sales import Request, draw_matches, holders, register, store, store_attributions
from ledger_scene import MONTH, NOW, TIERS
from ledger_servers import Server, database_for, embedded_server
from row_by_row import split_rows
from soak_figures import Figures, figure, show, tell
from statement_stages import Took, release, render, seal, settle, state, taken_by

from service.api.statement_documents import load
from service.documents.statement_forms import Form, written
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN
from service.store import attributions, parties
from service.store import statements as stored
from service.store.database import Database, driver, unit_of_work
from worker.founding import found

SMALL = bool(os.environ.get("SMALL"))
HOLDERS = int(os.environ.get("HOLDERS") or (200 if SMALL else 10_000))
SALES = 100 * HOLDERS
WORKS = HOLDERS
WORKERS = int(os.environ.get("WORKERS", "2"))
A_REQUEST = 1_000
A_CHUNK = 20 * A_REQUEST
MEASURED = 200
"""Statements that each form is made of, one after another, to say what one takes."""
PEER_ROWS = 20_000
"""Rows a CPU second that django-music-publisher splits at most: docs/ledger-figures.md."""
PDF_MS, MIB_A_PROCESS = 30.0, 1_024.0


def fill(database: Database) -> None:
    """Register works of one to four holders, everybody of at least one; report all sales."""
    rng = np.random.default_rng(7)
    with unit_of_work(database) as session:
        found(session, now=NOW)
        people = holders(session, HOLDERS)

        def split(n: int) -> dict[int, int]:
            others = rng.choice(people, rng.integers(0, 4), replace=False).tolist()
            chosen = list(dict.fromkeys([people[n % HOLDERS], *others]))
            shares = dict.fromkeys(chosen, 1_000_000 // len(chosen))
            shares[chosen[0]] += 1_000_000 - sum(shares.values())
            return shares

        work_ids = register(session, count=WORKS, split=split)
        engine = attributions.engine_id(session, "given")
        vendors = [parties.vendor_named(session, name) for name in ("Acme", "Borealis")]
    assert SALES % A_CHUNK == 0, "sales are reported in chunks"
    for first in range(0, SALES, A_CHUNK):
        matched = draw_matches(rng, work_ids, A_CHUNK)
        with unit_of_work(database) as session:
            ids = store_attributions(session, engine, first, matched)
            store(
                session,
                [
                    _request(
                        vendors[at // A_REQUEST % 2], first + at, ids[at : at + A_REQUEST], rng
                    )
                    for at in range(0, A_CHUNK, A_REQUEST)
                ],
            )


def _request(vendor: parties.PartyRow, first: int, ids: range, rng: np.random.Generator) -> Request:
    tiers = [TIERS[(first + n) % len(TIERS)] for n in range(A_REQUEST)]
    tokens = rng.integers(100, 5_001, A_REQUEST).tolist()
    gross = [STANDARD_NANOS_PER_TOKEN[t] * n for t, n in zip(tiers, tokens, strict=True)]
    numbers = range(first, first + A_REQUEST)
    assert vendor.party_id
    assert vendor.slug
    said = ([tier.number for tier in tiers], tokens, gross, numbers, ids)
    return Request(vendor.party_id, vendor.slug, MONTH, first, *said)


def counted(database: Database) -> dict[str, int]:
    """Count statements, their lines, the longest, and royalties of one work in one sale."""
    with unit_of_work(database) as session:
        row = (
            driver(session)
            .execute(
                "SELECT (SELECT count(*) FROM statement), (SELECT count(*) FROM statement_line), "
                "(SELECT max(n) FROM (SELECT count(*) AS n FROM statement_line "
                "GROUP BY statement_id) AS t), (SELECT count(*) FROM posting p "
                "JOIN account a USING (account_id) WHERE p.kind = 1 "
                "AND starts_with(a.name, 'line:'))"
            )
            .fetchone()
        )
    assert row
    return dict(zip(("statements", "lines", "longest", "rows"), row, strict=True))


def forms_alone(database: Database) -> dict[str, float]:
    """Return the median CPU milliseconds of making each form of one statement, loading apart."""
    with unit_of_work(database) as session:
        rows = stored.listing(session, limit=MEASURED)
        started = time.process_time()
        documents = [load(session, row.number) for row in rows]
        loading = (time.process_time() - started) / len(rows) * 1e3
    found = {"load": loading}
    for form in Form:
        written(documents[0], form, locale=None, fonts=None)
        took = []
        for document in documents:
            started = time.process_time()
            written(document, form, locale=None, fonts=None)
            took.append((time.process_time() - started) * 1e3)
        found[str(form)] = statistics.median(took)
    return found


@contextmanager
def a_folder() -> Iterator[Path]:
    """Lend a folder."""
    folder = Path(tempfile.mkdtemp(prefix="ws-soak-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(server: Server, name: str, folder: Path) -> tuple[dict[str, Took], int]:
    """Take all stages in turn; return what each took and the bytes of all PDFs."""
    pdfs = partial(render, folder=folder, form=Form.PDF, workers=WORKERS)
    stages = {"settle": settle, "release": release, "state": state, "seal": seal, "pdf": pdfs}
    took = {}
    for stage, work in stages.items():
        took[stage] = taken_by(server, name, work)
        tell(
            f"{stage}: {took[stage].wall_s:.1f} s by the clock, CPU {took[stage].client_cpu_s:.1f} "
            f"+ {took[stage].server_cpu_s:.1f} s, {took[stage].peak_mib:.0f} MiB at most"
        )
    return took, sum(path.stat().st_size for path in folder.glob("*.pdf"))


def main() -> None:
    """Fill, take the stages, report."""
    with embedded_server() as server, database_for(server, "statements") as name:
        with server.opened(name) as database:
            started = time.perf_counter()
            fill(database)
            tell(f"filled in {time.perf_counter() - started:.0f} s")
        with a_folder() as folder:
            took, size = run(server, name, folder)
        with server.opened(name) as database:
            counts, alone = counted(database), forms_alone(database)
    with a_folder() as folder:
        rows = min(SALES, 200_000)
        peer = split_rows(folder, rows=rows, works=WORKS, holders=HOLDERS)
    report(took, counts, alone, size, peer)


def report(
    took: dict[str, Took],
    counts: dict[str, int],
    alone: dict[str, float],
    size: int,
    by_row: dict[str, float],
) -> None:
    """Print the figures."""
    figures: Figures = {
        "statements": figure(counts["statements"], "statements", target=HOLDERS, better="higher"),
        "statement_lines": figure(counts["lines"], "lines"),
        "longest_statement": figure(counts["longest"], "lines"),
        "rows_in": figure(counts["rows"], "royalties of a work in a sale"),
    }
    for name, one in took.items():
        figures[f"{name}_wall"] = figure(one.wall_s, "s")
        figures[f"{name}_cpu"] = figure(one.cpu_s, "s")
        figures[f"{name}_peak"] = figure(one.peak_mib, "MiB", target=MIB_A_PROCESS)
    each = counts["statements"]
    figures["pdf_cpu_each"] = figure(took["pdf"].cpu_s / each * 1e3, "ms", target=PDF_MS)
    figures["pdf_bytes_each"] = figure(round(size / each), "bytes")
    for name, cost in alone.items():
        figures[f"{name}_alone_each"] = figure(cost, "ms")
    stated = took["state"].cpu_s
    closed, goal = took["release"].cpu_s + stated, 10 * PEER_ROWS
    figures["rows_a_cpu_second"] = figure(
        counts["rows"] / closed, "rows", target=goal, better="higher"
    )
    figures["lines_a_cpu_second_of_stating"] = figure(
        counts["lines"] / took["state"].cpu_s, "lines"
    )
    figures["lines_a_cpu_second_of_closing"] = figure(counts["lines"] / closed, "lines")
    figures["row_by_row_in"] = figure(by_row["in"], "rows a CPU s", target=goal, better="higher")
    figures["row_by_row_out"] = figure(by_row["out"], "lines a CPU s", target=goal, better="higher")
    show("soak-statements", figures, holders=HOLDERS, sales=SALES, works=WORKS, workers=WORKERS)


if __name__ == "__main__":
    sys.exit(main())
