"""The embedded worker: a real Celery worker thread on ``memory://`` with its own tick."""

from datetime import UTC, datetime
from time import monotonic, sleep

import pytest

from service.ledger.tiers import Tier
from service.store import sales
from service.store.database import unit_of_work
from worker.celery_app import CeleryDoorbell, EmbeddedWorker, app

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def working(town):
    worker = EmbeddedWorker(town.place)
    worker.start()
    yield town
    worker.stop()


def state_of(town, number, *, wanted, seconds=60):
    """Wait for a sale to reach a state; return the state it has at the end."""
    until = monotonic() + seconds
    while True:
        with unit_of_work(town.database) as session:
            state = sales.get(session, number).state
        if state == wanted or monotonic() > until:
            return state
        sleep(0.05)


def test_a_ring_is_answered_and_a_lost_ring_is_made_up_for_by_the_tick(working, texts):
    assert app.conf.broker_url.startswith("memory://")
    working.registers("Ode", texts.ode, {"Ada": 1_000_000})
    rung = working.sells("rung", text=texts.ode, tier=Tier.PREMIUM, at=JANUARY)
    CeleryDoorbell().ring()
    assert state_of(working, rung, wanted="settled") == "settled"

    lost = working.sells("lost", text=texts.essay, tier=Tier.PREMIUM, at=JANUARY)
    assert state_of(working, lost, wanted="settled") == "settled"
    assert working.broken() == []
