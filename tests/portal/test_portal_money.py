"""Money in the console: periods approved by two, vendors and their terms, pools, payouts."""

import json

import pytest

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.settings import Settings
from service.store import acts, approvals, closing, payout_runs, terms
from service.store.database import unit_of_work

JANUARY = Period(202601)


@pytest.fixture
def sold(world, catalogue):
    """One settled elite sale of Acme in January; its number."""
    return world.sale("s1", tier=Tier.ELITE, tokens=1_000_000, drew_on={catalogue.ode: 600_000})


def test_a_dry_run_of_a_close_survives_its_page_and_names_causes(world, sold):
    browser = world.browser("operator")
    answer = browser.send("/operator/periods/2026-01/rehearsal")
    assert answer.headers["location"] == "/operator/jobs/1?done=asked"
    assert "A worker takes it next." in browser.text("/operator/periods/2026-01")
    world.works()
    said = browser.text("/operator/periods/2026-01")
    assert "Statements 2" in said
    assert "Ada 7.29 USD" in said
    assert "All holders 12.15 USD" in said
    assert "none, by the settings" in said
    assert "Dry run of a close: 2026-01" in browser.text("/operator/jobs/1")
    assert browser.get("/operator/periods/2026-13").status_code == 422


def test_what_is_approved_is_the_digest_of_the_dry_run(world, sold):
    world.settings = Settings(close_approvals=1)
    browser = world.browser("operator")
    browser.send("/operator/periods/2026-01/rehearsal")
    world.works()
    path = "/operator/periods/2026-01"
    assert "It can be approved once the period is closing" in browser.text(path)
    assert browser.send(f"{path}/approval", digest="00" * 32).status_code == 409
    with unit_of_work(world.database) as session:
        closing.begin(session, JANUARY, early=False, now=world.now)
    page = browser.get(path).text
    assert "You approve 2 statements" in page
    digest = page.split('name="digest" value="')[1].split('"')[0]
    assert browser.send(f"{path}/approval", digest=digest).status_code == 303
    assert "1 of 1 operators have approved the digest above" in browser.text(path)
    with unit_of_work(world.database) as session:
        (one,) = approvals.listing(session, JANUARY)
    assert (one.approved_by, one.digest) == ("operator", digest)


def test_vendors_are_listed_with_what_they_owe_by_age(world, sold):
    world.close("2026-01")
    said = world.browser("operator").text("/operator/vendors")
    assert "Acme sample 1 1 22.50 USD" in said
    page = world.browser("operator").text("/operator/vendors/acme")
    assert "2026-01 22.50 USD 0.00 USD 0.00 USD 22.50 USD" in page


def test_a_receipt_takes_its_amount_twice(world, sold):
    world.close("2026-01")
    browser = world.browser("operator")
    path = "/operator/vendors/acme/money"
    typed = {"amount": "22.50", "currency": "USD", "reason": "transfer 7", "decision": "receipt"}
    refused = browser.send(path, **typed, again="2.50")
    assert refused.status_code == 422
    assert 'id="again-error"' in refused.text
    assert 'value="transfer 7"' in refused.text
    assert browser.send(path, **typed, again="22.50").status_code == 303
    assert "22.50 USD 22.50 USD 0.00 USD 0.00 USD" in browser.text("/operator/vendors/acme")


def test_a_new_contract_is_seen_in_its_effect_before_it_counts(world, sold):
    browser = world.browser("operator")
    path = "/operator/vendors/acme/terms"
    with unit_of_work(world.database) as session:
        held = terms.of_vendors(session, [world.vendor_id()])[world.vendor_id()]
    page = browser.get(path).text
    steps = page.split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0]
    steps = json.loads(steps.replace("&#34;", '"'))
    assert [step["name"] for step in steps] == [s.name for s in held.contracts[-1].steps]
    pool = next(step for step in steps if "fee_ppm" in step)
    pool["rates"]["elite"] = 200_000
    typed = {"valid_from": "2026-03-01", "currency": "USD", "month": "2026-01"}
    wrong = browser.send(path, **typed, steps="[{]")
    assert wrong.status_code == 422
    assert 'id="steps-error"' in wrong.text
    assert "[{]" in wrong.text
    answer = browser.send(path, **typed, steps=json.dumps(steps))
    assert answer.headers["location"] == f"{path}?job=1"
    waiting = browser.get(f"{path}?job=1").text
    assert f'hx-get="{path}?job=1"' in waiting, "it looks again by itself"
    assert f'<a href="{path}?job=1">Look again</a>' in waiting, "or when asked"
    assert "http-equiv" not in waiting, "and takes nobody's place on the page"
    early = browser.send(f"{path}/1", reason="New rate.")
    assert "were not tried yet" in early.text
    world.works()
    assert "hx-get" not in browser.get(f"{path}?job=1").text
    said = browser.text(f"{path}?job=1")
    assert "1 settled sales of the month were settled again" in said
    assert "vendor:acme:receivable 22.50 USD 30.00 USD + 7.50 USD" in said
    assert browser.send(f"{path}/1", reason="").status_code == 422
    assert browser.send(f"{path}/1", reason="New rate.").status_code == 303
    with unit_of_work(world.database) as session:
        held = terms.of_vendors(session, [world.vendor_id()])[world.vendor_id()]
    assert [str(one.valid_from) for one in held.contracts][-1] == "2026-03-01"
    assert held.contracts[-1].pool_rate(Tier.ELITE) == 200_000


def test_a_rate_card_prices_the_month_again(world, sold):
    browser = world.browser("operator")
    path = "/operator/vendors/acme/prices"
    typed = {"valid_from": "2026-03-01", "currency": "USD", "month": "2026-01", "free": "0"}
    typed |= {"standard": "3", "premium": "6", "high-speed": "45", "elite": "300"}
    wrong = browser.send(path, **(typed | {"elite": "0.0000001"}))
    assert wrong.status_code == 422
    assert 'id="elite-error"' in wrong.text
    answer = browser.send(path, **typed)
    world.works()
    said = browser.text(answer.headers["location"])
    assert "platform:fee" in said
    assert "vendor:acme:receivable 22.50 USD 45.00 USD + 22.50 USD" in said
    assert browser.send("/operator/vendors/acme/terms/1", reason="Dearer.").status_code == 303
    assert "elite 300.00 USD" in browser.text("/operator/vendors/acme")


def test_a_pool_shows_why_it_cannot_be_released_yet(world, sold):
    browser = world.browser("operator")
    assert "Acme, 2026-01 9.00 USD none" in browser.text("/operator/pools")
    said = browser.text("/operator/pools/acme/2026-01/USD")
    assert "In the pool 9.00 USD" in said
    assert "It cannot be released now:" in said
    assert browser.get("/operator/pools/acme/2020-01/USD").status_code == 404


def test_a_payout_run_is_made_by_one_and_approved_by_another(world, catalogue, sold):
    world.receipt(22_500_000_000)
    world.close("2026-01")
    world.user("second", "operator", None)
    browser, second = world.browser("operator"), world.browser("second")
    browser.send("/operator/payouts/runs", period="2026-01")
    world.works()
    said = browser.text("/operator/jobs/1")
    assert "Run 1 with 0 transfers." in said
    assert "Passed over" in said
    assert "Ada" in browser.text("/operator/payouts")
    path = "/operator/payouts/runs/1"
    with unit_of_work(world.database) as session:
        digest = payout_runs.get(session, 1).digest
    own = browser.send(f"{path}/approval", digest=digest)
    assert own.status_code == 409
    assert "Nothing was done:" in own.text
    assert second.send(f"{path}/approval", digest="ab" * 32).status_code == 409
    assert second.send(f"{path}/approval", digest=digest).status_code == 303
    assert "Approved by second" in second.text(path)
    assert browser.send(f"{path}/reservation").status_code == 303
    world.works()
    assert "0 payouts reserved." in browser.text("/operator/jobs/2")
    assert browser.get("/operator/payouts/9").status_code == 404
    assert browser.get("/operator/payouts/runs/9").status_code == 404


def test_a_sale_is_explained_from_gross_to_nano(world, sold):
    browser = world.browser("operator")
    said = browser.text("/operator/explain?kind=sale&name=acme/s1")
    assert "150" in said
    assert "IP pool" in said or "ip-pool" in said
    assert browser.text(f"/operator/explain/sale/{sold}")
    assert browser.get("/operator/explain/sale/acme/none").status_code == 404
    assert browser.get("/operator/explain/line/x").status_code == 404
    assert browser.get("/operator/explain/nothing/1").status_code == 404


def test_the_audit_log_names_who_did_what(world, catalogue):
    with unit_of_work(world.database) as session:
        acts.record(session, "close", "period=2026-01", role="operator", now=world.now)
    browser = world.browser("operator")
    assert "close period=2026-01" in browser.text("/operator/acts?subject=period=2026-01")
    assert "No act is like this" in browser.text("/operator/acts?what=nothing-so")
    browser.send("/operator/periods/2026-01/rehearsal")
    said = browser.text("/operator/acts?what=rehearse_close")
    assert "operator operator (admin) rehearse_close period=2026-01" in said


@pytest.mark.parametrize("login", ["ada", "acme"])
def test_creators_and_vendors_see_nothing_of_it(world, catalogue, login):
    browser = world.browser(login)
    for path in (
        "periods/2026-01",
        "vendors",
        "vendors/acme",
        "vendors/acme/terms",
        "vendors/acme/prices",
        "pools",
        "pools/acme/2026-01/USD",
        "payouts",
        "payouts/1",
        "payouts/runs/1",
        "explain",
        "explain/sale/1",
        "acts",
    ):
        assert browser.get(f"/operator/{path}").status_code == 403, path
    for path in (
        "periods/2026-01/rehearsal",
        "periods/2026-01/approval",
        "vendors/acme/money",
        "vendors/acme/terms",
        "vendors/acme/prices",
        "vendors/acme/terms/1",
        "pools/acme/2026-01/USD",
        "payouts/runs",
        "payouts/runs/1/approval",
        "payouts/runs/1/reservation",
        "payouts/runs/1/files/0",
        "payouts/1",
    ):
        assert browser.send(f"/operator/{path}").status_code == 403, path
