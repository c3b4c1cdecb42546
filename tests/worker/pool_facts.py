"""How tests announce rules, and look at and release unmatched pools."""

from datetime import UTC, datetime

from service.ledger.interest import InterestRate
from service.ledger.period import Period
from service.store import parties, pool_rules, pools
from service.store.database import unit_of_work
from service.store.pool_rules import NewRule
from service.store.receipts import NewReceipt
from worker import pools as working
from worker import receipts

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def announce(town, *steps, name="The rule", since="2026-01", window=10, notice=5, at=NEW_YEAR):
    rule = NewRule(name, "Said to all.", Period.parse(since), steps, window, notice)
    with unit_of_work(town.database) as session:
        return pool_rules.announce(session, rule, by="op", now=at)


def fund(town, name="Writers' Fund"):
    with unit_of_work(town.database) as session:
        made = pool_rules.add_fund(session, name, "It helps writers in need.", now=NEW_YEAR)
    town.works()
    return made


def rate(town, ppm, day, currency="USD"):
    with unit_of_work(town.database) as session:
        filed = InterestRate(currency, day, ppm)
        pool_rules.file_rate(session, filed, source="The central bank.", by="op", now=NEW_YEAR)


def pool(town, month="2026-01", vendor="acme"):
    with unit_of_work(town.database) as session:
        found = pools.listing(session, month=Period.parse(month))
    return next(one for one in found if one.key.vendor == vendor)


def simulate(town, month="2026-01", vendor="acme", rule=None):
    found = pool(town, month, vendor)
    with unit_of_work(town.database) as session:
        other = pool_rules.named(session, rule) if rule else None
        told = working.simulate(session, found, now=town.clock(), rule=other)
        session.rollback()
    return told


def release(town, month="2026-01", vendor="acme", digest=None, needed=0):
    seen = digest or simulate(town, month, vendor).plan.digest
    return working.release(
        town.database,
        pool(town, month, vendor),
        bytes.fromhex(seen),
        needed=needed,
        by="op",
        now=town.clock(),
    )


def pays(town, nanos, vendor="Acme"):
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
    receipts.add(
        town.database, party, NewReceipt(party.party_id, nanos, "USD", ""), now=town.clock()
    )


def gained(town, told):
    """Say who gains by name."""
    with unit_of_work(town.database) as session:
        names = parties.names(session, list(told.gains.by_holder))
    return {names[holder]: nanos for holder, nanos in told.gains.by_holder.items()}
