"""Which part of whose share a claim contests, and what a split becomes."""

import pytest

from service.ledger.claim import ClaimOutOfRange, NothingToClaim
from service.ledger.contested_share import (
    Followed,
    claimed_for,
    contested,
    held_ppm,
    over_claimed_ppm,
    transferred,
)

ADA, BEN, CLEO = 1, 2, 3
SPLIT = {ADA: 600_000, BEN: 400_000}


@pytest.mark.parametrize(
    ("claimed", "claimant", "against", "parts"),
    [
        (300_000, CLEO, None, {ADA: 180_000, BEN: 120_000}),
        (300_000, CLEO, {ADA}, {ADA: 300_000}),
        (600_000, CLEO, {ADA}, {ADA: 600_000}),
        (1_000_000, CLEO, None, {ADA: 600_000, BEN: 400_000}),
        # who holds a part claims from the others only
        (300_000, BEN, None, {ADA: 300_000}),
        # a single ppm is contested of one of them
        (1, CLEO, None, {ADA: 1}),
    ],
)
def test_others_are_contested_in_proportion(claimed, claimant, against, parts):
    found = contested(
        7,
        SPLIT,
        claimed,
        claimants=frozenset({claimant}),
        against=None if against is None else frozenset(against),
    )
    assert found == parts


@pytest.mark.parametrize(
    ("claimed", "claimant", "against", "refusal"),
    [
        (0, CLEO, None, ClaimOutOfRange),
        (-1, CLEO, None, ClaimOutOfRange),
        (1_000_001, CLEO, None, ClaimOutOfRange),
        (600_001, CLEO, {ADA}, ClaimOutOfRange),
        (600_001, BEN, None, ClaimOutOfRange),
        (1, CLEO, {9}, NothingToClaim),
        (1, CLEO, {ADA, 9}, NothingToClaim),
        (1, CLEO, set(), NothingToClaim),
    ],
)
def test_a_claim_is_never_more_than_others_hold(claimed, claimant, against, refusal):
    with pytest.raises(refusal):
        contested(
            7,
            SPLIT,
            claimed,
            claimants=frozenset({claimant}),
            against=None if against is None else frozenset(against),
        )


def test_a_work_that_is_all_the_claimants_or_nobodys_has_nothing_to_claim():
    for split in ({CLEO: 1_000_000}, {}):
        with pytest.raises(NothingToClaim, match="work 7"):
            contested(7, split, 1, claimants=frozenset({CLEO}))


def test_a_thousand_holders_contest_a_thousand_and_one_ppm_exactly():
    split = dict.fromkeys(range(1, 1_001), 1_000)
    parts = contested(7, split, 1_001, claimants=frozenset({5_000}))
    assert sorted(parts.values()) == [1] * 999 + [2]


@pytest.mark.parametrize(
    ("part", "share", "held"),
    [
        (300_000, 1_000_000, 300_000),
        (180_000, 600_000, 300_000),
        (600_000, 600_000, 1_000_000),
        (1, 333_333, 4),  # 3.000003 ppm of what she earns: rounded up, never too little
    ],
)
def test_what_is_held_is_a_part_of_what_the_respondent_earns(part, share, held):
    assert held_ppm(part, share) == held


def test_two_parties_that_claim_more_than_the_whole():
    assert over_claimed_ppm(SPLIT, 300_000) == 300_000
    assert over_claimed_ppm({}, 300_000) == 0


def parts(respondents, *aside, filed=SPLIT):
    return Followed(respondents, filed, frozenset(aside))


def test_what_is_granted_moves_from_respondents_to_claimants():
    of_both = parts({ADA: 180_000, BEN: 120_000}, CLEO)
    assert transferred(SPLIT, of_both, claimants={CLEO: 300_000}) == {
        ADA: 420_000,
        BEN: 280_000,
        CLEO: 300_000,
    }
    of_ada = parts({ADA: 600_000}, BEN)
    assert transferred(SPLIT, of_ada, claimants={BEN: 600_000}) == {BEN: 1_000_000}


def test_what_is_granted_in_part_is_given_in_proportion_to_what_is_contested():
    assert parts({ADA: 180_000, BEN: 120_000}).granted(100_000).respondents == {
        ADA: 60_000,
        BEN: 40_000,
    }


DAN = 4


@pytest.mark.parametrize(
    ("now", "gives"),
    [
        (SPLIT, {ADA: 180_000}),
        # Ada has given a part to Dan and has enough left
        ({ADA: 200_000, BEN: 400_000, DAN: 400_000}, {ADA: 180_000}),
        # she has not: what is short is taken from who has it by now
        ({ADA: 50_000, BEN: 400_000, DAN: 550_000}, {ADA: 50_000, DAN: 130_000}),
        ({BEN: 400_000, DAN: 600_000}, {DAN: 180_000}),
        ({BEN: 1_000_000}, {BEN: 180_000}),
        ({BEN: 700_000, DAN: 300_000}, {BEN: 90_000, DAN: 90_000}),
        # the claimant has bought it, or a verdict has given it to somebody else
        ({BEN: 400_000, CLEO: 600_000}, {}),
        ({ADA: 50_000, BEN: 400_000, CLEO: 450_000, DAN: 100_000}, {ADA: 50_000, DAN: 100_000}),
    ],
)
def test_a_contested_share_is_given_away_as_it_is_contested(now, gives):
    assert parts({ADA: 180_000}, CLEO).giving(now) == gives


def test_one_respondent_who_has_the_others_share_gives_both():
    of_both = parts({ADA: 180_000, BEN: 120_000}, CLEO)
    assert of_both.giving({BEN: 1_000_000}) == {BEN: 300_000}
    assert of_both.giving({BEN: 250_000, DAN: 750_000}) == {BEN: 120_000, DAN: 180_000}


def test_holders_of_one_work_claim_of_another_by_their_shares():
    assert claimed_for(7, SPLIT, 950_000) == {ADA: 570_000, BEN: 380_000}
