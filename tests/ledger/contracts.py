"""Contracts that tests of the waterfall and of settlement speak about."""

from datetime import date

from hypothesis import strategies as st

from service.ledger.contract import Basis, Contract, Pool, Settles, Step, UnmatchedGoesTo
from service.ledger.money import MAX_NANOS
from service.ledger.tiers import Tier

DAY = date(2020, 1, 1)
PRODUCTION = Step(
    "production",
    Basis.PER_TOKEN,
    dict.fromkeys(Tier, 5_000),
    Settles.DIRECT,
    {"equipment": 400_000, "power": 250_000, "data-centre": 150_000, "cloud": 200_000},
)
POOL = Step(
    "ip-pool",
    Basis.OF_GROSS,
    {Tier.PREMIUM: 100_000, Tier.HIGH_SPEED: 100_000, Tier.ELITE: 150_000},
    Settles.ON_PLATFORM,
    {},
    Pool(fee_ppm=100_000),
)
MARGIN = Step(
    "cloud-margin",
    Basis.OF_GROSS,
    dict.fromkeys(Tier, 100_000),
    Settles.DIRECT,
    {"cloud": 1_000_000},
)
REST = Step("vendor", Basis.REST, {}, Settles.DIRECT, {})
STANDARD = Contract(1, "acme", DAY, "USD", (PRODUCTION, POOL, MARGIN, REST))

_splits = st.sampled_from(
    [
        {"cloud": 1_000_000},
        {"cloud": 600_000, "power": 400_000},
        {"equipment": 333_333, "power": 333_333, "data-centre": 333_334},
        {"equipment": 999_999, "power": 1},
    ]
)
_pools = st.builds(Pool, st.integers(0, 1_000_000), st.sampled_from(UnmatchedGoesTo))
_settles = st.sampled_from(Settles)


def _rates(top):
    edges = st.sampled_from([0, 1, top])
    return st.dictionaries(st.sampled_from(Tier), edges | st.integers(0, top), max_size=5)


@st.composite
def _limits(draw):
    """Draw guarantees and caps of some tiers, a guarantee never above its cap."""
    least = draw(_rates(draw(st.sampled_from([10_000, MAX_NANOS]))))
    most = {tier: draw(st.integers(nanos, MAX_NANOS)) for tier, nanos in least.items()}
    kept = draw(st.sets(st.sampled_from(Tier)))
    return {
        "at_least": {tier: n for tier, n in least.items() if tier in kept},
        "at_most": {tier: n for tier, n in most.items() if draw(st.booleans())},
    }


@st.composite
def _steps(draw, number):
    basis = draw(st.sampled_from([Basis.PER_TOKEN, Basis.OF_GROSS, Basis.OF_REST]))
    small = st.sampled_from([10_000, MAX_NANOS])
    rates = draw(_rates(draw(small) if basis is Basis.PER_TOKEN else 1_000_000))
    if draw(st.booleans()):
        settles, parties = draw(_settles), draw(_splits)
    else:
        settles, parties = Settles.DIRECT, {}
    return Step(f"step-{number}", basis, rates, settles, parties, None, **draw(_limits()))


@st.composite
def contracts(draw):
    """Draw any contract that the rules allow."""
    steps = [draw(_steps(number)) for number in range(draw(st.integers(0, 4)))]
    if draw(st.booleans()):
        basis = draw(st.sampled_from([Basis.PER_TOKEN, Basis.OF_GROSS, Basis.OF_REST]))
        top = 100_000 if basis is Basis.PER_TOKEN else 1_000_000
        rates, pool_of = draw(_rates(top)), draw(_pools)
        pool = Step("pool", basis, rates, Settles.ON_PLATFORM, {}, pool_of, **draw(_limits()))
        steps.insert(draw(st.integers(0, len(steps))), pool)
    last = (
        REST if draw(st.booleans()) else Step("rest", Basis.REST, {}, draw(_settles), draw(_splits))
    )
    return Contract(1, "acme", DAY, "USD", (*steps, last))
