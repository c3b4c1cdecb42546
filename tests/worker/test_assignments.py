"""Who is paid in a holder's place: assignees, merged parties, estates of the dead."""

from datetime import UTC, date, datetime

import pytest
from payee_facts import check, holder_id, may_be_paid, reserve, take
from payee_scene import ALL, one_stated, waits

from service.ledger.payee import CheckOutcome
from service.ledger.payout import PayoutState, PayoutWaits
from service.ledger.succession import Assignment, AssignmentKind, BadAssignment
from service.store import payee_assignments
from service.store.database import unit_of_work

EARNED = 54_000_000_000


def assign(town, holder, payee, kind, ppm=ALL, since=date(2026, 2, 11)):
    new = Assignment(0, holder_id(town, holder), holder_id(town, payee), kind, ppm, since)
    with unit_of_work(town.database) as session:
        return payee_assignments.add(session, new, evidence="deed", by="op", now=town.clock())


def paid(town):
    return town.tells(
        "SELECT h.name, p.name, amount_nanos FROM payout JOIN party h ON h.party_id = holder_id "
        "JOIN party p ON p.party_id = payee_id ORDER BY payout_id"
    )


@pytest.fixture
def two(town, texts):
    """Ada may be paid, and Ben is somebody who may be paid too."""
    one_stated(town, texts)
    may_be_paid(town)
    town.registers("Essay", texts.essay, {"Ben": ALL})
    may_be_paid(town)
    return town


def test_an_assigned_part_is_paid_to_its_payee_of_statements_issued_from_a_day_on(two):
    assign(two, "Ada", "Ben", AssignmentKind.ASSIGNED, 250_000)
    assert len(reserve(two).payout_ids) == 1
    assert paid(two) == [("Ada", "Ada", EARNED)]  # the statement is of January
    take(two, 1, PayoutState.RETURNED)
    two.clock.now = datetime(2026, 3, 2, tzinfo=UTC)
    two.closes("2026-02")
    assert len(reserve(two, "2026-02").payout_ids) == 2
    assert paid(two)[1:] == [("Ada", "Ada", 40_500_000_000), ("Ada", "Ben", 13_500_000_000)]
    assert reserve(two, "2026-02").payout_ids == ()
    assert two.balances("holder") == {}
    assert two.broken() == []
    two.closes("2026-03", early=True)
    moves = two.statement("Ada", "2026-03").payouts
    assert [(one.payee, one.nanos) for one in moves] == [
        ("Ada", -40_500_000_000),
        ("Ben", -13_500_000_000),
    ]


def test_what_is_clawed_back_meanwhile_is_taken_from_every_part(two):
    assign(two, "Ada", "Ben", AssignmentKind.ASSIGNED, 250_000)
    two.clock.now = datetime(2026, 3, 2, tzinfo=UTC)
    two.closes("2026-02")
    check(two, holder_id(two, "Ben"), "identity", CheckOutcome.FAILED)
    told = reserve(two, "2026-02")
    assert ([type(e) for e in told.passed_over], len(told.payout_ids)) == ([PayoutWaits], 1)
    two.refunds("r1", "one", 200_000_000_000)  # a third of the sale: 18.00 of Ada's 54.00
    two.works()
    two.closes("2026-03", early=True)
    check(two, holder_id(two, "Ben"), "identity")
    # the statement of February has been followed: Ben's part is stated again, less the refund
    assert reserve(two, "2026-02").payout_ids == ()
    assert two.statement("Ada", "2026-03").closing_nanos == 13_500_000_000 - 18_000_000_000
    assert reserve(two, "2026-03").payout_ids == ()
    assert two.broken() == []


def test_a_merged_party_is_paid_through_the_other_at_once(two):
    assign(two, "Ada", "Ben", AssignmentKind.MERGED, since=date(2026, 2, 10))
    assert len(reserve(two).payout_ids) == 1
    assert paid(two) == [("Ada", "Ben", EARNED)]
    assert two.broken() == []


def test_the_dead_are_paid_through_their_estate(two):
    ada = holder_id(two, "Ada")
    with unit_of_work(two.database) as session:
        facts = {"on": date(2026, 2, 1), "evidence": "certificate", "by": "op"}
        payee_assignments.add_death(session, ada, now=two.clock(), **facts)
    assert waits(two) == ["payee-deceased"]
    assign(two, "Ada", "Ben", AssignmentKind.ESTATE, since=date(2026, 2, 1))
    assert len(reserve(two).payout_ids) == 1
    assert paid(two) == [("Ada", "Ben", EARNED)]


def test_a_statement_paid_to_a_holder_is_not_paid_to_who_takes_its_place(two):
    (number,) = reserve(two).payout_ids
    assign(two, "Ada", "Ben", AssignmentKind.MERGED, since=date(2026, 2, 10))
    assert reserve(two).payout_ids == ()
    take(two, number, PayoutState.RETURNED)
    assert reserve(two).payout_ids == ()  # it is stated again first


def test_circles_are_refused(two):
    assign(two, "Ada", "Ben", AssignmentKind.MERGED, since=date(2026, 2, 10))
    with pytest.raises(BadAssignment, match="paid through the holder"):
        assign(two, "Ben", "Ada", AssignmentKind.MERGED, since=date(2026, 2, 10))
