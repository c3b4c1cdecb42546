"""A preview says for each passage what becomes of it, and why; nothing is stored."""

import json
from datetime import UTC, datetime

from worker.preview import EnginePreview
from worker.work_import import import_commons

DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)


def test_every_passage_has_a_state_a_source_and_a_reason(village, texts, tmp_path):
    ode = village.registers("Ode", texts.ode, {"Ada": 1_000_000}, on=DECEMBER)
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps({"id": "b", "title": "On bread", "text": texts.essay}))
    import_commons(village.database, path, now=village.clock())
    village.works()
    text = f"{texts.ode} {texts.essay} {texts.nothing}"

    found = EnginePreview(village.place).attribute(text)

    assert [one.reason for one in found.passages] == (
        ["paid"] * 4 + ["commons"] * 4 + ["no likeness"] * 3
    )
    first, unlike = found.passages[0], found.passages[-1]
    assert (first.state, first.work_id, first.kind) == ("work", ode, "verbatim")
    assert text[first.start : first.end] == texts.ode[first.source_start : first.source_end]
    assert isinstance(first.confidence_ppm, int)
    assert (unlike.state, unlike.work_id, unlike.source_start, unlike.kind) == (
        "none",
        None,
        None,
        None,
    )
    assert {span.work_id for span in found.spans} == {ode}
    assert village.tells("SELECT count(*) FROM attribution") == [(0,)]
