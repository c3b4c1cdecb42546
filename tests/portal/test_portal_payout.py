"""Where a creator is paid: what is missing, the password again, and the days a change waits."""

from datetime import timedelta

import pytest

PASSWORD = "correct horse battery"
IBAN = "DE89370400440532013000"
PROFILE = {
    "legal_name": "Ada Example",
    "country": "de",
    "kind": "person",
    "currency": "eur",
    "address": "1 Harbour Road\r\n20457 Hamburg",
}


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """Keys that seal accounts are made in a folder of the test."""
    monkeypatch.setenv("WELLSPRING_HOME", str(tmp_path))


def test_what_keeps_a_creator_from_being_paid_is_said(world, catalogue):
    said = world.browser("ada").text("/payout")
    assert "What keeps you from being paid" in said
    assert "You have not said who is paid: legal name, country and currency." in said
    assert "You have given no account." in said
    assert f"The identity of payee {catalogue.ada} has not been checked." in said
    assert "nothing here is tax advice" in said


def test_who_is_paid_is_kept_and_shown(world, catalogue):
    browser = world.browser("ada")
    answer = browser.send("/payout/profile", **PROFILE)
    assert answer.headers["location"] == "/payout?done=profile-kept"
    said = browser.text("/payout")
    assert "Legal name Ada Example" in said
    assert "Country DE" in said
    assert "Address 1 Harbour Road, 20457 Hamburg" in said
    assert "You have not said who is paid" not in said


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("country", "Deutschland", "is not an ISO 3166 code of two capitals"),
        ("currency", "euros", "is not an ISO 4217 code"),
        ("legal_name", "", "Must not be empty"),
        ("address", "1\n2\n3\n4", "Has 4 lines, at most 3 are taken"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_is_kept(
    world, catalogue, field, typed, sentence
):
    answer = world.browser("ada").send("/payout/profile", **(PROFILE | {field: typed}))
    assert answer.status_code == 422
    beside = answer.text.split(f'id="{field}-error">')[1].split("</p>")[0]
    assert sentence in beside
    assert 'value="Ada Example"' in answer.text or field == "legal_name"


def test_an_account_takes_the_password_again_and_is_shown_masked(world, catalogue):
    browser = world.browser("ada")
    wrong = browser.send("/payout/account", iban=IBAN, password="guessed")
    assert wrong.status_code == 403
    assert "It is not your password." in wrong.text
    assert f'value="{IBAN}"' in wrong.text
    assert "guessed" not in wrong.text
    right = browser.send("/payout/account", iban=IBAN, password=PASSWORD)
    assert right.headers["location"] == "/payout?done=account-kept"
    page = browser.get("/payout").text
    assert "DE** **** 3000" in page
    assert IBAN not in page


def test_a_changed_account_waits_and_says_until_when(world, catalogue):
    browser = world.browser("ada")
    browser.send("/payout/account", iban=IBAN, password=PASSWORD)
    assert "was changed" not in browser.text("/payout")
    browser.send("/payout/account", email="ada@example.org", password=PASSWORD)
    said = browser.text("/payout")
    assert "nothing is paid to it before 2026-02-17 12:00 UTC" in said
    world.now += timedelta(days=7)
    assert "was changed" not in world.browser("ada").text("/payout")


def test_an_account_that_is_none_is_refused_beside_its_field(world, catalogue):
    answer = world.browser("ada").send("/payout/account", iban="DE00", password=PASSWORD)
    assert answer.status_code == 422
    assert 'id="iban-error"' in answer.text
