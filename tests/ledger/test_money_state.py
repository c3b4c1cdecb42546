"""Every nano is somewhere, and what is not paid says why and when that may change."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.money_state import (
    MoneyAstray,
    MoneyFacts,
    MoneyState,
    PayeeGate,
    UnderHold,
    WhyNotPaid,
    stands,
)
from service.ledger.period import Period

TODAY = date(2026, 3, 10)
CENT = 10_000_000
NOTHING = MoneyFacts(
    currency="USD", estimated={}, earned_nanos=0, held_nanos=0, holds=(), unpaid_by=(),
    holdback_nanos=0, holdback_until=None, free_nanos=0, stated_nanos=0, returned_nanos=0,
    under_way_nanos=0, confirmed_nanos=0, advance_nanos=0,
)  # fmt: skip


def told(*, threshold=0, **facts):
    standing = stands(replace(NOTHING, **facts), threshold=threshold, today=TODAY)
    return [
        (str(p.state), p.nanos, str(p.why) if p.why else "", str(p.may_change_on), p.note)
        for p in standing.parts
    ]


def test_an_open_month_is_estimated_until_it_can_be_closed():
    """January and February could be closed by now, March from the first of April on."""
    assert told(estimated={Period(202603): 5, Period(202601): 7}) == [
        ("estimated", 7, "not-closed", "2026-03-10", "2026-01"),
        ("estimated", 5, "not-closed", "2026-04-01", "2026-03"),
    ]


def test_what_is_held_says_for_what():
    contested = UnderHold(WhyNotPaid.CONTESTED, 30, ("dispute 7",), date(2026, 3, 15))
    assert told(
        earned_nanos=120,
        held_nanos=100,
        holds=(contested, UnderHold(WhyNotPaid.UNCONFIRMED, 20, ("proposal 3",))),
        unpaid_by=("acme", "borealis"),
        holdback_nanos=20,
        holdback_until=date(2026, 6, 1),
    ) == [
        ("held", 30, "contested", "2026-03-15", "dispute 7"),
        ("held", 20, "unconfirmed", "None", "proposal 3"),
        ("held", 50, "not-backed", "2026-04-01", "acme, borealis"),
        ("held", 20, "holdback", "2026-06-01", ""),
    ]


@pytest.mark.parametrize(
    ("free", "stated", "returned", "threshold", "parts"),
    [
        (3 * CENT, 3 * CENT, 0, 0, [("payable", 3 * CENT, "no-payout-yet", "2026-03-10", "")]),
        (
            *(3 * CENT + 7, 3 * CENT, 0, 0),
            [
                ("settled", 7, "below-minor-unit", "2026-04-01", ""),
                ("payable", 3 * CENT, "no-payout-yet", "2026-03-10", ""),
            ],
        ),
        # a refund since the statement left less than it states
        (2 * CENT, 3 * CENT, 0, 0, [("payable", 2 * CENT, "no-payout-yet", "2026-03-10", "")]),
        # a receipt since the statement made more of it free
        (
            *(5 * CENT, 3 * CENT, 0, 0),
            [
                ("settled", 2 * CENT, "not-stated", "2026-04-01", ""),
                ("payable", 3 * CENT, "no-payout-yet", "2026-03-10", ""),
            ],
        ),
        (4 * CENT, 0, 0, 5 * CENT, [("settled", 4 * CENT, "below-threshold", "2026-04-01", "")]),
        (
            *(4 * CENT, 0, 3 * CENT, 0),
            [
                ("settled", 3 * CENT, "returned", "2026-04-01", ""),
                ("settled", CENT, "not-stated", "2026-04-01", ""),
            ],
        ),
        (-5, 3 * CENT, 0, 0, [("settled", -5, "negative-balance", "2026-04-01", "")]),
        (9, 0, 0, 0, [("settled", 9, "below-minor-unit", "2026-04-01", "")]),
    ],
)
def test_what_is_free_is_payable_as_far_as_a_statement_states_it(
    free, stated, returned, threshold, parts
):
    found = told(
        earned_nanos=free,
        free_nanos=free,
        stated_nanos=stated,
        returned_nanos=returned,
        threshold=threshold,
    )
    assert found == parts


def test_what_left_the_balance_is_paid_once_it_has_arrived():
    assert told(earned_nanos=12, under_way_nanos=5, confirmed_nanos=7) == [
        ("payable", 5, "under-way", "None", ""),
        ("paid", 7, "", "None", ""),
    ]


def test_a_payee_who_is_not_ready_waits_with_what_is_payable():
    facts = {"earned_nanos": CENT, "free_nanos": CENT, "stated_nanos": CENT}
    cooling = PayeeGate(WhyNotPaid.ACCOUNT_COOLING, "a new account", date(2026, 3, 12))
    assert told(**facts, gate=cooling) == [
        ("payable", CENT, "account-cooling", "2026-03-12", "a new account"),
    ]
    unknown = PayeeGate(WhyNotPaid.PAYEE_NOT_READY, "payee 7 has no profile")
    assert told(**facts, gate=unknown) == [
        ("payable", CENT, "payee-not-ready", "None", "payee 7 has no profile"),
    ]


def test_an_advance_that_was_paid_early_is_told_apart():
    facts = replace(NOTHING, earned_nanos=3, confirmed_nanos=10, advance_nanos=7)
    found = stands(facts, threshold=0, today=TODAY)
    assert (found.total(MoneyState.PAID), found.earned_nanos, found.advance_nanos) == (10, 3, 7)


def test_accounts_that_do_not_add_up_are_our_fault():
    with pytest.raises(MoneyAstray):
        told(earned_nanos=12, confirmed_nanos=7)


def test_every_reason_has_a_sentence():
    assert all(why.sentence.endswith(".") for why in WhyNotPaid)


amounts = st.integers(-(10**12), 10**12)
some = st.integers(0, 10**12)


@given(
    amounts, amounts, amounts, some, some, some, some, some, some, st.sampled_from(["USD", "JPY"])
)
def test_settled_held_payable_and_paid_are_what_was_earned(
    held, contested, free, holdback, stated, returned, under_way, confirmed, threshold, currency
):
    facts = replace(
        NOTHING,
        currency=currency,
        earned_nanos=held + free + holdback + under_way + confirmed,
        held_nanos=held,
        holds=(UnderHold(WhyNotPaid.CONTESTED, contested),),
        holdback_nanos=holdback,
        free_nanos=free,
        stated_nanos=stated // (10 * CENT) * (10 * CENT),
        returned_nanos=returned,
        under_way_nanos=under_way,
        confirmed_nanos=confirmed,
    )
    found = stands(facts, threshold=threshold, today=TODAY)
    assert sum(found.total(s) for s in MoneyState) == facts.earned_nanos
    assert all(part.why for part in found.parts if part.state is not MoneyState.PAID)
    assert found.total(MoneyState.HELD) == held + holdback
    assert 0 <= found.total(MoneyState.PAYABLE) - under_way <= max(free, 0)
