import json

import pytest
from registered_texts import ESSAY, MANUAL, ODE

from attribution.evaluation import BadLine, attribute_files

GOOD = b'{"id": "a", "text": "A text."}\n'


def a_file(folder, name, *rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def silent(_stage, _done, _total):
    pass


def test_each_output_gets_one_prediction_that_can_be_scored(tmp_path, minilm):
    works = a_file(
        tmp_path, "works.jsonl", {"id": "ode", "text": ODE}, {"id": "essay", "text": ESSAY}
    )
    outputs = a_file(
        tmp_path,
        "outputs.jsonl",
        {"id": "copy", "text": ESSAY, "kind": "verbatim"},
        {"id": "other", "text": MANUAL},
        {"id": "empty", "text": ""},
    )
    heard = []
    out = tmp_path / "predictions.jsonl"
    summary = attribute_files(
        works, outputs, out, encoder=minilm, progress=lambda *report: heard.append(report)
    )
    copy, other, empty = [json.loads(line) for line in out.read_text().splitlines()]
    assert copy == {
        "id": "copy",
        "best": {"work_id": "essay", "score": pytest.approx(0.9999, abs=1e-3)},
        "works": [{"work_id": "essay", "share_ppm": 1_000_000}],
        "unmatched_ppm": 0,
    }
    assert (other["id"], other["works"], other["unmatched_ppm"]) == ("other", [], 1_000_000)
    assert empty == {"id": "empty", "best": None, "works": [], "unmatched_ppm": 1_000_000}
    assert (summary.works, summary.outputs, summary.passages) == (2, 3, 11)
    assert summary.passages_per_second > 0
    assert heard == [("works", 2, 2), ("outputs", 3, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "outputs.jsonl",
        "predictions.jsonl",
        "works.jsonl",
    ]


def test_works_earlier_in_the_file_win_ties(tmp_path, minilm):
    works = a_file(tmp_path, "works.jsonl", {"id": "z", "text": ODE}, {"id": "a", "text": ODE})
    outputs = a_file(tmp_path, "outputs.jsonl", {"id": "o", "text": ODE})
    out = tmp_path / "out.jsonl"
    attribute_files(works, outputs, out, encoder=minilm, progress=silent)
    assert json.loads(out.read_text())["works"] == [{"work_id": "z", "share_ppm": 1_000_000}]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'"\xff"', "is not UTF-8"),
        (b"[]", "is not a JSON object"),
        (b'{"text": "t"}', "has no id"),
        (b'{"id": "b"}', "has no text"),
        (b'{"id": 7, "text": "t"}', "its id is not a string"),
        (b'{"id": "", "text": "t"}', "its id is empty"),
        (b'{"id": "b", "text": null}', "its text is not a string"),
        (b'{"id": "a", "text": "t"}', "the id 'a' was used before"),
        (b'{"id": "b", "text": "\\u0000"}', "its text holds a NUL character"),
        (b'{"id": "b", "text": "\\ud800"}', "its text holds a lone surrogate"),
        (b'{"id": "\\ud800", "text": "t"}', "its id holds a lone surrogate"),
    ],
)
@pytest.mark.parametrize("bad_file", ["works.jsonl", "outputs.jsonl"])
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path, encoder, bad_file, line, rule):
    for name in ("works.jsonl", "outputs.jsonl"):
        (tmp_path / name).write_bytes(GOOD)
    path = tmp_path / bad_file
    path.write_bytes(GOOD + b"\n" + line)
    with pytest.raises(BadLine) as refused:
        attribute_files(
            tmp_path / "works.jsonl",
            tmp_path / "outputs.jsonl",
            tmp_path / "out.jsonl",
            encoder=encoder,
            progress=silent,
        )
    assert (refused.value.path, refused.value.line_no, refused.value.rule) == (path, 3, rule)
    assert str(refused.value) == f"{path}:3: {rule}"
    assert not (tmp_path / "out.jsonl").exists()
