"""What the bank paid wrongly is corrected by entries, down to what it holds."""

from datetime import UTC, datetime, timedelta

import pytest
from bank_scene import RETURNED, one_abroad, payable, two_stated, write
from payee_facts import reserve, take

from service.ledger.payout import PayoutState
from service.ledger.payout_correction import CorrectionKind, CorrectionRefused, NewCorrection
from service.ledger.period import Period
from worker import parquet_audit, parquet_export, payout_corrections
from worker.payout_corrections import BankHoldsLess, TooMuchTax


@pytest.fixture
def stated(town, texts):
    return two_stated(town, texts)


@pytest.fixture
def abroad(stated):
    return one_abroad(stated)


@pytest.fixture
def confirmed(abroad):
    reserve(abroad)
    write(abroad)
    for number in (1, 2):
        take(abroad, number, PayoutState.CONFIRMED)
    return abroad


def correct(town, payout, kind, nanos=0):
    if kind is CorrectionKind.MISDIRECTED and not nanos:
        return payout_corrections.misdirect(
            town.database, payout, "wrong account", by="op", now=town.clock()
        )
    new = NewCorrection(payout, kind, nanos, "by mistake")
    return payout_corrections.correct(town.database, new, by="op", now=town.clock())


def test_what_was_paid_too_little_is_due_again_and_too_much_is_owed(confirmed):
    bank = confirmed.balances("bank")["bank"]
    correct(confirmed, 1, CorrectionKind.AMOUNT, -6_000_000_000)
    assert payable(confirmed, "Ada") == 6_000_000_000
    assert confirmed.balances("bank")["bank"] == bank + 6_000_000_000
    confirmed.clock.now += timedelta(seconds=1)
    correct(confirmed, 1, CorrectionKind.AMOUNT, 7_000_000_000)
    assert payable(confirmed, "Ada") == -1_000_000_000
    assert confirmed.balances("bank")["bank"] == bank - 1_000_000_000
    assert confirmed.broken() == []
    confirmed.closes("2026-02", early=True)
    moves = confirmed.statement("Ada", "2026-02").payouts
    assert [(one.state, one.nanos, one.note) for one in moves][:2] == [
        ("corrected", 6_000_000_000, "by mistake"),
        ("corrected", -7_000_000_000, "by mistake"),
    ]
    assert confirmed.broken() == []


def test_an_exported_month_stands_up_to_the_audit_with_its_corrections(confirmed, tmp_path):
    correct(confirmed, 1, CorrectionKind.AMOUNT, -6_000_000_000)
    correct(confirmed, 2, CorrectionKind.MISDIRECTED)
    confirmed.clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    for month in ("2026-02", "2026-03"):
        confirmed.closes(month)
        period = Period.parse(month)
        parquet_export.export_period(
            confirmed.database, period, tmp_path / month, now=confirmed.clock()
        )
        told = parquet_audit.audit(tmp_path / month)
        assert {one.question: one.facts for one in told if one.facts} == {}


def test_of_an_exchange_the_difference_is_between_holder_and_exchange(confirmed):
    bank = confirmed.balances("bank")["bank"]
    before = payable(confirmed, "Rei")
    correct(confirmed, 2, CorrectionKind.AMOUNT, -2_000_000_000)
    assert payable(confirmed, "Rei") == before + 2_000_000_000
    assert confirmed.balances("fx") == {"fx:USD:JPY": -2_000_000_000}
    assert confirmed.balances("bank")["bank"] == bank
    assert confirmed.broken() == []


def test_what_went_astray_is_the_holders_again_and_claimed_until_it_is_lost(confirmed):
    correct(confirmed, 2, CorrectionKind.MISDIRECTED)
    assert payable(confirmed, "Rei") == 27_000_000_000
    assert "tax:jp:payable" not in confirmed.balances("tax")
    net = 20_485_157_140
    assert confirmed.balances("payout") == {"payout:recovery": net}
    correct(confirmed, 2, CorrectionKind.RECOVERED, 20_000_000_000)
    correct(confirmed, 2, CorrectionKind.LOST, 485_157_140)
    assert confirmed.balances("payout") == {}
    assert confirmed.broken() == []
    with pytest.raises(CorrectionRefused, match="what comes back of it is recovered"):
        take(confirmed, 2, RETURNED)


@pytest.mark.parametrize(
    ("payout", "kind", "nanos", "rule"),
    [
        (1, CorrectionKind.AMOUNT, 0, "of some amount above zero"),
        (1, CorrectionKind.RECOVERED, -1, "of some amount above zero"),
        (1, CorrectionKind.RECOVERED, 1, r"0\.00 of it are astray"),
        (1, CorrectionKind.AMOUNT, -26_000_000_001, "nobody was paid less than nothing"),
        (1, CorrectionKind.MISDIRECTED, 1, r"all of it went astray, 26\.00"),
    ],
)
def test_corrections_that_cannot_be_are_refused(confirmed, payout, kind, nanos, rule):
    before = confirmed.balances()
    with pytest.raises(CorrectionRefused, match=rule):
        correct(confirmed, payout, kind, nanos)
    assert confirmed.balances() == before


def test_only_what_the_bank_has_paid_is_corrected(stated):
    reserve(stated)
    with pytest.raises(CorrectionRefused, match="it is reserved"):
        correct(stated, 1, CorrectionKind.AMOUNT, 1)


def test_the_bank_is_not_overdrawn_by_corrections_tax_or_charges(confirmed):
    left = confirmed.balances("bank")["bank"]
    facts = {"reference": "r", "by": "op", "now": confirmed.clock()}
    with pytest.raises(BankHoldsLess):
        correct(confirmed, 1, CorrectionKind.AMOUNT, left + 1)
    with pytest.raises(TooMuchTax, match=r"5\.51 USD are owed under jp, not 5\.52"):
        payout_corrections.remit(confirmed.database, "jp", "USD", 5_520_000_000, **facts)
    payout_corrections.remit(confirmed.database, "jp", "USD", 5_510_000_000, **facts)
    assert confirmed.balances("tax") == {}
    with pytest.raises(BankHoldsLess):
        payout_corrections.charge(confirmed.database, "USD", left, **facts)
    payout_corrections.charge(confirmed.database, "USD", left - 5_510_000_000, **facts)
    assert confirmed.balances("bank") == {}
    assert confirmed.broken() == []
