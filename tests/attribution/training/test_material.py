"""Sets read from their files, and halves made of them."""

import json

import pytest
from registered_texts import CREATION, GARDEN, SHIPPING

from attribution.registration import passages_of
from attribution.training.folds import group_of
from attribution.training.material import OWN, SETS, material

LONG = f"{CREATION} {GARDEN} {SHIPPING}"
PASSAGES = [LONG[each.start : each.end] for each in passages_of(LONG)[0]]


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n", encoding="utf-8")


def an_output(name, *label, text=LONG, **more):
    return {"id": name, "text": text, "label": label, "kind": "heavy", **more}


@pytest.fixture
def sets(tmp_path):
    works = [{"id": f"w{n}", "text": LONG} for n in range(30)]
    works.append({"id": "short", "text": "One passage."})
    outputs = [an_output(f"o{n}", f"w{n}", sub="polish") for n in range(30)]
    outputs += [
        an_output("stranger"),
        an_output("brief", "w1", text="One passage."),
        an_output("dipped", "w2", sub="dipper"),
        an_output("two", "w1", "w2", spans=[{"start": 0, "end": 9, "work": "w1"}],
                  share={"w1": 0.25, "w2": 0.5}),
    ]  # fmt: skip
    for name in SETS:
        write(tmp_path / name / "works.jsonl", works)
        write(tmp_path / name / "outputs.jsonl", outputs)
    write(tmp_path / "own" / "same_topic_works.jsonl", works[:1])
    write(tmp_path / "own" / "same_topic_outputs.jsonl", [an_output("a", topic="bees")])
    return {each.name: each for each in material(tmp_path, tmp_path / "own")}


def test_every_set_its_halves_and_our_own_are_read(sets):
    assert list(sets) == [*SETS, "raidar-halves", "detectrl-halves", OWN]
    assert [len(each.outputs) for each in sets.values()][:5] == [34] * 5


def test_an_output_knows_its_sources_spans_and_shares(sets):
    outputs = {output.name: output for output in sets["mosaic"].outputs}
    assert outputs["o3"].sources == ("w3",)
    assert outputs["o3"].shares == {"w3": 1.0}
    assert outputs["o3"].topic == "w3"
    assert (outputs["stranger"].sources, outputs["stranger"].shares) == ((), {})
    assert outputs["two"].spans == ((0, 9, "w1"),)
    assert outputs["two"].shares == {"w1": 0.25, "w2": 0.5}


def test_half_of_each_work_is_registered(sets):
    halves = sets["raidar-halves"].works
    first, last = LONG[: LONG.index(PASSAGES[4])].rstrip(), LONG[LONG.index(PASSAGES[-4]) :]
    assert len(PASSAGES) == 9  # 45 % of which are 4
    assert {text for name, text in halves.items() if name != "short"} == {first, last}
    assert halves["short"] == "One passage."


def test_the_other_half_of_a_rewrite_draws_on_nothing_and_shares_no_words_with_the_work(sets):
    halves = sets["raidar-halves"]
    strangers = [output for output in halves.outputs if not output.sources]
    same = [output for output in halves.outputs if output.sources]
    assert len(strangers) > len(same) > 0
    for output in strangers:
        work = output.name.replace("o", "w", 1).removesuffix("-other-half")
        assert output.name.endswith("-other-half")
        assert output.text not in halves.works[work]
        assert (output.shares, output.kind, output.sub) == ({}, "unrelated", "other half")
        assert output.topic == work
    for output in same:
        assert output.text in halves.works[output.sources[0]]
        assert output.sub == "same half"


def test_short_dipped_strange_and_mixed_outputs_are_not_halved(sets):
    names = {output.name.partition("-")[0] for output in sets["raidar-halves"].outputs}
    assert not names & {"stranger", "brief", "dipped", "two"}


def test_halves_are_the_same_every_time(sets, tmp_path):
    again = {each.name: each for each in material(tmp_path, tmp_path / "own")}
    assert again["detectrl-halves"] == sets["detectrl-halves"]


@pytest.mark.parametrize(
    ("set_name", "group"),
    [("raidar", "rewrites"), ("mosaic", "rewrites"), ("raidar-halves", "rewrites"),
     ("bible", "bible"), ("clough", "clough w3"), (OWN, "same-topic 2")],
)  # fmt: skip
def test_groups_keep_together_what_shares_sources(sets, set_name, group):
    output = {output.name: output for output in sets["raidar"].outputs}["o3"]
    assert group_of(set_name, output) == group
