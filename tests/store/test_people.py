"""People: logins that look alike, members, sessions, second factors, attempts, acts."""

# ruff: noqa: RUF001  # letters that can be confused are what these tests are about

from datetime import UTC, datetime, timedelta

import psycopg
import pyotp
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from service.store import (
    acts,
    asking,
    attempts,
    members,
    name_rules,
    parties,
    people,
    portal_sessions,
    second_factor,
)
from service.store.asking import ASKING, Asking, Deed
from service.store.attempts import Limit, TooManyLogins
from service.store.database import unit_of_work
from service.store.key_ring import KeyRing
from service.store.members import Group
from service.store.portal_sessions import Device
from service.store.text_rules import BadText

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
PASSWORD = "a long password"
RING = KeyRing("k", {"k": bytes(32)})
OPERATORS = Group("operator", None)


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch):
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(people, "_hasher", PasswordHash((quick,)))


@pytest.fixture
def vendor(database):
    with unit_of_work(database) as session:
        return Group("vendor", parties.add_company(session, "vendor", "Acme", now=NOW).party_id)


def add(database, group, login, member_role):
    with unit_of_work(database) as session:
        return members.add(session, group, login, PASSWORD, member_role=member_role, now=NOW)


@pytest.mark.parametrize(
    "other",
    [
        "ADA@Example.org",
        "аda@example.org",  # the first letter is Cyrillic
        "ada\u200b@example.org",
        "\u202eada@example.org",
        "ａｄａ@example.org",
        "ada@examp1e.org",
        "ada@exampie.org",
    ],
)
def test_nobody_gets_a_login_that_looks_like_another(database, other):
    add(database, OPERATORS, "ada@example.org", "admin")
    with unit_of_work(database) as session, pytest.raises(people.LoginTaken):
        members.add(session, OPERATORS, other, PASSWORD, member_role="viewer", now=NOW)


def test_names_that_differ_in_what_is_read_are_not_folded():
    assert name_rules.look_of("José") != name_rules.look_of("Jose")
    assert name_rules.look_of("Ада") != name_rules.look_of("Адам")
    assert name_rules.as_written("  Ada \u200b Lane ") == "Ada Lane"


@pytest.mark.parametrize("name", ["", " \u200b ", "\u202eada", "a\x07b", "---", "\u3164"])
def test_a_name_has_something_to_read(name):
    with pytest.raises(BadText):
        name_rules.checked_name(name, place="name")


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short", "must have 10 to 200 characters"),
        ("Password123", "is one of those that are tried first: choose another"),
        ("aaaaaaaaaaaa", "is one of those that are tried first: choose another"),
        ("ada@example.org", "must not be the login"),
    ],
)
def test_a_password_that_is_tried_first_is_refused(password, rule):
    with pytest.raises(BadText) as refused:
        people.check_new_password(password, login="ada@example.org")
    assert refused.value.facts["rule"] == rule


def test_the_last_owner_stays(database, vendor):
    owner = add(database, vendor, "o", "owner")
    viewer = add(database, vendor, "v", "viewer")

    for refused in (
        lambda s: members.change(s, vendor, owner, "viewer"),
        lambda s: members.end(s, vendor, owner, now=NOW),
    ):
        with unit_of_work(database) as session, pytest.raises(members.LastOwner):
            refused(session)

    with unit_of_work(database) as session:
        members.change(session, vendor, viewer, "owner")
        members.end(session, vendor, owner, now=NOW)
        left = members.listing(session, vendor)
    assert [(one.login, one.member_role) for one in left] == [("v", "owner")]


def test_members_of_others_are_not_found(database, vendor):
    operator = add(database, OPERATORS, "o", "admin")
    with unit_of_work(database) as session, pytest.raises(members.MemberNotFound):
        members.end(session, vendor, operator, now=NOW)


def test_whoever_gets_another_role_or_leaves_is_logged_out(database, vendor):
    add(database, vendor, "o", "owner")
    viewer = add(database, vendor, "v", "viewer")

    def a_session():
        with unit_of_work(database) as session:
            lasts = timedelta(hours=1)
            return portal_sessions.begin(session, viewer, Device(), now=NOW, lasts=lasts)

    def whose(token):
        with unit_of_work(database) as session:
            return portal_sessions.person_of(session, token, now=NOW)

    first = a_session()
    assert whose(first).member_role == "viewer"
    with unit_of_work(database) as session:
        members.change(session, vendor, viewer, "developer")
    assert whose(first) is None
    second = a_session()
    with unit_of_work(database) as session:
        members.end(session, vendor, viewer, now=NOW)
    assert whose(second) is None
    with unit_of_work(database) as session, pytest.raises(people.LoginRefused):
        people.user_with(session, "v", PASSWORD)


def test_a_session_ends_when_it_was_idle_and_says_where_it_was_opened(database):
    user = add(database, OPERATORS, "o", "admin")
    idle, lasts = timedelta(minutes=30), timedelta(hours=12)
    with unit_of_work(database) as session:
        device = Device("Firefox\x00\n on Linux", "203.0.113.77")
        token = portal_sessions.begin(session, user, device, now=NOW, lasts=lasts)

    def at(minutes):
        with unit_of_work(database) as session:
            now = NOW + timedelta(minutes=minutes)
            return portal_sessions.person_of(session, token, now=now, idle=idle)

    assert at(29)
    assert at(58), "it was seen at 29"
    assert at(88) is None
    with unit_of_work(database) as session:
        (shown,) = portal_sessions.listing(session, user, now=NOW)
    assert (shown.user_agent, shown.address) == ("Firefox on Linux", "203.0.113.0/24")
    assert portal_sessions.coarse("2001:db8:1:2::5") == "2001:db8:1::/48"
    assert portal_sessions.coarse("testclient") == ""


def test_a_one_time_code_is_taken_once_and_a_recovery_code_once(database):
    user = add(database, OPERATORS, "o", "admin")
    with unit_of_work(database) as session:
        secret = second_factor.begin(session, user, RING, now=NOW)
        assert not second_factor.is_on(session, user)
        codes = pyotp.TOTP(secret)
        kept = second_factor.confirm(session, user, RING, codes.at(NOW), now=NOW)
    assert (len(kept), len(set(kept))) == (10, 10)

    def check(code, now=NOW):
        with unit_of_work(database) as session:
            second_factor.check(session, user, RING, code, now=now)

    later = NOW + timedelta(minutes=5)
    refused = [
        codes.at(NOW),
        "000000",
        "",
        "ÿ",
        kept[0][:-1],
        codes.at(later - timedelta(minutes=2)),
    ]
    for code in refused:
        with pytest.raises(second_factor.CodeRefused):
            check(code, later if code == refused[-1] else NOW)
    check(codes.at(later), later)
    check(kept[0].upper())
    with pytest.raises(second_factor.CodeRefused):
        check(kept[0])


def test_a_secret_is_not_in_the_database(database, urls):
    user = add(database, OPERATORS, "o", "admin")
    with unit_of_work(database) as session:
        secret = second_factor.begin(session, user, RING, now=NOW)
    with psycopg.connect(urls.superuser) as connection:
        (row,) = connection.execute("SELECT second_factor::text FROM second_factor").fetchone()
    assert secret not in row
    assert secret.encode().hex() not in row


def test_attempts_are_counted_together_and_forgotten_when_the_window_has_passed(database):
    limit = Limit("tries", 3, timedelta(minutes=15))

    def begin(at):
        with unit_of_work(database) as session:
            return attempts.begin(session, limit, "ada", now=at)

    for minute in range(3):
        begin(NOW + timedelta(minutes=minute))
    with pytest.raises(TooManyLogins) as refused:
        begin(NOW + timedelta(minutes=5))
    assert refused.value.retry_after_seconds == 600
    begin(NOW + timedelta(minutes=15, seconds=1))
    with unit_of_work(database) as session:
        attempts.begin(session, limit, "bob", now=NOW)
        attempts.forget(session, limit, "ada")
        attempts.begin(session, limit, "ada", now=NOW)


@pytest.fixture
def a_request():
    asked = ASKING.set(Asking("r1"))
    asking.known(
        Deed(NOW, 7, "operator", "admin", None, "close_period", is_change=True),
        {"period": "2026-01"},
    )
    yield
    ASKING.reset(asked)


def add_two(database, *names):
    with unit_of_work(database) as session:
        for name in names:
            parties.add_holder(session, name, now=NOW)


def test_a_request_that_changes_something_leaves_an_act_and_one_that_fails_none(
    database, a_request
):
    with unit_of_work(database) as session:
        parties.add_holder(session, "Ada", now=NOW)
    with unit_of_work(database) as session:
        parties.names(session, [1])
    with pytest.raises(BadText):
        add_two(database, "Bo", "")
    with unit_of_work(database) as session:
        (act,) = acts.listing(session, acts.Wanted())
        assert acts.listing(session, acts.Wanted(subject="period=2026-02")) == []
        assert acts.listing(session, acts.Wanted(subject="period=2026-01")) == [act]
    assert (act.user_id, act.role, act.what, act.subject, act.request_id) == (
        *(7, "operator", "close_period"),
        *("period=2026-01", "r1"),
    )


def test_acts_are_never_changed(database):
    with unit_of_work(database) as session:
        acts.record(session, "users-add", "user=1", role="command-line", now=NOW)
    with psycopg.connect(database.url.replace("+psycopg", "")) as connection:
        for change in ("UPDATE act SET what = 'x'", "DELETE FROM act", "TRUNCATE act"):
            with pytest.raises(psycopg.Error):
                connection.execute(change)
            connection.rollback()
