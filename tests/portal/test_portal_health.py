"""Health, jobs and quarantine of the operator's console."""

from datetime import UTC, datetime, timedelta

import pytest

from service.ledger.tiers import Tier
from service.portal import health_lines
from service.portal.health_lines import State
from service.store import console_jobs, findings
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work
from service.store.throughput import Lag

NOW = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


def a_sale(world, catalogue, name="s1", **changed):
    return world.sale(
        name,
        **(
            {"tier": Tier.ELITE, "tokens": 1_000_000, "drew_on": {catalogue.ode: 600_000}} | changed
        ),
    )


def test_health_says_of_everything_whether_it_is_well(world, catalogue):
    a_sale(world, catalogue)
    said = world.browser("operator").text("/operator")
    for sentence in (
        "Sales to attribute 0 ok Nothing waits.",
        "Sales to settle 0 ok Nothing waits.",
        "Sales are taken yes ok",
        "Decisions 0 ok None.",
        "Works to index 2 ok They are found in outputs once indexed.",
        "Engine fake-1 ok",
        "Webhooks in trouble 0 ok None.",
        "Batches to seal 1 ok The sealer chains them next.",
        "Quarantined sales 0 ok None.",
        "Check of the books never look No check was asked for here yet.",
        "look Nothing is stuck; something waits for a look.",
        "2026-01 open",
    ):
        assert sentence in said


@pytest.mark.parametrize(
    ("hours", "state"), [(0.1, State.OK), (0.5, State.LOOK), (3, State.ACT)], ids=str
)
def test_a_stage_that_falls_behind_is_looked_at_and_then_acted_on(hours, state):
    lag = Lag(7, NOW - timedelta(hours=hours), None, None)
    line = health_lines.of_lag("Sales to settle", "settled", lag, now=NOW)
    assert (line.figure, line.state) == ("7", state)


def test_what_passed_the_stages_is_counted_by_window(world, catalogue):
    a_sale(world, catalogue, at=NOW - timedelta(minutes=30))
    a_sale(world, catalogue, "s2", at=NOW - timedelta(hours=5))
    said = world.browser("operator").text("/operator")
    assert "1 min 0 0 0 1 h 1 1 1 1 d 2 2 2" in said


def test_the_check_of_all_books_is_a_job_whose_result_stays(world, catalogue):
    a_sale(world, catalogue)
    browser = world.browser("operator")
    answer = browser.send("/operator/jobs/verify")
    path = answer.headers["location"]
    assert path == "/operator/jobs/1?done=asked"
    waiting = browser.get(path)
    assert 'hx-trigger="every 3s"' in waiting.text
    assert "Look again" in waiting.text
    assert browser.send("/operator/jobs/verify").headers["location"] == path
    world.works()
    page = browser.get("/operator/jobs/1")
    assert "hx-trigger" not in page.text
    said = browser.text("/operator/jobs/1")
    assert "Check of the books: all books" in said
    assert "invariants" in said
    assert "every entry sums to zero" in said.lower() or "sums to zero" in said
    assert "1 Check of the books all books done operator" in browser.text("/operator/jobs")
    assert "Check of the books" in browser.text("/operator")
    assert browser.get("/operator/jobs/9").status_code == 404


def test_a_job_that_was_left_is_begun_again_and_ends_once(world, catalogue):
    with unit_of_work(world.database) as session:
        job = console_jobs.ask(session, JobKind.VERIFY, {}, by="operator", now=NOW)
        console_jobs.begin(session, job, now=NOW)
    world.works()
    with unit_of_work(world.database) as session:
        console_jobs.end(session, job, refusal="too late", now=NOW)
        assert console_jobs.get(session, job).state == "done"


def test_a_job_that_is_refused_says_why(world, catalogue):
    a_sale(world, catalogue)
    world.close("2026-01")
    with unit_of_work(world.database) as session:
        facts = {"period": "2026-01"}
        console_jobs.ask(session, JobKind.REHEARSE_CLOSE, facts, by="operator", now=NOW)
    world.works()
    said = world.browser("operator").text("/operator/jobs/1")
    assert "refused" in said
    assert "It was not done: period 2026-01 is closed already" in said


def test_quarantine_shows_reason_facts_and_what_mends_it(world, catalogue):
    browser = world.browser("operator")
    assert "Nothing is quarantined" in browser.text("/operator/quarantine")
    sale = a_sale(world, catalogue, currency="EUR")
    said = browser.text("/operator/quarantine")
    assert "currency-differs : 1 sale The sale is in another currency" in said
    assert f"{sale} Acme s1 2026-01 currency-differs" in said
    assert "contract USD" in said
    assert "No other" not in said
    assert "Nothing is quarantined" in browser.text("/operator/quarantine?reason=no-contract")
    assert "Quarantined sales 1 act" in browser.text("/operator")


def test_all_of_a_reason_are_settled_again_by_a_job(world, catalogue):
    a_sale(world, catalogue, currency="EUR")
    browser = world.browser("operator")
    answer = browser.send("/operator/quarantine/settle", reason="currency-differs")
    path = answer.headers["location"].partition("?")[0]
    assert "A worker settles some of them again" in browser.text("/operator/quarantine")
    world.works()
    said = browser.text(path)
    assert "0 settled. 1 still quarantined: currency-differs" in said


def test_only_operators_see_it(world, catalogue):
    for path in ("/operator", "/operator/jobs", "/operator/jobs/1", "/operator/quarantine"):
        for login in ("ada", "acme"):
            assert world.browser(login).get(path).status_code == 403, (path, login)
    for path in ("/operator/jobs/verify", "/operator/quarantine/settle"):
        assert world.browser("ada").send(path, reason="x").status_code == 403
    with unit_of_work(world.database) as session:
        assert console_jobs.listing(session, limit=1) == []
        assert findings.open_count(session) == 0
