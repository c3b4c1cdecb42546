"""A vendor sees what it sold and owes by day, and what any sale's amounts rest on."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from service.api.application import create_api
from service.api.doors import WebContext
from service.ledger.tiers import Tier
from service.store import api_keys, parties
from service.store.database import unit_of_work

MILLION = 1_000_000


@pytest.fixture
def selling(village, texts):
    """Acme sells on two days of January and in February; one premium sale is refunded by half."""
    village.registers("Ode", texts.ode, {"Ada": MILLION})
    for name, tier, month, day in (
        ("a", Tier.PREMIUM, 1, 20),
        ("b", Tier.PREMIUM, 1, 20),
        ("c", Tier.FREE, 1, 21),
        ("d", Tier.PREMIUM, 2, 1),
    ):
        village.sells(name, text=texts.ode, tier=tier, at=datetime(2026, month, day, tzinfo=UTC))
    village.works()
    village.refunds("half", "a", 3_000_000_000)
    village.works()
    return village


def asked(town, path, whose="Acme", **query):
    with unit_of_work(town.database) as session:
        number = parties.vendor_named(session, whose).party_id
        key, _ = api_keys.make(session, number, "test", now=town.clock())
    context = WebContext(town.database, town.settings, None, None, town.clock, None, None)
    client = TestClient(create_api(context))
    return client.get(path, params=query, headers={"Authorization": f"Bearer {key}"})


def points(answer, *names):
    return [tuple(one[name] for name in names) for one in answer.json()["data"]]


def test_usage_is_told_by_day_or_month(selling):
    january = {"since": "2026-01-01", "until": "2026-01-31"}

    by_day = asked(selling, "/v1/usage", **january)
    by_month = asked(selling, "/v1/usage", since="2026-01-21", until="2026-02-28", by="month")

    names = ("start", "tier", "sales", "settled", "output_tokens", "gross", "due")
    assert points(by_day, *names) == [
        ("2026-01-20", "premium", 2, 2, "2000000", "12.00", "0.90"),
        ("2026-01-21", "free", 1, 0, "1000000", "0.00", "0.00"),
    ]
    assert points(by_month, *names[:3]) == [("2026-01-01", "free", 1), ("2026-02-01", "premium", 1)]
    assert points(asked(selling, "/v1/usage", "Borealis", **january), "start") == []


def test_usage_is_filtered_and_paged(selling):
    all_days = {"since": "2026-01-01", "until": "2026-12-31"}

    one = asked(selling, "/v1/usage", **all_days, tier="premium", limit=1)
    rest = asked(selling, "/v1/usage", **all_days, tier="premium", after=one.json()["next"])

    assert points(one, "start") + points(rest, "start") == [("2026-01-20",), ("2026-02-01",)]
    assert points(asked(selling, "/v1/usage", **all_days, model="none such"), "start") == []
    assert len(points(asked(selling, "/v1/usage", **all_days, model=""), "start")) == 3


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-01-02", "2026-01-01"), ("2025-01-01", "2026-01-02"), ("0001-01-01", "9999-12-31")],
)
def test_a_range_that_is_too_long_is_refused(selling, since, until):
    answer = asked(selling, "/v1/usage", since=since, until=until)

    assert (answer.status_code, answer.json()["code"]) == (422, "range-too-long")


def test_the_evidence_of_a_sale_names_spans_waterfall_and_entries(selling, texts):
    one = asked(selling, "/v1/sale-evidence/a").json()

    assert (one["gross"], one["refunded"], one["unmatched_ppm"]) == ("6.00", "3.00", 0)
    assert [(share["title"], share["share_ppm"]) for share in one["shares"]] == [("Ode", MILLION)]
    first = one["spans"][0]
    assert (first["title"], first["kind"], first["output_start"]) == ("Ode", "verbatim", 0)
    assert [(step["step"], step["taken"], step["shortfall"]) for step in one["waterfall"]] == [
        ("production", "5.00", "0.00"),
        ("ip-pool", "0.60", "0.00"),
        ("cloud-margin", "0.40", "0.20"),
        ("vendor", "0.00", "0.00"),
    ]
    (sale, refund) = one["entries"]
    assert (sale["kind"], refund["kind"]) == ("sale", "correction")
    legs = {leg["account"]: leg["amount"] for leg in sale["postings"]}
    assert legs["vendor:acme:receivable"] == "0.60"
    assert {leg["account"]: leg["amount"] for leg in refund["postings"]}[
        "vendor:acme:receivable"
    ] == "-0.30"


def test_the_evidence_of_others_sales_is_not_shown(selling):
    answer = asked(selling, "/v1/sale-evidence/a", "Borealis", vendor="Acme")

    assert (answer.status_code, answer.json()["code"]) == (404, "sale-not-found")
