"""The commands of unmatched pools, from the announced rule to the release."""

import json
from datetime import UTC, datetime

import pytest

from service.ledger.tiers import Tier
from service.store import people
from service.store.database import unit_of_work

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def sold(village, texts):
    """Acme's January, closed: 0.54 of Ada's ode and 0.60 that nothing claims."""
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for name, text in (("ode", texts.ode), ("none", None)):
        village.sells(name, text=text, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.closes("2026-01")
    return village


def said(out):
    return json.loads(out)


def test_a_rule_is_announced_simulated_approved_and_released(sold, wellspring, monkeypatch):
    """The commands run today: January's window, without notice, is long over."""
    monkeypatch.setenv("WELLSPRING_POOL_APPROVALS", "1")
    rule = ("Pro rata", "--text", "To what earned.", "--valid-from", "2026-01")
    rule += ("--step", "same-vendor", "--window-days", "3660", "--notice-days", "0")
    code, out, _ = wellspring("pools", "announce", *rule, "--json")
    assert (code, said(out)["window_days"], said(out)["notice_days"]) == (0, 3_660, 0)
    code, _, err = wellspring("pools", "announce", *rule)
    assert (code, "'Pro rata' exists already" in err) == (1, True)
    (pool,) = said(wellspring("pools", "list", "--json")[1])
    assert (pool["balance"], pool["rule"], pool["state"]) == ("0.60", "Pro rata", "claimable")
    told = said(wellspring("pools", "simulate", "Acme", "2026-01", "--json")[1])
    assert (told["principal"], told["fee"], told["given"]) == ("0.60", "0.06", "0.54")
    assert told["holder"] == [{"holder": told["holder"][0]["holder"], "name": "Ada",
                               "nanos": 540_000_000}]  # fmt: skip
    assert "By holder" in wellspring("pools", "simulate", "Acme", "2026-01")[1]
    with unit_of_work(sold.database) as session:
        people.add_user(session, "olga", "a long password", "operator", None, now=sold.clock())
    pool = ("Acme", "2026-01", told["digest"])
    code, out, _ = wellspring("pools", "approve", *pool, "--operator", "olga", "--json")
    assert (code, said(out)["olga"]) == (0, told["digest"])
    code, _, err = wellspring("pools", "release", *pool)
    assert (code, "can be claimed before 2036-02-09" in " ".join(err.split())) == (1, True)


def test_what_is_mistyped_is_refused_by_name(sold, wellspring):
    digest = "0" * 64
    for arguments, rule in (
        (("pools", "simulate", "Acme", "2026-01"), "no rule that counts for 2026-01"),
        (("pools", "simulate", "Acme", "2025-01"), "Acme has no unmatched pool of 2025-01"),
        (("pools", "simulate", "Nobody", "2026-01"), "unknown vendor 'Nobody'"),
        (("pools", "release", "Acme", "2026-01", "12"), "is not 64 hexadecimal digits"),
        (("pools", "approve", "Acme", "2026-01", digest, "--operator", "x"), "'x'"),
        (("pools", "rate", "1000001", "--valid-from", "2026-01-01", "--source", "s"), "ppm lies"),
    ):
        code, _, err = wellspring(*arguments)
        assert (code, rule in " ".join(err.split())) == (1, True), err
    bad_day = ("pools", "rate", "1", "--valid-from", "January", "--source", "s")
    assert wellspring(*bad_day)[0] == 2


def test_funds_and_rates_are_listed_with_the_rules_that_name_them(sold, wellspring):
    wellspring("pools", "fund", "Writers' Fund", "--purpose", "It helps.")
    rate = ("25000", "--valid-from", "2026-01-01", "--source", "The central bank")
    assert wellspring("pools", "rate", *rate)[0] == 0
    rule = ("Then the fund", "--text", "Said.", "--valid-from", "2026-01")
    steps = ("--step", "all-vendors", "--step", "fund:Writers' Fund")
    assert wellspring("pools", "announce", *rule, *steps)[0] == 0
    told = said(wellspring("pools", "rules", "--json")[1])
    (one,) = told["rules"]
    assert (one["steps"], one["window days"]) == ("all-vendors, fund:Writers' Fund", 365)
    assert told["rates"] == [
        {"currency": "USD", "from": "2026-01-01", "annual ppm": 25_000,
         "source": "The central bank"}
    ]  # fmt: skip
    assert "Rates of interest" in wellspring("pools", "rules")[1]
