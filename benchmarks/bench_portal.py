"""What a page costs the server with 100,000 works and a million sales, and what it weighs.

Two stores: all works of one holder, and spread over a thousand. The application is called in this
process as a signed-in creator, operator and vendor, after a warm-up, each page by turns; figures
are of the clock of a whole request, database included. Weight is a page with its style sheet,
scripts and icon, nothing compressed. SALES, WORKS: other sizes; SCENES=one,spread; SMALL=1: 10,000
sales. Ends with a line of JSON.
"""

import asyncio
import logging
import os
import re
import statistics
import time
from http import HTTPStatus
from urllib.parse import urlencode

import psycopg
import structlog
from fastapi import FastAPI
from ledger_ingest import NoFingerprints, SilentBell
from ledger_scene import NOW
from ledger_servers import database_for, embedded_server
from portal_scene import PASSWORD, build
from soak_figures import Figures, figure, show, tell

from service.api.application import create_api
from service.api.dependencies import SESSION_COOKIE
from service.api.doors import Preview, WebContext
from service.portal.application import add_portal
from service.portal.operator_desk import OperatorDesk
from service.settings import Settings
from service.store import holdings, people, statements, vendor_statements
from service.store.database import Database, driver, unit_of_work

SMALL = bool(os.environ.get("SMALL"))
SALES = int(os.environ.get("SALES") or (10_000 if SMALL else 1_000_000))
WORKS = int(os.environ.get("WORKS") or (1_000 if SMALL else 100_000))
SCENES = os.environ.get("SCENES", "one,spread").split(",")
REQUESTS, WARM_UP = (20, 2) if SMALL else (100, 10)
P95_MS, WEIGHT_KIB = 100.0, 150.0
Answer = tuple[int, bytes, float]


async def get(app: FastAPI, path: str, cookie: str) -> Answer:
    """Ask for a page as a server would, without one; status, body and milliseconds."""
    place, _, query = path.partition("?")
    headers = {"host": "ws", "accept": "text/html", "cookie": cookie}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("ws", 80),
    }
    sent: list[dict] = []
    asked = False

    async def receive() -> dict:
        nonlocal asked
        if asked:
            await asyncio.Future()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    begun = time.perf_counter()
    await app(scope, receive, send)
    took = (time.perf_counter() - begun) * 1e3
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:]), took


def application(database: Database) -> FastAPI:
    """Make the application with nothing that limits how often it is asked."""
    settings = Settings(rate_limit_per_minute=0)
    preview: Preview = None  # type: ignore[assignment]
    context = WebContext(
        database, settings, SilentBell(), preview, lambda: NOW, NoFingerprints(), None
    )
    app = create_api(context)
    desk: OperatorDesk = None  # type: ignore[assignment]
    add_portal(app, context, desk)
    return app


def pages(database: Database) -> dict[str, tuple[str, str]]:
    """Name the pages: who asks, and the path."""
    with unit_of_work(database) as session:
        holder = (
            driver(session)
            .execute("SELECT party_id FROM portal_user WHERE login = 'creator'")
            .fetchone()
        )
        assert holder
        some = holdings.page(session, holder[0], search="", before=None, limit=26)
        issued = statements.listing(session, holder_id=holder[0])
        stated = vendor_statements.listing(session)
    newest, last = some[0], some[-1]
    return {
        "home": ("creator", "/home"),
        "works": ("creator", "/works"),
        "works_next": ("creator", f"/works?before={last.work_id}"),
        "works_word": ("creator", "/works?" + urlencode({"q": "salt"})),
        "works_rare": ("creator", "/works?" + urlencode({"q": newest.title})),
        "work": ("creator", f"/works/{newest.work_id}"),
        "statements": ("creator", "/statements"),
        "statement": ("creator", f"/statements/{issued[0].number}"),
        "operator_health": ("operator", "/operator"),
        "operator_quarantine": ("operator", "/operator/quarantine"),
        "operator_balances": ("operator", "/operator/balances"),
        "operator_account": ("operator", "/operator/accounts/USD/platform:fee"),
        "vendor": ("vendor", "/vendor"),
    } | {
        name: ("vendor", path)
        for name, path in {
            "vendor_sales": "/vendor/sales",
            "vendor_usage": "/vendor/usage",
            "vendor_owed": "/vendor/owed",
            "vendor_statement": f"/vendor/statements/{stated[0].number}",
        }.items()
    }


def cookies(database: Database) -> dict[str, str]:
    """Log everybody in."""
    with unit_of_work(database) as session:
        tokens = {
            login: people.log_in(session, login, PASSWORD, hours=12, now=NOW)[0]
            for login in ("creator", "operator", "vendor")
        }
    return {login: f"{SESSION_COOKIE}={token}" for login, token in tokens.items()}


async def ask(app: FastAPI, asked: dict[str, tuple[str, str]], known: dict[str, str]) -> Figures:
    """Ask for every page by turns; pages that are not there are left out."""
    there = {}
    for name, (who, path) in asked.items():
        status, body, first = await get(app, path, known[who])
        if status == HTTPStatus.OK:
            there[name] = (body, [], first)
        else:
            tell(f"{name} {path} answered {status}")
    for turn in range(WARM_UP + REQUESTS):
        for name, (_, took, _) in there.items():
            who, path = asked[name]
            _, _, ms = await get(app, path, known[who])
            if turn >= WARM_UP:
                took.append(ms)
    figures: Figures = {}
    for name, (body, took, first) in there.items():
        target = P95_MS if name in {"home", "statement"} or name.startswith("work") else None
        ranked = sorted(took)
        figures[f"{name}_p50"] = figure(statistics.median(took), "ms")
        figures[f"{name}_p95"] = figure(ranked[int(0.95 * len(ranked))], "ms", target=target)
        figures[f"{name}_p99"] = figure(ranked[int(0.99 * len(ranked))], "ms")
        figures[f"{name}_first"] = figure(first, "ms")
        weight = len(body) + await _assets(app, body)
        figures[f"{name}_weight"] = figure(weight / 1024, "KiB", target=WEIGHT_KIB)
    return figures


async def _assets(app: FastAPI, page: bytes) -> int:
    """Weigh what a page links to of ours, each once."""
    linked = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()))
    total = 0
    for path in sorted(linked):
        status, body, _ = await get(app, path, "")
        assert status == HTTPStatus.OK, path
        total += len(body)
    return total


def measured() -> Figures:
    """Build each store and ask."""
    figures: Figures = {}
    with embedded_server() as server:
        for scene in SCENES:
            with database_for(server, f"portal_{scene}") as name, server.opened(name) as database:
                build(database, sales=SALES, works=WORKS, of_one=scene == "one")
                with psycopg.connect(server.url(name, server.owner_role), autocommit=True) as owner:
                    owner.execute("ANALYZE")
                found = asyncio.run(ask(application(database), pages(database), cookies(database)))
                figures |= {f"{scene}_{key}": one for key, one in found.items()}
    return figures


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    show("portal", measured(), sales=SALES, works=WORKS)
