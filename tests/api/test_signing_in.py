"""People log in with a cookie, vendors with a key that is shown once and never written down."""

import json
import logging
from datetime import timedelta

import pytest

from service.api import logs
from service.store import parties, people
from service.store.database import unit_of_work

ADA = {"login": "ada@example.org", "password": "ten characters"}


@pytest.fixture
def ada(site):
    """Ada has a login; the client is not logged in yet."""
    with unit_of_work(site.database) as session:
        holder = parties.add_holder(session, "Ada", now=site.clock.now)
        people.add_user(
            session,
            ADA["login"],
            ADA["password"],
            "creator",
            holder.party_id,
            now=site.clock.now,
        )
    return site.anonymous()


def test_a_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get(ada):
    answer = ada.post("/v1/session", json=ADA)

    assert answer.status_code == 200
    assert answer.json()["role"] == "creator"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("wellspring_session=")
    assert cookie.endswith("; HttpOnly; Max-Age=43200; Path=/; SameSite=lax")
    assert ada.get("/v1/session").json() == answer.json()


def test_behind_https_the_cookie_is_secure(site, ada):
    site.app.state.context.settings.secure_cookies = True

    assert ada.post("/v1/session", json=ADA).headers["set-cookie"].endswith("SameSite=lax; Secure")


def test_a_session_ends_by_logging_out(ada):
    token = ada.post("/v1/session", json=ADA).json()["csrf_token"]
    cookie = ada.cookies["wellspring_session"]

    assert ada.delete("/v1/session").status_code == 403
    assert ada.delete("/v1/session", headers={"X-CSRF-Token": token}).status_code == 204

    ada.cookies.set("wellspring_session", cookie)
    assert ada.get("/v1/session").status_code == 401


def test_a_session_ends_by_itself(site, ada):
    ada.post("/v1/session", json=ADA)
    site.clock.now += timedelta(hours=12)

    answer = ada.get("/v1/session")

    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_a_wrong_password_and_an_unknown_login_are_refused_alike(ada):
    wrong = ada.post("/v1/session", json=ADA | {"password": "wrong"}).json()
    unknown = ada.post("/v1/session", json=ADA | {"login": "eve"}).json()

    assert wrong["code"] == unknown["code"] == "login-refused"
    assert wrong["detail"] == unknown["detail"] == "login or password is wrong"


def test_after_five_failures_the_login_waits_and_others_do_not(site, ada):
    for _ in range(5):
        assert ada.post("/v1/session", json=ADA | {"password": "wrong"}).status_code == 401

    refused = ada.post("/v1/session", json=ADA)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
    assert ada.post("/v1/session", json=ADA | {"login": "bob"}).status_code == 401
    site.clock.now += timedelta(minutes=15)
    assert ada.post("/v1/session", json=ADA).status_code == 200


def test_a_login_from_another_site_is_refused(ada):
    answer = ada.post("/v1/session", json=ADA, headers={"Origin": "https://evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf-refused")


@pytest.mark.parametrize("login", ["", "\u202e", "x" * 200, "' OR 1=1 --"])
def test_strange_logins_are_refused(shared_site, login):
    answer = shared_site.anonymous().post("/v1/session", json={"login": login, "password": "p"})

    assert answer.status_code == 401


def test_logs_hold_no_key_cookie_password_text_path_or_query(site, ada, capsys):
    logs.configure("DEBUG")
    key, secret_text = site.key_of("Acme"), "a text nobody may log"
    acme = site.anonymous()
    acme.headers["Authorization"] = f"Bearer {key}"
    sale = {"id": "secret-id", "tier": "free", "output_tokens": 1, "text": secret_text}
    acme.post("/v1/sales", json=sale)
    acme.get("/v1/sales/secret-id?after=secret-query")
    ada.post("/v1/session", json=ADA)
    cookie, csrf = ada.cookies["wellspring_session"], ada.get("/v1/session").json()["csrf_token"]
    ada.post("/v1/works", json={"title": "T", "text": secret_text, "language": "en"})
    site.app.state.context.preview.attribute = None
    acme.post("/v1/attribution-previews", json={"text": secret_text})

    written = capsys.readouterr().err

    lines = [json.loads(line) for line in written.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert {line["route"] for line in requests} >= {"/v1/sales", "/v1/sales/{sale}", "/v1/session"}
    failed = next(line for line in lines if line["event"] == "request-failed")
    assert failed["error"] == "TypeError"
    for secret in (key, cookie, csrf, ADA["password"], secret_text, "secret-id", "secret-query"):
        assert secret not in written
    logging.getLogger().handlers.clear()
