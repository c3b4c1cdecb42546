"""Commands that run the whole: up, demo; and what the API says of itself."""

import os
import signal
from dataclasses import replace
from typing import Annotated

import typer

from service.api.statement_documents import document_of
from service.ledger.money import NANOS_PER_UNIT, format_nanos
from service.settings import Settings
from service.store.figures import TierFlow
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.checks import show_checks
from worker.cli.screen import Column
from worker.cli.statement_tables import show_statement
from worker.demo import DemoFigures, run
from worker.logins import FILE
from worker.memory import peak_memory_mib
from worker.sample_job import MONTH
from worker.workplace import Workplace

CHAIN = ("equipment", "power", "data-centre", "cloud", "vendor")
DESTINATIONS = (*CHAIN, "platform fee", "works", "unmatched")
DIGITS = 4
STATEMENT_SECONDS = 60
"""How long one statement of a request may take; the worker's may take as long as they need."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("up")(up)
    app.command("demo")(demo)
    app.command("openapi")(openapi)


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    *,
    sample: Annotated[
        bool, typer.Option(help="Register the sample catalogue with its sales on the first start.")
    ] = False,
    worker: Annotated[
        bool, typer.Option(help="Run a worker in this process; off where workers run elsewhere.")
    ] = True,
) -> None:
    """Serve portal, API and worker until stopped."""
    from service.api.logs import configure
    from worker import sample_job
    from worker.celery_app import EmbeddedWorker
    from worker.workplace import open_workplace

    settings = Settings()
    configure(settings.log_level)
    signal.signal(signal.SIGTERM, _stop)  # the server gives the signal back once it has stopped
    place = open_workplace(settings)
    embedded_worker = EmbeddedWorker(place) if worker else None
    try:
        if sample:
            sample_job.register(place)
            sample_job.report(place)
        if embedded_worker:
            embedded_worker.start()
        listen, at = host or settings.host, port or settings.port
        screen.say(f"Wellspring at http://{listen}:{at}  logins in {settings.home / FILE}")
        _serve(place, listen, at)
    finally:
        if embedded_worker:
            embedded_worker.stop()
        place.close()


def _serve(place: Workplace, host: str, port: int) -> None:
    """Answer requests until stopped, over connections of their own."""
    import uvicorn

    from service.store.database import Database
    from worker.celery_app import CeleryDoorbell
    from worker.web import create_app

    database = Database.connect(place.database.url, statement_seconds=STATEMENT_SECONDS)
    try:
        app = create_app(replace(place, database=database), CeleryDoorbell())
        uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, lifespan="off")
    finally:
        database.close()


def openapi() -> None:
    """Print the OpenAPI document that a server of this version serves."""
    from worker.celery_app import CeleryDoorbell
    from worker.web import create_app

    with workplace() as place:
        screen.document(create_app(place, CeleryDoorbell()).openapi())


def _stop(_number: int, _frame: object) -> None:
    """End by way of every ``finally``: the index is saved and the embedded server stopped."""
    raise SystemExit(0)


def demo(*, as_json: Json = False) -> None:
    """Run the main job on the sample catalogue and show what became of it."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with workplace() as place:
        with screen.progress_bars() as progress:
            figures = run(place, progress)
        home = place.settings.home.resolve()
        encoder = place.room.encoder
    if as_json:
        screen.document(_as_json(figures))
    else:
        _show(figures)
        screen.facts(
            {
                "works registered now": figures.works_registered,
                "sales reported now": figures.sales_reported,
                "passages encoded now": f"{encoder.passages} "
                f"at {encoder.passages_per_second:.0f}/s",
                "peak memory": f"{peak_memory_mib()} MiB",
                "files": f"database {home / 'postgres'}, index {home / 'index'}",
                "logins": str(home / FILE),
                "portal": "make run, then http://127.0.0.1:8000",
            }
        )
    if not all(check.holds for check in figures.checks):
        raise typer.Exit(1)


def _show(figures: DemoFigures) -> None:
    _show_flows(figures.flows)
    screen.table(
        f"The five best-earning works of {MONTH}",
        [
            Column("work"),
            Column("holders"),
            Column("sales", number=True),
            Column("USD", number=True),
        ],
        [
            (w.title, ", ".join(w.holders), w.sales_count, format_nanos(w.nanos))
            for w in figures.best
        ],
    )
    show_statement(document_of(figures.statement))
    screen.table(
        f"Unmatched: what no work claimed of the IP pools of {MONTH}",
        [Column("vendor")]
        + [Column(name, number=True) for name in ("pool USD", "unmatched USD", "part %")],
        [
            (
                u.vendor,
                format_nanos(u.pool_nanos),
                format_nanos(u.unmatched_nanos),
                _percent(u.unmatched_nanos, u.pool_nanos),
            )
            for u in figures.unmatched
        ],
    )
    show_checks(figures.checks)


def _show_flows(flows: list[TierFlow]) -> None:
    columns = [Column(""), *(Column(str(flow.tier), number=True) for flow in flows)]
    rows: list[tuple[object, ...]] = [
        ("sales", *(flow.sales_count for flow in flows)),
        ("tokens", *(flow.output_tokens for flow in flows)),
        ("gross", *(format_nanos(flow.gross_nanos, digits=DIGITS) for flow in flows)),
    ]
    rows += [
        (to, *(format_nanos(flow.to.get(to, 0), digits=DIGITS) for flow in flows))
        for to in DESTINATIONS
    ]
    screen.table(f"Where the money of each tier went in {MONTH}, USD", columns, rows)
    paid = [flow for flow in flows if flow.gross_nanos]
    screen.table(
        "Where each dollar of each tier went",
        [Column(""), *(Column(str(flow.tier), number=True) for flow in paid)],
        [(to, *(_of_dollar(flow, to) for flow in paid)) for to in DESTINATIONS],
    )


def _of_dollar(flow: TierFlow, destination: str) -> str:
    part = flow.to.get(destination, 0) * NANOS_PER_UNIT // flow.gross_nanos
    return format_nanos(part, digits=DIGITS)


def _percent(part: int, of: int) -> str:
    return f"{part * 1000 // of / 10:.1f}" if of else ""


def _as_json(figures: DemoFigures) -> dict[str, object]:
    return {
        "period": str(MONTH),
        "tiers": [
            {
                "tier": str(f.tier),
                "sales": f.sales_count,
                "tokens": f.output_tokens,
                "gross": format_nanos(f.gross_nanos),
                "to": {name: format_nanos(nanos) for name, nanos in f.to.items()},
            }
            for f in figures.flows
        ],
        "best": [{"work": w.title, "earned": format_nanos(w.nanos)} for w in figures.best],
        "statements": [
            {"number": s.number, "earned": format_nanos(s.earned_nanos)} for s in figures.statements
        ],
        "unmatched": [
            {"vendor": u.vendor, "amount": format_nanos(u.unmatched_nanos)}
            for u in figures.unmatched
        ],
        "verify": {check.invariant: check.holds for check in figures.checks},
    }
