"""People sign up by mail, look after their own account, and work with others on one."""

import email
import re
from datetime import timedelta

import pyotp
import pytest

from service.settings import Settings
from service.store import acts, members
from service.store.database import unit_of_work
from service.store.members import Group
from worker.outbox.account_letters import deliver_account_letters

NEW = {"password": "a longer password", "name": "Ada Lane", "time_zone": "Asia/Kolkata"}


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("WELLSPRING_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def letters(world, home):
    """Deliver what waits and return what it says, by address, the newest last."""

    def read():
        deliver_account_letters(world.database, Settings(), clock=lambda: world.now)
        found = sorted(home.glob("outbox/*.eml"), key=lambda path: int(path.stem.split("-")[1]))
        said = [
            email.message_from_bytes(one.read_bytes(), policy=email.policy.SMTP) for one in found
        ]
        return [(str(one["To"]), str(one["Subject"]), one.get_content()) for one in said]

    return read


def path_in(letter) -> str:
    return re.search(r"http://[^/]+(/\S+)", letter[2])[1]


def test_a_creator_signs_up_by_mail_and_is_in(world, letters):
    browser = world.browser()
    ask = {"accept": "text/html", "accept-language": "xx;q=0.9, de-DE;q=0.8, en;q=0.5"}
    browser.client.headers["accept-language"] = ask["accept-language"]
    sent = browser.send("/sign-up", email=" Ada@Example.org ")
    assert sent.headers["location"] == "/sign-up?done=letter"
    (letter,) = letters()
    assert letter[:2] == ("ada@example.org", "Wellspring: Confirm your address")

    page = browser.get(path_in(letter))
    assert 'value="de_DE"' in page.text
    short = browser.send(path_in(letter), **NEW | {"password": "short"})
    assert (short.status_code, 'value="Ada Lane"' in short.text) == (422, True)
    assert "Must have 10 to 200 characters." in short.text
    done = browser.send(path_in(letter), **NEW | {"locale": "de-DE"})

    assert done.headers["location"] == "/"
    assert browser.get("/home").status_code == 200
    assert "Ada Lane" in browser.text("/account/members")
    again = browser.send(path_in(letter), **NEW)
    assert again.status_code == 410, "the link is good once"


def test_an_address_with_an_account_is_answered_alike_and_told_by_letter(world, letters):
    world.user("ada@example.org", "creator", world.holder("Ada"))
    unknown = world.browser().send("/sign-up", email="bo@example.org")
    known = world.browser().send("/sign-up", email="ADA@example.org")
    alike = world.browser().send("/sign-up", email="ada@examp1e.org")

    for answer in (known, alike):
        assert (answer.status_code, answer.headers["location"], answer.content) == (
            *(unknown.status_code, unknown.headers["location"]),
            unknown.content,
        )
    subjects = [subject for _, subject, _ in letters()]
    assert subjects == [
        "Wellspring: Confirm your address",
        "Wellspring: You have an account already",
        "Wellspring: You have an account already",
    ]


def test_a_link_is_refused_when_it_is_changed_or_has_ended(world, letters):
    world.browser().send("/sign-up", email="ada@example.org")
    path = path_in(letters()[0])
    for other in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/sign-up/1-", "/sign-up/x",
                  path.replace("sign-up", "invitations"), "/reset/%00"):  # fmt: skip
        assert world.browser().get(other).status_code == 410, other
    world.now += timedelta(days=2)
    assert world.browser().get(path).status_code == 410


def test_a_forgotten_password_is_set_by_mail_and_every_session_ends(world, letters):
    world.user("ada@example.org", "creator", world.holder("Ada"))
    thief = world.browser("ada@example.org")
    sent = world.browser().send("/forgot", email="ada@example.org")
    nobody = world.browser().send("/forgot", email="nobody@example.org")
    assert sent.headers["location"] == nobody.headers["location"] == "/forgot?done=letter"
    ((to, _, _),) = found = letters()
    assert to == "ada@example.org"

    browser = world.browser()
    done = browser.send(path_in(found[0]), password="another password")

    assert done.headers["location"] == "/"
    assert browser.get("/home").status_code == 200
    assert thief.get("/home").status_code == 303
    assert letters()[-1][1] == "Wellspring: Your account was changed"


def test_letters_to_one_address_are_few(world):
    answers = [world.browser().send("/sign-up", email="a@example.org") for _ in range(4)]
    assert [one.status_code for one in answers] == [303, 303, 303, 429]
    assert world.browser().send("/sign-up", email="b@example.org").status_code == 303


def test_a_new_password_ends_all_other_sessions_and_changes_the_token(world, catalogue):
    mine, other = world.browser("ada"), world.browser("ada")
    before = mine.client.cookies["wellspring_session"]
    wrong = mine.send("/account/password", password="wrong", new_password="another password")
    assert (wrong.status_code, "Login or password is wrong." in wrong.text) == (422, True)
    assert other.get("/home").status_code == 200

    done = mine.send(
        "/account/password", password="correct horse battery", new_password="another password"
    )

    assert done.headers["location"] == "/account?done=password-changed"
    assert mine.get("/home").status_code == 200
    assert mine.client.cookies["wellspring_session"] != before
    assert other.get("/home").status_code == 303


def test_another_address_counts_once_its_letter_is_followed(world, letters, catalogue):
    browser = world.browser("ada")
    fields = {"address_password": "correct horse battery", "email": "ada@example.org"}
    assert browser.send("/account/address", **fields).status_code == 303
    path = path_in(letters()[0])
    assert world.browser("bo").get(path).status_code == 410, "it is for somebody else"
    assert browser.send(path).headers["location"] == "/account?done=moved"
    assert "ada@example.org, creator, owner" in browser.text("/account")


def test_sessions_are_listed_and_ended(world, catalogue):
    mine, other = world.browser("ada"), world.browser("ada")
    page = mine.get("/account").text
    (number,) = re.findall(r'name="session_no" value="(\d+)"', page)
    assert world.browser("bo").send("/account/sessions/end", session_no=number).status_code == 404
    assert mine.send("/account/sessions/end", session_no=number).status_code == 303
    assert other.get("/home").status_code == 303
    third = world.browser("ada")
    mine.send("/account/sessions/end")
    assert (mine.get("/home").status_code, third.get("/home").status_code) == (200, 303)


def with_factor(world, login):
    browser = world.browser(login)
    browser.send("/account/second-factor", password="correct horse battery")
    secret = re.search(r"<code>([A-Z2-7]+)</code>", browser.get("/account/second-factor").text)[1]
    codes = pyotp.TOTP(secret)
    shown = browser.send("/account/second-factor/confirm", code=codes.at(world.now))
    return codes, re.findall(r"<code>([0-9a-f-]+)</code>", shown.text)


def test_a_login_with_a_second_factor_takes_its_code(world, catalogue):
    codes, recovery = with_factor(world, "ada")
    assert len(recovery) == 10
    browser = world.browser()
    half = browser.send("/login", login="ada", password="correct horse battery", next="/works")
    assert half.headers["location"] == "/login/code?next=/works"
    token = browser.client.cookies["wellspring_session"]
    assert browser.get("/works").status_code == 303, "half a session opens nothing"
    assert browser.send("/login/code", code="000000").status_code == 401
    world.now += timedelta(minutes=2)

    done = browser.send("/login/code", code=codes.at(world.now), next="/works")

    assert done.headers["location"] == "/works"
    assert browser.client.cookies["wellspring_session"] != token
    assert browser.get("/works").status_code == 200
    assert "On. 10 recovery codes are left." in browser.text("/account")


def test_whoever_knows_the_password_tries_few_codes(world, catalogue):
    with_factor(world, "ada")
    browser, statuses = world.browser(), []
    for _ in range(4):
        browser.send("/login", login="ada", password="correct horse battery")
        statuses += [browser.send("/login/code", code="000000").status_code for _ in range(2)]
    assert statuses.count(401) < 5
    assert statuses[-1] == 429


def test_an_operator_can_be_made_to_have_a_second_factor(world, catalogue):
    world.settings = world.settings.model_copy(update={"operators_need_second_factor": True})
    browser = world.browser("operator")
    assert browser.get("/operator").headers["location"] == "/account/second-factor"
    assert world.browser("ada").get("/home").status_code == 200
    with_factor(world, "operator")


def test_a_vendor_invites_and_the_last_owner_stays(world, letters, catalogue):
    owner = world.browser("acme")
    sent = owner.send("/account/members", email="dev@example.org", member_role="developer")
    assert sent.headers["location"] == "/account/members?done=invited"
    guest = world.browser()
    guest.send(path_in(letters()[0]), name="Dev", password="another password")
    assert guest.get("/vendor").status_code == 200
    assert guest.get("/account/members").status_code == 403, "a developer invites nobody"

    with unit_of_work(world.database) as session:
        group = Group("vendor", world.vendor_id())
        by_login = {one.login: one.user_id for one in members.listing(session, group)}
    last = owner.send(f"/account/members/{by_login['acme']}/end")
    assert (last.status_code, "last owner" in last.text) == (422, True)
    owner.send(f"/account/members/{by_login['dev@example.org']}/end")
    assert guest.get("/vendor").status_code == 303
    with unit_of_work(world.database) as session:
        said = acts.listing(session, acts.Wanted(party_id=group.party_id))
    assert [(one.login, one.what, one.subject) for one in said][:1] == [
        ("acme", "end_member", f"user_id={by_login['dev@example.org']}")
    ]


def test_figures_and_times_are_shown_as_the_reader_wants_them(world, catalogue):
    browser = world.browser("ada")
    bad = browser.send("/account/manner", locale="de_DE", time_zone="Mars/Olympus")
    assert (bad.status_code, 'value="Mars/Olympus"' in bad.text) == (422, True)
    browser.send("/account/manner", locale="de_DE", time_zone="Asia/Kathmandu")
    page = browser.get("/account").text
    assert 'title="2026-02-10 12:00 UTC">2026-02-10 17:45&nbsp;+0545</time>' in page


def test_nobody_signs_up_where_the_setting_says_so(world):
    world.settings = world.settings.model_copy(update={"sign_up": False})
    assert world.browser().get("/sign-up").status_code == 403
    assert "/sign-up" not in world.browser().get("/login").text
