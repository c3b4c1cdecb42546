"""Every route of the portal, from its own table, asked by everybody: a new one needs a line."""

import pytest
from fastapi.routing import APIRoute

from service.portal.application import _ROOMS
from service.store import people
from service.store.database import unit_of_work

EVERYBODY = ("anonymous", "creator", "other", "vendor", "operator")
MEMBERS = ("developer", "finance", "viewer")
OPEN, CREATORS, OPERATORS, VENDORS, ALL, OWNERS = (
    *("open", "creator", "operator", "vendor", "any", "creator or vendor"),
)

# The first part of a path that fits says who it is for; the longest beginning counts.
FOR = {
    "/": OPEN,
    "/login": OPEN,
    "/sign-up": OPEN,
    "/forgot": OPEN,
    "/reset": OPEN,
    "/invitations": OPEN,
    "/logout": ALL,
    "/account": ALL,
    "/account/members": OWNERS,
    "/home": CREATORS,
    "/works": CREATORS,
    "/claims": CREATORS,
    "/proposals": CREATORS,
    "/offers": CREATORS,
    "/records": CREATORS,
    "/statements": CREATORS,
    "/payout": CREATORS,
    "/try": CREATORS,
    "/operator": OPERATORS,
    "/vendor": VENDORS,
}
MONEY = {
    *("/home", "/statements", "/payout", "/operator/periods", "/operator/balances"),
    *("/operator/accounts", "/operator/entries", "/operator/statements"),
    *("/operator/reconciliations", "/operator/line-disputes", "/operator/payouts"),
    *("/operator/payout-runs", "/operator/pools", "/operator/receipts"),
    *("/vendor/owed", "/vendor/statements"),
}
"""What somebody sees, or changes, by the power over money alone."""

ROUTES = sorted(
    {
        (method, route.path)
        for room in _ROOMS
        for route in room.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
)
IDS = {
    "work_id": "999",
    "sale_id": "999",
    "claim_id": "999",
    "number": "999",
    "form": "csv",
    "line": "1",
    "period": "2025-12",
    "currency": "USD",
    "name": "bank",
    "kind": "sale",
    "source_id": "1",
    "finding_id": "999",
    "proposal_id": "999",
    "user_id": "999",
    "job_id": "999",
    "link": "x",
    "vendor": "acme",
    "month": "2026-01",
}
MAY = {
    OPEN: set(EVERYBODY),
    ALL: {"creator", "other", "vendor", "operator"},
    OWNERS: {"creator", "other", "vendor"},
    CREATORS: {"creator", "other"},
    OPERATORS: {"operator"},
    VENDORS: {"vendor"},
}


def begins(path, known):
    fitting = [one for one in known if path == one or path.startswith(one.rstrip("/") + "/")]
    if path != "/":
        fitting = [one for one in fitting if one != "/"]
    return max(fitting, key=len, default="")


def url_of(path):
    for name in [part.partition("}")[0].partition(":")[0] for part in path.split("{")[1:]]:
        value = IDS.get(name, "999")
        for written in ("{" + name + "}", "{" + name + ":path}"):
            path = path.replace(written, value)
    return path


@pytest.fixture
def browsers(world, catalogue):
    logins = {"creator": "ada", "other": "bo", "vendor": "acme", "operator": "operator"}
    app = world.browser().client.app
    found = {"anonymous": world.browser()}
    for name, login in logins.items():
        found[name] = world.browser(login)
    for one in found.values():
        one.client.app = app
    return found


def test_every_page_has_its_line():
    missing = [path for _, path in ROUTES if not begins(path, FOR)]
    assert missing == []
    assert [path for path in FOR if path not in {begins(p, FOR) for _, p in ROUTES}] == []


def is_right(answer, method, *, who, of):
    """Whether an answer is one that somebody may get from a route of this kind."""
    to_login = answer.headers.get("location", "").startswith("/login?next=")
    if who not in MAY[of]:
        return to_login if who == "anonymous" else answer.status_code in {403, 422}
    if method == "GET":
        return answer.status_code not in {401, 403} and answer.status_code < 500
    return of == OPEN or to_login or 400 <= answer.status_code < 500


def test_every_page_gives_everybody_what_is_theirs(browsers):
    """Others are refused for their role; nothing is changed without the session's token."""
    wrong = []
    for method, path in ROUTES:
        of = FOR[begins(path, FOR)]
        for who, browser in browsers.items():
            if path == "/logout":
                continue  # it would end the sessions that are asked with
            answer = browser.client.request(method, url_of(path), headers={"accept": "text/html"})
            if not is_right(answer, method, who=who, of=of):
                wrong.append((method, path, who, answer.status_code))
    assert wrong == []


def test_a_form_of_another_site_changes_nothing_anywhere(browsers):
    """With the session's own token, too; of open pages as well."""
    wrong = []
    for method, path in ROUTES:
        if method == "GET" or path == "/logout":
            continue
        for name, browser in browsers.items():
            answer = browser.client.post(
                url_of(path),
                data={"csrf_token": browser.token(), "email": "a@example.org"},
                headers={"accept": "text/html", "origin": "https://evil.example"},
            )
            to_login = answer.headers.get("location", "").startswith("/login")
            if answer.status_code not in {403, 410, 422} and not to_login:
                wrong.append((path, name, answer.status_code))
    assert wrong == []


def test_every_page_gives_every_member_what_is_theirs(world, browsers):
    """Of one vendor, one creator and the operators: what their own role reaches."""
    parties = {"creator": world.holder("Eve"), "vendor": world.vendor_id(), "operator": None}
    wrong = []
    for role, party_id in parties.items():
        for member_role in people.MEMBER_ROLES[role][1:]:
            login = f"{role}-{member_role}"
            with unit_of_work(world.database) as session:
                people.add_user(
                    session, login, "correct horse battery", role, party_id,
                    now=world.now, member_role=member_role,
                )  # fmt: skip
            browser = browsers["anonymous"]
            browser.client.cookies.clear()
            browser.send("/login", login=login, password="correct horse battery")
            for method, path in ROUTES:
                if role not in FOR[begins(path, FOR)]:
                    continue
                is_money = bool(begins(path, MONEY))
                answer = browser.client.request(
                    method, url_of(path), headers={"accept": "text/html"}
                )
                allowed = {
                    "developer": path != "/account/members" and not is_money,
                    "finance": is_money or method == "GET",
                    "viewer": method == "GET" and (not is_money or role == "operator"),
                }[member_role] and not path.startswith("/account/members")
                refused = "your role" in answer.text.lower() and answer.status_code == 403
                if refused == allowed:
                    wrong.append((login, method, path, answer.status_code))
    assert wrong == []
