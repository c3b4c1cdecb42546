"""How a new work stands to those before it."""

import pytest
from registered_texts import (
    CREATION,
    CREATION_RETOLD,
    ESSAY,
    GARDEN,
    GARDEN_RETOLD,
    MANUAL,
    ODE,
    SHIPPING,
    an_engine,
)

from attribution.examination import flags_of

EARLIER = (ODE, GARDEN, ESSAY, CREATION)
STUFFING = "Cheap flights, cheap hotels, cheap cars: book cheap flights and cheap hotels here. "


@pytest.fixture(scope="module")
def engine(minilm):
    return an_engine(minilm, *EARLIER)


def examined(engine, text, earlier=lambda _work: True):
    return engine.examine(engine.fingerprint([text])[0], earlier)


def test_a_copy_is_a_near_copy_and_nothing_of_it_is_original(engine):
    told = examined(engine, GARDEN)
    assert (told.originality_ppm, told.near_copy, told.flags) == (0, True, ())
    (finding,) = told.findings
    assert (finding.work_id, finding.share_ppm) == (2, 1_000_000)
    assert [(e.output_start, e.source_start, e.kind) for e in finding.evidence] == [
        (0, 0, "verbatim"), (98, 98, "verbatim"), (159, 159, "verbatim")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        GARDEN.replace("October", "November").replace("a fork", "a spade"),
        GARDEN.upper(),
        GARDEN.replace("a", "\u0430"),
    ],
    ids=["two words", "capitals", "homoglyphs"],
)
def test_a_copy_with_changes_is_a_near_copy(engine, changed):
    told = examined(engine, changed)
    assert told.near_copy
    assert told.findings[0].work_id == 2


def test_a_retelling_is_derived_but_no_copy(engine):
    told = examined(engine, GARDEN_RETOLD)
    assert not told.near_copy
    assert told.findings[0].work_id == 2
    assert told.findings[0].share_ppm >= 900_000
    assert told.originality_ppm <= 100_000


def test_a_retelling_that_keeps_the_phrases_is_a_near_copy(engine):
    assert examined(engine, CREATION_RETOLD).near_copy


def test_an_original_work_owes_nothing(engine):
    told = examined(engine, SHIPPING)
    assert (told.originality_ppm, told.findings, told.near_copy) == (1_000_000, (), False)


def test_two_sources_are_two_findings_the_larger_first(engine):
    told = examined(engine, f"{ODE} {GARDEN}")
    assert [(each.work_id, each.share_ppm) for each in told.findings] == [
        (2, 553_120), (1, 446_880)
    ]  # fmt: skip
    assert not told.near_copy
    assert told.originality_ppm == 0


def test_only_earlier_works_are_looked_at(engine):
    told = examined(engine, GARDEN, earlier=lambda work: work < 2)
    assert (told.originality_ppm, told.findings) == (1_000_000, ())


def test_nothing_owes_nothing(engine):
    told = examined(engine, "")
    assert (told.originality_ppm, told.findings, told.near_copy) == (1_000_000, (), False)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (ODE, []),
        ("", []),
        (" ".join([MANUAL] * 4), ["stuffed"]),  # every passage four times
        (f"{MANUAL} {MANUAL}", ["stuffed"]),  # half of the passages repeat the others
        (MANUAL, []),  # too short to tell
        (" ".join(STUFFING + f"Page {n}." for n in range(1, 9)), ["stuffed"]),
        (SHIPPING.replace("e", "\u0435"), ["evasive"]),
        ((MANUAL + " ").replace("e", "\u0435") * 4, ["stuffed", "evasive"]),
    ],
)
def test_what_is_odd_about_a_text_is_flagged(engine, text, flags):
    assert list(flags_of(engine.fingerprint([text])[0])) == flags
