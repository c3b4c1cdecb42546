"""The whole path with the real encoder: who is paid, whatever is registered beside them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registered_texts import (
    CREATION,
    CREATION_RETOLD,
    ESSAY,
    GARDEN,
    GARDEN_RETOLD,
    MANUAL,
    ODE,
    SHIPPING,
    a_registry,
    all_but_the_commons,
    an_engine,
    an_engine_added_in_order,
    everyone,
    only,
    shares,
)

from attribution.catalogue import MemoryCatalogue, PassageRef
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.registration import passages_of
from attribution.values import Standing

WORKS = (ODE, ESSAY, CREATION, GARDEN)
OUTPUTS = [
    ODE, "", f"{MANUAL} {ESSAY}", CREATION_RETOLD, SHIPPING, f"{GARDEN_RETOLD} {SHIPPING} {ODE}",
    "One word.", f"{CREATION} {ESSAY}",
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(minilm):
    return an_engine(minilm, *WORKS)


def verdict(attribution):
    """Give all that money and explanations follow, to the last bit."""
    return (
        attribution.share_ppm,
        attribution.unmatched_ppm,
        attribution.evidence,
        attribution.best,
        attribution.passages,
        attribution.unmatched_rows,
    )


def test_an_empty_index_and_an_empty_text_pay_nothing(minilm, engine):
    assert shares(an_engine(minilm), ODE) == ({}, 1_000_000)
    assert shares(engine, "") == ({}, 1_000_000)
    assert shares(engine, " \n\u200b") == ({}, 1_000_000)
    assert engine.attribute([], everyone) == []


def test_a_mosaic_is_paid_by_characters(engine):
    assert (len(ODE), len(ESSAY), len(MANUAL)) == (267, 279, 182)
    # 265 + 277 + 181 characters in passages: the blanks between passages count for nobody
    assert shares(engine, f"{ODE} {MANUAL} {ESSAY}") == ({1: 366_528, 2: 383_126}, 250_346)


def test_evidence_points_at_the_words_themselves(minilm):
    text = "As they say:\n\n" + ODE.replace("apples", "app\u200bles")
    attribution = an_engine(minilm, ESSAY, ODE).attribute_text(text, everyone)
    last = attribution.evidence[-1]
    assert ODE[last.source_start : last.source_end].startswith("To bend with apples the")
    assert text[last.output_start : last.output_end].startswith("To bend with app\u200bles the")
    assert (last.source_end, last.output_end) == (len(ODE), len(text))
    assert (last.work_id, last.kind) == (2, "verbatim")


def test_of_two_equal_works_the_earlier_is_paid(minilm):
    assert shares(an_engine(minilm, ESSAY, ODE, ODE), ODE) == ({2: 1_000_000}, 0)


def test_a_registered_polish_takes_nothing_from_the_original(minilm):
    engine = an_engine(minilm, GARDEN, GARDEN_RETOLD, ESSAY)
    assert shares(engine, GARDEN) == ({1: 1_000_000}, 0)
    assert 2 not in shares(engine, f"{GARDEN} {ESSAY}")[0]


@pytest.mark.parametrize("owner_of", [lambda work: work, lambda _work: 7], ids=["many", "one"])
def test_a_hundred_copies_do_not_hide_the_earliest(minilm, owner_of):
    owners = {work: owner_of(work) for work in range(1, 101)}
    engine = an_engine(minilm, ODE, *[ODE] * 99, owners=owners)
    assert shares(engine, ODE) == ({1: 1_000_000}, 0)


def test_a_hundred_accounts_with_one_text_change_nobodys_share(minilm):
    others = [GARDEN, CREATION, SHIPPING]
    before = shares(an_engine(minilm, ESSAY, *others), f"{ESSAY} {MANUAL}")
    owners = {work: min(work, 5) for work in range(1, 105)}
    crowded = an_engine(minilm, ESSAY, *others, *[ODE] * 100, owners=owners)
    assert shares(crowded, f"{ESSAY} {MANUAL}") == before
    assert before[0][1] > 0


def test_a_work_that_may_not_earn_is_never_paid(engine):
    assert shares(engine, ODE, only(2, 3, 4)) == ({}, 1_000_000)
    assert shares(engine, ODE, only()) == ({}, 1_000_000)


def test_works_that_may_not_earn_do_not_hide_one_that_may(minilm):
    engine = an_engine(minilm, *[ODE] * 40)
    assert shares(engine, ODE, only(33)) == ({33: 1_000_000}, 0)


def test_the_commons_win_what_is_theirs_and_are_paid_nothing(engine):
    text = f"{GARDEN} {ESSAY}"
    attribution = engine.attribute_text(text, all_but_the_commons(4))
    share = round(277 / (277 + sum(p.end - p.start for p in passages_of(GARDEN)[0])) * 1_000_000)
    assert attribution.share_ppm == {2: share}
    assert {(each.work_id, each.paid) for each in attribution.evidence} == {(4, False), (2, True)}
    assert attribution.unmatched_rows == ()
    assert {each.reason for each in attribution.passages} == {"commons", "paid"}


def test_a_work_that_copies_the_commons_is_not_paid_for_it(minilm):
    engine = an_engine(minilm, GARDEN, GARDEN)
    attribution = engine.attribute_text(GARDEN, all_but_the_commons(1))
    assert attribution.share_ppm == {}
    assert {each.work_id for each in attribution.evidence} == {1}


def test_passages_unknown_to_the_catalogue_are_passed_over(minilm):
    """The index can be ahead of the catalogue, the lexical index too."""
    ahead = a_registry(minilm, ODE, ESSAY)
    known = ahead.catalogue.locate(np.arange(20))
    catalogue = MemoryCatalogue(ref for ref in known.values() if ref.work_id == 2)
    engine = Engine(minilm, ahead.index, ahead.lexicon, catalogue)
    assert shares(engine, ODE) == ({}, 1_000_000)
    assert shares(engine, ESSAY) == ({2: 1_000_000}, 0)


def test_one_index_may_be_behind_the_other(minilm):
    whole = a_registry(minilm, ODE, ESSAY)
    for index, lexicon in (
        (whole.index, SegmentedLexicalIndex()),
        (FaissIndex(minilm.dimension), whole.lexicon),
    ):
        told = Engine(minilm, index, lexicon, whole.catalogue).attribute_text(ODE, everyone)
        assert sum(told.share_ppm.values()) + told.unmatched_ppm == 1_000_000
        assert set(told.share_ppm) <= {1}


def test_what_matches_a_passage_taken_from_an_earlier_work_belongs_to_that(minilm):
    registry = a_registry(minilm, GARDEN, GARDEN_RETOLD)
    known = registry.catalogue.locate(np.arange(20))
    of = {work: [r for r in known.values() if r.work_id == work] for work in (1, 2)}
    registry.catalogue.add(
        PassageRef(*(getattr(ref, n) for n in ("passage_id", "work_id", "start", "end")),
                   ref.content_hash, origin=of[1][0].passage_id)
        for ref in of[2]
    )  # fmt: skip
    attribution = registry.engine.attribute_text(GARDEN_RETOLD, everyone)
    assert {each.work_id for each in attribution.evidence} <= {1}
    # unless the earlier work may not earn from this output
    assert shares(registry.engine, GARDEN_RETOLD, only(2)) == ({2: 1_000_000}, 0)


def test_all_texts_are_encoded_in_one_call(minilm, encoder):
    engine = Engine(
        encoder, FaissIndex(encoder.dimension), SegmentedLexicalIndex(), MemoryCatalogue()
    )
    prints = engine.fingerprint([ODE, "", MANUAL])
    assert [len(each) for each in prints] == [3, 0, 2]
    assert encoder.encoded == passages_of(ODE)[1] + passages_of(MANUAL)[1]
    assert [each.length_chars for each in prints] == [267, 0, 182]
    assert [len(each.lexical) for each in prints] == [3, 0, 2]


def test_the_version_names_everything_money_follows(encoder):
    engine = an_engine(encoder, ODE)
    digest = engine._coefficients.digest[:12]
    assert engine.version == f"normalise_v1/cut_v1/terms_v1/abababababab/{digest}/decide_v2"
    assert engine.attribute_text(ODE, everyone).engine_version == engine.version


def test_each_work_is_asked_about_once(engine):
    asked = []
    prints = engine.fingerprint([f"{ODE} {ESSAY}", ESSAY])
    engine.attribute(prints, lambda work: asked.append(work) or Standing.EARNS)
    assert {1, 2} <= set(asked) <= {1, 2, 3, 4}
    assert len(asked) == len(set(asked))


def test_a_fingerprint_is_all_that_is_needed(minilm, engine):
    """Who sends fingerprints gets what who sends texts gets: there is no other path."""
    elsewhere = an_engine(minilm)
    for text in OUTPUTS:
        told = engine.attribute(elsewhere.fingerprint([text]), everyone)[0]
        assert verdict(told) == verdict(engine.attribute_text(text, everyone))


@pytest.fixture(scope="module")
def alone(engine):
    return [verdict(engine.attribute_text(text, everyone)) for text in OUTPUTS]


@pytest.fixture(scope="module")
def prints(engine):
    return engine.fingerprint(OUTPUTS)


def test_many_texts_give_what_each_gives_alone(engine, prints, alone):
    assert [verdict(each) for each in engine.attribute(prints, everyone)] == alone
    paid = [sorted(share_ppm) for share_ppm, *_ in alone]
    assert paid == [[1], [], [2], [3], [], [1, 4], [], [2, 3]]


@given(st.permutations(range(len(OUTPUTS))), st.integers(1, len(OUTPUTS)))
def test_order_and_batches_of_outputs_change_nothing(engine, prints, alone, order, size):
    found = []
    for start in range(0, len(order), size):
        some = [prints[at] for at in order[start : start + size]]
        found += engine.attribute(some, everyone)
    assert [verdict(each) for each in found] == [alone[at] for at in order]


@settings(max_examples=10)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_the_order_in_which_passages_were_added_changes_nothing(minilm, prints, order):
    works = (*WORKS, ODE, GARDEN_RETOLD)
    plain = an_engine_added_in_order(minilm, [0], *works)
    mixed = an_engine_added_in_order(minilm, order, *works)
    assert [verdict(each) for each in mixed.attribute(prints, everyone)] == [
        verdict(each) for each in plain.attribute(prints, everyone)
    ]
