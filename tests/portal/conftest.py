"""A portal on a fresh database, with fakes for the doorbell and the preview."""

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import Session

from service.api.application import create_api
from service.api.doors import PreviewedAttribution, WebContext
from service.ledger.period import Period
from service.ledger.sale_report import ReportedSale
from service.ledger.threshold import Threshold
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.portal.application import add_portal
from service.settings import Settings
from service.store import (
    attributions,
    closing,
    parties,
    people,
    rights,
    sales,
    work_batches,
    works,
)
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import Database, unit_of_work
from service.store.receipts import NewReceipt
from worker import close, console, founding, receipts, settlement
from worker.engine_room import EngineRoom
from worker.operator_desk import WorkersDesk
from worker.workplace import Workplace

JANUARY = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
REGISTERED = datetime(2025, 12, 1, tzinfo=UTC)
NOW = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@dataclass
class Bell:
    """Counts rings."""

    rings: int = 0

    def ring(self) -> None:
        self.rings += 1


@dataclass
class SetPreview:
    """Answers what the test set."""

    answer: PreviewedAttribution = field(
        default_factory=lambda: PreviewedAttribution({}, 1_000_000, (), "fake-1")
    )
    asked: list[str] = field(default_factory=list)

    def attribute(self, text: str) -> PreviewedAttribution:
        self.asked.append(text)
        return self.answer


@dataclass
class SetProofs:
    """Hands out what the test set; None: the month has no seal."""

    file: str | None = None
    asked: list[str] = field(default_factory=list)

    def of_statement(self, _session: Session, number: str) -> str | None:
        self.asked.append(number)
        return self.file


class NoFingerprints:
    """Pages report no sales."""

    version = "none"

    def check(self, sealed: bytes) -> str:
        return f"{len(sealed)} bytes nobody asked for"


@dataclass
class World:
    """A database with vendors, and what tests do to it; every call is one fact."""

    database: Database
    bell: Bell = field(default_factory=Bell)
    preview: SetPreview = field(default_factory=SetPreview)
    proofs: SetProofs = field(default_factory=SetProofs)
    now: datetime = NOW
    settings: Settings = field(default_factory=Settings)

    def holder(self, name: str) -> int:
        with unit_of_work(self.database) as session:
            return parties.add_holder(session, name, now=REGISTERED).party_id or 0

    def user(self, login: str, role: str, party_id: int | None) -> None:
        with unit_of_work(self.database) as session:
            people.add_user(session, login, PASSWORD, role, party_id, now=REGISTERED)

    def vendor_id(self, slug: str = "acme") -> int:
        with unit_of_work(self.database) as session:
            return parties.vendor_ids(session)[slug]

    def work(
        self, title: str, shares: Mapping[int, int], *, body: str = "", language: str = "en"
    ) -> int:
        new = works.NewWork(title, body or f"The text of {title}.", language)
        with unit_of_work(self.database) as session:
            row = works.register(session, new, registered_at=REGISTERED, now=REGISTERED)
            assert row.work_id
            day = REGISTERED.date()
            rights.first_version(session, row.work_id, shares, day=day, now=REGISTERED)
            return row.work_id

    def sale(
        self,
        name: str,
        *,
        tier: Tier,
        tokens: int,
        drew_on: Mapping[int, int],
        at: datetime = JANUARY,
        vendor: str = "acme",
        currency: str = "USD",
        evidence: Sequence[EvidenceRow] = (),
    ) -> int:
        """Report, attribute and settle one sale; ``drew_on`` is ppm by work."""
        text = f"output of {name}"
        digest = hashlib.sha256(text.encode()).digest()
        gross = STANDARD_NANOS_PER_TOKEN[tier] * tokens
        item = ReportedSale(
            name,
            at,
            tier,
            tokens,
            tokens_estimated=False,
            gross_nanos=gross,
            currency=currency,
            model="model",
            text=text,
            text_hash=digest,
            payload_hash=digest,
        )
        vendor_id = self.vendor_id(vendor)
        with unit_of_work(self.database) as session:
            (outcome,) = sales.report(
                session, vendor_id, vendor, [item], now=at, retention_days=400
            )
            engine = attributions.engine_id(session, "fake-1")
            wanted = Wanted(vendor_id, digest, REGISTERED, 1)
            attributions.insert(
                session,
                wanted,
                engine=engine,
                share_ppm=drew_on,
                unmatched_ppm=1_000_000 - sum(drew_on.values()),
                evidence=evidence,
                now=at,
            )
            known = attributions.known(session, [wanted], engine=engine)
            assert outcome.sale_id
            attributions.link(session, {outcome.sale_id: known[wanted]})
        with (
            work_batches.claim_to_attribute(self.database) as batch,
            unit_of_work(self.database) as session,
        ):
            assert batch
            work_batches.attributed(session, batch.work_batch_id, now=at)
        settlement.settle_batch(self.database, now=at)
        return outcome.sale_id

    def receipt(self, amount_nanos: int, vendor: str = "acme") -> None:
        with unit_of_work(self.database) as session:
            row = parties.vendor_named(session, vendor)
        paid = NewReceipt(row.party_id or 0, amount_nanos, "USD", "transfer")
        receipts.add(self.database, row, paid, now=self.now)

    def close(self, period: str) -> None:
        month = Period.parse(period)
        with unit_of_work(self.database) as session:
            closing.begin(session, month, early=False, now=self.now)
        close.finish(
            self.database,
            month,
            threshold=Threshold(),
            payment_days=30,
            now=self.now,
            progress=lambda *_: None,
        )

    @property
    def workplace(self) -> Workplace:
        """Return what a worker of this world works with; it has no engine, and pages need none."""
        room = cast("EngineRoom", None)
        return Workplace(self.settings, self.database, room, lambda: self.now)

    def works(self) -> None:
        """Let a worker do what operators asked for."""
        while console.waits(self.database):
            console.work_off_next(self.workplace)

    def app(self) -> FastAPI:
        context = WebContext(
            self.database,
            self.settings,
            self.bell,
            self.preview,
            lambda: self.now,
            NoFingerprints(),
            None,
            self.proofs,
        )
        app = create_api(context)
        add_portal(app, context, WorkersDesk(self.workplace))
        return app

    def browser(self, login: str | None = None) -> "Browser":
        """Open a browser of its own, logged in if a login is named."""
        browser = Browser(TestClient(self.app(), follow_redirects=False, base_url="http://ws"))
        if login:
            answer = browser.send("/login", login=login, password=PASSWORD)
            assert answer.status_code == 303, answer.text
        return browser


@dataclass
class Browser:
    """Asks for HTML and sends forms with the token of the page they stand on."""

    client: TestClient

    def get(self, path: str) -> Response:
        return self.client.get(path, headers={"accept": "text/html"})

    def text(self, path: str) -> str:
        """Return what a page says, without tags, blanks as one."""
        return says(self.get(path))

    def token(self) -> str:
        page = self.get("/nowhere").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        return found[1] if found else ""

    def send(self, path: str, **fields: str | list[str]) -> Response:
        data = {"csrf_token": self.token()} | fields
        return self.client.post(path, data=data, headers={"accept": "text/html"})


def says(answer: Response) -> str:
    """Return the words of an HTML answer."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(bare).replace("\u00a0", " ").split())


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with argon2 as ever, but in a millisecond."""
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(people, "_hasher", PasswordHash((quick,)))


@pytest.fixture
def world(database: Database) -> World:
    """Found a world: vendors Acme and Borealis with the sample contract."""
    with unit_of_work(database) as session:
        founding.found(session, now=REGISTERED)
    return World(database)


@dataclass
class Catalogue:
    """Ada holds 60 % of Ode and all of Essay, Bo the rest of Ode; each has a login."""

    ada: int
    bo: int
    ode: int
    essay: int


@pytest.fixture
def catalogue(world: World) -> Catalogue:
    """Register two works of two people; logins ada, bo, operator and acme."""
    ada, bo = world.holder("Ada"), world.holder("Bo")
    world.user("ada", "creator", ada)
    world.user("bo", "creator", bo)
    world.user("operator", "operator", None)
    world.user("acme", "vendor", world.vendor_id())
    ode = world.work("Ode to Tides", {ada: 600_000, bo: 400_000})
    return Catalogue(ada, bo, ode, world.work("Essay on Salt", {ada: 1_000_000}))
