"""Proposals in the portal: a co-holder reads what was said of their share and answers."""

import pytest

from service.store import holds
from service.store.database import unit_of_work


@pytest.fixture
def registered(world, catalogue):
    """Ada registers a work in the portal and names Cleo with 40 %, who has a login of her own."""
    fields = {
        "title": "Salt", "language": "en", "text": "Salt remembers the sea.", "own_share": "60",
        "holder_name": "Cleo", "holder_share": "40",
    }  # fmt: skip
    cleo = world.holder("Cleo")
    world.user("cleo", "creator", cleo)
    answer = world.browser("ada").send("/works/new", **fields)
    assert answer.status_code == 303, answer.text
    return cleo


def held(world):
    with unit_of_work(world.database) as session:
        return [one.hold.holder_id for one in holds.active_of(session)]


def test_who_is_named_reads_it_and_accepts(world, registered):
    browser = world.browser("cleo")
    said = browser.text("/proposals")
    for sentence in (
        "Salt, from 2026-02-10",
        "State open: it counts already, unconfirmed",
        "Proposed by Ada, 2026-02-10 12:00 UTC",
        "Open until 2026-03-12 12:00 UTC",
        "Waits for Cleo Ada accepted",
        "Ada 60 % Cleo 40 %",
    ):
        assert sentence in said
    assert held(world) == [registered]

    answer = browser.send("/proposals/1", decision="accept", reason="")
    assert (answer.status_code, answer.headers["location"]) == (303, "/proposals?done=answered")
    said = browser.text("/proposals?done=answered")
    assert "Answered. What everybody has accepted counts from its day on." in said
    assert "Why it ended everybody has accepted" in said
    assert "Accept" not in said.replace("accepted", "").replace("accept it", "")
    assert held(world) == []


def test_who_declines_says_why(world, registered):
    browser = world.browser("cleo")
    silent = browser.send("/proposals/1", decision="decline", reason=" ")
    assert silent.status_code == 422
    assert "The reason must not be empty." in silent.text
    undecided = browser.send("/proposals/1", reason="x")
    assert "Choose one of the two." in undecided.text

    assert browser.send("/proposals/1", decision="decline", reason="Half.").status_code == 303
    assert "Cleo declined: Half." in world.browser("ada").text("/proposals")
    assert held(world) == [registered]
    again = browser.send("/proposals/1", decision="accept", reason="")
    assert "Proposal 1 is declined already." in again.text


def test_nobody_else_sees_it(world, registered):
    browser = world.browser("bo")
    assert "Nothing was proposed to you yet." in browser.text("/proposals")
    assert browser.send("/proposals/1", decision="accept", reason="").status_code == 404
