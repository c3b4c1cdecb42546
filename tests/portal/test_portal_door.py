"""The door of the portal: who comes in, what is kept while it is wrong, where it leads."""

import pytest
from sqlalchemy.exc import OperationalError

from service.portal.entrance import local_path
from service.store import portal_sessions


def test_nobody_is_led_to_the_login_and_then_to_where_they_meant(world, catalogue):
    browser = world.browser()
    answer = browser.get("/works?q=ode")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/login?next=/works%3Fq%3Dode",
    )
    assert 'name="next" value="/works?q=ode"' in browser.get("/login?next=/works%3Fq%3Dode").text
    answer = browser.send(
        "/login", login="ada", password="correct horse battery", next="/works?q=ode"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/works?q=ode")


def test_a_wrong_password_keeps_the_login_and_says_one_sentence(world, catalogue):
    answer = world.browser().send("/login", login="ada", password="wrong <b>", next="/works")
    assert answer.status_code == 401
    assert "Login or password is wrong." in answer.text
    assert 'value="ada"' in answer.text
    assert "wrong &lt;b&gt;" not in answer.text
    assert 'name="next" value="/works"' in answer.text


def test_an_unknown_login_gets_the_same_answer(world, catalogue):
    answers = [
        world.browser().send("/login", login=login, password="wrong").text.replace(login, "x")
        for login in ("ada", "nobody-at-all")
    ]
    assert answers[0] == answers[1]


def test_too_many_tries_have_to_wait(world, catalogue):
    browser = world.browser()
    for _ in range(5):
        assert browser.send("/login", login="ada", password="wrong").status_code == 401
    answer = browser.send("/login", login="ada", password="correct horse battery")
    assert answer.status_code == 429
    assert "Too many failed logins: try again in 900 seconds." in answer.text


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/a\\b", "evil", "/\tx", ""],
)
def test_no_path_leads_to_another_site(elsewhere):
    assert local_path(elsewhere) == "/"
    assert local_path("/works?q=a/b") == "/works?q=a/b"


def test_the_login_never_leads_to_another_site(world, catalogue):
    browser = world.browser()
    assert 'name="next" value="/"' in browser.get("/login?next=//evil.example").text
    fields = {"login": "ada", "password": "correct horse battery", "next": "//evil.example"}
    assert browser.send("/login", **fields).headers["location"] == "/"


def test_each_role_has_its_first_page(world, catalogue):
    for login, first in (("ada", "/home"), ("operator", "/operator"), ("acme", "/vendor")):
        browser = world.browser(login)
        assert browser.get("/").headers["location"] == first
        assert browser.get("/login").headers["location"] == "/"
        assert browser.get(first).status_code == 200


def test_logging_out_ends_the_session(world, catalogue):
    browser = world.browser("ada")
    cookie = browser.client.cookies["wellspring_session"]
    answer = browser.send("/logout")
    assert answer.headers["location"] == "/login?done=logged-out"
    assert "You are logged out." in browser.text("/login?done=logged-out")
    browser.client.cookies.set("wellspring_session", cookie)
    assert browser.get("/home").status_code == 303


def test_an_unknown_notice_says_nothing(world):
    assert 'class="notice"' not in world.browser().get("/login?done=<b>x").text


PAGES = {
    "creator": ["/home", "/works", "/works/new", "/proposals", "/statements", "/try"],
    "operator": [
        "/operator",
        "/operator/periods",
        "/operator/periods/2026-01/close",
        "/operator/quarantine",
        "/operator/balances",
        "/operator/statements",
    ],
    "vendor": ["/vendor", "/vendor/sales", "/vendor/keys", "/vendor/owed"],
}


def test_each_page_is_for_one_role(world, catalogue):
    for login, role in (("ada", "creator"), ("operator", "operator"), ("acme", "vendor")):
        browser = world.browser(login)
        for owner, path in ((owner, path) for owner, paths in PAGES.items() for path in paths):
            answer = browser.get(path)
            assert answer.status_code == (200 if owner == role else 403), path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_no_form_is_taken_without_its_token(world, catalogue):
    forms = {
        "ada": ["/logout", "/works/new", f"/works/{catalogue.ode}/withdraw", "/try"],
        "operator": ["/operator/periods/2025-12/close"],
    }
    for login, paths in forms.items():
        browser = world.browser(login)
        for path in paths:
            for fields in ({}, {"csrf_token": "another"}):
                answer = browser.client.post(path, data=fields, headers={"accept": "text/html"})
                assert answer.status_code == 403, path
                assert "You may not do this." in answer.text


def test_a_form_from_another_site_is_refused(world, catalogue):
    browser = world.browser("ada")
    answer = browser.client.post(
        "/logout", data={"csrf_token": browser.token()}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403


def test_pages_run_no_script_and_no_style_of_their_own(world, catalogue):
    for login, role in (("ada", "creator"), ("operator", "operator"), ("acme", "vendor")):
        browser = world.browser(login)
        for path in PAGES[role]:
            answer = browser.get(path)
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            for forbidden in ("style=", "<style", "onclick", "javascript:", "http://", "https://"):
                assert forbidden not in answer.text, (path, forbidden)


def test_a_problem_is_a_page_for_browsers_and_json_for_programs(world, catalogue):
    browser = world.browser("ada")
    assert "There is nothing here" in browser.get("/works/999").text
    answer = browser.client.get("/works/999", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "work-not-found"


def test_what_is_not_there_is_a_page_of_its_own(world, catalogue):
    browser = world.browser("ada")
    for path, status in (
        ("/nowhere", 404),
        ("/works/x", 422),
        ("/works/99999999999999999999", 404),
        ("/works?before=0", 422),
        ("/works?q=%00", 200),
        ("/statements/%00", 404),
        ("/statements/<script>", 404),
    ):
        answer = browser.get(path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<script>" not in answer.text


def test_a_page_tells_that_the_database_is_away_without_asking_it(world, catalogue, monkeypatch):
    browser = world.browser("ada")

    def away(*_args, **_named):
        raise OperationalError("SELECT 1", {}, ConnectionError("refused"))

    monkeypatch.setattr(portal_sessions, "person_of", away)
    answer = browser.get("/home")
    assert answer.status_code == 503
    assert "The database cannot be reached now: try again." in answer.text
    assert answer.headers["retry-after"] == "5"


def test_static_files_are_served_without_login(world):
    browser = world.browser()
    for path in ("portal.css", "icon.svg", "vendor/htmx/htmx.min.js", "vendor/htmx/LICENSE.txt"):
        assert browser.get(f"/static/{path}").status_code == 200, path


def test_a_page_with_all_it_loads_weighs_less_than_150_kilobytes(world, catalogue):
    browser = world.browser("ada")
    loaded = ["/try", "/static/portal.css", "/static/icon.svg", "/static/vendor/htmx/htmx.min.js"]
    assert sum(len(browser.get(path).content) for path in loaded) < 150_000
