"""The operator's console and the vendor's page."""

from datetime import UTC, datetime

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import api_keys, periods
from service.store.database import unit_of_work

FEBRUARY = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
NOW = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


def a_sale(world, catalogue, **changed):
    return world.sale(
        "s1",
        **(
            {"tier": Tier.ELITE, "tokens": 1_000_000, "drew_on": {catalogue.ode: 600_000}} | changed
        ),
    )


def test_a_period_is_closed_after_a_page_that_says_what_will_happen(world, catalogue):
    a_sale(world, catalogue)
    browser = world.browser("operator")
    assert "2026-01 open Close…" in browser.text("/operator/periods")
    path = "/operator/periods/2026-01/close"
    said = browser.text(path)
    assert "What works earned is released to their holders" in said
    assert "Close early" not in said
    answer = browser.send(path)
    assert answer.headers["location"] == "/operator/periods?done=closing"
    assert world.bell.rings == 1
    said = browser.text("/operator/periods?done=closing")
    assert "Closing has begun." in said
    assert "2026-01 closing waits for 0 sales, then closes by itself" in said
    assert "2026-01 is closing" in browser.text(path)


def test_a_running_month_needs_the_box_for_an_early_close(world, catalogue):
    a_sale(world, catalogue, at=FEBRUARY)
    browser = world.browser("operator")
    path = "/operator/periods/2026-02/close"
    assert "Close early: the month has not ended" in browser.text(path)
    answer = browser.send(path)
    assert answer.status_code == 409
    assert "It was not closed: period 2026-02 has not ended" in answer.text
    assert world.bell.rings == 0
    assert browser.send(path, early="yes").status_code == 303
    with unit_of_work(world.database) as session:
        assert periods.state(session, Period(202602)) == "closing"


def test_a_closed_period_is_not_closed_again(world, catalogue):
    a_sale(world, catalogue)
    world.close("2026-01")
    browser = world.browser("operator")
    answer = browser.send("/operator/periods/2026-01/close")
    assert answer.status_code == 409
    assert "period 2026-01 is closed already" in answer.text
    assert browser.get("/operator/periods/2026-13/close").status_code == 422


def test_statements_of_all_holders_are_listed_by_period(world, catalogue):
    browser = world.browser("operator")
    assert "No statements" in browser.text("/operator/statements")
    a_sale(world, catalogue)
    world.close("2026-01")
    said = browser.text("/operator/statements?period=2026-01")
    assert f"2026-01-H{catalogue.ada}-USD Ada 0.00 USD 7.29 USD 0.00 USD 7.29 USD" in said
    assert f"2026-01-H{catalogue.bo}-USD Bo 0.00 USD 4.86 USD 0.00 USD 4.86 USD" in said
    assert browser.get("/operator/statements?period=soon").status_code == 422


def test_balances_are_found_by_prefix_and_lead_to_entries_and_their_legs(world, catalogue):
    sale = a_sale(world, catalogue)
    browser = world.browser("operator")
    said = browser.text("/operator/balances?prefix=vendor:acme")
    assert "vendor:acme:kept 107.50 USD" in said
    assert "vendor:acme:receivable 22.50 USD" in said
    assert "platform:fee" not in said
    assert (
        'href="/operator/accounts/USD/vendor:acme:receivable"'
        in browser.get("/operator/balances?prefix=vendor:acme").text
    )
    account = browser.text("/operator/accounts/USD/vendor:acme:receivable")
    assert "Balance 22.50 USD debit" in account
    assert f"sale {sale} 2026-01 1 22.50 USD" in account
    entry = browser.text(f"/operator/entries/sale/{sale}")
    for leg in (
        "line:1 12.15 USD",
        "platform:fee 1.35 USD",
        "pool:unmatched:acme:2026-01 9.00 USD",
        "vendor:acme:settled-direct 127.50 USD",
        "Together 150.00 USD 150.00 USD",
    ):
        assert leg in entry


def test_balances_stand_as_of_a_month_or_an_instant(world, catalogue):
    a_sale(world, catalogue)
    browser = world.browser("operator")
    path = "/operator/balances?prefix=vendor:acme:receivable"
    assert "receivable 22.50 USD" in browser.text(f"{path}&as_of=2026-01")
    assert "No account begins so" in browser.text(f"{path}&as_of=2025-12")
    assert "No account begins so" in browser.text(f"{path}&as_of=2026-01-01T00:00Z")
    assert "receivable 22.50 USD" in browser.text(f"{path}&as_of=2026-02-01T00:00Z")
    wrong = browser.get(f"{path}&as_of=soon")
    assert wrong.status_code == 422
    assert 'value="soon"' in wrong.text


def test_balances_are_paged_by_name(world, catalogue):
    for number in range(26):
        work = world.work(f"Note {number}", {catalogue.bo: 1_000_000})
        world.sale(f"n{number}", tier=Tier.ELITE, tokens=1_000, drew_on={work: 1_000_000})
    browser = world.browser("operator")
    page = browser.get("/operator/balances?prefix=line:").text
    assert page.count("/operator/accounts/USD/line:") == 25
    path = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert browser.get(path).text.count("/operator/accounts/USD/line:") == 1


def test_entries_of_an_account_are_paged_newest_first(world, catalogue):
    sales = [
        world.sale(f"n{n}", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 1_000_000})
        for n in range(27)
    ]
    browser = world.browser("operator")
    page = browser.get("/operator/accounts/USD/platform:fee").text
    assert f"sale {sales[26]}" in page
    assert f"sale {sales[1]}<" not in page
    path = page.split('rel="next" href="')[1].split('"')[0]
    rest = browser.text(f"/operator/accounts/USD/platform:fee{path}")
    assert f"sale {sales[1]} " in rest
    assert f"sale {sales[0]} " in rest
    assert f"sale {sales[2]} " not in rest


def test_unknown_accounts_and_entries_are_not_there(world, catalogue):
    browser = world.browser("operator")
    for path, status in (
        ("/operator/accounts/USD/nobody", 404),
        ("/operator/accounts/USD/%00", 404),
        ("/operator/accounts/USD/bank?before=1-2", 422),
        ("/operator/entries/sale/999", 404),
        ("/operator/entries/theft/1", 404),
    ):
        assert browser.get(path).status_code == status, path


def test_a_vendor_sees_usage_debt_and_keys(world, catalogue):
    browser = world.browser("acme")
    assert "Report them with POST /v1/sales" in browser.text("/vendor")
    a_sale(world, catalogue)
    world.sale("b1", tier=Tier.FREE, tokens=7, drew_on={}, vendor="borealis")
    with unit_of_work(world.database) as session:
        api_keys.make(session, world.vendor_id(), "production", now=NOW)
        api_keys.make(session, world.vendor_id("borealis"), "theirs", now=NOW)
    said = browser.text("/vendor") + browser.text("/vendor/keys")
    for sentence in (
        "Gross of 2026-01 150.00 USD",
        "Owed to the platform 22.50 USD",
        "elite settled 1 1,000,000 150.00 USD",
        "production ws_live_",
        "2026-02-10 12:00 UTC never valid",
    ):
        assert sentence in said
    assert "theirs" not in said
    assert "free settled" not in said
    assert "No sales of this month" in browser.text("/vendor?month=2025-01")
