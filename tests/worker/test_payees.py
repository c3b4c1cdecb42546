"""Who may be paid: gates before a first payout, sealed accounts, screens."""

import base64
import json
from datetime import date, timedelta

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
    reserve,
)
from payee_scene import one_stated, waits

from service.ledger.payee import CheckOutcome
from service.store import payee_accounts, payees
from service.store.database import unit_of_work
from service.store.key_ring import KeyMissing, KeyRing
from service.store.payee_accounts import AccountErased
from worker.payouts import Policy
from worker.sanctions import ListUnreadable, fold, named_list, read_list


@pytest.fixture
def stated(town, texts):
    return one_stated(town, texts)


@pytest.fixture
def known(stated):
    may_be_paid(stated)
    return stated


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
