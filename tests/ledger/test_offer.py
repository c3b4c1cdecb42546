"""The course of an offer: who may say what when, and what follows."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.licence import MultiplierOutOfRange
from service.ledger.money import BadCurrency
from service.ledger.offer import (
    AgreedAlready,
    BadOffer,
    NoLongerOpen,
    NotAsked,
    Offer,
    OfferState,
    Part,
    Said,
    Step,
    accept,
    agreed_by,
    check_opening,
    decline,
    part_of_each,
    state_of,
    usual_opening,
    withdraw,
)

ADA, BEN, CLEO = 11, 12, 13
TODAY = date(2026, 6, 1)
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
OPEN_UNTIL = date(2026, 6, 20)
OFFER = Offer(
    vendor_id=1,
    currency="USD",
    advance_nanos=100_000_000_000,
    guarantee_nanos=300_000_000_000,
    multiplier_ppm=1_500_000,
    starts_on=date(2026, 7, 1),
    ends_on=date(2027, 7, 1),
    open_until=OPEN_UNTIL,
)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"advance_nanos": -1}, "advance"),
        ({"guarantee_nanos": 2**63}, "guarantee"),
        ({"guarantee_nanos": 99_999_999_999}, "guarantee"),
        ({"ends_on": date(2026, 7, 1)}, "ends_on"),
        ({"ends_on": date(2036, 7, 9)}, "ends_on"),
        ({"open_until": date(2026, 7, 1)}, "open_until"),
        ({"starts_on": date.min, "ends_on": date.max}, "ends_on"),
        ({"starts_on": date.min, "ends_on": date(1, 2, 1)}, "open_until"),
    ],
)
def test_an_offer_that_breaks_a_rule_is_refused_by_place(change, place):
    with pytest.raises(BadOffer) as refused:
        replace(OFFER, **change)
    assert refused.value.facts["place"] == place


def test_an_offer_has_a_currency_and_a_rate_that_are_taken():
    with pytest.raises(BadCurrency):
        replace(OFFER, currency="usd")
    with pytest.raises(MultiplierOutOfRange):
        replace(OFFER, multiplier_ppm=10_010_000)


def test_an_offer_ends_a_day_before_its_term_so_that_no_sale_is_settled_before_it():
    assert replace(OFFER, open_until=date(2026, 6, 30)).open_until == date(2026, 6, 30)
    assert usual_opening(date(2026, 7, 1), today=TODAY) == date(2026, 6, 30)
    assert usual_opening(date(2026, 9, 1), today=TODAY) == date(2026, 7, 1)
    with pytest.raises(BadOffer):
        check_opening(OFFER, today=OPEN_UNTIL)
    assert check_opening(OFFER, today=date(2026, 6, 19)) == OFFER


def said(*told):
    return [Step(one, holder, AT, "somebody") for one, holder in told]


@pytest.mark.parametrize(
    ("steps", "today", "state"),
    [
        ([], TODAY, OfferState.OFFERED),
        ([], date(2026, 6, 19), OfferState.OFFERED),
        ([], OPEN_UNTIL, OfferState.EXPIRED),
        ([(Said.AGREED, ADA)], TODAY, OfferState.OFFERED),
        ([(Said.AGREED, ADA)], OPEN_UNTIL, OfferState.EXPIRED),
        ([(Said.AGREED, ADA), (Said.ACCEPTED, None)], OPEN_UNTIL, OfferState.ACCEPTED),
        ([(Said.DECLINED, BEN)], OPEN_UNTIL, OfferState.DECLINED),
        ([(Said.WITHDRAWN, None)], OPEN_UNTIL, OfferState.WITHDRAWN),
    ],
)
def test_what_was_said_or_else_the_clock_is_the_state(steps, today, state):
    assert state_of(OPEN_UNTIL, said(*steps), today=today) is state


def test_a_holder_alone_accepts_for_all():
    assert accept("offer 1", OfferState.OFFERED, [], holder_id=ADA, asked={ADA}) == (
        Said.AGREED,
        Said.ACCEPTED,
    )


def test_of_several_holders_the_last_accepts_for_all():
    before = said((Said.AGREED, ADA))
    asked = {ADA, BEN}
    assert accept("offer 1", OfferState.OFFERED, [], holder_id=ADA, asked=asked) == (Said.AGREED,)
    assert accept("offer 1", OfferState.OFFERED, before, holder_id=BEN, asked=asked) == (
        Said.AGREED,
        Said.ACCEPTED,
    )


def test_who_came_in_since_is_asked_too_and_who_left_is_not():
    before = said((Said.AGREED, ADA))
    assert accept("offer 1", OfferState.OFFERED, before, holder_id=BEN, asked={BEN, CLEO}) == (
        Said.AGREED,
    )
    assert agreed_by(before) == {ADA}


@pytest.mark.parametrize("state", [s for s in OfferState if s is not OfferState.OFFERED])
def test_nothing_is_said_of_an_offer_that_is_not_open(state):
    for answer in (
        lambda: accept("offer 1", state, [], holder_id=CLEO, asked={ADA}),
        lambda: decline("offer 1", state, holder_id=CLEO, asked={ADA}),
        lambda: withdraw("offer 1", state),
    ):
        with pytest.raises(NoLongerOpen) as refused:
            answer()
        assert refused.value.facts["state"] == state


def test_only_who_is_asked_answers_and_accepts_once():
    with pytest.raises(NotAsked):
        accept("offer 1", OfferState.OFFERED, [], holder_id=CLEO, asked={ADA})
    with pytest.raises(NotAsked):
        decline("offer 1", OfferState.OFFERED, holder_id=CLEO, asked={ADA})
    with pytest.raises(AgreedAlready):
        accept(
            "offer 1", OfferState.OFFERED, said((Said.AGREED, ADA)), holder_id=ADA, asked={ADA, BEN}
        )


def test_one_who_agreed_may_still_decline_while_others_think():
    assert decline("offer 1", OfferState.OFFERED, holder_id=ADA, asked={ADA, BEN}) == (
        Said.DECLINED,
    )


def test_advance_and_guarantee_are_divided_by_shares_to_the_nano():
    shares = {ADA: 333_334, BEN: 333_333, CLEO: 333_333}
    assert part_of_each(7, OFFER, shares) == {
        ADA: Part(33_333_400_000, 100_000_200_000),
        BEN: Part(33_333_300_000, 99_999_900_000),
        CLEO: Part(33_333_300_000, 99_999_900_000),
    }
    assert part_of_each(7, replace(OFFER, guarantee_nanos=0), shares)[ADA].guarantee_nanos == 0
    nothing = replace(OFFER, advance_nanos=0, guarantee_nanos=0)
    assert part_of_each(7, nothing, shares) == {}


amounts = st.integers(0, 100) | st.integers(0, 10**15)


@given(amounts, amounts, st.integers(1, 999_999), st.integers(1, 2**40))
def test_parts_sum_to_the_whole_and_no_guarantee_is_below_its_advance(advance, more, share, number):
    offer = replace(OFFER, advance_nanos=advance, guarantee_nanos=advance + more)
    parts = part_of_each(number, offer, {ADA: share, BEN: 1_000_000 - share}).values()
    assert sum(part.advance_nanos for part in parts) == advance
    assert sum(part.guarantee_nanos for part in parts) == advance + more
    assert all(part.guarantee_nanos >= part.advance_nanos for part in parts)


answers = st.lists(
    st.tuples(st.sampled_from(["accept", "decline", "withdraw"]), st.sampled_from([ADA, BEN, CLEO]))
)


@given(answers, st.sets(st.sampled_from([ADA, BEN, CLEO]), min_size=1))
def test_whatever_is_said_in_whatever_order_ends_once(told, asked):
    steps, ended = [], 0
    for kind, holder in told:
        state = state_of(OPEN_UNTIL, steps, today=TODAY)
        try:
            if kind == "accept":
                new = accept("offer 1", state, steps, holder_id=holder, asked=asked)
            elif kind == "decline":
                new = decline("offer 1", state, holder_id=holder, asked=asked)
            else:
                new = withdraw("offer 1", state)
        except (NoLongerOpen, NotAsked, AgreedAlready):
            continue
        assert state is OfferState.OFFERED
        steps += [Step(one, holder, AT, "somebody") for one in new]
        ended += sum(one is not Said.AGREED for one in new)
    assert ended <= 1
    if state_of(OPEN_UNTIL, steps, today=TODAY) is OfferState.ACCEPTED:
        assert agreed_by(steps) >= asked
