import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.catalogue import PassageRef
from attribution.decide import decide_v0, leaves_winner_open
from attribution.neighbours import Hit
from attribution.values import Attribution, Evidence, Fingerprint

ODE, ESSAY, NOVEL = 1, 2, 3
HASH, OTHER_HASH = b"h" * 16, b"o" * 16


def an_output(*lengths, hashes=None):
    """Passages of these lengths, with one blank between each and the next."""
    starts = [sum(lengths[:at]) + at for at in range(len(lengths))]
    return Fingerprint(
        starts=np.array(starts, dtype=np.int64),
        ends=np.array([s + n for s, n in zip(starts, lengths, strict=True)], dtype=np.int64),
        vectors=np.zeros((len(lengths), 4), dtype=np.float32),
        hashes=tuple(hashes or [HASH] * len(lengths)),
        length_chars=sum(lengths) + len(lengths) - 1,
        normalisation_changed_ppm=0,
    )


def near(work_id, cosine, *, passage_id=0, content_hash=OTHER_HASH):
    return Hit(PassageRef(passage_id, work_id, 1_000, 1_100, content_hash), cosine)


def everyone(_work_id):
    return True


def shares(output, hits, eligible=everyone):
    attribution = decide_v0(output, hits, eligible, engine_version="v")
    return attribution.share_ppm, attribution.unmatched_ppm


TABLE = {
    "nothing near": ([100, 100], [[], []], {}, 1_000_000),
    "all of it": ([100, 100], [[near(ODE, 0.9)], [near(ODE, 0.9)]], {ODE: 1_000_000}, 0),
    "too far": ([100, 100], [[near(ODE, 0.49)], [near(ODE, 0.49)]], {}, 1_000_000),
    "too weak": ([100, 100], [[near(ODE, 0.74)], [near(ODE, 0.74)]], {}, 1_000_000),
    "two sure passages carry three weak ones": (
        [100] * 5,
        [
            [near(ODE, 0.75)],
            [near(ODE, 0.5)],
            [near(ODE, 0.5)],
            [near(ODE, 0.5)],
            [near(ODE, 0.75)],
        ],
        {ODE: 1_000_000},
        0,
    ),
    "two sure passages do not carry four weak ones": (
        [100] * 6,
        [[near(ODE, 0.75)], *[[near(ODE, 0.5)]] * 4, [near(ODE, 0.75)]],
        {},
        1_000_000,
    ),
    "a verbatim passage carries no weak ones": (
        [100, 100, 100, 100],
        [[near(ODE, 0.99)], [near(ODE, 0.6)], [near(ODE, 0.6)], []],
        {ODE: 250_000},
        750_000,
    ),
    "the rest is nobody's": (
        [100, 100, 100],
        [[near(ODE, 0.9)], [], [near(ODE, 0.9)]],
        {ODE: 666_667},
        333_333,
    ),
    "two sources by their characters": (
        [100, 100, 60, 40],
        [[near(ODE, 0.9)], [near(ODE, 0.9)], [near(ESSAY, 0.9)], [near(ESSAY, 0.9)]],
        {ODE: 666_667, ESSAY: 333_333},
        0,
    ),
    "one paraphrased passage of three is too little": (
        [100, 100, 100],
        [[near(ODE, 0.9)], [], []],
        {},
        1_000_000,
    ),
    "one verbatim passage of three is enough": (
        [100, 100, 100],
        [[near(ODE, 0.99)], [], []],
        {ODE: 333_333},
        666_667,
    ),
    "the same words are verbatim whatever the cosine": (
        [100, 100, 100],
        [[near(ODE, 0.9, content_hash=HASH)], [], []],
        {ODE: 333_333},
        666_667,
    ),
    "one passage is all of a short output": ([100], [[near(ODE, 0.9)]], {ODE: 1_000_000}, 0),
    "the better one wins": (
        [100],
        [[near(ESSAY, 0.9), near(ODE, 0.89)]],
        {ESSAY: 1_000_000},
        0,
    ),
    "of equals the earlier one wins": (
        [100],
        [[near(ESSAY, 0.9), near(NOVEL, 0.899), near(ODE, 0.896)]],
        {ODE: 1_000_000},
        0,
    ),
    "an empty output": ([], [], {}, 1_000_000),
}


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_who_is_paid_for_what(case):
    lengths, hits, expected, unmatched_ppm = TABLE[case]
    assert shares(an_output(*lengths), hits) == (expected, unmatched_ppm)


def test_a_work_that_may_not_earn_is_passed_over():
    hits = [[near(ODE, 0.95), near(ESSAY, 0.9)]]
    assert shares(an_output(100), hits, lambda work: work != ODE) == ({ESSAY: 1_000_000}, 0)
    assert shares(an_output(100), hits, lambda work: work > ESSAY) == ({}, 1_000_000)


def test_evidence_names_both_spans():
    hits = [[near(ODE, 0.8, passage_id=8)], [near(ODE, 0.99, passage_id=9)], [near(ESSAY, 0.9)]]
    attribution = decide_v0(an_output(100, 80, 60), hits, everyone, engine_version="v")
    paraphrase, verbatim = attribution.evidence
    assert paraphrase == Evidence(0, 100, ODE, 8, 1_000, 1_100, paraphrase.confidence, "paraphrase")
    assert verbatim == Evidence(101, 181, ODE, 9, 1_000, 1_100, verbatim.confidence, "verbatim")
    assert 0.5 < paraphrase.confidence < verbatim.confidence <= 1.0


def test_the_likeliest_source_is_named_even_where_nothing_is_paid():
    hits = [[near(ODE, 0.6)], [near(ODE, 0.6), near(ESSAY, 0.65)], []]
    attribution = decide_v0(an_output(100, 100, 100), hits, everyone, engine_version="v")
    assert attribution.share_ppm == {}
    work_id, score = attribution.best
    assert work_id == ODE
    assert 0.0 < score < 0.5


@pytest.mark.parametrize(
    ("cosines", "last", "is_open"),
    [
        ([], 0.9, True),
        ([], 0.2, False),
        ([0.9, 0.8], 0.8, False),
        ([0.9, 0.897], 0.897, True),
        ([0.9], 0.93, True),
    ],
)
def test_a_deeper_search_is_for_winners_and_earlier_ties(cosines, last, is_open):
    assert leaves_winner_open([near(ODE, cosine) for cosine in cosines], last) is is_open


HITS = st.lists(
    st.builds(
        near, st.integers(1, 6), st.floats(-1, 1), content_hash=st.sampled_from([HASH, OTHER_HASH])
    ),
    max_size=8,
)


@given(st.lists(st.tuples(st.integers(1, 400), HITS), max_size=12))
def test_every_attribution_sums_to_a_million_and_is_evidenced(passages):
    output = an_output(*[length for length, _ in passages])
    attribution = decide_v0(output, [row for _, row in passages], everyone, engine_version="v")
    assert sum(attribution.share_ppm.values()) + attribution.unmatched_ppm == 1_000_000
    assert {each.work_id for each in attribution.evidence} == set(attribution.share_ppm)
    total = sum(length for length, _ in passages)
    for work_id, share_ppm in attribution.share_ppm.items():
        won = sum(
            e.output_end - e.output_start for e in attribution.evidence if e.work_id == work_id
        )
        assert abs(share_ppm - won * 1_000_000 / total) < 1


@pytest.mark.parametrize(
    ("share_ppm", "unmatched_ppm"), [({1: 999_999}, 0), ({1: 0}, 1_000_000), ({1: -1}, 1_000_001)]
)
def test_an_attribution_that_is_no_partition_does_not_exist(share_ppm, unmatched_ppm):
    with pytest.raises(AssertionError):
        Attribution(share_ppm, unmatched_ppm, (), "v", None)
