"""The same text gives the same answer as long as the version is the same."""

import pytest
from golden_cases import CASES, golden_engine, method, observed, rows

GOLDEN = rows(CASES)
AGAIN = "then run python tests/attribution/golden_cases.py and read the difference"


@pytest.fixture(scope="module")
def golden(minilm):
    return golden_engine(minilm)


def made_of(case, golden):
    return observed(case["name"], case["text"], *golden)


def test_the_cases_were_written_by_this_version_of_the_engine(golden):
    for case in GOLDEN:
        assert case["method"] == method(golden[0]), f"the engine has another version: {AGAIN}"


def test_there_are_cases_enough():
    assert len(GOLDEN) >= 12
    assert {work for case in GOLDEN for work in case["share_ppm"]} == set("1234567")


@pytest.mark.parametrize("step", ["normalise_v1", "cut_v1", "terms_v1"])
@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_a_version_of_a_step_never_changes(case, step, golden):
    assert made_of(case, golden)[step] == case[step], (
        f"{step} gives something else: what is registered was made by {step}, so leave it as it "
        f"is and add the next version beside it; {AGAIN}"
    )


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_shares_stay_within_a_thousandth(case, golden):
    """The int8 kernels of different processors differ by a little."""
    made = made_of(case, golden)
    bump = f"shares changed: give the method or the coefficients a new version; {AGAIN}"
    assert made["share_ppm"].keys() == case["share_ppm"].keys(), bump
    assert made["share_ppm"] == pytest.approx(case["share_ppm"], abs=1_000), bump
    assert made["unmatched_ppm"] == pytest.approx(case["unmatched_ppm"], abs=1_000), bump
    assert made["evidence"] == case["evidence"], bump
