"""Why a holder earns more or less: causes that add up to the difference, to the nano."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from service.ledger.comparison import Change, compared
from service.ledger.period import Period
from service.ledger.statement import LineKind, StatementLine
from service.ledger.tiers import Tier

BEFORE, AFTER = Period(202601), Period(202602)
PRICES = {
    ("acme", Tier.PREMIUM, BEFORE): 600_000_000,
    ("acme", Tier.PREMIUM, AFTER): 600_000_000,
}


def line(month, *, tokens, credited, nanos, work=1, line_id=1, kind=LineKind.EARNED):
    return StatementLine(
        kind=kind,
        line_id=line_id,
        work_id=work,
        vendor="acme",
        tier=Tier.PREMIUM,
        month=month,
        sales_count=1,
        output_tokens=tokens,
        credited_nanos=credited,
        share_ppm=500_000,
        nanos=nanos,
    )


OLD = line(BEFORE, tokens=1_000_000, credited=540_000_000, nanos=270_000_000)


def after(**changed):
    return replace(OLD, month=AFTER, **changed)


def test_nothing_changed():
    assert compared([OLD], [after()], PRICES) == Change()


def test_twice_the_tokens_are_volume():
    doubled = after(output_tokens=2_000_000, credited_nanos=1_080_000_000, nanos=540_000_000)
    assert compared([OLD], [doubled], PRICES) == Change(volume=270_000_000)


def test_a_dearer_token_is_price():
    prices = {**PRICES, ("acme", Tier.PREMIUM, AFTER): 900_000_000}
    dearer = after(credited_nanos=810_000_000, nanos=405_000_000)
    assert compared([OLD], [dearer], prices) == Change(price=135_000_000)


def test_more_of_each_token_is_attribution():
    more = after(credited_nanos=594_000_000, nanos=297_000_000)
    assert compared([OLD], [more], PRICES) == Change(attribution=27_000_000)


def test_a_smaller_part_of_the_work_is_split():
    less = after(nanos=135_000_000)
    assert compared([OLD], [less], PRICES) == Change(split=-135_000_000)


def test_a_work_that_is_new_or_gone_is_volume():
    new = line(AFTER, tokens=5, credited=10, nanos=9, work=2)
    assert compared([], [new], PRICES) == Change(volume=9)
    assert compared([new], [], PRICES) == Change(volume=-9)


def test_what_concerns_closed_months_is_adjustment():
    late = line(BEFORE, tokens=0, credited=-7, nanos=-7, kind=LineKind.ADJUSTMENT)
    assert compared([OLD], [after(), late], PRICES) == Change(adjustment=-7)


amounts = st.integers(0, 10**12)
lines = st.builds(
    lambda month, tokens, credited, nanos, work, kind: line(
        month, tokens=tokens, credited=credited, nanos=nanos, work=work, line_id=work, kind=kind
    ),
    st.just(BEFORE),
    st.integers(0, 10**9),
    amounts,
    amounts,
    st.integers(1, 3),
    st.sampled_from(LineKind),
)


@given(st.lists(lines, max_size=5), st.lists(lines, max_size=5), st.integers(0, 10**12))
def test_causes_add_up_to_the_difference_whatever_the_lines(old, new, price):
    new = [replace(one, month=AFTER) for one in new]
    prices = {**PRICES, ("acme", Tier.PREMIUM, AFTER): price}
    change = compared(old, new, prices)
    assert change.total == sum(one.nanos for one in new) - sum(one.nanos for one in old)
