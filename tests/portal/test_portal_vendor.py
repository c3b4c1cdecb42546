"""A vendor's pages: its own sales, keys, debts, bills and terms, and nobody else's."""

import pytest

from service.ledger.tiers import Tier
from service.store import api_keys
from service.store.database import unit_of_work

from .conftest import JANUARY, says

PAGES = (
    *("/vendor", "/vendor/keys", "/vendor/keys/new", "/vendor/sales", "/vendor/usage"),
    *("/vendor/owed", "/vendor/owed/bills", "/vendor/terms", "/vendor/reports"),
)
BILL = (
    "ChargePeriodStart,ConsumedQuantity,ConsumedUnit,BilledCost,BillingCurrency,x_Model,x_Tier\n"
    "2026-01-15T00:00:00Z,1500,Tokens,0.2,USD,model,elite\n"
)


@pytest.fixture
def sold(world, catalogue):
    """Settle one elite sale of Acme of 1,000 tokens; log in as acme."""
    world.sale("s/1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 600_000})
    world.user("bor", "vendor", world.vendor_id("borealis"))
    return world.browser("acme")


def keys_of(world):
    with unit_of_work(world.database) as session:
        return api_keys.of_vendor(session, world.vendor_id())


def test_pages_are_for_vendors_alone(world, catalogue):
    browsers = [world.browser(login) for login in ("ada", "operator")]
    for path in (*PAGES, "/vendor/sales/of/s", "/vendor/statements/1", "/vendor/owed/bills/1"):
        assert [one.get(path).status_code for one in browsers] == [403, 403], path
    assert world.browser().get("/vendor/keys").headers["location"] == "/login?next=/vendor/keys"


def test_every_page_answers_a_vendor_without_sales(world, catalogue):
    browser = world.browser("acme")
    assert [browser.get(path).status_code for path in PAGES] == [200] * len(PAGES)
    assert "Make a key first" in browser.text("/vendor")


def test_the_overview_counts_the_month_by_state(sold):
    said = sold.text("/vendor")
    assert "reported 0 attributed 0 settled 1 quarantined 0" in said
    assert "Owed to the platform 0.0225 USD" in said
    assert "Next due nothing" in said


def test_a_key_is_shown_once_and_then_by_its_beginning(world, sold):
    answer = sold.send("/vendor/keys/new", label="billing", scopes=["read"], expires_at="")
    (row,) = keys_of(world)
    assert answer.headers["cache-control"] == "no-store"
    assert row.prefix in answer.text
    assert (row.scopes, row.expires_at) == (["read"], None)
    whole = answer.text.split("<pre")[1].split("<code>")[1].split("</code>")[0]
    assert whole not in sold.get("/vendor/keys").text
    assert f"billing {row.prefix}… read" in sold.text("/vendor/keys")


def test_a_key_that_cannot_be_made_keeps_what_was_typed(world, sold):
    answer = sold.send("/vendor/keys/new", label="billing", expires_at="tomorrow")
    assert answer.status_code == 422
    assert "Must be a day like 2030-01-31, or empty." in says(answer)
    assert 'value="billing"' in answer.text
    assert 'value="tomorrow"' in answer.text
    assert keys_of(world) == []
    nothing = sold.send("/vendor/keys/new", label="billing")
    assert "Must name at least one of" in says(nothing)


def test_a_key_is_rotated_with_an_overlap_and_revoked(world, sold):
    sold.send("/vendor/keys/new", label="billing", scopes=["read"])
    (old,) = keys_of(world)
    assert "goes on for as long as you choose" in sold.text(f"/vendor/keys/{old.key_id}/rotate")
    assert sold.send(f"/vendor/keys/{old.key_id}/rotate", overlap_hours="7").status_code == 422
    assert sold.send(f"/vendor/keys/{old.key_id}/rotate", overlap_hours="24").status_code == 200
    old, new = keys_of(world)
    assert (new.label, new.replaces, str(old.expires_at)[:10]) == (
        "billing",
        old.key_id,
        "2026-02-11",
    )
    assert "lets nobody in from this moment on" in sold.text(f"/vendor/keys/{new.key_id}/revoke")
    answer = sold.send(f"/vendor/keys/{new.key_id}/revoke")
    assert answer.headers["location"] == "/vendor/keys?done=key-revoked"
    assert keys_of(world)[1].revoked_at == world.now


def test_another_vendors_things_are_not_there(world, sold):
    sold.send("/vendor/keys/new", label="billing", scopes=["read"])
    (key,) = keys_of(world)
    world.close("2026-01")
    sent = sold.client.post(
        "/vendor/owed/bills", data={"csrf_token": sold.token()}, files={"bill": ("b.csv", BILL)}
    )
    bill = sent.headers["location"].split("?")[0]
    other = world.browser("bor")
    for path in (
        f"/vendor/keys/{key.key_id}/rotate",
        f"/vendor/keys/{key.key_id}/revoke",
        "/vendor/sales/of/s%2F1",
        f"/vendor/statements/2026-01-V{world.vendor_id()}-USD",
        f"/vendor/statements/2026-01-V{world.vendor_id()}-USD.csv",
        f"/vendor/statements/2026-01-V{world.vendor_id()}-USD/invoice.json",
        bill,
    ):
        assert (other.get(path).status_code, sold.get(path).status_code) == (404, 200), path
    assert other.send(f"/vendor/keys/{key.key_id}/revoke").status_code == 404
    assert keys_of(world)[0].revoked_at is None
    assert "s/1" not in other.text("/vendor/sales")


def test_a_sale_is_found_by_the_vendors_own_id(sold):
    assert sold.get("/vendor/sales?sale=s/1").headers["location"] == "/vendor/sales/of/s%2F1"
    said = sold.text("/vendor/sales/of/s%2F1")
    assert "Received" in said
    assert "Settled" in said
    assert "Ode to Tides 60 %" in said
    assert "no work: unmatched 40 %" in said
    missing = sold.get("/vendor/sales?sale=none")
    assert missing.status_code == 422
    assert "You have reported no sale of this id." in says(missing)


def test_sales_are_filtered_by_state_flag_and_day(sold):
    for query, is_there in {
        "": True,
        "state=settled": True,
        "state=reported": False,
        "state=quarantined": False,
        "flag=conflict": False,
        "flag=unknown-model": False,
        "day=2026-01-15": True,
        "day=2026-01-15&state=settled": True,
        "day=2026-01-16": False,
    }.items():
        assert ("s/1" in sold.text(f"/vendor/sales?{query}")) is is_there, query
    refused = sold.get("/vendor/sales?day=yesterday")
    assert refused.status_code == 422
    assert 'value="yesterday"' in refused.text


def test_sales_are_paged_newest_first(world, sold):
    for number in range(25):
        world.sale(f"later-{number:02}", tier=Tier.FREE, tokens=10, drew_on={}, at=JANUARY)
    first = sold.get("/vendor/sales").text
    assert "later-24" in first
    assert "s/1" not in first
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "s/1" in sold.text(following)


def test_usage_is_drawn_by_day_and_listed(sold):
    page = sold.get("/vendor/usage?since=2026-01-10&until=2026-01-20")
    assert "2026-01-15, elite: 0.0225 USD" in page.text
    assert "2026-01-15 elite model 1 1 1,000 0.15 USD 0.0225 USD" in says(page)
    by_month = sold.text("/vendor/usage?since=2026-01-01&until=2026-01-31&by=month")
    assert "2026-01-01 elite model 1 1 1,000 0.15 USD 0.0225 USD" in by_month
    assert sold.get("/vendor/usage?since=2025-01-01&until=2026-12-31").status_code == 422


def test_what_is_owed_has_statements_in_every_form_and_an_age(world, sold):
    world.close("2026-01")
    world.receipt(10_000_000)
    said = sold.text("/vendor/owed")
    assert "Open of closed months 0.0125 USD" in said
    assert "0 to 30 days 0.0125 USD" in said
    assert "transfer 0.01 USD" in said
    number = f"2026-01-V{world.vendor_id()}-USD"
    assert sold.get(f"/vendor/statements/{number}.csv").text.startswith("statement,period")
    assert sold.get(f"/vendor/statements/{number}.json").json()["number"] == number
    assert sold.get(f"/vendor/statements/{number}/invoice.json").json()["number"] == f"INV-{number}"
    assert "0.0225" in sold.text(f"/vendor/statements/{number}")
    assert f"Statement {number}" in sold.text("/vendor")


def test_a_bill_is_compared_and_an_accrual_proposed(sold):
    def send(content):
        files = {"bill": ("bill.csv", content)} if content else {}
        data = {"csrf_token": sold.token()}
        return sold.client.post(
            "/vendor/owed/bills", data=data, files=files, headers={"accept": "text/html"}
        )

    said = sold.text(send(BILL).headers["location"])
    assert "2026-01-15 model 1,500 1,000 500 0 elite 0.01125 USD" in said
    assert "an operator looks at it" in said.lower()
    assert "2026-01-15 to 2026-01-15" in sold.text("/vendor/owed/bills")
    refused = send("a,b\n1,2\n")
    assert refused.status_code == 422
    assert "lacks the columns" in says(refused)
    assert "Choose a CSV file." in says(send(""))


def test_terms_name_every_step_and_price(sold):
    said = sold.text("/vendor/terms")
    assert "in force" in said
    assert "sources; fee 10 % of what matches; unmatched to the pool" in said
    assert "150.00 USD" in said


def test_reports_explain_the_signs(sold):
    said = sold.text("/vendor/reports")
    assert "Sales on tiers with an IP pool came without a text 0 1 0 % not raised" in said
    assert "None is missing" in said
