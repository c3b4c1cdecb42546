"""Who may be paid: gates before a first payout, sealed accounts, screens, heirs and assignees."""

import base64
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from payee_facts import (
    IBAN,
    RING,
    account,
    approve_run,
    check,
    holder_id,
    may_be_paid,
    operator,
    pays,
    reserve,
    take,
)

from service.ledger.payee import CheckOutcome
from service.ledger.payout import PayoutState, PayoutWaits
from service.ledger.succession import Assignment, AssignmentKind, BadAssignment
from service.ledger.tiers import Tier
from service.store import payee_accounts, payee_assignments, payees
from service.store.database import unit_of_work
from service.store.key_ring import KeyMissing, KeyRing
from service.store.payee_accounts import AccountErased
from worker.payouts import Policy
from worker.sanctions import ListUnreadable, fold, named_list, read_list

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000
EARNED = 54_000_000_000


@pytest.fixture
def stated(town, texts):
    """Acme sold for 600 in January and paid the 60 it owes: 54 are Ada's, payable."""
    town.registers("Ode", texts.ode, {"Ada": ALL})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=100 * ALL, at=JANUARY)
    town.works()
    pays(town, 60_000_000_000)
    town.clock.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    town.closes("2026-01")
    return town


@pytest.fixture
def known(stated):
    may_be_paid(stated)
    return stated


def waits(town, policy=None):
    """Say why nothing is reserved."""
    told = reserve(town, policy=policy)
    assert told.payout_ids == ()
    assert {type(error) for error in told.passed_over} == {PayoutWaits}
    return [error.facts["cause"] for error in told.passed_over]


def test_nothing_is_paid_to_somebody_nobody_knows(stated):
    assert waits(stated) == ["profile-missing"]
    assert stated.balances("payout") == {}


@pytest.mark.parametrize("kind", ["identity", "warranty", "sanctions"])
def test_each_check_is_needed_passed_and_not_expired(known, kind):
    ada = holder_id(known, "Ada")
    check(known, ada, kind, CheckOutcome.FAILED)
    assert waits(known) == ["check-not-passed"]
    check(known, ada, kind, until=date(2026, 2, 10))
    known.clock.now += timedelta(days=1)
    assert waits(known) == ["check-expired"]
    check(known, ada, kind, until=date(2026, 2, 11))
    assert len(reserve(known).payout_ids) == 1
    recorded = known.tells(
        "SELECT outcome, checked_by FROM payee_check WHERE kind = :kind ORDER BY check_id",
        kind=kind,
    )
    assert recorded == [("passed", "op"), ("failed", "op"), ("passed", "op"), ("passed", "op")]


def test_a_changed_account_cools_before_it_is_paid(known):
    ada = holder_id(known, "Ada")
    account(known, ada, email="ada@example.org")
    assert waits(known) == ["account-cooling"]
    known.clock.now += timedelta(days=7)
    (number,) = reserve(known).payout_ids
    assert known.tells("SELECT method FROM payout WHERE payout_id = :n", n=number) == [("wallet",)]


def test_account_data_is_sealed_at_rest_and_erased_for_good(known):
    ada = holder_id(known, "Ada")
    ((number, sealed),) = known.tells("SELECT account_id, sealed FROM payee_account")
    assert IBAN.encode() not in bytes(sealed)
    with unit_of_work(known.database) as session:
        assert payee_accounts.opened(session, [number], RING)[number].iban == IBAN
    with unit_of_work(known.database) as session:
        assert payees.erase(session, ada, now=known.clock()) == 2
        assert payees.erase(session, ada, now=known.clock()) == 0
    rows = known.tells("SELECT legal_name, masked, sealed FROM payee_profile, payee_account")
    assert [(name, masked, bytes(sealed)) for name, masked, sealed in rows] == [("", "erased", b"")]
    with unit_of_work(known.database) as session, pytest.raises(AccountErased):
        payee_accounts.opened(session, [number], RING)
    assert waits(known) == ["profile-missing"]


def test_an_account_moved_to_another_payees_row_does_not_open(known, urls):
    import psycopg

    with psycopg.connect(urls.owner, autocommit=True) as connection:
        connection.execute("UPDATE payee_account SET party_id = party_id + 1")
    ((number,),) = known.tells("SELECT account_id FROM payee_account")
    with unit_of_work(known.database) as session, pytest.raises(KeyMissing):
        payee_accounts.opened(session, [number], RING)


def test_keys_are_rotated_and_the_old_one_may_go(known):
    ((number,),) = known.tells("SELECT account_id FROM payee_account")
    both = KeyRing("new", {"new": bytes(32), **RING.keys})
    with unit_of_work(known.database) as session:
        assert payee_accounts.reseal(session, both, limit=10) == 1
        assert payee_accounts.reseal(session, both, limit=10) == 0
    alone = KeyRing("new", {"new": bytes(32)})
    with unit_of_work(known.database) as session:
        assert payee_accounts.opened(session, [number], alone)[number].iban == IBAN
        with pytest.raises(KeyMissing):
            payee_accounts.opened(session, [number], RING)


# Screens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zo\u00eb \u00c5ngstr\u00f6m", "ANGSTROM, zoe"),
        ("Al-Jabr", "al jabr"),
        ("Ben  B.", "b ben"),
    ],
)
def test_names_are_compared_without_accents_case_and_order(one, other):
    assert fold(one) == fold(other)


def test_a_hit_waits_for_an_operator_and_stays_cleared(known):
    ada = holder_id(known, "Ada")
    first = Policy(screen=named_list(["# list", "", "\u00c1da", "Eve"], edition="1"))
    assert waits(known, first) == ["check-not-passed"]
    assert waits(known, first) == ["check-not-passed"]
    newest = (
        "SELECT outcome, evidence, checked_by FROM payee_check WHERE kind = 'sanctions' "
        "ORDER BY check_id DESC LIMIT 1"
    )
    assert known.tells(newest) == [("hit", "found \u00c1da", "screen")]
    check(known, ada, "sanctions", evidence="born in another century")
    second = Policy(screen=named_list(["\u00c1da", "Eve", "Mallory"], edition="2"))
    assert len(reserve(known, policy=second).payout_ids) == 1
    assert known.tells(newest) == [("passed", "cleared before: \u00c1da", "screen")]


def test_another_entry_is_another_decision(known):
    ada = holder_id(known, "Ada")
    waits(known, Policy(screen=named_list(["Ada"], edition="1")))
    check(known, ada, "sanctions")
    assert waits(known, Policy(screen=named_list(["Ada", "ADA"], edition="2"))) == [
        "check-not-passed"
    ]


def test_what_an_operator_has_failed_no_screen_passes(known):
    check(known, holder_id(known, "Ada"), "sanctions", CheckOutcome.FAILED)
    assert waits(known, Policy(screen=named_list([], edition="1"))) == ["check-not-passed"]


def test_a_list_that_cannot_be_read_pays_nobody(tmp_path):
    with pytest.raises(ListUnreadable, match="No such file"):
        read_list(tmp_path / "gone.txt")
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ListUnreadable):
        read_list(path)
    path.write_text("Eve Example # since 2024\n", encoding="utf-8")
    assert read_list(path).matches(["example eve"], "DE") == ("Eve Example",)


# In a holder's place


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
def two(known, texts):
    """Ben is somebody who may be paid too."""
    known.registers("Essay", texts.essay, {"Ben": ALL})
    may_be_paid(known)
    return known


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


# Commands


def test_commands_say_who_is_paid_where_and_why_not(stated, wellspring, monkeypatch):
    monkeypatch.setenv("WELLSPRING_PAYEE_KEYS", f"test:{base64.b64encode(bytes(32)).decode()}")
    ada = holder_id(stated, "Ada")
    operator(stated, "omar")
    named = ("--legal-name", "Ada Example", "--country", "DE", "--currency", "USD")
    assert wellspring("payees", "profile", ada, *named)[0] == 0
    code, out, _ = wellspring("payees", "account", ada, "--iban", IBAN, "--json")
    assert (code, json.loads(out)["account"]) == (0, "DE** **** 3000")
    bad = IBAN.replace("DE89", "DE88")
    code, _, err = wellspring("payees", "account", ada, "--iban", bad)
    assert (code, "the check digits are wrong" in err, bad in err) == (1, True, False)
    shown = json.loads(wellspring("payees", "show", ada, "--json")[1])
    assert len(shown["waits_for"]) == 3
    waiting = json.loads(wellspring("payees", "waiting", "--json")[1])
    assert [(one["payee"], one["name"]) for one in waiting] == [(ada, "Ada")] * 3
    for kind in ("identity", "warranty", "sanctions"):
        told = ("--evidence", "passport", "--operator", "omar")
        assert wellspring("payees", "check", ada, kind, "passed", *told)[0] == 0
    shown = json.loads(wellspring("payees", "show", ada, "--json")[1])
    assert (shown["waits_for"], IBAN in str(shown)) == ("nothing", False)
    assert json.loads(wellspring("payees", "waiting", "--json")[1]) == []
    approve_run(stated, wellspring, "2026-01")
    assert wellspring("payouts", "carry-out", 1)[0] == 0
    assert wellspring("payees", "rotate-keys")[0] == 0
    assert wellspring("payees", "erase", ada)[0] == 0
