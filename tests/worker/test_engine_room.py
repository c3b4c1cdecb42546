"""One engine a process, over indexes that follow the rows; its files: test_indexes."""

from datetime import UTC, datetime

import pytest

from attribution.values import Standing
from service.ledger.tiers import Tier
from service.store import embeddings
from service.store.database import unit_of_work
from worker import drain, embedding
from worker.engine_room import EngineRoom

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def indexed(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.works()
    town.room.save()
    return town


def reopened(town):
    """Open the index as a new process would."""
    room = EngineRoom(town.database, town.settings.home, threads=1, encoder=town.room.encoder)
    room.refresh()
    return room


def test_a_whole_snapshot_is_taken_up_and_topped_up(indexed, texts):
    assert reopened(indexed).rebuilt_because is None
    indexed.registers("Essay", texts.essay, {"Ben": 1_000_000})
    indexed.works()
    again = reopened(indexed)
    assert again.watermark == indexed.room.watermark > 0


def test_asking_for_it_rebuilds_it_and_the_engine_goes_on(indexed, texts):
    assert indexed.room.rebuild() == indexed.room.watermark
    assert indexed.room.rebuilt_because is not None
    (found,) = indexed.room.attribute(
        indexed.room.fingerprint([texts.ode]), lambda _work: Standing.EARNS
    )
    assert found.share_ppm == {1: 1_000_000}


def test_attribution_waits_until_every_work_is_embedded(town, texts):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, at=JANUARY)
    assert drain.attribute(town.place) is False
    assert drain.embed(town.place) is True
    assert drain.attribute(town.place) is True
    assert drain.settle(town.place) is False
    assert list(town.balances("line").values()) == [540_000_000]


def test_a_long_work_is_embedded_slice_by_slice_and_goes_on_where_it_stopped(
    town, texts, monkeypatch
):
    monkeypatch.setattr(embedding, "PASSAGES_A_SLICE", 2)
    monkeypatch.setattr(embedding, "SLICE_SECONDS", 0.000_001)
    work = town.registers("Long", " ".join([texts.ode, texts.essay] * 3), {"Ada": 1_000_000})
    counts = []
    while drain.embed(town.place):
        with unit_of_work(town.database) as session:
            counts.append(embeddings.stored_count(session, work))
    assert len(counts) > 1
    assert counts == [*sorted(set(counts)), counts[-1]]  # the last step examines it
    town.works()
    assert len(town.room.fingerprint([texts.ode])[0]) > 0
    assert town.room.watermark == counts[-1]
