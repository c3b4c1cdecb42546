"""A statement of Ada's whose money waits until she may be paid."""

from datetime import UTC, datetime

from payee_facts import pays, reserve

from service.ledger.payout import PayoutWaits
from service.ledger.tiers import Tier

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000


def one_stated(town, texts):
    """Acme sold for 600 in January and paid the 60 it owes: 54 are Ada's, payable."""
    town.registers("Ode", texts.ode, {"Ada": ALL})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=100 * ALL, at=JANUARY)
    town.works()
    pays(town, 60_000_000_000)
    town.clock.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    town.closes("2026-01")
    return town


def waits(town, policy=None):
    """Say why nothing is reserved."""
    told = reserve(town, policy=policy)
    assert told.payout_ids == ()
    assert {type(error) for error in told.passed_over} == {PayoutWaits}
    return [error.facts["cause"] for error in told.passed_over]
