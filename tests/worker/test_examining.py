"""Every new work is compared with what was registered before it, in order, before sales are."""

from datetime import UTC, datetime

import psycopg
import pytest

from service.ledger.errors import LedgerError
from service.ledger.tiers import Tier
from service.store import examinations, findings, owners, works
from service.store.database import unit_of_work
from worker import drain, examining
from worker.embedding import embed_next

DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
ALL = 1_000_000


def examined(town, work):
    ((originality, flags, origin),) = town.tells(
        "SELECT originality_ppm, flags, origin_work_id FROM work WHERE work_id = :work", work=work
    )
    return originality, flags, origin


def found_in(town, work):
    with unit_of_work(town.database) as session:
        return [
            (one.of_work_id, one.kind, one.share_ppm, one.state)
            for one in findings.of_work(session, work)
        ]


def decide(town, how, work):
    with unit_of_work(town.database) as session:
        (finding,) = findings.of_work(session, work)
        return how(session, finding.finding_id, by="op", reason="They agreed.", now=town.clock())


@pytest.fixture
def copied(village, texts):
    """Ada's Ode, and Bo's copy of it, registered later."""
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    copy = village.registers("Copy", texts.ode + " The end.", {"Bo": ALL}, on=JANUARY)
    village.works()
    return village, ode, copy


def test_a_work_of_ones_own_is_wholly_original(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    essay = village.registers("Essay", texts.essay, {"Bo": ALL})
    village.works()
    assert examined(village, ode) == examined(village, essay) == (ALL, [], None)
    assert found_in(village, ode) == found_in(village, essay) == []


def test_a_near_copy_becomes_a_conflict_and_what_it_wins_is_the_originals(copied, texts):
    town, ode, copy = copied
    originality, _, origin = examined(town, copy)
    assert (originality < 50_000, origin) == (True, ode)
    ((of, kind, share, state),) = found_in(town, copy)
    assert (of, kind, share > 950_000, state) == (ode, "near-copy", True, "open")
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, at=FEBRUARY)
    town.works()
    assert town.tells("SELECT work_ids FROM attribution") == [([ode],)]


def test_what_is_partly_taken_is_proposed_as_a_derivative_with_its_spans(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    mixed = village.registers("Mixed", f"{texts.essay} {texts.ode}", {"Bo": ALL}, on=JANUARY)
    village.works()
    ((of, kind, share, _),) = found_in(village, mixed)
    assert (of, kind) == (ode, "derived")
    assert 450_000 < share < 550_000
    assert examined(village, mixed)[0] == ALL - share
    assert examined(village, mixed)[2] is None
    with unit_of_work(village.database) as session:
        (finding,) = findings.of_work(session, mixed)
    for one in finding.evidence:
        own = f"{texts.essay} {texts.ode}"[one.output_start : one.output_end]
        assert own == texts.ode[one.source_start : one.source_end]
        assert (one.kind, one.confidence_ppm > 999_000) == ("verbatim", True)
    taken = village.tells(
        "SELECT count(*) FROM passage p JOIN passage o ON o.passage_id = p.origin_passage_id "
        "WHERE p.work_id = :mixed AND o.work_id = :ode",
        mixed=mixed,
        ode=ode,
    )
    assert taken == [(len(finding.evidence),)]


def test_the_earlier_registration_wins_whatever_its_number(village, texts):
    later = village.registers("Copy", texts.ode + " The end.", {"Bo": ALL}, on=JANUARY)
    earlier = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    village.works()
    assert examined(village, later)[2] == earlier
    assert examined(village, earlier) == (ALL, [], None)


def test_a_new_edition_owes_its_own_author_nothing(village, texts):
    village.registers("Ode", texts.ode, {"Ada": 600_000, "Bo": 400_000}, on=DECEMBER)
    edition = village.registers(
        "Ode, again", texts.ode + " The end.", {"Bo": 500_000, "Ada": 500_000}, on=JANUARY
    )
    village.works()
    assert examined(village, edition) == (ALL, [], None)


def test_what_a_new_edition_keeps_stays_with_the_first_one(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    edition = village.registers("Ode, again", texts.ode + " The end.", {"Ada": ALL}, on=JANUARY)
    village.works()
    kept = "SELECT count(*) FROM passage p JOIN passage o ON o.passage_id = p.origin_passage_id "
    kept += "WHERE p.work_id = :edition AND o.work_id = :ode"
    assert village.tells(kept, edition=edition, ode=ode) == [(4,)]
    assert examined(village, edition) == (ALL, [], None)
    assert found_in(village, edition) == []
    village.sells("one", text=texts.ode + " The end.", tier=Tier.PREMIUM, at=FEBRUARY)
    village.works()
    with unit_of_work(village.database) as session:
        works.withdraw(session, ode, now=FEBRUARY)
    village.sells("two", text=texts.ode + " The end.", tier=Tier.PREMIUM, at=village.clock())
    village.works()
    won = village.tells("SELECT work_ids FROM attribution ORDER BY attribution_id")
    assert won == [([ode],), ([edition],)]


def test_a_new_edition_owes_nothing_to_a_copy_of_the_first_one(copied, texts):
    town, _, _ = copied
    edition = town.registers("Ode, again", texts.ode + " Fin.", {"Ada": ALL}, on=FEBRUARY)
    town.works()
    assert examined(town, edition) == (ALL, [], None)
    assert found_in(town, edition) == []


def test_an_earlier_theft_of_ones_own_does_not_cover_a_later_one(copied, texts):
    town, ode, _ = copied
    again = town.registers("Copy, again", texts.ode + " Fin.", {"Bo": ALL}, on=FEBRUARY)
    town.works()
    assert examined(town, again)[2] == ode
    assert [found[:2] for found in found_in(town, again)] == [(ode, "near-copy")]


def test_a_withdrawn_work_was_there_first_all_the_same(copied, texts):
    town, ode, _ = copied
    with unit_of_work(town.database) as session:
        works.withdraw(session, ode, now=FEBRUARY)
    again = town.registers("Once more", "Preface. " + texts.ode, {"Cy": ALL}, on=FEBRUARY)
    town.works()
    assert examined(town, again)[2] == ode


def test_a_near_copy_wins_nothing_until_the_finding_is_dismissed(copied, texts):
    town, ode, copy = copied
    with unit_of_work(town.database) as session:
        works.withdraw(session, ode, now=FEBRUARY)
    town.sells("before", text=texts.ode, tier=Tier.PREMIUM, at=town.clock())
    town.works()
    decide(town, findings.dismiss, copy)
    town.sells("after", text=texts.ode + " The end.", tier=Tier.PREMIUM, at=town.clock())
    town.works()
    won = town.tells("SELECT work_ids FROM attribution ORDER BY attribution_id")
    assert won == [([],), ([copy],)]


def test_dismissing_gives_the_passages_back_at_once(copied, texts):
    town, _, copy = copied
    decide(town, findings.dismiss, copy)
    assert found_in(town, copy)[0][3] == "dismissed"
    assert examined(town, copy)[2] is None
    assert town.tells("SELECT count(*) FROM passage WHERE origin_passage_id IS NOT NULL") == [(0,)]


def test_confirming_keeps_them_and_nobody_decides_twice(copied):
    town, ode, copy = copied
    confirmed = decide(town, findings.confirm, copy)
    assert (confirmed.state, confirmed.decided_by, confirmed.reason) == (
        "confirmed",
        "op",
        "They agreed.",
    )
    assert examined(town, copy)[2] == ode
    with pytest.raises(findings.FindingDecided, match="is confirmed already"):
        decide(town, findings.dismiss, copy)


def test_a_decision_needs_a_reason(copied):
    town, _, copy = copied
    with unit_of_work(town.database) as session:
        (finding,) = findings.of_work(session, copy)
        with pytest.raises(LedgerError, match="must not be empty"):
            findings.confirm(session, finding.finding_id, by="op", reason=" ", now=JANUARY)


def test_accounts_with_one_text_are_one_owner(village, texts):
    first = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    second = village.registers("Ode 2", texts.ode + " Two.", {"Bo": ALL}, on=JANUARY)
    third = village.registers("Ode 3", texts.ode + " Three.", {"Cy": ALL}, on=FEBRUARY)
    essay = village.registers("Essay", texts.essay, {"Dee": ALL}, on=FEBRUARY)
    village.works()
    with unit_of_work(village.database) as session:
        owner = owners.owner_of_works(session, [first, second, third, essay])
    assert owner[first] == owner[second] == owner[third] != owner[essay]


def test_sales_wait_until_every_work_is_examined(village, texts):
    village.registers("Ode", texts.ode, {"Ada": ALL})
    village.sells("one", text=texts.ode, at=JANUARY)
    embed_next(village.database, village.room, now=village.clock())
    assert drain.attribute(village.place) is False
    assert drain.embed(village.place) is True
    assert drain.attribute(village.place) is True


def test_a_work_waits_for_one_registered_earlier_that_is_not_embedded_yet(village, texts):
    copy = village.registers("Copy", texts.ode + " The end.", {"Ada": ALL}, on=JANUARY)
    embed_next(village.database, village.room, now=village.clock())
    ode = village.registers("Ode", texts.ode, {"Bo": ALL}, on=DECEMBER)
    assert examining.examine_next(village.database, village.room, now=village.clock()) == 0
    village.works()
    assert examined(village, copy)[2] == ode


def test_an_examination_cut_short_is_done_again_and_once(village, texts, monkeypatch):
    village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    copy = village.registers("Copy", texts.ode + " The end.", {"Bo": ALL}, on=JANUARY)
    whole = examinations.store

    def killed(session, work_id, outcome, *, now):
        whole(session, work_id, outcome, now=now)
        if work_id == copy:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(examinations, "store", killed)
        with pytest.raises(KeyboardInterrupt):
            village.works()
    assert found_in(village, copy) == []
    village.works()
    assert len(found_in(village, copy)) == 1


def test_a_second_outcome_of_one_work_changes_nothing(copied):
    town, _, copy = copied
    nothing = examinations.Examined(0, ("stuffed",), None, (), {})
    with unit_of_work(town.database) as session:
        assert examinations.store(session, copy, nothing, now=FEBRUARY) is False
    assert examined(town, copy)[1] == []


def test_the_database_lets_nobody_decide_twice(copied, urls):
    town, _, copy = copied
    decide(town, findings.confirm, copy)
    with (
        psycopg.connect(urls.owner, autocommit=True) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="decided already"),
    ):
        connection.execute("UPDATE finding SET reason = 'another'")
