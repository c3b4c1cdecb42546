"""One installation with something on every page: works, sales, a closed month, what is disputed.

Names are fiction. Everybody's password is ``PASSWORD``; logins are the keys of ``LOGINS``.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from payee_facts import holder_id, may_be_paid, pays
from waiting import links, waiting_decisions

from service.api import focus_csv
from service.api.bill_comparison import compare_bill
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import (
    api_keys,
    attributions,
    findings,
    parties,
    payout_runs,
    people,
    presence,
    registered_rights,
    works,
)
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import unit_of_work
from service.store.proposals import Proposer
from worker import drain, founding, payouts

PASSWORD = "correct horse battery"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
JANUARY = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, 9, 30, tzinfo=UTC)
LOGINS = {
    "ada": "creator",
    "cleo": "creator",
    "olga": "operator",
    "omar": "operator",
    "acme": "vendor",
}

TIDES = (
    "The lighthouse at Varnholm turned its lamp once every eleven seconds through the winter. "
    "Its keeper wrote the height of every tide in violet ink on the back of old invoices. "
    "When the herring failed he counted gulls instead, and the counting kept him sane. "
    "Nobody ever collected the invoices, so the tides of nine years stayed in a biscuit tin."
)
BREAD = (
    "Sourdough rewards the baker who watches the dough rather than the clock on the wall. "
    "A starter fed twice with coarse rye wakes faster than one fed once with white flour. "
    "Fold the dough gently until the surface shines and the bowl comes away almost clean. "
    "Bake on a stone that was hot an hour before anybody thought of breakfast."
)
FREIGHT = (
    "Quarterly freight volumes declined across inland ports while rail operators reported gains. "
    "Analysts attribute the shift to diesel surcharges and a shortage of certified drivers. "
    "Container throughput is expected to recover once the new terminal receives its licence."
)
BILL = (
    b"ChargePeriodStart,ConsumedQuantity,ConsumedUnit,BilledCost,BillingCurrency,x_Model,x_Tier\n"
    b"2026-01-20T00:00:00Z,900000,Tokens,9.5,USD,model,elite\n"
)
BORROWED = f"{FREIGHT} {TIDES}"


@dataclass(frozen=True)
class Scene:
    """What pages are asked for by: examples of each part of an address, by its name.

    Where a name means something else on some page, the example stands under the path before it.
    """

    work_id: int
    key: str
    examples: dict[str, str | int]

    @property
    def statement(self):
        return self.examples["/statements/{number}"]


def play(town):
    """Let everything happen in a new installation; return what can be asked for."""
    with unit_of_work(town.database) as session:
        founding.found(session, now=NOW - timedelta(days=300))
    town.clock.now = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
    tides = town.registers("Ode to the Tides", TIDES, {"Ada": 600_000, "Bo": 400_000})
    bread = town.registers("Essay on Bread", BREAD, {"Ada": 1_000_000})
    key = _people(town)
    town.clock.now = JANUARY
    for number, tier in enumerate(Tier):
        town.sells(f"t{number}", text=TIDES, tier=tier, at=JANUARY)
        town.sells(f"b{number}", text=BREAD, tier=tier, at=JANUARY + timedelta(hours=1))
    town.sells("none", text=FREIGHT, at=JANUARY)
    sale = town.sells("whole", text=TIDES, tokens=100_000_000, at=JANUARY)
    town.works()
    pays(town, 40_000_000_000)
    town.clock.now = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)
    town.closes("2026-01")
    may_be_paid(town)
    _february(town)
    finding = _copy(town)
    _widespread(town, tides)
    town.clock.now = NOW
    paid, owed = _payout(town), _bill(town)
    statement = f"2026-01-H{holder_id(town, 'Ada')}-USD"
    decisions = waiting_decisions(town, bread, statement)
    town.works()
    examples = decisions | links(town) | {
        "work_id": tides,
        "finding_id": finding,
        "period": "2026-02",
        "line": 1,
        "form": "html",
        "currency": "USD",
        "name": "vendor:acme:receivable",
        "kind": "sale",
        "source_id": sale,
        "sale_id": sale,
        "user_id": 1,
        "slug": "acme",
        "vendor": "acme",
        "run_id": 1,
        "payout_id": paid,
        "month": "2026-01",
        "/operator/explain/{kind}/{name:path}": "acme/whole",
        "proposal_id": 1,
        "/operator/proposals/{number}": 1,
        "/statements/{number}": statement,
        "key_id": 1,
        "sale": "whole",
        "vendor_statement": owed,
        "bill_id": 1,
    }  # fmt: skip
    return Scene(tides, key, examples)


def _payout(town):
    """A run of payouts that olga made and omar approved; return the number of its first."""
    facts = {"by": "olga", "now": NOW, "progress": drain.silent}
    run = payouts.make(town.database, Period.parse("2026-01"), **facts).run
    with unit_of_work(town.database) as session:
        digest = bytes.fromhex(run.digest)
        payout_runs.approve(session, run.run_id, digest, by="omar", now=NOW)
    return payouts.carry_out(town.database, run.run_id, needed=1, **facts).payout_ids[0]


def _bill(town):
    """Compare a bill of Acme with what it reported; return the number of its statement."""
    with unit_of_work(town.database) as session:
        vendor = parties.vendor_named(session, "Acme").party_id
        bill = focus_csv.read(BILL)
        compare_bill(session, vendor, bill, BILL, by="acme", now=town.clock())
    return f"2026-01-V{vendor}-USD"


def _people(town):
    facts = {"now": town.clock()}
    with unit_of_work(town.database) as session:
        vendor = parties.vendor_named(session, "Acme").party_id
        ada, cleo = (
            parties.holder_named(session, name, **facts).party_id for name in ("Ada", "Cleo")
        )
        of = {"ada": ada, "cleo": cleo, "acme": vendor}
        for login, role in LOGINS.items():
            people.add_user(session, login, PASSWORD, role, of.get(login), **facts)
        key, _ = api_keys.make(session, vendor, "production", **facts)
    return key


def _february(town):
    """Sales of the open month, one of which cannot be settled; a proposal Cleo has not answered."""
    town.clock.now = FEBRUARY
    for number, tier in enumerate(Tier):
        town.sells(f"f{number}", text=TIDES, tier=tier, tokens=3_000_000, at=FEBRUARY)
    town.refunds("back", "f2", 1_000_000_000)
    euros = town.a_sale("euros", text=BREAD, at=FEBRUARY)
    town.reports(replace(euros, currency="EUR"))
    with unit_of_work(town.database) as session:
        ada, cleo = holder_id(town, "Ada"), holder_id(town, "Cleo")
        row = works.register(
            session,
            works.NewWork("Salt", "Salt remembers the sea.", "en"),
            registered_at=FEBRUARY,
            now=FEBRUARY,
        )
        registered_rights.first_split(
            session,
            row.work_id,
            {ada: 700_000, cleo: 300_000},
            proposer=Proposer(ada, "ada"),
            day=FEBRUARY.date(),
            now=FEBRUARY,
        )
    town.works()


def _copy(town):
    """Cleo registers a work that takes Ada's ode; return the number of what is found."""
    day = FEBRUARY.replace(hour=0, minute=0)
    copy = town.registers("A Book of Freight", BORROWED, {"Cleo": 1_000_000}, on=day)
    town.works()
    with unit_of_work(town.database) as session:
        return findings.of_work(session, copy)[0].finding_id


def _widespread(town, work_id):
    """240 outputs, in 24 of which the work wins a little."""
    with unit_of_work(town.database) as session:
        commons = works.register(
            session,
            works.NewWork("Boilerplate", "All rights reserved.", "en"),
            registered_at=FEBRUARY,
            now=FEBRUARY,
            commons=True,
        ).work_id
        engine = attributions.engine_id(session, "words/1")
        for number in range(240):
            _output(
                session, engine, number, *((work_id, True) if number < 24 else (commons, False))
            )
    town.works()
    with unit_of_work(town.database) as session:
        presence.count_next(session, limit=240)


def _output(session, engine, number, work_id, paid):
    won = [EvidenceRow(0, 100, work_id, 1, 0, 100, 990_000, "verbatim", paid)]
    shares = {work_id: 100_000} if paid else {}
    attributions.insert(
        session,
        Wanted(1, hashlib.sha256(f"output {number}".encode()).digest(), FEBRUARY, 0),
        engine=engine,
        share_ppm=shares,
        unmatched_ppm=1_000_000 - sum(shares.values()),
        evidence=won,
        now=FEBRUARY,
    )
