"""Two holders whom a bank pays, both at home or one of them abroad."""

from datetime import UTC, datetime

from payee_facts import RING, costs, holder_id, lives, may_be_paid, pays, rates, taxes

from service.documents.bank_file import Payer
from service.ledger.payout import PayoutState
from service.ledger.tiers import Tier
from worker import bank_files

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000
PAYER = Payer("Wellspring", "DE89370400440532013000")
RETURNED = PayoutState.RETURNED


def two_stated(town, texts):
    """Ada's 27.00 and Rei's 27.00 of January are payable, both at home."""
    town.registers("Ode", texts.ode, {"Ada": 500_000, "Rei": 500_000})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=100 * ALL, at=JANUARY)
    town.works()
    pays(town, 60_000_000_000)
    town.clock.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    town.closes("2026-01")
    may_be_paid(town)
    return town


def one_abroad(town):
    """Rei is paid in yen, taxed."""
    lives(town, "Rei", "JP", "JPY")
    taxes(town, "jp", "JP", 204_200)
    costs(town, 1_000_000_000)
    rates(town, "USD", "JPY", "149.23", town.clock.now.date())
    return town


def write(town, run=1):
    return bank_files.write(town.database, run, PAYER, RING, by="op", now=town.clock())


def payable(town, name):
    return town.balances("holder").get(f"holder:{holder_id(town, name)}:payable", 0)
