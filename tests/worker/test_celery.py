"""The embedded worker: a real Celery worker thread on ``memory://`` with its own tick."""

from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic, sleep

import pytest
from receivers import a_receiver
from webhook_scene import Scene
from worker_process import waits_until

from service.ledger.tiers import Tier
from service.settings import Settings
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


def test_the_worker_tells_of_a_closed_month_and_of_nothing_twice(village, texts, tmp_path):
    scene = Scene(village, tmp_path)
    settings = Settings(home=tmp_path, webhook_networks="127.0.0.0/8")
    worker = EmbeddedWorker(replace(village.place, settings=settings, clock=scene.clock))
    with a_receiver() as acme:
        _, secret = scene.wants(acme.url, owner=scene.vendor(), types=["period.closed"])
        worker.start()
        village.sells("one", text=texts.nothing, tier=Tier.PREMIUM, at=JANUARY)
        village.closes("2026-01")
        assert waits_until(lambda: scene.states() == [("delivered", 1)])
        worker.stop()

    (told,) = acme.told
    assert told.verified_by(secret)["data"]["period"] == "2026-01"
