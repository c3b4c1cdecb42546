from datetime import date

import pytest

from service.ledger.rights import (
    HolderTwice,
    NoHolder,
    RightsVersion,
    ShareOutOfRange,
    SplitNotWhole,
    UpstreamTooLarge,
    check_split,
)

DAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    "split",
    [
        {1: 1_000_000},
        {1: 999_999, 2: 1},
        {1: 333_333, 2: 333_333, 3: 333_334},
        dict.fromkeys(range(1, 1001), 1000),
    ],
)
def test_a_whole_split_is_taken(split):
    assert check_split(split) is split


@pytest.mark.parametrize(
    ("split", "refusal", "facts"),
    [
        ({}, NoHolder, {"count": 0}),
        (dict.fromkeys(range(1001), 999), NoHolder, {"count": 1_001}),
        ({1: 1_000_000, 2: 0}, ShareOutOfRange, {"holder": 2, "share_ppm": 0}),
        ({1: 1_000_001, 2: -1}, ShareOutOfRange, {"holder": 1, "share_ppm": 1_000_001}),
        ({1: 500_000, 2: -1}, ShareOutOfRange, {"holder": 2, "share_ppm": -1}),
        ({1: 999_999}, SplitNotWhole, {"total_ppm": 999_999}),
        ({1: 600_000, 2: 400_001}, SplitNotWhole, {"total_ppm": 1_000_001}),
    ],
)
def test_a_split_is_refused_by_name(split, refusal, facts):
    with pytest.raises(refusal) as refused:
        check_split(split)
    assert refused.value.facts == facts
    with pytest.raises(refusal):
        RightsVersion(1, 1, DAY, split)


@pytest.mark.parametrize(
    ("upstream", "refusal"),
    [
        ({5: 0}, ShareOutOfRange),
        ({5: 200_000, 6: -1}, ShareOutOfRange),
        ({5: 1_000_000, 6: 1}, UpstreamTooLarge),
    ],
)
def test_upstream_shares_are_refused_by_name(upstream, refusal):
    with pytest.raises(refusal):
        RightsVersion(1, 1, DAY, {1: 1_000_000}, upstream)


def test_a_derivative_may_pass_on_all_it_earns():
    assert RightsVersion(1, 1, DAY, {1: 1_000_000}, {5: 1_000_000}).upstream_ppm == {5: 1_000_000}


def test_a_holder_named_twice_is_named():
    assert HolderTwice("Ada").sentence == "holder Ada is named twice"
