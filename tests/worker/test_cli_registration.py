"""Commons, findings, late matches and previews as an operator uses them on the command line."""

import json
from datetime import UTC, datetime

import pytest

from service.api.doors import PreviewedAttribution, PreviewPassage
from service.store import attributions, examinations, late_matches, presence, works
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import unit_of_work
from service.store.examinations import Examined, Found
from service.store.late_matches import NewMatch
from worker.cli import preview

ALL = 1_000_000
DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = EvidenceRow(0, 15, 1, 1, 4, 19, 990_000, "verbatim")


def asked(wellspring, *arguments):
    """Ask for JSON of a command that succeeds."""
    code, out, err = wellspring(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_commons_is_imported_listed_and_withdrawn(wellspring, tmp_path):
    path = tmp_path / "commons.jsonl"
    path.write_text(
        json.dumps({"id": "psalm", "title": "Psalm", "text": "The Lord is my shepherd."})
    )
    assert asked(wellspring, "commons", "import", path) == {"registered": 1, "duplicate": 0}
    assert asked(wellspring, "commons", "import", path) == {"registered": 0, "duplicate": 1}
    (listed,) = asked(wellspring, "commons", "list")
    assert (listed["id"], listed["title"], listed["withdrawn"]) == ("psalm", "Psalm", None)
    number = listed["work"]
    assert asked(wellspring, "commons", "withdraw", number)["title"] == "Psalm"
    assert asked(wellspring, "commons", "list")[0]["withdrawn"] is not None
    assert wellspring("commons", "withdraw", number)[2].strip() == (
        f"error: work {number} is withdrawn already"
    )
    assert "no work 99" in wellspring("commons", "withdraw", "99")[2]


def test_a_work_of_somebody_is_not_withdrawn_as_commons(wellspring, village):
    ode = village.registers("Ode", "Sing, o muse.", {"Ada": ALL})
    code, _, err = wellspring("commons", "withdraw", ode)
    assert (code, err.strip()) == (1, f"error: work {ode} is not of the commons")


@pytest.fixture
def conflict(village):
    """Two works, of which the second takes from the first."""
    ode = village.registers("Ode", "Oh, the tide is out. So am I.", {"Ada": ALL}, on=DECEMBER)
    copy = village.registers("Copy", "the tide is out, I say.", {"Bo": ALL}, on=JANUARY)
    small = village.registers("Small", "the tide is out? No.", {"Cy": ALL}, on=JANUARY)
    with unit_of_work(village.database) as session:
        for work, share in ((copy, 650_000), (small, 50_000)):
            found = Found(ode, "derived", share, [SPAN])
            outcome = Examined(ALL - share, (), None, [found], {})
            examinations.store(session, work, outcome, now=village.clock())
    return village


def test_findings_are_listed_shown_and_decided(wellspring, conflict):
    (listed,) = asked(wellspring, "findings", "list", "--open")
    assert (listed["title"], listed["title_of_that"], listed["share_ppm"]) == (
        "Copy",
        "Ode",
        650_000,
    )
    assert len(asked(wellspring, "findings", "list", "--least", "0")) == 2
    number = listed["number"]
    (span,) = asked(wellspring, "findings", "show", number)["evidence"]
    assert (span["work"], span["earlier_work"]) == ("the tide is out", "the tide is out")
    assert "the tide is out" in wellspring("findings", "show", number)[1]
    decided = asked(wellspring, "findings", "confirm", number, "--reason", "They agreed.")
    assert (decided["state"], decided["decided_by"]) == ("confirmed", "command line")
    assert asked(wellspring, "findings", "list", "--open") == []
    code, _, err = wellspring("findings", "dismiss", number, "--reason", "No.")
    assert (code, err.strip()) == (1, f"error: finding {number} is confirmed already")
    assert wellspring("findings", "confirm", number)[0] == 2
    assert "no finding 99" in wellspring("findings", "show", "99")[2]


@pytest.fixture
def counted(village):
    """200 outputs, of which Mallory's phrase wins a little in 20 and the commons in the others."""
    phrase = village.registers("Phrase", "Yours truly.", {"Mallory": ALL})
    with unit_of_work(village.database) as session:
        new = works.NewWork("Boilerplate", "Boilerplate.", "en")
        commons = works.register(
            session, new, registered_at=JANUARY, now=JANUARY, commons=True
        ).work_id
        for number in range(200):
            paid = number < 20
            won = EvidenceRow(
                0, 15, phrase if paid else commons, 1, 4, 19, 990_000, "verbatim", paid
            )
            wanted = Wanted(1, number.to_bytes(32, "big"), JANUARY, 0)
            own = {phrase: 100_000} if paid else {}
            attributions.insert(
                session,
                wanted,
                engine=village.room.engine_id,
                share_ppm={9: 900_000} | own,
                unmatched_ppm=100_000 - sum(own.values()),
                evidence=[won, EvidenceRow(15, 150, 9, 1, 0, 135, 990_000, "verbatim")],
                now=JANUARY,
            )
        presence.count_next(session, limit=200)
    return village


def test_works_that_win_everywhere_are_listed_and_the_commons_apart(wellspring, counted):
    assert asked(wellspring, "findings", "widespread") == [
        {
            "month": "2026-01",
            "work": 1,
            "title": "Phrase",
            "holder": "Mallory",
            "outputs": 20,
            "of": 200,
            "percent": "10",
            "finding": None,
        }
    ]
    (commons,) = asked(wellspring, "findings", "widespread", "--commons")
    assert (commons["title"], commons["outputs"], commons["percent"]) == ("Boilerplate", 180, "90")
    code, out, _ = wellspring("findings", "widespread")
    assert code == 0
    assert all(word in out for word in ("2026-01", "Phrase", "Mallory", "200"))


@pytest.fixture
def proposed(conflict):
    """A late match of the first work."""
    with unit_of_work(conflict.database) as session:
        match = NewMatch(1, 7, 250_000, [SPAN], JANUARY, conflict.clock())
        late_matches.propose(session, [match], [1], now=conflict.clock())
    return conflict


def test_late_matches_are_listed_and_approved_on_evidence(wellspring, proposed):
    (listed,) = asked(wellspring, "late", "list", "--open")
    assert (listed["registered"], listed["entered"], listed["sales"]) == (
        "2025-12-01T00:00:00+00:00",
        "2026-03-10T12:00:00+00:00",
        0,
    )
    number = listed["number"]
    assert wellspring("late", "approve", number, "--reason", "Old.")[0] == 2
    order = ("late", "approve", number, "--reason", "Old.", "--evidence", "A print of 2019.")
    approved = asked(wellspring, *order)
    assert approved["state"] == "approved"
    assert approved["reason"] == "Old.\nEvidence of creation: A print of 2019."
    code, _, err = wellspring("late", "dismiss", number, "--reason", "No.")
    assert (code, err.strip()) == (1, f"error: late match {number} is approved already")
    assert "no late match 99" in wellspring("late", "dismiss", "99", "--reason", "No.")[2]


def test_a_search_for_a_work_that_cannot_claim_is_refused(wellspring, village):
    code, _, err = wellspring("late", "search", "7")
    assert (code, err.strip()) == (
        1,
        "error: work 7 is unknown, not examined yet or of the commons",
    )


class ToldPreview:
    """Pays the first three characters to work 1 and says why the rest is not paid."""

    def __init__(self, _place):
        pass

    def attribute(self, text):
        end = len(text)
        return PreviewedAttribution(
            {1: 400_000},
            600_000,
            (),
            "told/1",
            (
                PreviewPassage(0, 3, "work", 1, 5, 8, 990_000, "verbatim", "paid"),
                PreviewPassage(3, end, "none", None, None, None, 0, None, "no likeness"),
            ),
        )


def test_a_preview_says_for_each_passage_what_becomes_of_it(
    wellspring, village, tmp_path, monkeypatch
):
    village.registers("Ode", "Sing, the tide.", {"Ada": ALL})
    monkeypatch.setattr(preview, "EnginePreview", ToldPreview)
    path = tmp_path / "output.txt"
    path.write_text("the weather")
    told = asked(wellspring, "preview", path)
    assert [one["reason"] for one in told["passages"]] == ["paid", "no likeness"]
    assert told["titles"] == {"1": "Ode"}
    code, out, _ = wellspring("preview", path)
    assert code == 0
    assert all(word in out for word in ("0-3", "Ode", "990000", "no likeness", "unmatched"))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "must not be empty"), (b"\xff", "is not UTF-8 at byte 0"), (b"a\0b", "has a NUL")],
)
def test_a_text_that_is_none_is_refused(wellspring, tmp_path, content, said):
    path = tmp_path / "output.txt"
    path.write_bytes(content)
    code, _, err = wellspring("preview", path)
    assert (code, said in err) == (1, True), err
