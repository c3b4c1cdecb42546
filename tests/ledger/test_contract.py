import json
from dataclasses import replace

import numpy as np
import pytest
from contracts import DAY, MARGIN, POOL, PRODUCTION, REST, STANDARD, contracts
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.contract import (
    BadContract,
    Basis,
    Contract,
    Pool,
    Settles,
    Step,
    run_down,
    run_down_array,
)
from service.ledger.contract_form import steps_from_json, steps_to_json
from service.ledger.money import MAX_NANOS
from service.ledger.tiers import Tier

amounts = st.integers(0, MAX_NANOS) | st.sampled_from([0, 1, 999_999, 1_000_000, MAX_NANOS])


@pytest.mark.parametrize(
    ("tier", "gross", "tokens", "taken", "shortfall"),
    [
        # production, IP pool, cloud margin, vendor: a million tokens of each tier
        (Tier.FREE, 0, 1_000_000, (0, 0, 0, 0), (5 * 10**9, 0, 0, 0)),
        (
            Tier.STANDARD, 3 * 10**9, 1_000_000,
            (3 * 10**9, 0, 0, 0), (2 * 10**9, 0, 300_000_000, 0),
        ),
        (
            Tier.PREMIUM, 6 * 10**9, 1_000_000,
            (5 * 10**9, 600_000_000, 400_000_000, 0), (0, 0, 200_000_000, 0),
        ),
        (
            Tier.HIGH_SPEED, 45 * 10**9, 1_000_000,
            (5 * 10**9, 4_500_000_000, 4_500_000_000, 31 * 10**9), (0, 0, 0, 0),
        ),
        (
            Tier.ELITE, 150 * 10**9, 1_000_000,
            (5 * 10**9, 22_500_000_000, 15 * 10**9, 107_500_000_000), (0, 0, 0, 0),
        ),
        # one nano: a share of it is floored to nothing
        (Tier.ELITE, 1, 0, (0, 0, 0, 1), (0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_the_standard_waterfall(tier, gross, tokens, taken, shortfall):
    flow = run_down(gross, tokens, tier, STANDARD.steps)
    assert (flow.taken, flow.shortfall) == (taken, shortfall)


def test_a_share_of_the_rest_is_reckoned_from_what_remains():
    half = Step(
        "half", Basis.OF_REST, {Tier.PREMIUM: 500_000}, Settles.DIRECT, {"cloud": 1_000_000}
    )
    steps = (half, replace(half, name="half-again"), REST)
    assert run_down(101, 0, Tier.PREMIUM, steps).taken == (50, 25, 26)


@given(contracts(), st.sampled_from(Tier), amounts, amounts)
def test_the_sum_taken_is_the_gross_and_no_step_takes_more_than_remains(
    contract, tier, gross, tokens
):
    flow = run_down(gross, tokens, tier, contract.steps)
    assert sum(flow.taken) == gross
    assert min(flow.taken) >= 0
    assert min(flow.shortfall) >= 0
    for at, short in enumerate(flow.shortfall):
        assert not short or sum(flow.taken[: at + 1]) == gross


@given(contracts(), st.sampled_from(Tier), st.lists(st.tuples(amounts, amounts), max_size=20))
def test_the_array_runs_down_as_the_plain_form(contract, tier, sales):
    columns = [np.array([sale[at] for sale in sales], np.int64) for at in (0, 1)]
    flows = [run_down(gross, tokens, tier, contract.steps).taken for gross, tokens in sales]
    taken = run_down_array(*columns, tier, contract.steps)
    assert [column.tolist() for column in taken] == [
        [flow[at] for flow in flows] for at in range(len(contract.steps))
    ]


@pytest.mark.parametrize(
    ("rate", "tokens", "gross", "taken"),
    [
        (2**62, 4, 1_000, 1_000),  # the claim is 2^64: wrapped it would be zero
        (2**62, 2, 1_000, 1_000),  # 2^63: wrapped, negative
        (2**63 - 1, 2**63 - 1, MAX_NANOS, MAX_NANOS),
        (3, 3_074_457_345_618_258_602, MAX_NANOS, MAX_NANOS - 1),  # fits by one nano
        (3, 3_074_457_345_618_258_603, MAX_NANOS, MAX_NANOS),
        (1, 2**63 - 1, MAX_NANOS, MAX_NANOS),
        (0, 2**63 - 1, MAX_NANOS, 0),
    ],
)
def test_a_claim_per_token_never_wraps(rate, tokens, gross, taken):
    steps = (Step("t", Basis.PER_TOKEN, {Tier.FREE: rate}, Settles.DIRECT, {"p": 1_000_000}), REST)
    (column, _) = run_down_array(np.array([gross]), np.array([tokens]), Tier.FREE, steps)
    assert column.tolist() == [taken]
    assert run_down(gross, tokens, Tier.FREE, steps).taken[0] == taken


BROKEN = [
    ((), "the last step", "takes the rest"),
    ((PRODUCTION,), "the last step", "takes the rest"),
    ((REST, MARGIN), "the last step", "takes the rest"),
    ((replace(REST, name="first"), REST), "step first", "only the last"),
    ((POOL, replace(POOL, name="second"), REST), "the steps", "at most one is the IP pool"),
    ((MARGIN, MARGIN, REST), "the steps", "a name of its own"),
    ((replace(MARGIN, rates={Tier.FREE: 1_000_001}), REST), "step cloud-margin", "0..1000000"),
    ((replace(MARGIN, rates={Tier.FREE: -1}), REST), "step cloud-margin", "0..1000000"),
    (
        (replace(PRODUCTION, rates={Tier.FREE: 2**63}), REST),
        "step production",
        "0..9223372036854775807",
    ),
    ((replace(POOL, parties={"cloud": 1_000_000}), REST), "step ip-pool", "has no parties"),
    ((replace(MARGIN, parties={"a": 999_999}), REST), "step cloud-margin", "1000000 ppm"),
    (
        (replace(MARGIN, parties={"a": 1_000_000, "b": 0}), REST),
        "step cloud-margin",
        "above zero",
    ),
    ((replace(REST, settles=Settles.ON_PLATFORM),), "step vendor", "settles direct"),
    ((replace(POOL, settles=Settles.DIRECT), REST), "step ip-pool", "settles on the platform"),
    ((replace(POOL, pool=Pool(1_000_001)), REST), "step ip-pool", "fee_ppm lies in"),
    ((replace(POOL, pool=Pool(-1)), REST), "step ip-pool", "fee_ppm lies in"),
]


@pytest.mark.parametrize(("steps", "place", "rule"), BROKEN)
def test_a_contract_that_breaks_a_rule_is_refused_by_name(steps, place, rule):
    with pytest.raises(BadContract, match=rule) as refusal:
        Contract(1, "acme", DAY, "USD", steps)
    assert refusal.value.facts["place"] == place


def test_the_pool_rate_is_zero_where_nothing_goes_to_sources():
    assert [STANDARD.pool_rate(tier) for tier in Tier] == [0, 0, 100_000, 100_000, 150_000]
    assert Contract(1, "acme", DAY, "USD", (REST,)).pool_rate(Tier.ELITE) == 0


@given(contracts())
def test_a_contract_is_read_back_from_json(contract):
    assert steps_from_json(json.loads(json.dumps(steps_to_json(contract.steps)))) == contract.steps


def test_a_pool_as_json():
    assert steps_to_json([POOL]) == [
        {
            "name": "ip-pool",
            "basis": "of-gross",
            "rates": {"premium": 100_000, "high-speed": 100_000, "elite": 150_000},
            "settles": "platform",
            "parties": {},
            "fee_ppm": 100_000,
            "unmatched": "pool",
        }
    ]


GOOD = {"name": "s", "basis": "of-gross", "rates": {}, "settles": "direct", "parties": {}}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "steps"),
        ("steps", "steps"),
        (None, "steps"),
        ([7], "steps[0]"),
        ([{}], "steps[0]"),
        ([GOOD, GOOD | {"colour": "red"}], "steps[1]"),
        ([GOOD | {"basis": "of-net"}], "steps[0].basis"),
        ([{"name": "s", "settles": "direct"}], "steps[0].basis"),
        ([GOOD | {"settles": "later"}], "steps[0].settles"),
        ([GOOD | {"rates": []}], "steps[0].rates"),
        ([GOOD | {"rates": {"gold": 1}}], "steps[0].rates"),
        ([GOOD | {"rates": {"free": 0.1}}], "steps[0].rates.free"),
        ([GOOD | {"rates": {"free": "1"}}], "steps[0].rates.free"),
        ([GOOD | {"rates": {"free": True}}], "steps[0].rates.free"),
        ([GOOD | {"parties": {"cloud": None}}], "steps[0].parties.cloud"),
        ([GOOD | {"parties": 5}], "steps[0].parties"),
        ([GOOD | {"fee_ppm": "10"}], "steps[0].fee_ppm"),
        ([GOOD | {"fee_ppm": 10, "unmatched": "nobody"}], "steps[0].unmatched"),
        ([GOOD | {"unmatched": "vendor"}], "steps[0].unmatched"),
    ],
)
def test_bad_json_is_refused_with_its_place(value, place):
    with pytest.raises(BadContract) as refusal:
        steps_from_json(value)
    assert refusal.value.facts["place"] == place


def limited(**limits):
    return Contract(1, "acme", DAY, "USD", (replace(POOL, **limits), REST))


def pool_of(contract, *, tokens, tier=Tier.PREMIUM):
    return run_down(6_000 * tokens, tokens, tier, contract.steps).taken[0]


def test_a_claim_is_raised_to_its_guarantee_and_capped_by_tier():
    assert pool_of(limited(), tokens=1_000) == 600_000
    assert pool_of(limited(at_least={Tier.PREMIUM: 900}), tokens=1_000) == 900_000
    assert pool_of(limited(at_most={Tier.PREMIUM: 450}), tokens=1_000) == 450_000
    assert pool_of(limited(at_least={Tier.ELITE: 900}), tokens=1_000) == 600_000


def test_a_guarantee_takes_no_more_than_remains_and_says_what_it_lacks():
    contract = limited(at_least={Tier.PREMIUM: 7_000})
    flow = run_down(6_000_000, 1_000, Tier.PREMIUM, contract.steps)
    assert (flow.taken, flow.shortfall[0]) == ((6_000_000, 0), 1_000_000)


def test_a_tier_without_a_rate_feeds_the_pool_by_its_guarantee():
    assert limited().pool_rate(Tier.STANDARD) == 0
    assert limited(at_least={Tier.STANDARD: 5}).pool_rate(Tier.STANDARD) == 5


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({"at_least": {Tier.PREMIUM: 5}, "at_most": {Tier.PREMIUM: 4}}, "not above at_most"),
        ({"at_most": {Tier.PREMIUM: -1}}, "lie in 0"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits, rule):
    with pytest.raises(BadContract, match=rule):
        limited(**limits)


def test_what_takes_the_rest_has_no_limits():
    with pytest.raises(BadContract, match="has no limits"):
        Contract(1, "acme", DAY, "USD", (replace(REST, at_most={Tier.PREMIUM: 1}),))
