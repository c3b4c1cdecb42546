"""Operators enter, answer, decide and look at claims and disputed lines by command."""

import json

import pytest
from claim_scene import ode_of

from service.ledger.line_dispute import LineAnswer
from service.store import line_disputes
from service.store.database import unit_of_work
from service.store.line_disputes import NewLineDispute
from worker.workplace import utc_now

MILLION = 1_000_000


@pytest.fixture
def scene(town, texts):
    scene = ode_of(town, texts.ode, {"Ada": MILLION})
    for login in ("ola", "per"):
        town.tells(
            "INSERT INTO portal_user "
            "(login, login_key, member_role, password_hash, role, created_at) "
            "VALUES (:login, :login, 'admin', '', 'operator', now()) RETURNING 1",
            login=login,
        )
    return scene


def test_a_claim_from_letter_to_verdict(scene, wellspring):
    ada, work = scene.number("Ada"), scene.town.ode
    code, out, err = wellspring(
        *("claims", "enter", work, 300_000, "--name", "Dora", "--reason", "A letter came."),
        *("--evidence", "The contract of 2019", "--url", "https://example.org/c", "--json"),
    )
    assert err == ""
    told = json.loads(out)
    number = told["claim"]
    assert (code, told["state"], told["claimed_ppm"]) == (0, "claimed", 300_000)
    assert told["claimants"] == "Dora 300000"
    assert told["why_not_paid"].startswith(f"30 % of work {work} is claimed by claim {number}")
    assert wellspring("claims", "contest", number, "--for", ada, "--reason", "No.")[0] == 0
    decide = ("claims", "decide", number, "upheld", "--reason", "It is signed.", "--operator")
    code, _, err = wellspring(*decide, "nobody")
    assert (code, "no operator 'nobody'" in err) == (1, True)
    assert wellspring(*decide, "ola")[0] == 0
    assert wellspring("claims", "appeal", number, "--for", ada, "--reason", "Forged.")[0] == 0
    code, _, err = wellspring(*decide, "ola")
    assert (code, "another operator decides its appeal" in err) == (1, True)
    assert wellspring(*decide, "per")[0] == 0
    code, out, _ = wellspring("claims", "show", number, "--json")
    told = json.loads(out)
    assert (told["state"], told["outcome"]) == ("verified", "upheld 300000 ppm")
    assert [(step["what"], step["by"]) for step in told["steps"]] == [
        ("claim", "command line"),
        ("contest", "command line"),
        ("decide", "ola"),
        ("appeal", "command line"),
        ("decide", "per"),
    ]
    assert "Dora 300000" in wellspring("claims", "list", "--work", work)[1]
    assert json.loads(wellspring("claims", "list", "--open", "--json")[1]) == []
    assert "Forged." in wellspring("claims", "show", number)[1]


def test_a_counter_claim_by_telephone(scene, wellspring):
    ada, ben = scene.number("Ada"), scene.number("Ben")
    work = scene.town.ode
    scene.town.clock.now = utc_now()  # commands have no other clock
    first = scene.claim("Ben", work, 300_000).claim.claim_id
    ode_2 = scene.town.registers("Ode 2", "A second ode of another hand.", {"Ben": MILLION})
    code, out, err = wellspring(
        *("claims", "counter", first, ode_2, 500_000, "--for", ada, "--reason", "His is mine."),
        "--json",
    )
    assert err == ""
    told = json.loads(out)
    assert (code, told["counters"], told["respondents"]) == (0, first, "Ben 500000")
    assert scene.get(first).claim.state == "contested"
    code, _, err = wellspring(
        *("claims", "counter", first, ode_2, 5, "--for", ben, "--reason", "No.")
    )
    assert (code, "counter-claim is not for the claimant" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("enter", 1, 5, "--reason", "r"), "takes one of --for and --name"),
        (("enter", 99, 5, "--for", 1, "--reason", "r"), "no work 99"),
        (("decide", 1, "partly", "--reason", "r", "--operator", "ola"), "goes with partly"),
        (("show", 99), "no claim 99"),
        (("withdraw", 99, "--for", 1, "--reason", "r"), "no claim 99"),
        (("evidence", 99, "--reason", "r"), "must have a text, an address or a hash"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(scene, wellspring, arguments, said):
    code, _, err = wellspring("claims", *arguments)
    assert (code, said in err) == (1, True)


def test_a_line_is_accepted_with_what_corrects_it_and_mended_by_a_later_statement(
    scene, wellspring
):
    """Ben should have had half of January: the operator changes the split, then answers."""
    town, work = scene.town, scene.town.ode
    ada, ben = scene.number("Ada"), scene.number("Ben")
    town.closes("2026-01")
    statement = f"2026-01-H{ada}-USD"
    with unit_of_work(town.database) as session:
        new = NewLineDispute(statement, 1, "Half of it is Ben's.", 270_000_000)
        made = line_disputes.insert(session, new, by="ada", now=town.clock())
    rows = json.loads(wellspring("line-disputes", "list", "--open", "--json")[1])
    assert [(row["statement"], row["stated"], row["expected"]) for row in rows] == [
        (statement, "0.54", "0.27")
    ]
    split = (f"{ada}=500000", f"{ben}=500000")
    wellspring("corrections", "split", work, *split, "--from", "2026-01-01", "--reason", "agreed")
    ((job,),) = town.tells("SELECT job_id FROM correction_job")
    answer = ("line-disputes", "answer", made.line_dispute_id, "accepted", "--reason", "He wrote.")
    code, _, err = wellspring(*answer)
    assert (code, "names the correction that mends the line" in err) == (1, True)
    assert wellspring(*answer, "--correction", job)[0] == 0
    with unit_of_work(town.database) as session:
        said = line_disputes.get(session, made.line_dispute_id)
        assert (said.answer, said.corrected_by) == (LineAnswer.ACCEPTED, ())
    town.clock.now = said.answered_at.replace(year=said.answered_at.year + 1)
    town.works()
    town.closes("2026-02")
    with unit_of_work(town.database) as session:
        said = line_disputes.get(session, made.line_dispute_id)
    lines = town.statement("Ada", "2026-02").lines
    assert {number for number, _ in said.corrected_by} == {f"2026-02-H{ada}-USD"}
    mended = [lines[line - 1].nanos for _, line in said.corrected_by]
    assert sum(mended) == 270_000_000 - 540_000_000
    assert town.broken() == []
