"""What waits for a decision, on one list; each opens with both sides and takes a reason."""

import hashlib

import pytest

from service.ledger.claim import Actor
from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import Tier
from service.store import claim_filing, claims, conflict_decisions, line_disputes, sales
from service.store.claim_filing import NewClaim
from service.store.claim_steps import Evidence, Said
from service.store.database import unit_of_work
from service.store.line_disputes import NewLineDispute


@pytest.fixture
def sold(world, catalogue):
    """One settled sale of Acme; its number."""
    return world.sale("s1", tier=Tier.ELITE, tokens=1_000_000, drew_on={catalogue.ode: 600_000})


@pytest.fixture
def conflict(world, sold):
    """A second report under its id says half as many tokens."""
    text = "output of s1"
    item = ReportedSale(
        "s1",
        world.now,
        Tier.ELITE,
        500_000,
        tokens_estimated=False,
        gross_nanos=75_000_000_000,
        currency="USD",
        model="model",
        text=text,
        text_hash=hashlib.sha256(text.encode()).digest(),
        payload_hash=hashlib.sha256(b"half").digest(),
    )
    with unit_of_work(world.database) as session:
        vendor = world.vendor_id()
        sales.report(session, vendor, "acme", [item], now=world.now, retention_days=400)
    return sold


def test_nothing_waits_at_first(world, catalogue):
    assert "Nothing waits for a decision" in world.browser("operator").text("/operator/decisions")


def test_a_conflicting_report_waits_with_its_age_and_day(world, conflict):
    said = world.browser("operator").text("/operator/decisions")
    assert "Acme s1 conflicting report a second report says something else of this sale" in said
    assert "2026-02-10 0 ms 2026-02-24" in said
    assert "Decisions 1 look" in world.browser("operator").text("/operator")


def test_both_reports_stand_side_by_side(world, conflict):
    said = world.browser("operator").text(f"/operator/conflicts/{conflict}")
    assert "The sale as it counts What it says 1000000 elite tokens for 150" in said
    assert "Report 1 What it says 500000 elite tokens for 75" in said
    assert "Text the same" in said


def test_a_sale_is_restated_as_the_report_says(world, conflict):
    browser = world.browser("operator")
    path = f"/operator/conflicts/{conflict}"
    payload = hashlib.sha256(b"half").hexdigest()
    answer = browser.send(path, decision=f"restate {payload}", reason="Acme said so.")
    assert answer.headers["location"] == f"{path}?done=decided"
    with unit_of_work(world.database) as session:
        assert sales.get(session, conflict).output_tokens == 500_000
        assert conflict_decisions.waiting_count(session) == 0
    assert "restated Acme said so." in browser.text(path)
    again = browser.send(path, decision=f"keep {payload}", reason="No.")
    assert again.status_code == 422
    assert "is decided already" in again.text


def test_a_decision_without_a_reason_keeps_the_form(world, conflict):
    browser = world.browser("operator")
    payload = hashlib.sha256(b"half").hexdigest()
    answer = browser.send(f"/operator/conflicts/{conflict}", decision=f"keep {payload}", reason="")
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text


def test_a_heard_claim_is_decided_by_an_operator(world, catalogue):
    said = Said("I wrote half of it.", Evidence("A draft of 2020."))
    with unit_of_work(world.database) as session:
        new = NewClaim(catalogue.essay, 500_000, {catalogue.bo: 500_000}, said)
        made = claim_filing.file(session, new, by=Actor.of_holder(catalogue.bo), now=world.now)
        number = made.claim.claim_id
    browser = world.browser("operator")
    assert "Nothing waits" in browser.text("/operator/decisions")
    assert "the other side" in browser.text("/operator/decisions?show=all")
    path = f"/operator/claims/{number}"
    page = browser.text(path)
    assert "Who claims Bo 50 %" in page
    assert "Of whom Ada 50 %" in page
    assert "I wrote half of it. · A draft of 2020." in page
    assert "Uphold" not in page
    refused = browser.send(path, decision="rejected", reason="No.")
    assert refused.status_code == 422
    with unit_of_work(world.database) as session:
        assert str(claims.get(session, number).claim.state) == "claimed"


def test_a_disputed_line_is_rejected_with_a_reason(world, catalogue, sold):
    world.close("2026-01")
    number = f"2026-01-H{catalogue.ada}-USD"
    with unit_of_work(world.database) as session:
        new = NewLineDispute(number, 1, "It was more.", 9_000_000_000)
        made = line_disputes.insert(session, new, by=f"holder {catalogue.ada}", now=world.now)
    browser = world.browser("operator")
    path = f"/operator/line-disputes/{made.line_dispute_id}"
    assert f"{number}, line 1 disputed line Ada about Ode" in browser.text("/operator/decisions")
    said = browser.text(path)
    assert "What the statement says 7.29 USD" in said
    assert "What Ada expected 9.00 USD" in said
    accepted = browser.send(path, decision="accepted", reason="Yes.")
    assert accepted.status_code == 422
    assert 'name="reason"' in accepted.text
    assert "Yes." in accepted.text
    assert browser.send(path, decision="rejected", reason="It is right.").status_code == 303
    assert "operator rejected It is right." in browser.text(path)
    assert "Nothing waits" in browser.text("/operator/decisions")


def test_only_operators_see_decisions(world, conflict):
    for path in (
        "/operator/decisions",
        f"/operator/conflicts/{conflict}",
        "/operator/claims/1",
        "/operator/line-disputes/1",
        "/operator/late-matches/1",
        "/operator/reconciliations/1",
        "/operator/proposals/1",
    ):
        for login in ("ada", "acme"):
            assert world.browser(login).get(path).status_code == 403, (path, login)
    operator = world.browser("operator")
    for path in ("claims/9", "line-disputes/9", "late-matches/9", "conflicts/9"):
        assert operator.get(f"/operator/{path}").status_code == 404, path
