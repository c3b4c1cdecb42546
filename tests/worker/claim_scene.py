"""Sentences about claims that tests speak to a town."""

from datetime import UTC, datetime, timedelta

from payee_facts import may_be_paid

from service.ledger.claim import Actor, Outcome
from service.ledger.dispute import Decision
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import claim_course, claim_filing, claim_steps, claims, parties
from service.store.claim_filing import NewClaim
from service.store.claim_steps import Evidence, Said
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import drain, payouts, receipts

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
MILLION = 1_000_000
OWED = 600_000_000
DAY = timedelta(days=1)
PROOF = Evidence("The manuscript of 2019", "https://example.org/scan", "ab" * 32)


class Disputes:
    """Claims over the works of a town; ``claim`` and every step return the stored claim."""

    def __init__(self, town):
        self.town, self.database = town, town.database

    def number(self, name):
        with unit_of_work(self.database) as session:
            found = parties.holder_named(session, name, now=self.town.clock())
            return found.party_id

    def actor(self, name):
        return Actor(name.lower(), self.number(name))

    def claim(self, name, work, ppm, *, against=None, evidence=PROOF, by=None):
        who = self.number(name)
        said = Said("half of it is mine", evidence)
        named = None if against is None else frozenset(self.number(each) for each in against)
        new = NewClaim(work, ppm, {who: ppm}, said, named)
        with unit_of_work(self.database) as session:
            by = by or Actor(name.lower(), who)
            return claim_filing.file(session, new, by=by, now=self.town.clock())

    def takes(self, name, step, number, *, reason="because", evidence=None):
        """Let a holder take a step: evidence, accept, contest, withdraw, appeal."""
        steps = {"evidence": "add_evidence"}
        with unit_of_work(self.database) as session:
            take = getattr(claim_course, steps.get(step, step))
            said = Said(reason, evidence)
            return take(session, number, self.actor(name), said, now=self.town.clock())

    def counters(self, name, number, work, ppm):
        facts = {"work_id": work, "claimed_ppm": ppm, "now": self.town.clock()}
        with unit_of_work(self.database) as session:
            return claim_course.counter(
                session, number, self.actor(name), Said("theirs is mine", PROOF), **facts
            )

    def decides(self, number, outcome, granted=None, *, by="op"):
        with unit_of_work(self.database) as session:
            claimed = claims.get(session, number).claim.claimed_ppm
            ppm = {"upheld": claimed, "rejected": 0}.get(outcome, granted)
            decision = Decision(Outcome(outcome), ppm)
            said, now = Said("as the evidence says"), self.town.clock()
            return claim_course.decide(session, number, Actor(by), said, decision, now=now)

    def get(self, number):
        with unit_of_work(self.database) as session:
            return claims.get(session, number)

    def steps(self, number):
        with unit_of_work(self.database) as session:
            return claim_steps.listing(session, number)

    def later(self, days):
        """Let days pass and the worker come by."""
        self.town.clock.now += days * DAY
        self.town.works()

    def pays(self, nanos):
        with unit_of_work(self.database) as session:
            party = parties.vendor_named(session, "Acme")
        receipt = NewReceipt(party.party_id, nanos, "USD", "")
        receipts.add(self.database, party, receipt, now=self.town.clock())

    def reserve(self, month):
        may_be_paid(self.town)
        return payouts.reserve(
            self.database,
            Period.parse(month),
            by="op",
            now=self.town.clock(),
            progress=drain.silent,
        )

    def money(self, *names):
        """Return (held, payable) of holders by name."""
        stands = self.town.balances("holder")
        return {
            name: tuple(
                stands.get(f"holder:{self.number(name)}:{part}", 0) for part in ("held", "payable")
            )
            for name in names
        }


def ode_of(town, text, shares, *, tokens=MILLION):
    """Register Ode as of 1 January, sell for 6.00 on 20 January, let Acme pay what it owes."""
    scene = Disputes(town)
    town.ode = town.registers("Ode", text, shares)
    town.sells("one", text=text, tier=Tier.PREMIUM, tokens=tokens, at=JANUARY)
    town.works()
    scene.pays(OWED * tokens // MILLION)
    return scene
