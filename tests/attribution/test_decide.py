"""From a reading to shares, as a table of cases and as properties."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_likeness import COLUMNS, HASH, a_likeness, an_output

from attribution.coefficients import AS_READ, Coefficients, Logistic, installed
from attribution.decide import decide_v2
from attribution.engine import judged
from attribution.gate import Suspects
from attribution.sequence import Habits, Reading
from attribution.values import Attribution, Evidence, PassageVerdict, Standing

ODE, ESSAY, NOVEL = 1, 2, 3
SHUT = "gate: too little of the work"
FULL_QUOTE = {"grams_of_work": 0.96, "rare_grams": 10.0}
TOLD = Coefficients(
    passage=Logistic(("cosine",), np.array([1.0]), 0.0),
    prior=0.5,
    habits=Habits(0.1, 1.0, 0.1),
    gate=Logistic(("log_odds",), np.array([1.0]), 0.0),
    pays_from=0.5,
    faint=AS_READ,
    digest="",
)


def everyone(_work_id):
    return Standing.EARNS


def the_commons(*works):
    return lambda work: Standing.COMMONS if work in works else Standing.EARNS


def decided(output, winners, near, *, gates, standing=everyone, content_hash=b"o" * 16, told=TOLD):
    """Decide where passage i is read as ``winners[i]`` (None: no work).

    ``near``: (row, work): columns of its likeness; ``gates``: log odds that each work is a source.
    """
    likeness = a_likeness(near, content_hash)
    works = sorted(gates)
    pair = np.full((len(output), len(works)), -1)
    odds = np.full((len(output), len(works)), -7.0)
    for at, (row, work) in enumerate(near):
        pair[row, works.index(work)] = at
        odds[row, works.index(work)] = near[row, work].get("odds", 0.0)
    states = np.array([0 if w is None else works.index(w) + 1 for w in winners], dtype=np.int64)
    posteriors = np.full((len(output), len(works) + 1), 0.1)
    posteriors[np.arange(len(output)), states] = 0.75
    reading = Reading(states, posteriors, np.zeros(len(works)))
    signs = {"log_odds": np.array([gates[work] for work in works], dtype=np.float64)}
    suspects = Suspects(np.array(works, dtype=np.int64), reading, signs, odds, pair)
    return decide_v2(output, likeness, suspects, standing, told, engine_version="v")


def test_a_work_is_paid_for_the_characters_it_wins_and_the_rest_is_nobodys():
    near = {(0, ODE): {}, (1, ODE): {}, (3, ESSAY): {}}
    told = decided(
        an_output(100, 100, 60, 40), [ODE, ODE, None, ESSAY], near, gates={ODE: 2.0, ESSAY: 0.0}
    )
    assert told.share_ppm == {ODE: 666_667, ESSAY: 133_333}
    assert told.unmatched_ppm == 200_000
    assert told.unmatched_rows == (2,)
    assert [verdict.reason for verdict in told.passages] == ["paid", "paid", "no likeness", "paid"]


def test_thirds_are_whole_and_the_earliest_of_equal_remainders_gets_what_is_left():
    near = {(0, ODE): {}, (1, ESSAY): {}}
    told = decided(an_output(90, 90, 90), [ODE, ESSAY, None], near, gates={ODE: 1, ESSAY: 1})
    assert (told.share_ppm, told.unmatched_ppm) == ({ODE: 333_334, ESSAY: 333_333}, 333_333)


def test_a_share_below_a_millionth_is_no_share():
    near = {(0, ODE): {}, (1, ESSAY): {}}
    told = decided(an_output(1, 3_000_000), [ODE, ESSAY], near, gates={ODE: 1, ESSAY: 1})
    assert (told.share_ppm, told.unmatched_ppm) == ({ESSAY: 1_000_000}, 0)


def test_a_shut_gate_pays_nothing_and_says_so():
    told = decided(an_output(100, 100), [ODE, ODE], {(0, ODE): {}, (1, ODE): {}}, gates={ODE: -0.1})
    assert (told.share_ppm, told.unmatched_ppm) == ({}, 1_000_000)
    assert (told.evidence, told.unmatched_rows) == ((), (0, 1))
    assert [verdict.reason for verdict in told.passages] == [SHUT, SHUT]
    # .75 times the chance of the work, 1 / (1 + e^.1) = .475021
    assert told.passages[0].confidence == pytest.approx(0.356266, abs=1e-6)
    assert told.best == (ODE, pytest.approx(0.475021, abs=1e-6))


@pytest.mark.parametrize(
    ("grams", "reason"),
    [
        (FULL_QUOTE, "paid"),
        ({"grams_of_work": 0.94, "rare_grams": 30.0}, SHUT),
        ({"grams_of_work": 1.0, "rare_grams": 9.9}, SHUT),
    ],
)
def test_a_quote_is_paid_whatever_the_gate_says(grams, reason):
    told = decided(an_output(80), [ODE], {(0, ODE): grams}, gates={ODE: -9.0})
    assert told.passages[0].reason == reason
    assert told.share_ppm == ({ODE: 1_000_000} if reason == "paid" else {})


def test_what_is_read_as_nobodys_names_the_nearest_work_and_is_not_paid():
    near = {(0, ODE): {"odds": -3.0}, (0, ESSAY): {"odds": -2.0}}
    told = decided(an_output(80), [None], near, gates={ODE: 3.0, ESSAY: 3.0})
    assert told.share_ppm == {}
    assert (told.passages[0].work_id, told.passages[0].reason) == (ESSAY, "too faint")


def test_a_passage_within_a_run_is_the_works_though_nothing_of_it_was_found():
    near = {(0, ODE): {}, (2, ODE): {}}
    told = decided(an_output(80, 90, 100), [ODE, ODE, ODE], near, gates={ODE: 1.0})
    assert told.share_ppm == {ODE: 1_000_000}
    within = told.evidence[1]
    assert (within.output_start, within.output_end, within.passage_id) == (81, 171, 1_000)
    assert within.kind == "paraphrase"


def test_the_commons_win_and_are_paid_nothing():
    near = {(0, ODE): {}, (1, ESSAY): {}, (2, ODE): FULL_QUOTE}
    told = decided(
        an_output(100, 100, 200), [ODE, ESSAY, ODE], near, gates={ODE: 2, ESSAY: 2},
        standing=the_commons(ODE),
    )  # fmt: skip
    assert (told.share_ppm, told.unmatched_ppm) == ({ESSAY: 250_000}, 750_000)
    assert [(each.work_id, each.paid) for each in told.evidence] == [
        (ODE, False), (ESSAY, True), (ODE, False)
    ]  # fmt: skip
    assert [each.reason for each in told.passages] == ["commons", "paid", "commons"]
    assert told.unmatched_rows == ()
    assert told.best == (ESSAY, pytest.approx(0.880797, abs=1e-6))


def test_a_gap_in_a_run_of_the_commons_is_paid_nothing_either():
    near = {(0, ODE): {}, (2, ODE): {}}
    told = decided(
        an_output(80, 90, 100), [ODE, ODE, ODE], near, gates={ODE: 1.0}, standing=the_commons(ODE)
    )
    assert told.share_ppm == {}
    assert [each.paid for each in told.evidence] == [False, False, False]
    assert told.best is None


def test_evidence_names_both_spans():
    near = {(0, ODE): {}, (1, ODE): {"grams_of_work": 0.9}}
    told = decided(an_output(100, 80), [ODE, ODE], near, gates={ODE: 2})
    assert told.evidence == (
        Evidence(0, 100, ODE, 1_000, 10_000, 10_007, 0.75, "paraphrase"),
        Evidence(101, 181, ODE, 1_001, 10_010, 10_017, 0.75, "verbatim"),
    )
    assert told.passages[1] == PassageVerdict(
        101, 181, ODE, 1_001, 10_010, 10_017, 0.75, "verbatim", "paid"
    )


def test_the_same_words_are_verbatim_whatever_was_counted():
    told = decided(an_output(80), [ODE], {(0, ODE): {}}, gates={ODE: 2}, content_hash=HASH)
    assert told.evidence[0].kind == "verbatim"


def test_of_equally_likely_sources_the_earliest_is_the_best():
    near = {(0, ODE): {}, (0, ESSAY): {}, (0, NOVEL): {}}
    told = decided(an_output(80), [None], near, gates={ODE: -4, ESSAY: -1, NOVEL: -1})
    assert told.best == (ESSAY, pytest.approx(0.268941, abs=1e-6))


def test_an_output_without_passages_is_unmatched():
    told = decided(an_output(), [], {}, gates={})
    assert told == Attribution({}, 1_000_000, (), "v", None)


@pytest.mark.parametrize(
    ("share_ppm", "unmatched_ppm"), [({1: 999_999}, 0), ({1: 0}, 1_000_000), ({1: -1}, 1_000_001)]
)
def test_an_attribution_that_is_no_partition_does_not_exist(share_ppm, unmatched_ppm):
    with pytest.raises(AssertionError):
        Attribution(share_ppm, unmatched_ppm, (), "v", None)


@st.composite
def likenesses(draw):
    """Some outputs and a likeness of anything to anything."""
    outputs = draw(st.lists(st.lists(st.integers(1, 400), max_size=5), min_size=1, max_size=3))
    rows = sum(map(len, outputs))
    near = draw(st.sets(st.tuples(st.integers(0, max(rows - 1, 0)), st.integers(1, 5))))
    chance = np.random.default_rng(draw(st.integers(0, 1_000)))
    pairs = {pair: dict(zip(COLUMNS, chance.random(len(COLUMNS)) * 2, strict=True))
             for pair in sorted(near) if rows}  # fmt: skip
    return [an_output(*lengths) for lengths in outputs], a_likeness(pairs)


@given(likenesses(), st.sets(st.integers(1, 5)))
def test_every_attribution_sums_to_a_million_and_is_evidenced(made, commons):
    outputs, likeness = made
    told = judged(outputs, likeness, the_commons(*commons), installed(), "v")
    for output, attribution in zip(outputs, told, strict=True):
        share_ppm = attribution.share_ppm
        assert sum(share_ppm.values()) + attribution.unmatched_ppm == 1_000_000
        assert not commons & set(share_ppm)
        paid = [each for each in attribution.evidence if each.paid]
        assert set(share_ppm) <= {each.work_id for each in paid}
        assert commons >= {each.work_id for each in attribution.evidence if not each.paid}
        whole = int((output.ends - output.starts).sum())
        for work, share in share_ppm.items():
            won = sum(e.output_end - e.output_start for e in paid if e.work_id == work)
            assert abs(share - won * 1_000_000 / whole) < 1
        rows = set(attribution.unmatched_rows)
        assert len(rows) + len(attribution.evidence) == len(attribution.passages) == len(output)


def test_a_quote_is_as_sure_as_its_own_words_though_the_gate_is_shut():
    near = {(0, ODE): FULL_QUOTE | {"odds": 4.0}, (1, ODE): {"odds": 4.0}}
    told = decided(an_output(100, 100), [ODE, ODE], near, gates={ODE: -5.0})
    quote, beside = told.passages
    assert (quote.reason, beside.reason) == ("paid", SHUT)
    assert quote.confidence == pytest.approx(1 / (1 + np.exp(-4.0)))
    assert beside.confidence < 0.01


def test_a_work_is_as_likely_a_source_as_the_gate_and_its_surest_paid_passage_say_together():
    near = {(0, ODE): FULL_QUOTE | {"odds": 4.0}, (1, ESSAY): {}}
    told = decided(an_output(100, 100), [ODE, ESSAY], near, gates={ODE: -5.0, ESSAY: -1.0})
    of_gate = 1 / (1 + np.exp(5.0))
    assert told.best == (ODE, pytest.approx((of_gate + told.passages[0].confidence) / 2))
    unpaid = decided(an_output(100, 100), [ODE, ESSAY], near | {(0, ODE): {}},
                     gates={ODE: -5.0, ESSAY: -1.0})  # fmt: skip
    assert unpaid.best == (ESSAY, pytest.approx(1 / (1 + np.exp(1.0))))


def test_what_is_read_as_nobodys_is_as_likely_as_training_found_such_readings_to_be():
    faint = Logistic(("log_odds",), np.array([0.5]), 2.0)
    near = {(0, ODE): {}, (1, ODE): {}}
    read = decided(an_output(100, 100), [ODE, None], near, gates={ODE: 2.0})
    weighed = decided(
        an_output(100, 100), [ODE, None], near, gates={ODE: 2.0}, told=replace(TOLD, faint=faint)
    )
    assert weighed.passages[0] == read.passages[0]
    odds = np.log(read.passages[1].confidence / (1 - read.passages[1].confidence))
    assert weighed.passages[1].confidence == pytest.approx(1 / (1 + np.exp(-(0.5 * odds + 2.0))))
    assert weighed.passages[1].reason == "too faint"
