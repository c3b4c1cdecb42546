"""Tax, fee and exchange at payout: in double entry, to the nano, and said by the statement."""

from datetime import UTC, date, datetime

import pytest
from payee_facts import (
    approve_run,
    costs,
    holder_id,
    lives,
    may_be_paid,
    pays,
    rates,
    reserve,
    take,
    taxes,
)

from service.ledger.exchange import NoRate
from service.ledger.payout import BankMovesNet, BankTooLow, PayoutState
from service.ledger.tiers import Tier
from service.ledger.transfer import NothingLeft

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
DAY = date(2026, 2, 9)
SENT, CONFIRMED, RETURNED = PayoutState.SENT, PayoutState.CONFIRMED, PayoutState.RETURNED
ALL = 1_000_000
OWED = 60_000_000_000


@pytest.fixture
def stated(town, texts):
    """Acme sold for 600 in January and paid the 60 it owes: 54 are Rei's, payable in February."""
    town.registers("Ode", texts.ode, {"Rei": ALL})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=100 * ALL, at=JANUARY)
    town.works()
    pays(town, OWED)
    town.closes("2026-01")
    town.clock.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    may_be_paid(town)
    return town


@pytest.fixture
def abroad(stated):
    """Rei lives in Japan and is paid in yen: 20.42 % tax, a fee of 1.50, 149.23 yen a dollar."""
    lives(stated, "Rei", "JP", "JPY")
    taxes(stated, "jp", "JP", 204_200)
    costs(stated, 1_500_000_000)
    rates(stated, "USD", "JPY", "149.23", DAY)
    return stated


def rei(town, account):
    return f"holder:{holder_id(town, 'Rei')}:{account}"


def balances(town):
    """Return balances by account and currency, debit positive."""
    rows = town.tells(
        "SELECT name, currency, sum(delta) FROM account JOIN balance_delta USING (account_id) "
        "GROUP BY 1, 2 HAVING sum(delta) <> 0"
    )
    of_payouts = ("bank", "fx", "tax", "payout", "holder")
    return {
        (name, currency): int(nanos)
        for name, currency, nanos in rows
        if name.startswith(of_payouts)
    }


def test_at_home_tax_and_fee_are_taken_from_what_is_paid(stated):
    lives(stated, "Rei", "US", "USD")
    taxes(stated, "us", "US", 240_000)
    costs(stated, 1_000_000_000, ppm=5_000)
    (number,) = reserve(stated).payout_ids
    # of 54.00: 24 % are 12.96; 1.00 and 0.5 % of it are 1.27; 39.77 are paid
    assert balances(stated) == {
        ("bank", "USD"): OWED,
        ("tax:us:payable", "USD"): -12_960_000_000,
        ("payout:clearing", "USD"): -39_770_000_000,
    }
    take(stated, number, SENT)
    told = take(stated, number, CONFIRMED)
    assert (told.transfer.tax_rule, told.tax_ppm) == ("us", 240_000)
    assert balances(stated) == {
        ("bank", "USD"): 20_230_000_000,
        ("tax:us:payable", "USD"): -12_960_000_000,
    }
    assert stated.broken() == []


def test_abroad_both_legs_of_the_exchange_are_posted(abroad):
    (number,) = reserve(abroad).payout_ids
    # of 54.00 a tax of 11.02 and the fee of 1.50 leave 41.48, which buy 6,190.06 yen;
    # 6,190 yen cost 41.479595256, and 0.000404744 stay payable
    assert balances(abroad) == {
        ("bank", "USD"): OWED,
        (rei(abroad, "payable"), "USD"): -404_744,
        ("tax:jp:payable", "USD"): -11_020_000_000,
        ("fx:USD:JPY", "USD"): -41_479_595_256,
        ("fx:USD:JPY", "JPY"): 6_190_000_000_000,
        ("payout:clearing", "JPY"): -6_190_000_000_000,
    }
    assert abroad.broken() == []
    take(abroad, number, SENT)
    take(abroad, number, CONFIRMED, bank_nanos=41_500_000_000)
    # the bank took 41.50: what it took beside the rate on file is a loss on the exchange
    assert balances(abroad) == {
        ("bank", "USD"): 18_500_000_000,
        (rei(abroad, "payable"), "USD"): -404_744,
        ("tax:jp:payable", "USD"): -11_020_000_000,
        ("fx:USD:JPY", "USD"): 20_404_744,
    }
    assert abroad.broken() == []


def test_the_statement_says_gross_tax_fee_net_and_rate(abroad):
    reserve(abroad)
    abroad.closes("2026-02", early=True)
    said = abroad.statement("Rei", "2026-02")
    (move,) = said.payouts
    assert (move.state, move.nanos) == ("reserved", -53_999_595_256)
    assert (move.gross_nanos, move.net_nanos) == (53_999_595_256, 41_479_595_256)
    assert (move.tax_rule, move.tax_ppm, move.tax_nanos) == ("jp", 204_200, 11_020_000_000)
    assert (move.fee_nanos, move.payee) == (1_500_000_000, "Rei")
    assert (move.paid_currency, move.paid_nanos) == ("JPY", 6_190_000_000_000)
    assert (str(move.exchange), move.exchange.day, move.exchange.origin) == ("149.23", DAY, "ECB")
    assert (said.closing_nanos, said.closing.carried_nanos) == (404_744, 404_744)


@pytest.mark.parametrize("before", [[], [SENT]])
def test_what_comes_back_before_the_bank_paid_is_untaxed_and_unexchanged(abroad, before):
    (number,) = reserve(abroad).payout_ids
    for state in before:
        take(abroad, number, state)
    take(abroad, number, RETURNED)
    assert balances(abroad) == {
        ("bank", "USD"): OWED,
        (rei(abroad, "payable"), "USD"): -54_000_000_000,
    }
    assert abroad.broken() == []


def test_what_comes_back_after_it_was_exchanged_may_cost_the_platform(abroad):
    (number,) = reserve(abroad).payout_ids
    take(abroad, number, SENT)
    take(abroad, number, CONFIRMED)
    take(abroad, number, RETURNED, bank_nanos=41_000_000_000)
    assert balances(abroad) == {
        ("bank", "USD"): OWED - 479_595_256,
        (rei(abroad, "payable"), "USD"): -54_000_000_000,
        ("fx:USD:JPY", "USD"): 479_595_256,
    }
    assert abroad.broken() == []


@pytest.mark.parametrize(("currency", "rate", "paid"), [("KWD", "0.30712", 12_739_000_000)])
def test_three_digits_are_paid_where_the_currency_has_them(stated, currency, rate, paid):
    lives(stated, "Rei", "KW", currency)
    costs(stated, 12_520_000_000)
    rates(stated, "USD", currency, rate, DAY)
    (number,) = reserve(stated).payout_ids
    # 41.48 buy 12.7393376 dinars
    assert balances(stated)["payout:clearing", currency] == -paid
    assert take(stated, number, SENT).transfer.paid_nanos == paid
    assert stated.broken() == []


@pytest.mark.parametrize(
    ("day", "newest"), [(date(2026, 2, 2), "2026-02-02"), (date(2026, 2, 11), None)]
)
def test_an_old_rate_or_one_of_tomorrow_pays_nothing(stated, day, newest):
    lives(stated, "Rei", "JP", "JPY")
    rates(stated, "USD", "JPY", "149.23", day)
    told = reserve(stated)
    assert told.payout_ids == ()
    (refused,) = told.passed_over
    assert (type(refused), refused.facts["newest"]) == (NoRate, newest)
    assert balances(stated)[rei(stated, "payable"), "USD"] == -54_000_000_000


def test_a_fee_above_what_is_due_pays_nothing(stated):
    costs(stated, 54_000_000_000)
    told = reserve(stated)
    (refused,) = told.passed_over
    assert (told.payout_ids, type(refused)) == ((), NothingLeft)


def test_the_bank_is_not_said_to_have_taken_what_it_has_not(abroad):
    (number,) = reserve(abroad).payout_ids
    take(abroad, number, SENT)
    with pytest.raises(BankTooLow, match=r"wants 18\.520404745 USD, the bank has 18\.520404744"):
        take(abroad, number, CONFIRMED, bank_nanos=60_000_000_001)
    take(abroad, number, CONFIRMED, bank_nanos=60_000_000_000)
    assert ("bank", "USD") not in balances(abroad)
    assert abroad.broken() == []


def test_without_exchange_the_bank_moves_the_net(stated):
    (number,) = reserve(stated).payout_ids
    take(stated, number, SENT)
    with pytest.raises(BankMovesNet, match=r"the bank moves 54\.00 with this step, not 53\.00"):
        take(stated, number, CONFIRMED, bank_nanos=53_000_000_000)
    assert take(stated, number, CONFIRMED, bank_nanos=54_000_000_000).state is CONFIRMED


def test_the_newest_profile_counts(abroad):
    lives(abroad, "Rei", "DE", "USD")
    (number,) = reserve(abroad).payout_ids
    told = take(abroad, number, SENT)
    assert (told.transfer.tax_nanos, told.transfer.to_currency) == (0, "USD")
    assert told.transfer.paid_nanos == 52_500_000_000


def test_commands_put_terms_on_file_and_show_what_is_paid(stated, wellspring):
    holder = holder_id(stated, "Rei")
    named = ("--legal-name", "Rei Example", "--country", "JP", "--currency", "JPY")
    assert wellspring("payees", "profile", holder, *named)[0] == 0
    assert '"country": "JP"' in wellspring("payees", "show", holder, "--json")[1]
    law = ("--from", "2026-01-01", "--source", "Income Tax Act")
    assert wellspring("payout-terms", "tax", "jp", "JP", 204_200, *law)[0] == 0
    bad = wellspring("payout-terms", "tax", "JP", "JP", 204_200, *law)
    assert (bad[0], "is not lower-case words joined by hyphens" in bad[2]) == (1, True)
    fee = ("payout-terms", "fee", "USD", "bank", "--from", "2026-01-01", "--fixed", "1.50")
    assert wellspring(*fee)[0] == 0
    rate = ("--day", f"{datetime.now(UTC):%Y-%m-%d}", "--origin", "ECB")
    assert wellspring("payout-terms", "rate", "USD", "JPY", "149.23", *rate)[0] == 0
    listed = wellspring("payout-terms", "list", "--json")[1]
    assert ("204200 ppm" in listed, "149.23" in listed) == (True, True)
    approve_run(stated, wellspring, "2026-01")
    code, out, _ = wellspring("payouts", "carry-out", 1, "--json")
    assert (code, '"paid": "6190.00 JPY"' in out) == (0, True)
    number = stated.tells("SELECT payout_id FROM payout")[0][0]
    assert wellspring("payouts", "sent", number, "--reference", "file 7")[0] == 0
    told = ("--reference", "line 3", "--took", "41.50")
    assert wellspring("payouts", "confirm", number, *told)[0] == 0
    assert balances(stated)["bank", "USD"] == 18_500_000_000
