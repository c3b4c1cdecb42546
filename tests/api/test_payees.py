"""Payees over the API: own data only, account numbers never shown, the password asked again."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from service.ledger.period import Period
from service.store import payout_runs
from service.store.database import unit_of_work

IBAN = "DE89370400440532013000"
PASSWORD = "a long password"  # of everybody that a test lets in
PROFILE = {"legal_name": "Ada Example", "country": "DE", "currency": "EUR"}


@pytest.fixture
def ada(site, tmp_path, monkeypatch):
    """Return a client of Ada and the path of what is hers; the installation has its own key."""
    monkeypatch.setattr(site.app.state.context.settings, "home", tmp_path)
    number = site.holder("Ada")
    return site.person("creator", number), f"/v1/payees/{number}"


def test_a_payee_is_told_all_that_it_waits_for(ada):
    client, path = ada
    told = client.get(path).json()
    assert (told["profile"], told["account"]) == (None, None)
    assert [one["code"] for one in told["waits_for"]] == [
        "profile-missing",
        *["check-missing"] * 3,
        "account-missing",
    ]
    told = client.put(f"{path}/profile", json=PROFILE).json()
    assert told["profile"]["legal_name"] == "Ada Example"
    assert "profile-missing" not in [one["code"] for one in told["waits_for"]]


def test_an_account_needs_the_password_again_is_masked_and_cools_when_changed(site, ada):
    client, path = ada
    order = {"password": PASSWORD, "iban": "DE89 3704 0044 0532 0130 00"}
    first = client.put(f"{path}/account", json=order)
    assert first.json()["masked"] == "DE** **** 3000"
    assert first.json()["usable_at"] == "2026-02-10T12:00:00Z"
    wrong = client.put(f"{path}/account", json=order | {"password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "login-refused")
    site.clock.now += timedelta(hours=1)
    other = {"password": PASSWORD, "email": "ada@example.org"}
    changed = client.put(f"{path}/account", json=other).json()
    assert changed == {
        "method": "wallet",
        "masked": "a***@example.org",
        "usable_at": "2026-02-17T13:00:00Z",
    }
    told = client.get(path)
    assert IBAN not in told.text
    (cooling,) = [one for one in told.json()["waits_for"] if one["code"] == "account-cooling"]
    assert cooling["until"] == "2026-02-17T13:00:00+00:00"
    with unit_of_work(site.database) as session:
        rows = session.execute(text("SELECT sealed FROM payee_account")).scalars().all()
    assert [IBAN.encode() in bytes(sealed) for sealed in rows] == [False, False]


def test_passwords_are_not_guessed(ada):
    client, path = ada
    order = {"password": "wrong", "iban": IBAN}
    told = [client.put(f"{path}/account", json=order).status_code for _ in range(6)]
    assert told == [401] * 5 + [429]


@pytest.mark.parametrize(
    ("account", "place"),
    [
        ({"iban": "DE88370400440532013000"}, "iban"),
        ({"number": "12345"}, "bic"),
        ({"email": "nobody"}, "email"),
        ({}, "account"),
        ({"iban": IBAN, "email": "a@b.org"}, "account"),
    ],
)
def test_account_data_that_is_wrong_is_refused_by_place_and_not_repeated(ada, account, place):
    client, path = ada
    answer = client.put(f"{path}/account", json={"password": PASSWORD, **account})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-account")
    assert answer.json()["errors"][0]["place"] == place
    assert not [value for value in account.values() if value in answer.text]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"country": "Germany"}, "country"),
        ({"currency": "euro"}, "currency"),
        ({"legal_name": ""}, "legal_name"),
        ({"address": ["a"] * 4}, "address"),
        ({"kind": "dog"}, "kind"),
        ({"iban": IBAN}, "iban"),
    ],
)
def test_a_profile_that_is_wrong_is_refused(ada, change, place):
    client, path = ada
    answer = client.put(f"{path}/profile", json=PROFILE | change)
    assert answer.status_code == 422
    said = answer.json()
    assert place in [one["place"] for one in said["errors"]] or said["code"] == "bad-currency"


def test_operators_record_checks_in_their_own_name(site, ada):
    _, path = ada
    operator = site.operator()
    order = {"kind": "identity", "outcome": "passed", "evidence": "Passport seen."}
    told = operator.post(f"{path}/checks", json=order | {"expires_on": "2027-01-01"})
    assert told.status_code == 201
    (check,) = told.json()["checks"]
    assert (check["outcome"], check["expires_on"]) == ("passed", "2027-01-01")
    assert check["checked_by"].startswith("operator-")
    late = operator.post(f"{path}/checks", json=order | {"expires_on": "2026-02-09"})
    assert (late.status_code, late.json()["errors"][0]["place"]) == (422, "expires_on")
    hit = operator.post(f"{path}/checks", json=order | {"kind": "sanctions", "outcome": "hit"})
    assert hit.status_code == 422


def test_a_run_is_approved_by_another_operator_by_its_digest(site):
    with unit_of_work(site.database) as session:
        facts = {"by": "olga", "now": site.clock.now}
        run = payout_runs.insert(session, Period(202601), date(2026, 2, 10), [], **facts)
    operator, path = site.operator(), f"/v1/payout-runs/{run.run_id}"
    assert [one["run_id"] for one in operator.get("/v1/payout-runs").json()["data"]] == [1]
    assert operator.get(f"{path}/items").json() == {"data": [], "has_more": False, "next": None}
    other = operator.post(f"{path}/approvals", json={"digest": "0" * 64})
    assert (other.status_code, other.json()["code"]) == (409, "digest-differs")
    told = operator.post(f"{path}/approvals", json={"digest": run.digest}).json()
    assert (told["needed"], len(told["approvals"])) == (1, 1)
    own = told["approvals"][0]["approved_by"]
    with unit_of_work(site.database) as session:
        facts = {"by": own, "now": site.clock.now}
        run = payout_runs.insert(session, Period(202601), date(2026, 2, 10), [], **facts)
    path = f"/v1/payout-runs/{run.run_id}/approvals"
    answer = operator.post(path, json={"digest": run.digest})
    assert (answer.status_code, answer.json()["code"]) == (409, "own-run")


def test_a_year_without_payouts_has_an_empty_summary(ada):
    client, path = ada
    told = client.get(f"{path}/tax-summaries/2026").json()
    assert (told["data"], "tax advice" in told["note"]) == ([], True)
    assert client.get(f"{path}/tax-summaries/99").status_code == 422


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud800", "\\uffff", "\\u202e"])
@pytest.mark.parametrize(
    ("method", "end", "field", "rest"),
    [
        ("PUT", "profile", "legal_name", PROFILE),
        ("PUT", "profile", "tax_number", PROFILE),
        ("PUT", "profile", "country", PROFILE),
        ("PUT", "account", "iban", {"password": PASSWORD}),
        ("PUT", "account", "email", {"password": PASSWORD}),
        ("PUT", "account", "password", {"iban": IBAN}),
        ("POST", "checks", "evidence", {"kind": "identity", "outcome": "passed"}),
    ],
)
def test_any_text_is_answered(site, ada, method, end, field, rest, odd):
    _, path = ada
    told = ", ".join(f'"{name}": "{value}"' for name, value in rest.items() if name != field)
    body = f'{{{told}, "{field}": "a{odd}b"}}'
    answer = site.operator().request(
        method, f"{path}/{end}", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {200, 201, 400, 401, 422}
