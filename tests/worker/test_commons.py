"""The commons: texts that are nobody's win what they match, for sales of any day, unpaid."""

import json
from datetime import UTC, datetime

import pytest

from service.ledger.tiers import Tier
from service.store import attributions, findings, works
from service.store.attributions import EvidenceRow
from service.store.database import unit_of_work
from worker.import_lines import BadFile
from worker.work_import import WorksImported, import_commons

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
ALL = 1_000_000


def file_of(path, *lines):
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def imported(town, path, *lines):
    return import_commons(town.database, file_of(path / "c.jsonl", *lines), now=town.clock())


def test_what_the_commons_wins_is_unmatched(village, texts, tmp_path):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    line = {"id": "bread", "title": "On bread", "text": texts.essay, "language": "en"}
    assert imported(village, tmp_path, line) == WorksImported(registered=1, duplicate=0)
    sale = village.sells("one", text=f"{texts.ode} {texts.essay}", tier=Tier.PREMIUM, at=FEBRUARY)
    village.works()
    with unit_of_work(village.database) as session:
        found = attributions.of_sale(session, sale)
    assert set(found.share_ppm) == {ode}
    assert found.unmatched_ppm == ALL - found.share_ppm[ode] > 400_000
    assert {one.paid for one in found.evidence} == {True, False}
    assert village.tells("SELECT count(*) FROM unmatched_passage") == [(0,)]
    assert village.broken() == []


def test_it_was_there_before_every_sale(village, texts, tmp_path):
    essay = village.registers("My bread", texts.essay + " My own end.", {"Ada": ALL}, on=JANUARY)
    imported(village, tmp_path, {"id": "bread", "title": "On bread", "text": texts.essay})
    sale = village.sells("one", text=texts.ode, at=FEBRUARY)
    village.works()
    with unit_of_work(village.database) as session:
        assert attributions.of_sale(session, sale).share_ppm == {}
        ((_, kind),) = [(f.of_work_id, f.kind) for f in findings.of_work(session, essay)]
    assert kind == "near-copy"


def test_part_of_a_work_taken_from_the_commons_is_owed_to_nobody(village, texts, tmp_path):
    imported(village, tmp_path, {"id": "bread", "title": "On bread", "text": texts.essay})
    mixed = village.registers("Mixed", f"{texts.ode} {texts.essay}", {"Ada": ALL}, on=JANUARY)
    village.works()
    with unit_of_work(village.database) as session:
        assert findings.of_work(session, mixed) == []
        assert 400_000 < works.get(session, mixed).originality_ppm < 600_000
    assert village.tells("SELECT count(*) FROM passage WHERE origin_passage_id IS NOT NULL") == [
        (0,)
    ]


def test_every_bad_line_is_named_and_nothing_is_kept(village, tmp_path):
    bad = [
        {"id": "a", "title": "A", "text": "A text."},
        {"id": "b", "title": "", "text": "Another."},
        {"id": "c", "title": "C"},
        {"id": "a", "title": "D", "text": "Once more."},
    ]
    with pytest.raises(BadFile, match="3 errors") as refused:
        imported(village, tmp_path, *bad)
    assert [each.split(":")[0] for each in refused.value.facts["errors"]] == [
        "line 2",
        "line 3",
        "line 4",
    ]
    assert village.tells("SELECT count(*) FROM work") == [(0,)]


def test_the_same_file_twice_changes_nothing(village, tmp_path, texts):
    line = {"id": "bread", "title": "On bread", "text": texts.essay}
    imported(village, tmp_path, line)
    assert imported(village, tmp_path, line) == WorksImported(registered=0, duplicate=1)


def test_it_stands_in_no_creators_list(village, tmp_path, texts):
    village.registers("Ode", texts.ode, {"Ada": ALL})
    imported(village, tmp_path, {"id": "bread", "title": "On bread", "text": texts.essay})
    ((ada,),) = village.tells("SELECT party_id FROM party WHERE name = 'Ada'")
    with unit_of_work(village.database) as session:
        own = works.page(session, holder_id=ada, before=None, limit=10)
        commons = works.page(session, holder_id=None, before=None, limit=10, only_commons=True)
    assert [row.title for row in own] == ["Ode"]
    assert [row.title for row in commons] == ["On bread"]


def test_a_withdrawn_text_wins_nothing_later(village, texts, tmp_path):
    imported(village, tmp_path, {"id": "bread", "title": "On bread", "text": texts.essay})
    with unit_of_work(village.database) as session:
        (row,) = works.page(session, holder_id=None, before=None, limit=10, only_commons=True)
        works.withdraw(session, row.work_id, now=village.clock())
    before = village.sells("one", text=texts.essay, at=FEBRUARY)
    after = village.sells("two", text=texts.essay, at=village.clock())
    village.works()
    with unit_of_work(village.database) as session:
        assert len(attributions.of_sale(session, before).evidence) > 0
        assert attributions.of_sale(session, after).evidence == ()


def test_evidence_of_before_the_commons_reads_as_paid():
    old = [[0, 10, 7, 70, 5, 15, 930_000, "verbatim"]]
    new = [[0, 10, 7, 70, 5, 15, 930_000, "verbatim", False]]
    assert attributions.read(old) == (
        EvidenceRow(0, 10, 7, 70, 5, 15, 930_000, "verbatim", paid=True),
    )
    assert attributions.read(new)[0].paid is False
