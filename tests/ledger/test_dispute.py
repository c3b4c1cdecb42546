"""A claim over a share: who may do what when, what the clock decides, what each end does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from dispute_steps import ACTIONS, take

from service.ledger.claim import (
    Action,
    Actor,
    Claim,
    ClaimState,
    Effect,
    Outcome,
    Side,
    held_since,
    why_held,
)
from service.ledger.dispute import (
    Decision,
    accept,
    add_evidence,
    appeal,
    contest,
    decide,
    lapse,
    overruled,
    withdraw,
)
from service.ledger.dispute_refusals import (
    ActionOutOfOrder,
    AnsweredAlready,
    GrantOutOfRange,
    NothingProven,
    NothingToAppeal,
    SameOperator,
    WrongSide,
)

ADA, BEN, CLEO, DAN = 1, 2, 3, 4
FILED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UPHELD, REJECTED = Decision(Outcome.UPHELD, 300_000), Decision(Outcome.REJECTED, 0)
PARTLY = Decision(Outcome.PARTLY, 100_000)

ACTORS = {
    "claimant": Actor("ben", BEN),
    "respondent": Actor("ada", ADA),
    "operator": Actor("op"),
    "stranger": Actor("dan", DAN),
}


def a_claim(state="claimed", **facts):
    """Make Ben's claim of 30 % of work 7, which Ada holds, filed on 1 March with evidence."""
    due = {
        "claimed": FILED + 30 * DAY,
        "decided": FILED + 7 * DAY,
    }.get(state)
    decided = {"outcome": Outcome.UPHELD, "granted_ppm": 300_000, "decided_by": "op-1"}
    if state not in {"decided", "appealed", "verified"}:
        decided = {}
    told = {
        "claimants": {BEN: 300_000},
        "respondents": {ADA: 300_000},
        "held_from": date(2026, 3, 1),
        "last_at": FILED,
        "due_at": due,
        "has_evidence": True,
        **decided,
        **facts,
    }
    return Claim(12, 7, ClaimState(state), **told)


NO, ORDER, LOST = "not for them", "does not follow", "nothing to appeal"
# action, actor -> what follows in claimed, contested, unanswered, decided (upheld), appealed
TABLE = {
    ("evidence", "claimant"): ("claimed", "contested", "unanswered", ORDER, "appealed"),
    ("evidence", "respondent"): ("claimed", "contested", "unanswered", ORDER, "appealed"),
    ("evidence", "operator"): ("claimed", "contested", "unanswered", ORDER, "appealed"),
    ("accept", "respondent"): ("verified", "verified", "verified", ORDER, ORDER),
    ("contest", "respondent"): ("contested", "contested", ORDER, ORDER, ORDER),
    ("counter-claim", "respondent"): ("contested", "contested", ORDER, ORDER, ORDER),
    ("withdraw", "claimant"): ("withdrawn", "withdrawn", "withdrawn", "withdrawn", "withdrawn"),
    ("decide", "operator"): (ORDER, "decided", "decided", ORDER, "verified"),
    ("appeal", "respondent"): (ORDER, ORDER, ORDER, "appealed", ORDER),
    ("appeal", "claimant"): (ORDER, ORDER, ORDER, LOST, ORDER),
}
OPEN = ("claimed", "contested", "unanswered", "decided", "appealed")
FINAL = ("verified", "rejected", "withdrawn", "expired")
REFUSALS = {NO: WrongSide, ORDER: ActionOutOfOrder, LOST: NothingToAppeal}


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", OPEN)
def test_every_action_by_everybody_in_every_open_state(state, action, actor):
    expected = TABLE.get((action, actor), (NO,) * 5)[OPEN.index(state)]
    if expected in REFUSALS:
        with pytest.raises(REFUSALS[expected]):
            take(a_claim(state), action, ACTORS[actor], now=FILED + DAY, decision=UPHELD)
        return
    move = take(a_claim(state), action, ACTORS[actor], now=FILED + DAY, decision=UPHELD)
    assert move.claim.state == expected


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", FINAL)
def test_nothing_follows_a_final_state(state, action, actor):
    with pytest.raises((ActionOutOfOrder, WrongSide)):
        take(a_claim(state), action, ACTORS[actor], now=FILED + DAY, decision=UPHELD)
    assert lapse(a_claim(state), now=FILED + 9_999 * DAY) is None


@pytest.mark.parametrize(
    ("claim", "after", "becomes", "effects"),
    [
        (a_claim(), 29 * DAY, None, None),
        (a_claim(), 30 * DAY, "unanswered", ()),
        (a_claim(), 999 * DAY, "unanswered", ()),
        (a_claim(has_evidence=False), 30 * DAY, "expired", (Effect.RETURN,)),
        (a_claim("contested"), 999 * DAY, None, None),
        (
            a_claim("contested", has_evidence=False, due_at=FILED + 40 * DAY),
            40 * DAY,
            "expired",
            (Effect.RETURN,),
        ),
        (
            a_claim("contested", has_evidence=False, due_at=FILED + 40 * DAY, is_countered=True),
            999 * DAY,
            None,
            None,
        ),
        (a_claim("unanswered"), 999 * DAY, None, None),
        (a_claim("decided"), 7 * DAY - timedelta(microseconds=1), None, None),
        (a_claim("decided"), 7 * DAY, "verified", (Effect.TRANSFER,)),
        (
            a_claim("decided", outcome=Outcome.PARTLY, granted_ppm=1),
            7 * DAY,
            "verified",
            (Effect.TRANSFER,),
        ),
        (
            a_claim("decided", outcome=Outcome.REJECTED, granted_ppm=0),
            7 * DAY,
            "rejected",
            (Effect.RETURN,),
        ),
        (a_claim("appealed"), 999 * DAY, None, None),
    ],
)
def test_what_the_clock_decides(claim, after, becomes, effects):
    move = lapse(claim, now=FILED + after)
    if becomes is None:
        assert move is None
        return
    assert (move.action, move.side) == (Action.LAPSE, Side.CLOCK)
    assert (move.claim.state, move.claim.due_at, move.effects) == (becomes, None, effects)
    assert lapse(move.claim, now=FILED + 9_999 * DAY) is None


def test_a_clock_that_goes_back_decides_nothing_and_dates_nothing_before_the_last_step():
    assert lapse(a_claim(), now=FILED - 99 * DAY) is None
    move = contest(a_claim(), ACTORS["respondent"], now=FILED - 99 * DAY)
    assert move.claim.last_at == FILED


def test_a_claim_without_evidence_has_thirty_days_from_the_answer_to_bring_some():
    move = contest(a_claim(has_evidence=False), ACTORS["respondent"], now=FILED + 10 * DAY)
    assert move.claim.due_at == datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
    again = contest(move.claim, ACTORS["respondent"], now=FILED + 20 * DAY)
    assert again.claim.due_at == move.claim.due_at
    brought = add_evidence(move.claim, ACTORS["claimant"], now=FILED + 11 * DAY)
    assert (brought.claim.has_evidence, brought.claim.due_at) == (True, None)


def test_what_the_respondent_brings_proves_nothing_for_the_claimant():
    move = add_evidence(a_claim(has_evidence=False), ACTORS["respondent"], now=FILED)
    assert move.claim.has_evidence is False
    contested = a_claim("contested", has_evidence=False)
    for decision in (UPHELD, PARTLY):
        with pytest.raises(NothingProven, match="claim 12 has no evidence to be upheld on"):
            decide(contested, decision, ACTORS["operator"], others_may=False, now=FILED)
    said = decide(contested, REJECTED, ACTORS["operator"], others_may=False, now=FILED)
    assert said.claim.outcome == "rejected"


@pytest.mark.parametrize(
    ("outcome", "granted"),
    [
        (Outcome.UPHELD, 299_999),
        (Outcome.UPHELD, 300_001),
        (Outcome.PARTLY, 0),
        (Outcome.PARTLY, 300_000),
        (Outcome.PARTLY, -1),
        (Outcome.REJECTED, 1),
    ],
)
def test_a_decision_grants_what_its_outcome_says(outcome, granted):
    with pytest.raises(GrantOutOfRange, match=f"{outcome} cannot grant {granted} of 300000 ppm"):
        decide(
            a_claim("contested"),
            Decision(outcome, granted),
            ACTORS["operator"],
            others_may=True,
            now=FILED,
        )


def test_a_decision_waits_seven_days_for_an_appeal_and_keeps_the_hold():
    move = decide(a_claim("contested"), PARTLY, Actor("op-1"), others_may=True, now=FILED + DAY)
    after = move.claim
    assert (after.state, after.outcome, after.granted_ppm) == ("decided", "partly", 100_000)
    assert (after.decided_by, move.effects) == ("op-1", ())
    assert after.due_at == datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def test_an_appeal_is_decided_by_another_operator_wherever_there_is_one():
    appealed = appeal(a_claim("decided"), ACTORS["respondent"], now=FILED + DAY).claim
    assert appealed.due_at is None
    with pytest.raises(SameOperator, match="decided by op-1 first"):
        decide(appealed, REJECTED, Actor("op-1"), others_may=True, now=FILED + DAY)
    alone = decide(appealed, REJECTED, Actor("op-1"), others_may=False, now=FILED + DAY)
    other = decide(appealed, REJECTED, Actor("op-2"), others_may=True, now=FILED + DAY)
    for move in (alone, other):
        assert (move.claim.state, move.effects) == ("rejected", (Effect.RETURN,))


@pytest.mark.parametrize(
    ("outcome", "granted", "may"),
    [
        (Outcome.UPHELD, 300_000, {"respondent"}),
        (Outcome.PARTLY, 1, {"respondent", "claimant"}),
        (Outcome.REJECTED, 0, {"claimant"}),
    ],
)
def test_who_lost_may_appeal(outcome, granted, may):
    decided = a_claim("decided", outcome=outcome, granted_ppm=granted)
    for name in ("claimant", "respondent"):
        if name in may:
            assert appeal(decided, ACTORS[name], now=FILED).claim.state == "appealed"
        else:
            with pytest.raises(NothingToAppeal):
                appeal(decided, ACTORS[name], now=FILED)


def of_two_and_two():
    return a_claim(claimants={BEN: 100_000, DAN: 50_000}, respondents={ADA: 100_000, CLEO: 50_000})


def test_a_side_gives_up_only_together():
    first = accept(of_two_and_two(), ACTORS["respondent"], now=FILED).claim
    assert (first.state, first.gave_up) == ("claimed", {ADA})
    both = accept(first, Actor("cleo", CLEO), now=FILED)
    assert (both.claim.state, both.effects) == ("verified", (Effect.TRANSFER,))
    assert (both.claim.outcome, both.claim.granted_ppm) == ("upheld", 150_000)
    one = withdraw(of_two_and_two(), ACTORS["claimant"], now=FILED).claim
    assert (one.state, one.gave_up) == ("claimed", {BEN})
    assert withdraw(one, Actor("dan", DAN), now=FILED).claim.state == "withdrawn"


def test_who_gave_up_does_not_come_back():
    gone = accept(of_two_and_two(), ACTORS["respondent"], now=FILED).claim
    for again in (accept, contest):
        with pytest.raises(AnsweredAlready, match="holder 1 has given up already"):
            again(gone, ACTORS["respondent"], now=FILED)
    decided = replace(a_claim("decided"), gave_up=frozenset({ADA}))
    with pytest.raises(AnsweredAlready):
        appeal(decided, ACTORS["respondent"], now=FILED)


@pytest.mark.parametrize("state", OPEN)
def test_a_claim_whose_finding_is_dismissed_ends_at_once(state):
    move = overruled(a_claim(state), Actor("op-9"), now=FILED + DAY)
    after = move.claim
    assert (after.state, after.outcome, after.granted_ppm) == ("rejected", "rejected", 0)
    assert (after.decided_by, after.due_at, move.effects) == ("op-9", None, (Effect.RETURN,))


KNOWN = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (KNOWN, (date(2026, 1, 15), True)),
        (KNOWN + 5 * DAY, (date(2026, 1, 15), True)),
        (KNOWN + 5 * DAY + timedelta(microseconds=1), (date(2026, 2, 6), False)),
        (KNOWN + 40 * DAY, (date(2026, 3, 13), False)),
    ],
)
def test_within_five_days_a_claim_reaches_back_to_the_first_day(now, since):
    assert held_since(known_at=KNOWN, valid_from=date(2026, 1, 15), now=now) == since


def test_a_split_that_is_still_to_come_is_contested_from_its_own_first_day():
    future = date(2026, 5, 1)
    since = held_since(known_at=KNOWN, valid_from=future, now=KNOWN + 20 * DAY)
    assert since == (future, False)


NOBODY = "nobody answered, an operator decides on the evidence"
DECIDED = "it is decided, an appeal may come until 2026-03-08"


@pytest.mark.parametrize(
    ("claim", "said", "day"),
    [
        (
            a_claim(),
            "30 % of work 7 is claimed by claim 12: its answer is awaited until 2026-03-31",
            date(2026, 3, 31),
        ),
        (
            a_claim("unanswered"),
            "30 % of work 7 is claimed by claim 12: " + NOBODY,
            None,
        ),
        (
            a_claim("decided", claimants={BEN: 12_345}, respondents={ADA: 12_345}),
            "1.2345 % of work 7 is claimed by claim 12: " + DECIDED,
            date(2026, 3, 8),
        ),
    ],
)
def test_why_money_is_held_and_when_that_may_change(claim, said, day):
    assert why_held(claim) == (said, day)
