from datetime import UTC, date, datetime

import pytest

from service.ledger.payee import (
    Account,
    AccountCooling,
    AccountMissing,
    BadCountry,
    Check,
    CheckExpired,
    CheckKind,
    CheckMissing,
    CheckNotPassed,
    CheckOutcome,
    Payee,
    PayeeDeceased,
    Profile,
    ProfileMissing,
    obstacles,
)
from service.ledger.tax import PayeeKind

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
PROFILE = Profile("Ada", "DE", PayeeKind.PERSON, "EUR")
ACCOUNT = Account(1, "bank", "DE** **** 3000", NOW)
GOOD = dict.fromkeys(CheckKind, Check(CheckOutcome.PASSED, None))
HIT = {CheckKind.SANCTIONS: Check(CheckOutcome.HIT, None)}
OLD = {CheckKind.IDENTITY: Check(CheckOutcome.PASSED, date(2026, 2, 9))}
LAST_DAY = {CheckKind.IDENTITY: Check(CheckOutcome.PASSED, date(2026, 2, 10))}
LATER = Account(1, "bank", "", datetime(2026, 2, 10, 12, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("payee", "found"),
    [
        (Payee(7, PROFILE, ACCOUNT, GOOD), []),
        (Payee(7, PROFILE, ACCOUNT, GOOD | LAST_DAY), []),
        (Payee(7, None, ACCOUNT, GOOD), [ProfileMissing]),
        (Payee(7, PROFILE, None, GOOD), [AccountMissing]),
        (Payee(7, PROFILE, LATER, GOOD), [AccountCooling]),
        (Payee(7, PROFILE, ACCOUNT, {}), [CheckMissing] * 3),
        (Payee(7, PROFILE, ACCOUNT, GOOD | HIT), [CheckNotPassed]),
        (Payee(7, PROFILE, ACCOUNT, GOOD | OLD), [CheckExpired]),
        (Payee(7, PROFILE, ACCOUNT, GOOD, date(2026, 2, 1)), [PayeeDeceased]),
        (
            Payee(7, None, None, HIT, date(2026, 2, 1)),
            [
                *(PayeeDeceased, ProfileMissing, CheckMissing, CheckMissing),
                *(CheckNotPassed, AccountMissing),
            ],
        ),
    ],
)
def test_everything_that_keeps_a_payee_from_being_paid_is_named(payee, found):
    assert [type(one) for one in obstacles(payee, now=NOW)] == found


def test_when_it_may_change_is_said_where_a_date_is_known():
    (cooling,) = obstacles(Payee(7, PROFILE, LATER, GOOD), now=NOW)
    assert cooling.facts["until"] == "2026-02-10T12:00:01+00:00"


@pytest.mark.parametrize("code", ["de", "D", "DEU", "\u00c4\u00d6", ""])
def test_a_country_is_two_capitals(code):
    with pytest.raises(BadCountry):
        Profile("Ada", code, PayeeKind.PERSON, "EUR")
