"""Chapters of the Bible registered in one translation, and others of the same verses."""

import pytest
from registered_texts import an_engine, bible, everyone

WORKS, OUTPUTS = bible("works"), bible("outputs")


@pytest.fixture(scope="module")
def told(minilm):
    engine = an_engine(minilm, *(work["text"] for work in WORKS))
    prints = engine.fingerprint([output["text"] for output in OUTPUTS])
    return dict(zip(names(OUTPUTS), engine.attribute(prints, everyone), strict=True))


def names(rows):
    return [row["id"] for row in rows]


def test_there_are_six_chapters_two_translations_of_each_and_five_strange_chapters():
    assert len(WORKS) == 6
    sources = [output["work"] for output in OUTPUTS]
    assert sorted(name for name in sources if name) == sorted(names(WORKS) * 2)
    assert sources.count(None) == 5


@pytest.mark.parametrize("output", [o for o in OUTPUTS if o["work"]], ids=lambda o: o["id"])
def test_a_translation_is_paid_to_its_chapter_alone(told, output):
    attribution = told[output["id"]]
    assert attribution.share_ppm == {names(WORKS).index(output["work"]) + 1: 1_000_000}
    assert {each.kind for each in attribution.evidence} <= {"paraphrase", "verbatim"}
    assert attribution.best[1] > 0.8


@pytest.mark.parametrize("output", [o for o in OUTPUTS if not o["work"]], ids=lambda o: o["id"])
def test_a_chapter_that_is_not_registered_pays_nothing(told, output):
    assert told[output["id"]].share_ppm == {}
    assert told[output["id"]].best[1] < 0.1
