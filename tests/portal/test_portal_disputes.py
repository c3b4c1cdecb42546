"""A creator disputes a line of a statement from its page, and reads what was answered."""

import json

from service.ledger.line_dispute import LineAnswer
from service.ledger.tiers import Tier
from service.store import line_disputes
from service.store.database import unit_of_work


def a_statement(world, catalogue):
    """Close January, of which Ada earned 7.29 USD by Ode; return the number of her statement."""
    world.sale("s1", tier=Tier.ELITE, tokens=1_000_000, drew_on={catalogue.ode: 600_000})
    world.close("2026-01")
    return f"2026-01-H{catalogue.ada}-USD"


def test_each_line_is_listed_with_its_number(world, catalogue):
    number = a_statement(world, catalogue)
    browser = world.browser("ada")
    assert f'href="/statements/{number}/lines"' in browser.get(f"/statements/{number}").text
    said = browser.text(f"/statements/{number}/lines")
    assert "Line 1 Ode to Tides Acme elite 2026-01 1 60 % 7.29 USD" in said
    assert "Until 2026-05-11 (UTC) you may dispute any of them" in said


def test_a_line_is_disputed_once_and_the_answer_is_read(world, catalogue):
    number = a_statement(world, catalogue)
    browser = world.browser("ada")
    path = f"/statements/{number}/lines/1"
    answer = browser.send(path, expected="8.10", reason="<b>Too little</b>")
    assert answer.headers["location"] == f"{path}?done=disputed"
    page = browser.get(path).text
    assert "&lt;b&gt;Too little&lt;/b&gt;" in page
    assert "Dispute this line" not in page
    again = browser.send(path, expected="8.10", reason="Again")
    assert again.status_code == 422
    assert "is disputed already" in again.text
    with unit_of_work(world.database) as session:
        (one,) = line_disputes.listing(session, limit=2)
        line_disputes.answer(
            session,
            one.line_dispute_id,
            LineAnswer.REJECTED,
            reason="The split says 60 %.",
            correction_job_id=None,
            by="operator",
            now=world.now,
        )
    said = browser.text(path)
    assert "Answer rejected Why The split says 60 %." in said
    assert "7.29 USD rejected" in browser.text(f"/statements/{number}/lines")


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(world, catalogue):
    number = a_statement(world, catalogue)
    answer = world.browser("ada").send(
        f"/statements/{number}/lines/1", expected="a lot", reason="Too little"
    )
    assert answer.status_code == 422
    assert 'id="expected-error"' in answer.text
    assert 'value="a lot"' in answer.text
    assert "Too little</textarea>" in answer.text


def test_it_can_be_disputed_until_a_day_and_no_longer(world, catalogue):
    number = a_statement(world, catalogue)
    world.now = world.now.replace(month=6)
    browser = world.browser("ada")
    path = f"/statements/{number}/lines/1"
    assert "could be disputed until 2026-05-11" in browser.text(path)
    assert browser.send(path, expected="1", reason="Late").status_code == 422


def test_lines_of_others_and_lines_that_are_none_are_not_there(world, catalogue):
    number = a_statement(world, catalogue)
    stranger = world.browser("bo")
    for path in ("lines", "lines/1", "proof.json"):
        assert stranger.get(f"/statements/{number}/{path}").status_code == 404
    assert (
        stranger.send(f"/statements/{number}/lines/1", expected="1", reason="x").status_code == 404
    )
    own = world.browser("ada")
    for path in ("lines/0", "lines/2", f"lines/{2**70}"):
        assert own.get(f"/statements/{number}/{path}").status_code == 404


def test_the_proof_is_handed_out_once_the_month_is_sealed(world, catalogue):
    number = a_statement(world, catalogue)
    browser = world.browser("ada")
    assert (
        f'data-proof="/statements/{number}/proof.json"' in browser.get(f"/statements/{number}").text
    )
    assert browser.get(f"/statements/{number}/proof.json").status_code == 404
    world.proofs.file = json.dumps({"format": "wellspring-proof/1"})
    answer = browser.get(f"/statements/{number}/proof.json")
    assert answer.json() == {"format": "wellspring-proof/1"}
    assert world.proofs.asked == [number, number]
