"""Any sequence of steps, taken by anybody, with a clock that also goes back."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from dispute_steps import ACTIONS, take
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.claim import Actor, Claim, ClaimState, Effect, Outcome
from service.ledger.contested_share import Followed, contested, held_ppm, transferred
from service.ledger.dispute import Decision, lapse
from service.ledger.errors import LedgerError

FILED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WHOLE = 1_000_000
ACTORS = [Actor("op-1"), Actor("op-2"), *(Actor(f"holder-{n}", n) for n in range(1, 6))]

steps = st.lists(
    st.tuples(
        st.sampled_from(["lapse", *ACTIONS]),
        st.sampled_from(ACTORS),
        st.integers(-40, 40),
        st.integers(0, 300_000),
    ),
    max_size=30,
)


def decision_of(claim, granted):
    granted = min(granted, claim.claimed_ppm)
    outcome = Outcome.PARTLY if 0 < granted < claim.claimed_ppm else Outcome.REJECTED
    return Decision(Outcome.UPHELD if granted == claim.claimed_ppm else outcome, granted)


@given(steps=steps, proven=st.booleans())
def test_a_hold_is_active_exactly_while_a_claim_is_open(steps, proven):
    claim = Claim(
        1,
        7,
        ClaimState.CLAIMED,
        {1: 200_000, 2: 100_000},
        {3: 150_000, 4: 150_000},
        date(2026, 3, 1),
        FILED,
        FILED + timedelta(days=30),
        has_evidence=proven,
    )
    now, held, appeals = FILED, True, 0
    for action, actor, days, granted in steps:
        now += timedelta(days=days)
        before = claim
        moves = [lapse(claim, now=now)]
        claim = moves[0].claim if moves[0] else claim
        if action != "lapse":
            with suppress(LedgerError):
                decision = decision_of(claim, granted)
                moves.append(take(claim, action, actor, now=now, decision=decision))
        for move in filter(None, moves):
            assert held, "a step after the end"
            claim = move.claim
            assert claim.last_at >= before.last_at
            assert bool(move.effects) is not claim.is_open
            assert set(move.effects) <= {Effect.RETURN, Effect.TRANSFER}
            if move.effects == (Effect.TRANSFER,):
                assert 0 < claim.granted_ppm <= 300_000
                assert claim.has_evidence or claim.gave_up >= {3, 4}
            held = held and not move.effects
            appeals += move.action == "appeal"
        assert held is claim.is_open
        assert appeals <= 1, "a second appeal"


splits = st.lists(st.integers(1, 1_000), min_size=1, max_size=8).map(
    lambda weights: {
        holder: WHOLE * weight // sum(weights) or 1 for holder, weight in enumerate(weights, 1)
    }
)


def whole(split):
    first = max(split, key=split.get)
    return split | {first: split[first] + WHOLE - sum(split.values())}


@given(split=splits.map(whole), claimed=st.integers(1, WHOLE), granted=st.integers(1, WHOLE))
def test_never_more_is_contested_or_given_than_a_respondent_has(split, claimed, granted):
    claimed = min(claimed, WHOLE)
    granted = min(granted, claimed)
    parts = contested(7, split, claimed, claimants=frozenset({99}))
    assert sum(parts.values()) == claimed
    for holder, part in parts.items():
        assert 0 < part <= split[holder]
        kept = held_ppm(part, split[holder])
        assert 0 <= kept * split[holder] - part * WHOLE < split[holder]
    followed = Followed(parts, split, frozenset({99})).granted(granted)
    after = transferred(split, followed, claimants={99: claimed})
    assert (sum(after.values()), after[99]) == (WHOLE, granted)
    assert all(split[h] - after.get(h, 0) <= parts.get(h, 0) for h in split)


@given(filed=splits.map(whole), now=splits.map(whole), claimed=st.integers(1, WHOLE))
def test_whoever_holds_a_contested_share_by_now_gives_all_of_it_and_no_more(filed, now, claimed):
    """Shares of the same eight people changed hands in whatever way, nobody is aside."""
    parts = contested(7, filed, claimed, claimants=frozenset({99}))
    given_by = Followed(parts, filed, frozenset({99})).giving(now)
    assert sum(given_by.values()) == claimed
    assert all(0 < part <= now[holder] for holder, part in given_by.items())
