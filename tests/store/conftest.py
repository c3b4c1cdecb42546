"""A founded database, and the sentences tests of the store speak to it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest

from service.ledger.journal import JournalEntry, Kind, Posting, Source
from service.ledger.period import Period
from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.store import journal, parties, sales
from service.store.database import Database, unit_of_work
from service.store.entry_rows import NO_SUBJECT, EntryColumns
from worker.founding import found

JANUARY = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@dataclass
class Books:
    """A database with vendors Acme and Borealis; every call is one fact."""

    database: Database
    now: datetime

    def vendor_id(self, slug="acme"):
        with unit_of_work(self.database) as session:
            return parties.vendor_ids(session)[slug]

    def item(self, name, *, text="the tide", tokens=1_000, at=JANUARY, tier=Tier.PREMIUM):
        """Tell one sale as a vendor reports it."""
        digest = hashlib.sha256(text.encode()).digest() if text else None
        payload = hashlib.sha256(repr((text, tokens, at, tier)).encode()).digest()
        gross = STANDARD_NANOS_PER_TOKEN[tier] * tokens
        return ReportedSale(
            name, at, tier, tokens, tokens < 0, gross, "USD", "model-1", text, digest, payload
        )

    def report(self, *items, vendor="acme", session=None):
        """Report sales in a transaction of their own, or in the one given."""
        if session is None:
            with unit_of_work(self.database) as own:
                return self.report(*items, vendor=vendor, session=own)
        vendor_id = parties.vendor_ids(session)[vendor]
        return sales.report(session, vendor_id, vendor, items, now=self.now, retention_days=30)

    def post(self, source_id, legs, *, period="2026-01", kind=Kind.SALE, currency="USD"):
        """Append one entry given as legs by account name."""
        postings = tuple(Posting(account, nanos) for account, nanos in legs.items())
        subject = source_id if kind is Kind.SALE else None
        said = JournalEntry(Source(kind, source_id), currency, postings, subject)
        with unit_of_work(self.database) as session:
            month = Period.parse(period).number
            journal.append_entries(session, [said], period=month, now=self.now)

    def opens(self, *entries):
        """Open the accounts of entries (source, subject, [(account id, nanos)]) by their ids."""
        numbers = sorted({account for _, _, legs in entries for account, _ in legs})
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO account (account_id, name, currency) "
                "SELECT n, 'line:' || n, 'USD' FROM unnest(%s::int[]) AS n",
                (numbers,),
            )

    def balances(self):
        with unit_of_work(self.database) as session:
            return {b.account: b.nanos for b in journal.balances(session) if b.nanos}

    def ask(self, query, *values):
        """Return all rows of a query, read by a connection of its own."""
        with psycopg.connect(self.database.url) as connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture
def books(database, now):
    with unit_of_work(database) as session:
        found(session, now=now)
    return Books(database, now)


@pytest.fixture
def columns():
    """Make columns of entries from (source, subject, [(account id, nanos)])."""

    def make(*entries, kind=1, period=202601, currency="USD"):
        legs = [leg for _, _, of_one in entries for leg in of_one]
        subjects = [NO_SUBJECT if subject is None else subject for _, subject, _ in entries]
        return EntryColumns(
            kind,
            period,
            currency,
            np.array([source for source, _, _ in entries], np.int64),
            np.array(subjects, np.int64),
            np.array([len(of_one) for _, _, of_one in entries], np.int64),
            np.array([account for account, _ in legs], np.int64),
            np.array([nanos for _, nanos in legs], np.int64),
        )

    return make
