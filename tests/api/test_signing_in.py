"""People log in with a cookie, vendors with a key that is shown once and never written down."""

import json
import logging
from datetime import timedelta

import pytest

from service.api import logs
from service.store import parties, people
from service.store.database import driver, unit_of_work

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


def test_a_key_works_at_once_and_stops_at_once(site):
    user = site.vendor_user("Acme")
    made = user.post("/v1/keys", json={"label": "billing"})
    key = made.json()["key"]
    acme = site.anonymous()
    acme.headers["Authorization"] = f"Bearer {key}"

    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert acme.get("/v1/sales").status_code == 200
    assert user.delete(f"/v1/keys/{made.json()['key_id']}").status_code == 204
    assert acme.get("/v1/sales").status_code == 401
    assert user.delete(f"/v1/keys/{made.json()['key_id']}").status_code == 204


def test_two_keys_overlap_while_one_replaces_the_other(site):
    user = site.vendor_user("Acme")
    keys = [user.post("/v1/keys", json={"label": f"k{i}"}).json()["key"] for i in range(2)]

    for key in keys:
        headers = {"Authorization": f"Bearer {key}"}
        assert site.anonymous().get("/v1/sales", headers=headers).status_code == 200
    listed = user.get("/v1/keys").json()["data"]
    assert [(one["label"], one["prefix"]) for one in listed] == [
        ("k0", keys[0][:14]),
        ("k1", keys[1][:14]),
    ]


def test_an_operator_names_the_vendor(site):
    operator = site.operator()

    made = operator.post("/v1/keys", json={"label": "k", "vendor": "Acme"}).json()
    unknown = operator.post("/v1/keys", json={"label": "k", "vendor": "Nobody"})

    assert unknown.json()["code"] == "unknown-vendor"
    assert unknown.json()["errors"][0]["place"] == "vendor"
    assert operator.get("/v1/keys?vendor=acme").json()["data"][0]["key_id"] == made["key_id"]
    revoke = f"/v1/keys/{made['key_id']}"
    assert operator.delete(f"{revoke}?vendor=Borealis").status_code == 404
    assert operator.delete(f"{revoke}?vendor=Acme").status_code == 204


def test_a_vendors_user_has_no_say_over_another_vendor(site):
    key_id = (
        site.operator().post("/v1/keys", json={"label": "k", "vendor": "Acme"}).json()["key_id"]
    )
    borealis = site.vendor_user("Borealis")

    assert borealis.get("/v1/keys").json()["data"] == []
    assert borealis.get("/v1/keys?vendor=Acme").status_code == 422
    assert borealis.post("/v1/keys", json={"label": "k", "vendor": "Acme"}).status_code == 422
    assert borealis.delete(f"/v1/keys/{key_id}").status_code == 404


def test_only_the_hash_of_a_key_is_kept(site):
    key = site.key_of("Acme")

    with unit_of_work(site.database) as session:
        rows = driver(session).execute("SELECT api_key::text FROM api_key").fetchall()

    assert key[:14] in rows[0][0]
    assert key[14:] not in rows[0][0]


def test_unknown_and_mistyped_keys_are_looked_up_alike(site, monkeypatch):
    asked = []
    real = people._hash
    monkeypatch.setattr(people, "_hash", lambda token: asked.append(token) or real(token))
    whole = "0" * 64
    for key in (
        "nonsense",
        "ws_live_" + whole + "00000000",
        "ws_live_" + whole + people._checksum(whole),
    ):
        site.anonymous().get("/v1/sales", headers={"Authorization": f"Bearer {key}"})

    assert len(asked) == 3


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
