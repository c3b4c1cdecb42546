"""The endpoint of sales with its database and without; both parse, check, hash and answer."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from http import HTTPStatus
from types import SimpleNamespace
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from ledger_scene import MONTH, NOW
from ledger_servers import Cost, Server, database_for

from service.api import reporting as endpoint
from service.api.application import create_api
from service.api.dependencies import calling_key
from service.api.doors import Preview, SaleFingerprint, WebContext
from service.ledger.sale_report import ItemOutcome, Outcome, ReportedSale
from service.ledger.tier_rule import NO_RULES
from service.settings import Settings
from service.store import api_keys, parties, report_receipts, terms
from service.store.api_keys import CallingKey, Scope
from service.store.database import Database, unit_of_work
from worker.founding import found
from worker.receipt_key import ReceiptSigner

BATCH = 1_000
_WORDS = 250
_LETTERS = "etaoinshrdlu"


class SilentBell:
    """Rings nobody."""

    def ring(self) -> None:
        """Do nothing."""


class NoFingerprints:
    """No sale here sends one."""

    version = "none"

    def check(self, sealed: bytes) -> SaleFingerprint | str:
        """Refuse."""
        return f"none is taken, {len(sealed)} bytes"


def bodies(count: int, *, mark: str, words: int, batch: int = BATCH) -> list[bytes]:
    """Make requests of so many sales as JSON; each text is its own."""
    rng = random.Random(7)
    some = ["".join(rng.choices(_LETTERS, k=rng.randint(2, 9))) for _ in range(4_000)]
    made = []
    for request in range(count):
        sales = []
        for n in range(batch):
            one = {
                "id": f"{mark}-{request}-{n}",
                "tier": "premium",
                "output_tokens": rng.randint(100, 5_000),
                "sold_at": MONTH.start.isoformat(),
                "model": "acme-large-2",
            }
            if words:
                one["text"] = " ".join(rng.choices(some, k=words))
            sales.append(one)
        made.append(json.dumps(sales).encode())
    return made


async def _post(app: FastAPI, key: str, body: bytes) -> tuple[int, bytes]:
    """Call the application as a server would, without one."""
    sent: list[dict] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict:
        return waiting.pop() if waiting else await asyncio.Future()

    async def send(message: dict) -> None:
        sent.append(message)

    headers = {
        "host": "127.0.0.1",
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/sales",
        "raw_path": b"/v1/sales",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


def report(app: FastAPI, key: str, requests: Sequence[bytes], *, batch: int = BATCH) -> list[float]:
    """Send requests one after the other; each sale must be stored, or answered so.

    Return the seconds each took.
    """
    seconds = []

    async def each() -> None:
        for body in requests:
            begun = time.perf_counter()
            status, answer = await _post(app, key, body)
            seconds.append(time.perf_counter() - begun)
            assert status == HTTPStatus.OK, answer
            assert json.loads(answer)["counts"]["created"] == batch, "not all sales are new"

    asyncio.run(each())
    return seconds


@contextmanager
def without_database(app: FastAPI, vendor_id: int, valid: terms.Terms):
    """Answer as if all had been stored: the vendor and its terms are at hand."""

    def stored(_session, _vendor_id, vendor, items: Sequence[ReportedSale], **_) -> list:
        assert all(item.tie(vendor) >= 0 for item in items)
        return [ItemOutcome(one.external_id, Outcome.CREATED, n) for n, one in enumerate(items)]

    key = CallingKey(1, vendor_id, frozenset(Scope))
    app.dependency_overrides[calling_key] = lambda: key
    with mock.patch.multiple(
        endpoint,
        unit_of_work=lambda _database: nullcontext(),
        terms=SimpleNamespace(of_vendors=lambda _session, _ids: {vendor_id: valid}),
        tier_rules=SimpleNamespace(of_key=lambda _session, _key: NO_RULES),
        report_receipts=SimpleNamespace(
            keep=lambda *_, **__: None, accepted=report_receipts.accepted
        ),
        sales=SimpleNamespace(report=stored),
    ):
        yield
    app.dependency_overrides.clear()


def web(database: Database) -> FastAPI:
    """Make the application over a database, without a worker."""
    context = WebContext(
        database,
        Settings(rate_limit_per_minute=0, least_free_disk_mib=0),
        SilentBell(),
        mock.Mock(Preview),
        lambda: NOW,
        NoFingerprints(),
        ReceiptSigner(Ed25519PrivateKey.generate()),
    )
    return create_api(context)


def ingest(server: Server, *, rounds: int, requests: int) -> dict[str, list[Cost]]:
    """Report sales with and without texts to both, by turns; return the cost of a sale."""
    seen: dict[str, list[Cost]] = {}
    with ExitStack() as stack:
        name = stack.enter_context(database_for(server, "ingest"))
        database = stack.enter_context(server.opened(name))
        with unit_of_work(database) as session:
            found(session, now=NOW)
            vendor_id = parties.vendor_named(session, "Acme").party_id
            key, _ = api_keys.make(session, vendor_id, "benchmark", now=NOW)
            valid = terms.of_vendors(session, [vendor_id])[vendor_id]
        app = web(database)
        meter = stack.enter_context(server.measured(name))
        for at in range(rounds):
            for kind, words in (("text", _WORDS), ("no_text", 0)):
                made = bodies(requests, mark=f"{kind}{at}", words=words)
                count = requests * BATCH
                cost = meter.cost(lambda made=made: report(app, key, made))
                seen.setdefault(f"ingest_{kind}", []).append(cost.over(count))
                with without_database(app, vendor_id, valid):
                    cost = meter.cost(lambda made=made: report(app, key, made))
                seen.setdefault(f"ingest_{kind}_no_database", []).append(cost.over(count))
    return seen
