"""A vendor reads what its sales are priced and divided by, in all versions; nothing is changed."""

from datetime import date

from service.ledger.tiers import RateCard, Tier
from service.store import parties, terms
from service.store.database import unit_of_work


def test_a_vendor_sees_its_prices_and_the_steps_of_its_contract(site):
    told = site.vendor().get("/v1/terms").json()

    (card,) = told["rate_cards"]
    assert card["per_million_tokens"] == {
        "free": "0.00",
        "standard": "3.00",
        "premium": "6.00",
        "high-speed": "45.00",
        "elite": "150.00",
    }
    assert (card["currency"], card["valid_until"]) == ("USD", None)
    (contract,) = told["contracts"]
    names = [step["name"] for step in contract["steps"]]
    assert told["vendor"] == "acme"
    pool = next(step for step in contract["steps"] if "fee_ppm" in step)
    assert pool["rates"]["premium"] == 100_000
    assert contract["steps"][-1]["basis"] == "rest"
    assert len(names) == len(set(names))


def test_versions_follow_one_another_by_day(site):
    with unit_of_work(site.database) as session:
        acme = parties.vendor_named(session, "Acme")
        prices = dict.fromkeys(Tier, 0) | {Tier.PREMIUM: 7_000}
        terms.add_rate_card(session, acme, RateCard(date(2026, 4, 1), "USD", prices))

    first, second = site.vendor().get("/v1/terms").json()["rate_cards"]

    assert first["valid_until"] == second["valid_from"] == "2026-04-01"
    assert second["per_million_tokens"]["premium"] == "7.00"


def test_an_operator_names_the_vendor_and_another_vendor_sees_its_own(site):
    operator = site.operator()

    assert operator.get("/v1/terms?vendor=Borealis").json()["vendor"] == "borealis"
    assert operator.get("/v1/terms").status_code == 422
    assert operator.get("/v1/terms?vendor=Nobody").json()["code"] == "unknown-vendor"
    assert site.vendor("Borealis").get("/v1/terms?vendor=Acme").json()["vendor"] == "borealis"
