"""What each of several people of one party may do, over every route of the document."""

import pytest

from service.api.powers import Power, power_for
from service.store import parties
from service.store.database import unit_of_work
from service.store.people import MEMBER_ROLES


def party_of(site, role):
    with unit_of_work(site.database) as session:
        if role == "vendor":
            return parties.vendor_named(session, "Acme").party_id
        return (
            parties.add_holder(session, "Ada", now=site.clock.now).party_id
            if role == "creator"
            else None
        )


def test_every_route_knows_what_each_member_may(shared_site):
    """A refusal for the member's own role comes where the table says, and nowhere else."""
    site = shared_site
    may = {
        "owner": set(Power),
        "admin": set(Power),
        "developer": set(Power) - {"money", "change-money", "members"},
        "viewer": {"self", "read"},
    }
    paths = site.app.openapi()["paths"]
    for role, roles in MEMBER_ROLES.items():
        party_id = party_of(site, role)
        for member_role in roles:
            client = site.person(role, party_id, member_role)
            powers = {
                ("operator", "viewer"): {"self", "read", "money"},
                ("operator", "finance"): {"self", "read", "money", "change-money"},
                ("creator", "finance"): {"self", "read", "money", "change-money"},
                ("vendor", "finance"): {"self", "read", "money", "change-money"},
            }.get((role, member_role)) or may[member_role]
            for path, methods in paths.items():
                for method in methods:
                    if path in {"/v1/session", "/v1/previews"}:
                        continue
                    url = path
                    for name in ("period", "month"):
                        url = url.replace("{" + name + "}", "2026-01")
                    url = url.replace("{", "").replace("}", "")
                    answer = client.request(method, url, json={}, headers={"X-CSRF-Token": "no"})
                    said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
                    code = said.get("code") if isinstance(said, dict) else None
                    takes = power_for(method.upper(), path)
                    where = (role, member_role, method, path, code)
                    assert (code == "power-missing") <= (takes not in powers), where
                    if method != "get" and takes not in powers:
                        assert answer.status_code in {401, 403, 422}, where


@pytest.mark.parametrize(
    ("member_role", "key", "money", "invite"),
    [
        ("owner", 201, 200, 202),
        ("developer", 201, 403, 403),
        ("finance", 403, 200, 403),
        ("viewer", 403, 403, 403),
    ],
)
def test_a_vendors_people(site, member_role, key, money, invite):
    client = site.person("vendor", party_of(site, "vendor"), member_role)
    found = (
        client.post("/v1/keys", json={"label": "k"}).status_code,
        client.get("/v1/vendor-statements").status_code,
        client.post(
            "/v1/members", json={"email": "a@example.org", "member_role": "viewer"}
        ).status_code,
    )
    assert found == (key, money, invite)


def test_members_are_changed_let_go_and_the_acts_say_so(site):
    acme = party_of(site, "vendor")
    owner, viewer = site.person("vendor", acme), site.person("vendor", acme, "viewer")
    user_id = next(
        one["user_id"]
        for one in owner.get("/v1/members").json()["data"]
        if one["member_role"] == "viewer"
    )
    url = f"/v1/members/{user_id}"
    assert site.vendor_user("Borealis").delete(url).status_code == 404
    assert owner.put(f"{url}/role", json={"member_role": "admin"}).status_code == 422
    assert owner.put(f"{url}/role", json={"member_role": "developer"}).status_code == 204
    assert viewer.get("/v1/members").status_code == 401, "its sessions have ended"
    assert owner.delete(url).status_code == 204
    mine = owner.get("/v1/session").json()["login"]
    last = next(o for o in owner.get("/v1/members").json()["data"] if o["login"] == mine)
    refused = owner.delete(f"/v1/members/{last['user_id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "last-owner")

    said = owner.get("/v1/acts?limit=1").json()
    assert (said["data"][0]["what"], said["data"][0]["subject"]) == (
        *("remove_member", f"user_id={user_id}"),
    )
    older = owner.get(f"/v1/acts?after={said['next']}").json()["data"]
    assert [one["what"] for one in older] == ["change_member_role"]
    assert "was=viewer member_role=developer" in older[0]["subject"]
    assert site.vendor_user("Borealis").get("/v1/acts").json()["data"] == []
    assert len(site.operator().get(f"/v1/acts?subject=user_id={user_id}").json()["data"]) == 2
