"""Webhooks: what happens is told, signed, to everybody whom it concerns and who wants to know."""

from datetime import UTC, datetime

import pytest
from receivers import a_receiver
from webhook_scene import Scene

from service.ledger.tiers import Tier

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def scene(village, tmp_path) -> Scene:
    return Scene(village, tmp_path)


def closes_january(scene, texts):
    village = scene.town
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.closes("2026-01")


def test_a_closed_month_is_told_to_vendors_and_operators_signed(scene, texts):
    with a_receiver() as acme, a_receiver() as house, a_receiver() as ada:
        _, secret = scene.wants(acme.url, owner=scene.vendor(), types=["period.closed"])
        scene.wants(house.url, types=["period.closed"])
        scene.wants(ada.url, owner=scene.holder("Ada"), types=["period.closed"])
        closes_january(scene, texts)

        assert scene.delivers() == 2

    (told,) = acme.told
    event = told.verified_by(secret)
    assert event == {
        "type": "period.closed",
        "timestamp": "2026-03-10T12:00:00Z",
        "data": {"period": "2026-01", "closed_at": "2026-03-10T12:00:00Z"},
    }
    assert told.headers["content-type"] == "application/json"
    assert [one.id for one in house.told] == [told.id]
    assert ada.told == []
    assert scene.states() == [("delivered", 1), ("delivered", 1)]
    assert scene.delivers() == 0
