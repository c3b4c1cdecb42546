"""Operators simulate and approve, the worker posts exactly that; everybody reads the rules."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from fastapi.testclient import TestClient
from pool_facts import announce, fund, pool, rate

from service.api.application import create_api
from service.api.doors import WebContext
from service.ledger.tiers import Tier
from service.settings import Settings
from service.store import people
from service.store.database import unit_of_work
from worker import drain, founding

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
CENT = 10_000_000
PASSWORD = "correct horse battery"
POOL = "/v1/pools/acme/2026-01"


class Bell:
    rings = 0

    def ring(self):
        self.rings += 1


@pytest.fixture
def web(village, texts):
    """Acme's January, closed: 0.54 of the ode's and 0.60 unmatched; two operators approve."""
    announce(village, "same-vendor")
    village.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000})
    for name, text in (("ode", texts.ode), ("none", None)):
        village.sells(name, text=text, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.closes("2026-01")
    settings = Settings(pool_approvals=2)
    village.place = replace(village.place, settings=settings)
    village.bell = Bell()
    context = WebContext(village.database, settings, village.bell, None, village.clock, None, None)
    village.app = create_api(context)
    with unit_of_work(village.database) as session:
        for login in ("olga", "omar"):
            people.add_user(session, login, PASSWORD, "operator", None, now=village.clock())
    return village


def operator(town, login):
    client = TestClient(town.app)
    said = client.post("/v1/session", json={"login": login, "password": PASSWORD})
    client.headers["X-CSRF-Token"] = said.json()["csrf_token"]
    return client


def test_what_two_operators_approved_is_posted_by_the_worker_and_nothing_else(web):
    olga, omar = operator(web, "olga"), operator(web, "omar")
    (listed,) = olga.get("/v1/pools").json()["data"]
    assert (listed["balance"], listed["rule"], listed["state"]) == ("0.60", "The rule", "due")
    told = olga.get(POOL).json()
    assert (told["principal"], told["interest"], told["fee"], told["given"]) == (
        "0.60", "0.00", "0.06", "0.54",
    )  # fmt: skip
    assert [(one["title"], one["nanos"]) for one in told["works"]] == [("Ode", 54 * CENT)]
    assert [(one["name"], one["nanos"]) for one in told["holders"]] == [
        ("Ada", 324_000_000),
        ("Ben", 216_000_000),
    ]
    for who in (olga, olga):
        said = who.post(f"{POOL}/approvals", json={"digest": told["digest"]})
        assert (said.status_code, len(said.json()["approvals"])) == (201, 1)
    drain.settle(web.place)
    assert pool(web).release_id is None
    assert omar.post(f"{POOL}/approvals", json={"digest": told["digest"]}).status_code == 201
    assert web.bell.rings == 3
    drain.settle(web.place)
    assert list(web.balances("line").values()) == [54 * CENT]
    assert web.tells("SELECT released_by FROM pool_release") == [("olga, omar",)]
    drain.settle(web.place)
    refused = olga.get(POOL)
    assert (refused.status_code, refused.json()["code"]) == (409, "pool-released")
    assert web.broken() == []


def test_what_has_changed_since_is_not_posted(web):
    told = operator(web, "olga").get(POOL).json()
    for login in ("olga", "omar"):
        operator(web, login).post(f"{POOL}/approvals", json={"digest": told["digest"]})
    web.sells("late", text=None, tier=Tier.PREMIUM, at=JANUARY)
    web.works()
    assert pool(web).release_id is None
    said = operator(web, "olga").post(f"{POOL}/approvals", json={"digest": told["digest"]})
    assert (said.status_code, said.json()["code"]) == (409, "pool-changed")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/pools/nobody/2026-01", 422, "unknown-vendor"),
        ("/v1/pools/acme/2026-13", 422, "bad-period"),
        ("/v1/pools/acme/2025-12", 404, "pool-not-found"),
        (f"{POOL}?currency=EUR", 404, "pool-not-found"),
        (f"{POOL}?rule=None", 404, "rule-not-found"),
    ],
)
def test_what_is_not_there_is_refused_by_name(web, path, status, code):
    answer = operator(web, "olga").get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_everybody_reads_rules_and_rates_and_totals_that_tell_of_no_vendor(web):
    """Two vendors would each know the other's part: an amount takes three."""
    rate(web, 25_000, date(2026, 1, 1))
    fund(web)
    olga = operator(web, "olga")
    order = {
        "name": "With a fund",
        "text": "What nobody claimed goes to works, else to the fund.",
        "valid_from": "2026-02",
        "steps": ["all-vendors", "fund:Writers' Fund"],
        "claim_window_days": 1_095,
    }
    made = olga.post("/v1/pool-rules", json=order)
    assert (made.status_code, made.json()["notice_days"]) == (201, 30)
    again = olga.post("/v1/pool-rules", json=order)
    assert (again.status_code, again.json()["code"]) == (409, "rule-taken")
    public = TestClient(web.app).get("/v1/pool-rules").json()
    assert [one["name"] for one in public["rules"]] == ["The rule", "With a fund"]
    assert public["rules"][1]["steps"] == order["steps"]
    assert public["rates"][0]["annual_ppm"] == 25_000
    month = {"month": "2026-01", "currency": "USD", "in_pools": None, "released": None}
    assert public["months"] == [month]
    with unit_of_work(web.database) as session:
        founding.add_vendor(session, "Cirrus", valid_from=date(2020, 1, 1), now=web.clock())
    for vendor in ("Borealis", "Cirrus"):
        web.sells(vendor, text=None, tier=Tier.PREMIUM, at=JANUARY, vendor=vendor)
    web.works()
    (month,) = TestClient(web.app).get("/v1/pool-rules").json()["months"]
    assert (month["in_pools"], month["released"]) == ("1.80", "0.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"steps": []}, "bad-rule"),
        ({"steps": ["fund:Nobody"]}, "fund-not-found"),
        ({"steps": ["by-lot"]}, "bad-rule"),
        ({"name": ""}, "bad-text"),
        ({"valid_from": "January"}, "bad-period"),
        ({"claim_window_days": 4_000}, "bad-rule"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_not_announced(web, change, code):
    order = {"name": "n", "text": "t", "valid_from": "2026-01", "steps": ["same-vendor"]}
    answer = operator(web, "olga").post("/v1/pool-rules", json=order | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
