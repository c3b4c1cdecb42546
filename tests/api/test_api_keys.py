"""API keys of vendors: what a key may do, until when, and how one replaces another."""

from datetime import timedelta

import pytest

from service.store import api_keys
from service.store.api_keys import Scope
from service.store.database import driver, unit_of_work

OFFER = {"work_id": 1, "advance": "1.00", "guarantee": "0", "multiplier_ppm": 1_000_000}


@pytest.fixture
def user(site):
    return site.vendor_user("Acme")


@pytest.fixture
def caller(site):
    """Give a client that sends a key."""

    def with_key(key):
        client = site.anonymous()
        client.headers["Authorization"] = f"Bearer {key}"
        return client

    return with_key


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
    real = api_keys._hash
    monkeypatch.setattr(api_keys, "_hash", lambda token: asked.append(token) or real(token))
    whole = "0" * 64
    for key in (
        "nonsense",
        "ws_live_" + whole + "00000000",
        "ws_live_" + whole + api_keys._checksum(whole),
    ):
        site.anonymous().get("/v1/sales", headers={"Authorization": f"Bearer {key}"})

    assert len(asked) == 3


def test_a_key_that_only_reports_reads_nothing_and_makes_no_offer(user, caller):
    made = user.post("/v1/keys", json={"label": "gateway", "scopes": ["sales:write"]}).json()
    gateway = caller(made["key"])

    assert made["scopes"] == ["sales:write"]
    assert gateway.post("/v1/sales", json=[]).status_code not in {401, 403}
    for answer in (gateway.get("/v1/sales"), gateway.get("/v1/offers")):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        assert "scope read" in answer.json()["detail"]
    refused = gateway.post("/v1/offers", json=OFFER)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    assert "offers:write" in refused.json()["detail"]


def test_a_key_that_only_reads_changes_nothing(user, caller):
    made = user.post("/v1/keys", json={"label": "audit", "scopes": ["read"]}).json()
    audit = caller(made["key"])

    assert audit.get("/v1/sales").status_code == 200
    for path, body in (("/v1/sales", []), ("/v1/sales/s1/refunds", {}), ("/v1/offers", OFFER)):
        answer = audit.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), path


def test_a_key_ends_with_its_instant(site, user, caller):
    end = site.clock.now + timedelta(hours=1)
    made = user.post("/v1/keys", json={"label": "k", "expires_at": end.isoformat()}).json()

    assert caller(made["key"]).get("/v1/sales").status_code == 200
    site.clock.now = end
    assert caller(made["key"]).get("/v1/sales").status_code == 401
    assert site.vendor_user("Acme").get("/v1/keys").json()["data"][-1]["state"] == "expired"


def test_a_key_is_replaced_while_the_old_one_goes_on_for_a_day(site, user, caller):
    old = user.post("/v1/keys", json={"label": "k", "scopes": ["read", "sales:write"]}).json()
    made = user.post(f"/v1/keys/{old['key_id']}/rotate")
    new = made.json()

    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert (new["scopes"], new["replaces"]) == (["read", "sales:write"], old["key_id"])
    assert new["key"] != old["key"]
    for key in (old["key"], new["key"]):
        assert caller(key).get("/v1/sales").status_code == 200
    site.clock.now += timedelta(hours=24)
    assert caller(old["key"]).get("/v1/sales").status_code == 401
    assert caller(new["key"]).get("/v1/sales").status_code == 200


def test_without_overlap_the_old_key_ends_at_once(user, caller):
    old = user.post("/v1/keys", json={"label": "k"}).json()
    new = user.post(f"/v1/keys/{old['key_id']}/rotate", json={"overlap_hours": 0}).json()

    assert caller(old["key"]).get("/v1/sales").status_code == 401
    assert caller(new["key"]).get("/v1/sales").status_code == 200
    again = user.post(f"/v1/keys/{old['key_id']}/rotate")
    assert (again.status_code, again.json()["code"]) == (409, "key-ended")


def test_a_rotation_does_not_lengthen_what_was_to_end_before(site, user):
    end = site.clock.now + timedelta(hours=1)
    old = user.post("/v1/keys", json={"label": "k", "expires_at": end.isoformat()}).json()
    new = user.post(f"/v1/keys/{old['key_id']}/rotate").json()

    first, second = user.get("/v1/keys").json()["data"]
    assert first["expires_at"] == old["expires_at"]
    assert (second["key_id"], second["expires_at"]) == (new["key_id"], None)


def test_when_a_key_was_last_used_is_told_to_the_minute(site, user, caller):
    acme = caller(user.post("/v1/keys", json={"label": "k"}).json()["key"])
    assert user.get("/v1/keys").json()["data"][0]["last_used_at"] is None

    first = site.clock.now
    acme.get("/v1/sales")
    site.clock.now += timedelta(seconds=59)
    acme.get("/v1/sales")
    with unit_of_work(site.database) as session:
        (row,) = driver(session).execute("SELECT last_used_at FROM api_key").fetchall()
    assert row == (first,)
    site.clock.now += timedelta(seconds=1)
    acme.get("/v1/sales")
    with unit_of_work(site.database) as session:
        (row,) = driver(session).execute("SELECT last_used_at FROM api_key").fetchall()
    assert row == (first + timedelta(minutes=1),)


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ({"label": "k", "scopes": []}, "scopes"),
        ({"label": "k", "scopes": ["everything"]}, "scopes"),
        ({"label": "k", "scopes": "read"}, "scopes"),
        ({"label": "", "scopes": ["read"]}, "label"),
        ({"label": "k", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"label": "k", "expires_at": "2999-01-01T00:00:00"}, "expires_at"),
        ({"label": "k", "expires_at": "tomorrow"}, "expires_at"),
    ],
)
def test_an_order_that_breaks_a_rule_names_it(user, order, place):
    answer = user.post("/v1/keys", json=order)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"].startswith(place)
    assert user.get("/v1/keys").json()["data"] == []


@pytest.mark.parametrize("hours", [-1, 721, True, "24", 1.5])
def test_an_overlap_lies_within_a_month(user, hours):
    key_id = user.post("/v1/keys", json={"label": "k"}).json()["key_id"]

    answer = user.post(f"/v1/keys/{key_id}/rotate", json={"overlap_hours": hours})

    assert answer.status_code == 422
    assert len(user.get("/v1/keys").json()["data"]) == 1


def test_nobody_rotates_the_key_of_another_vendor(site, user):
    key_id = user.post("/v1/keys", json={"label": "k"}).json()["key_id"]

    assert site.vendor_user("Borealis").post(f"/v1/keys/{key_id}/rotate").status_code == 404
    assert len(user.get("/v1/keys").json()["data"]) == 1


def test_keys_made_before_there_were_scopes_do_all(user):
    assert user.post("/v1/keys", json={"label": "k"}).json()["scopes"] == [*Scope]
