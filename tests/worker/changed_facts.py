"""How tests change what settled sales rest on."""

from dataclasses import replace
from datetime import UTC, datetime

from service.ledger.contract import Contract
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.store import correction_jobs, parked_refunds, parties, rights, sale_versions, terms
from service.store.correction_jobs import NewJob
from service.store.corrections import Cause
from service.store.database import unit_of_work
from service.store.refunds import NewRefund
from service.store.sale_versions import Restatement
from worker.founding import CURRENCY, STANDARD_STEPS


def refund(town, name, sale, nanos=None, vendor="Acme"):
    """Report a refund, of a sale that is known or not."""
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
        said = NewRefund(name, sale, nanos, "asked back")
        return parked_refunds.report(session, party.party_id, said, now=town.clock())


def restate(town, name, sale, *, tier=Tier.PREMIUM, tokens, vendor="Acme"):
    """Say what a sale really was."""
    gross = STANDARD_NANOS_PER_TOKEN[tier] * tokens
    said = Restatement(name, sale, tier, tokens, False, gross, "told wrong")  # noqa: FBT003
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
        return sale_versions.restate(session, party.party_id, said, now=town.clock())


def pool_steps(*, premium_ppm):
    """Return the sample contract with another pool for premium sales."""
    production, pool, *others = STANDARD_STEPS
    rates = {**pool.rates, Tier.PREMIUM: premium_ppm}
    return (production, replace(pool, rates=rates), *others)


def correct_contract(town, *, day, premium_ppm, vendor="Acme"):
    """Let another pool count for a vendor's sales from a day on."""
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
        contract = Contract(0, party.slug, day, CURRENCY, pool_steps(premium_ppm=premium_ppm))
        terms.correct_contract(
            session, party, contract, reason="signed late", by="op", now=town.clock()
        )


def back_date(town, work, shares, *, day):
    """Let a split (shares by name) count from a day on that has sales already."""
    with unit_of_work(town.database) as session:
        split = {
            parties.holder_named(session, name, now=town.clock()).party_id: share
            for name, share in shares.items()
        }
        rights.back_date(
            session, work, split, day=day, reason="agreed late", by="op", now=town.clock()
        )


def reattribute(town, **scope):
    """Ask for sales to be attributed anew."""
    job = NewJob(Cause.ATTRIBUTION, "judged anew", "op", **scope)
    with unit_of_work(town.database) as session:
        correction_jobs.request(session, job, now=town.clock())


def two_closed_months(town, ode, *, then):
    """Close January and February; a refund of January's sale is in February, thirds divide both."""
    sold = {month: datetime(2026, month, 20, tzinfo=UTC) for month in (1, 2)}
    town.registers("Ode", ode, {"Ada": 333_333, "Ben": 333_333, "Cleo": 333_334})
    town.sells("one", text=ode, tier=Tier.PREMIUM, tokens=1_234_567, at=sold[1])
    town.sells("two", text=then, tier=Tier.ELITE, tokens=7, at=sold[2], vendor="Borealis")
    town.works()
    town.closes("2026-01")
    refund(town, "r1", "one", 1_000_000_007)
    town.works()
    town.closes("2026-02")
    return town
