"""Two months that are closed and sealed, and what is published of them."""

from datetime import UTC, datetime

from service.ledger.tiers import Tier
from service.store import period_seals
from service.store.database import unit_of_work

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 3, tzinfo=UTC)


def two_closed(town, texts):
    """January and February closed: three sales, a correction, releases and statements of two."""
    town.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 500_000})
    for name, at in (("one", JANUARY), ("two", JANUARY), ("three", FEBRUARY)):
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=at)
    town.works()
    town.closes("2026-01")
    town.refunds("r1", "two", 1_000_000)
    town.works()
    town.closes("2026-02")
    return town


def published(town):
    with unit_of_work(town.database) as session:
        return {str(seal.period): seal for seal in period_seals.listing(session)}
