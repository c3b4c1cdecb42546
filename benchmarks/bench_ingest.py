"""What taking in a sale costs, by sales a request, with the database and without.

Both sides run by turns in one process, five rounds; figures are medians of CPU of this process and
of the server's processes together, and of the clock for one request. Texts are of 1 kB, each its
own. SMALL=1: fewer requests. Ends with a line of JSON.
"""

import logging
import os
import statistics
from contextlib import ExitStack

import structlog
from ledger_ingest import bodies, report, web, without_database
from ledger_scene import NOW
from ledger_servers import Cost, database_for, embedded_server
from soak_figures import Figures, figure, show

from service.store import api_keys, parties, terms
from service.store.database import unit_of_work
from worker.founding import found

SMALL = bool(os.environ.get("SMALL"))
ROUNDS = 3 if SMALL else 5
REQUESTS = (
    {1: 60, 100: 10, 1_000: 3, 10_000: 1} if SMALL else {1: 400, 100: 40, 1_000: 8, 10_000: 2}
)
WORDS = 150
"""Of six letters and a blank on average: 1 kB."""
TARGET = 0.4


def percentile(seconds: list[float], part: float) -> float:
    """Return a percentile in milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(part * len(seconds)))] * 1e3


def measured() -> Figures:
    """Report to an endpoint with a database and to the same without."""
    figures: Figures = {}
    with ExitStack() as stack:
        server = stack.enter_context(embedded_server())
        name = stack.enter_context(database_for(server, "ingest"))
        database = stack.enter_context(server.opened(name))
        with unit_of_work(database) as session:
            found(session, now=NOW)
            vendor_id = parties.vendor_named(session, "Acme").party_id
            key, _ = api_keys.make(session, vendor_id, "benchmark", now=NOW)
            valid = terms.of_vendors(session, [vendor_id])[vendor_id]
        app = web(database)
        meter = stack.enter_context(server.measured(name))
        for batch, requests in REQUESTS.items():
            whole, alone, took = list[Cost](), list[Cost](), list[float]()
            for at in range(ROUNDS):
                made = bodies(requests, mark=f"b{batch}r{at}", words=WORDS, batch=batch)
                count = requests * batch

                def send(made=made, batch=batch, took=took) -> None:
                    took += report(app, key, made, batch=batch)

                whole.append(meter.cost(send).over(count))
                with without_database(app, vendor_id, valid):
                    cost = meter.cost(lambda made=made, b=batch: report(app, key, made, batch=b))
                alone.append(cost.over(count))
            figures |= _figures(batch, whole, alone, took)
    return figures


def _figures(batch: int, whole: list[Cost], alone: list[Cost], took: list[float]) -> Figures:
    ratio = statistics.median(b.cpu / w.cpu for w, b in zip(whole, alone, strict=True))
    target = TARGET if batch == 1_000 else None  # noqa: PLR2004
    said = {
        "cpu": figure(statistics.median(one.cpu for one in whole), "us a sale"),
        "client_cpu": figure(statistics.median(one.client for one in whole), "us a sale"),
        "no_database_cpu": figure(statistics.median(one.cpu for one in alone), "us a sale"),
        "of_no_database": figure(ratio, "of 1", target=target, better="higher"),
        "p50": figure(percentile(took, 0.5), "ms a request"),
        "p99": figure(percentile(took, 0.99), "ms a request"),
    }
    return {f"batch_{batch}_{name}": one for name, one in said.items()}


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    show("ingest", measured())
