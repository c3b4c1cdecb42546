"""Findings: creators see what was found in their work, operators see both texts and decide."""

import pytest

from service.store import editions, examinations, findings
from service.store.attributions import EvidenceRow
from service.store.database import unit_of_work
from service.store.editions import NewEdition
from service.store.examinations import Examined, Found

SALT = "They say: Salt remembers the sea. Nobody asked it."
COPY = "A book. Salt remembers the sea. The end."
SPAN = EvidenceRow(8, 31, 0, 0, 10, 33, 991_000, "verbatim")


@pytest.fixture
def conflict(world, catalogue):
    """Ada's Salt, and Bo's work that takes a sentence of it; the number of the finding."""
    salt = world.work("Salt", {catalogue.ada: 1_000_000}, body=SALT)
    copy = world.work("Book", {catalogue.bo: 1_000_000}, body=COPY)
    found = Found(salt, "derived", 575_000, [SPAN])
    outcome = Examined(425_000, ("evasive",), None, [found], {})
    with unit_of_work(world.database) as session:
        examinations.store(session, copy, outcome, now=world.now)
        (finding,) = findings.of_work(session, copy)
    return finding


def state_of(world, finding):
    with unit_of_work(world.database) as session:
        now = findings.get(session, finding.finding_id)
        return now.state, now.decided_by, now.reason


MARK = '<mark class="match-0">Salt remembers the sea.<sup>1</sup></mark>'


def test_an_operator_sees_both_texts_side_by_side(world, conflict):
    browser = world.browser("operator")
    assert "Findings to decide 1" in browser.text("/operator")
    assert "Book Salt 57.5 % derived open" in browser.text("/operator/findings")
    page = browser.get(f"/operator/findings/{conflict.finding_id}").text
    assert f'<blockquote class="text">A book. {MARK} The end.</blockquote>' in page
    assert f'<blockquote class="text">They say: {MARK} Nobody asked it.</blockquote>' in page
    assert "verbatim · confidence 99.1 %" in page
    assert "evasive" in page


def test_a_finding_of_an_edition_is_seen_with_the_text_of_that_edition(world, catalogue):
    salt = world.work("Salt", {catalogue.ada: 1_000_000}, body=SALT)
    book = world.work("Book", {catalogue.bo: 1_000_000}, body="Another beginning.")
    found = Found(salt, "derived", 575_000, [SPAN])
    with unit_of_work(world.database) as session:
        edition = editions.add(
            session, book, NewEdition(COPY), registered_at=world.now, now=world.now
        )
        outcome = Examined(425_000, (), None, [found], {})
        examinations.store(session, edition.work_id, outcome, now=world.now)
        (finding,) = findings.of_editions(session, book)
    page = world.browser("operator").get(f"/operator/findings/{finding.finding_id}").text
    assert f'<blockquote class="text">A book. {MARK} The end.</blockquote>' in page


@pytest.mark.parametrize(
    ("decision", "state"), [("confirm", "confirmed"), ("dismiss", "dismissed")]
)
def test_an_operator_decides_with_a_reason(world, conflict, decision, state):
    browser = world.browser("operator")
    url = f"/operator/findings/{conflict.finding_id}"
    answer = browser.send(url, decision=decision, reason="They told us.")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{url}?done=decided")
    assert state_of(world, conflict) == (state, "operator", "They told us.")
    said = browser.text(f"{url}?done=decided")
    assert "Decided. It is kept with your login and the reason." in said
    assert "They told us." in said
    assert "Nothing waits for a decision" in browser.text("/operator/findings")
    assert "Book Salt" in browser.text("/operator/findings?show=all")


def test_a_refused_decision_keeps_what_was_written(world, conflict):
    browser = world.browser("operator")
    url = f"/operator/findings/{conflict.finding_id}"
    empty = browser.send(url, decision="confirm", reason=" ")
    assert empty.status_code == 422
    assert 'id="reason-error">The reason must not be empty.<' in empty.text
    neither = browser.send(url, decision="", reason="My <b>words")
    assert "Choose one of the two." in neither.text
    assert "My &lt;b&gt;words" in neither.text
    browser.send(url, decision="confirm", reason="First.")
    assert "is confirmed already." in browser.send(url, decision="dismiss", reason="Second.").text
    assert state_of(world, conflict) == ("confirmed", "operator", "First.")


def test_only_operators_come_here(world, conflict):
    for login in ("ada", "bo", "acme"):
        browser = world.browser(login)
        assert browser.get("/operator/findings").status_code == 403
        url = f"/operator/findings/{conflict.finding_id}"
        assert browser.get(url).status_code == 403
        assert browser.send(url, decision="dismiss", reason="Mine.").status_code == 403
    assert world.browser("operator").get("/operator/findings/999").status_code == 404


def test_a_creator_sees_their_passages_and_not_somebody_elses_text(world, conflict):
    page = world.browser("bo").get(f"/works/{conflict.work_id}").text
    assert "42.5 % of the text is found in nothing that was registered before it." in page
    assert "Noted at its registration: evasive." in page
    assert "57.5 % like “Salt”, registered earlier" in page
    assert f'<blockquote class="text">A book. {MARK} The end.</blockquote>' in page
    assert "Somebody else's work: its text is not shown." in page
    assert "They say:" not in page


def test_a_work_not_compared_yet_says_so(world, catalogue):
    said = world.browser("ada").text(f"/works/{catalogue.essay}")
    assert "It is compared with what was registered before it once it is indexed." in said
