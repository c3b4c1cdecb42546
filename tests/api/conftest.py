"""The web application over a real database, with a bell that counts and a preview that is told."""

import hashlib
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.api.application import create_api
from service.api.doors import PreviewedAttribution, PreviewPassage, PreviewSpan, WebContext
from service.ledger.sale_report import SaleFingerprint
from service.settings import Settings
from service.store import api_keys, parties, people, portal_sessions
from service.store.database import Database, driver, unit_of_work
from service.store.rows import PortalUserRow
from worker.embedded import DATABASE, OWNER_ROLE, EmbeddedUrls
from worker.founding import found
from worker.receipt_key import ReceiptSigner

sys.path.insert(0, str(Path(__file__).parent))

PASSWORD = "a long password"
PASSWORD_HASH = people._hasher.hash(PASSWORD)
"""Of everybody that a test lets in."""
KEYS = "test:" + "a" * 43 + "="
"""Seal account data and secrets of webhooks, and leave no file behind."""


@dataclass
class CountingBell:
    rings: int = 0

    def ring(self) -> None:
        self.rings += 1


@dataclass
class ToldPreview:
    """Attributes 60 % of any text to the works it is told, in equal parts; remembers the texts."""

    works: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def attribute(self, text: str) -> PreviewedAttribution:
        self.asked.append(text)
        part = 600_000 // len(self.works) if self.works else 0
        return PreviewedAttribution(
            dict.fromkeys(self.works, part),
            1_000_000 - part * len(self.works),
            [PreviewSpan(0, 10, work, 5, 15, 930_000, "verbatim") for work in self.works],
            "told/1",
            [
                PreviewPassage(0, 10, "work", w, 5, 15, 930_000, "verbatim", "paid")
                for w in self.works
            ]
            + [PreviewPassage(11, 15, "none", None, None, None, 0, None, "no likeness")],
        )


class ToldFingerprints:
    """Takes b"fingerprint of N" as one of N characters and refuses all else."""

    version = "told/1"

    def check(self, sealed: bytes) -> SaleFingerprint | str:
        begun, _, length = sealed.decode("ascii", "replace").rpartition(" ")
        if begun != "fingerprint of":
            return "magic must be told"
        return SaleFingerprint(sealed, hashlib.sha256(sealed).digest(), int(length))


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Site:
    """One installation: vendors Acme and Borealis, and whoever a test lets in."""

    database: Database
    app: FastAPI
    bell: CountingBell
    preview: ToldPreview
    clock: Clock

    def anonymous(self) -> TestClient:
        return TestClient(self.app, raise_server_exceptions=False)

    def key_of(self, vendor: str) -> str:
        with unit_of_work(self.database) as session:
            vendor_id = parties.vendor_named(session, vendor).party_id
            key, _ = api_keys.make(session, vendor_id, "test", now=self.clock.now)
        return key

    def vendor(self, name: str = "Acme") -> TestClient:
        """Return a client that sends a key of this vendor."""
        client = self.anonymous()
        client.headers["Authorization"] = f"Bearer {self.key_of(name)}"
        return client

    def person(self, role: str, party_id: int | None, member_role: str = "") -> TestClient:
        """Return a client with the session cookie and CSRF header of a new person."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self.clock.now
        with unit_of_work(self.database) as session:
            user = PortalUserRow(
                login=f"{role}-{token[:8].lower()}",
                password_hash=PASSWORD_HASH,
                role=role,
                party_id=party_id,
                created_at=now,
                login_key=f"{role}-{token[:8].lower()}",
                member_role=member_role or people.MEMBER_ROLES[role][0],
            )
            session.add(user)
            session.flush()
            driver(session).execute(
                "INSERT INTO portal_session (session_hash, user_id, csrf_token, created_at, "
                "expires_at) VALUES (%s, %s, %s, %s, %s)",
                (
                    portal_sessions.hash_of(token),
                    user.user_id,
                    csrf,
                    now,
                    now + timedelta(hours=12),
                ),
            )
        client = self.anonymous()
        client.cookies.set("wellspring_session", token)
        client.headers["X-CSRF-Token"] = csrf
        return client

    def holder(self, name: str) -> int:
        with unit_of_work(self.database) as session:
            return parties.add_holder(session, name, now=self.clock.now).party_id

    def creator(self, name: str = "Ada") -> TestClient:
        return self.person("creator", self.holder(name))

    def operator(self) -> TestClient:
        return self.person("operator", None)

    def vendor_user(self, vendor: str = "Acme") -> TestClient:
        with unit_of_work(self.database) as session:
            vendor_id = parties.vendor_named(session, vendor).party_id
        return self.person("vendor", vendor_id)


def _site(database: Database) -> Site:
    clock = Clock(datetime(2026, 2, 10, 12, 0, tzinfo=UTC))
    with unit_of_work(database) as session:
        found(session, now=clock.now)
    bell, preview = CountingBell(), ToldPreview()
    signer = ReceiptSigner(Ed25519PrivateKey.generate())
    settings = Settings(payee_keys=KEYS)
    context = WebContext(database, settings, bell, preview, clock, ToldFingerprints(), signer)
    app = create_api(context)
    return Site(database, app, bell, preview, clock)


@pytest.fixture
def site(database: Database) -> Site:
    return _site(database)


@pytest.fixture(scope="module")
def shared_site(postgres: EmbeddedUrls, request: pytest.FixtureRequest) -> Iterator[Site]:
    """One installation for all tests of a module that take turns without minding each other."""
    name = f"shared_{request.module.__name__.rpartition('.')[2]}"
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE pristine OWNER {OWNER_ROLE}")
    opened = Database.connect(postgres.app.replace(f"/{DATABASE}?", f"/{name}?"), pool_size=8)
    yield _site(opened)
    opened.close()
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
