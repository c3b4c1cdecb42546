"""One installation with a clock that tests set, and the sentences tests speak to it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy
from word_room import WordEncoder

from service.ledger.accounts import normal_side
from service.ledger.period import Period
from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.settings import Settings
from service.store import closing, journal, parties, rights, sales, statements, works
from service.store.database import Database, unit_of_work
from service.store.refunds import NewRefund, report
from worker import drain
from worker.engine_room import EngineRoom
from worker.founding import found
from worker.verify import verify
from worker.workplace import Workplace


@dataclass
class Clock:
    now: datetime

    def __call__(self):
        return self.now


class Town:
    """One installation and the sentences tests speak to it."""

    def __init__(self, place: Workplace, clock: Clock):
        self.place, self.clock, self.database = place, clock, place.database
        self.settings, self.room = place.settings, place.room

    def registers(self, title, body, shares, *, on=datetime(2026, 1, 1, tzinfo=UTC)):
        """Register a work as of a day; shares in ppm by holder's name; return its number."""
        with unit_of_work(self.database) as session:
            row = works.register(
                session, works.NewWork(title, body, "en"), registered_at=on, now=self.clock()
            )
            split = {
                parties.holder_named(session, name, now=self.clock()).party_id: share
                for name, share in shares.items()
            }
            rights.first_version(session, row.work_id, split, day=on.date(), now=self.clock())
        return row.work_id

    def a_sale(self, name, *, text, tier=Tier.PREMIUM, tokens=1_000_000, at):
        return ReportedSale(
            name,
            at,
            tier,
            tokens,
            False,  # noqa: FBT003 - a column of a row
            STANDARD_NANOS_PER_TOKEN[tier] * tokens,
            "USD",
            None,
            text,
            hashlib.sha256(text.encode()).digest() if text else None,
            hashlib.sha256(repr((text, tier, tokens, at)).encode()).digest(),
        )

    def reports(self, *items, vendor="Acme"):
        with unit_of_work(self.database) as session:
            party = parties.vendor_named(session, vendor)
            return sales.report(
                session, party.party_id, party.slug, items, now=self.clock(), retention_days=400
            )

    def sells(self, name, *, text, tier=Tier.PREMIUM, tokens=1_000_000, at, vendor="Acme"):
        """Report one sale; return its number."""
        item = self.a_sale(name, text=text, tier=tier, tokens=tokens, at=at)
        return self.reports(item, vendor=vendor)[0].sale_id

    def refunds(self, name, sale, nanos=None, vendor="Acme"):
        with unit_of_work(self.database) as session:
            party = parties.vendor_named(session, vendor)
            refund = NewRefund(name, sale, nanos, "asked back")
            return report(session, party.party_id, refund, now=self.clock())

    def tells(self, query, **values):
        """Return all rows of a query as plain tuples."""
        with unit_of_work(self.database) as session:
            return [tuple(row) for row in session.execute(sqlalchemy.text(query), values)]

    def works(self):
        """Let the worker do all that waits."""
        drain.drain(self.place)

    def closes(self, month, *, early=False):
        with unit_of_work(self.database) as session:
            closing.begin(session, Period.parse(month), early=early, now=self.clock())
        self.works()
        drain.finish_closing(self.place, drain.silent)

    def balances(self, prefix=""):
        """Return balances by account as people read them: positive on their normal side."""
        with unit_of_work(self.database) as session:
            return {
                b.account: b.nanos if normal_side(b.account) == "debit" else -b.nanos
                for b in journal.balances(session, prefix=prefix)
                if b.nanos
            }

    def statement(self, holder, month):
        with unit_of_work(self.database) as session:
            rows = statements.listing(session, period=Period.parse(month))
            number = next(row.number for row in rows if row.holder_name == holder)
            return statements.get(session, number).statement

    def broken(self):
        """Return what ``verify`` finds wrong."""
        return [
            f"{check.invariant}: {fact}"
            for check in verify(self.database, drain.silent)
            for fact in check.facts
        ]


def town_in(database: Database, home, room=None) -> Town:
    clock = Clock(datetime(2026, 3, 10, 12, 0, tzinfo=UTC))
    with unit_of_work(database) as session:
        found(session, now=clock.now - timedelta(days=1))
    room = room or EngineRoom(database, home, threads=1, encoder=WordEncoder())
    return Town(Workplace(Settings(home=home), database, room, clock), clock)
