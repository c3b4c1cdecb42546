import pytest

from service.ledger import accounts
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.rights import SplitNotWhole


@pytest.mark.parametrize(
    ("name", "written", "side"),
    [
        (accounts.BANK, "bank", "debit"),
        (accounts.vendor_written_off("acme"), "vendor:acme:written-off", "debit"),
        (accounts.PLATFORM_FEE, "platform:fee", "credit"),
        (accounts.PAYOUT_CLEARING, "payout:clearing", "credit"),
        (accounts.vendor_receivable("acme"), "vendor:acme:receivable", "debit"),
        (accounts.vendor_settled_direct("acme"), "vendor:acme:settled-direct", "debit"),
        (accounts.vendor_kept("acme"), "vendor:acme:kept", "credit"),
        (accounts.party_direct("power"), "party:power:direct", "credit"),
        (accounts.party_payable("cloud"), "party:cloud:payable", "credit"),
        (accounts.line(42), "line:42", "credit"),
        (
            accounts.unmatched_pool("acme", Period.parse("2026-10")),
            "pool:unmatched:acme:2026-10",
            "credit",
        ),
        (accounts.holder_payable(7), "holder:7:payable", "credit"),
        (accounts.holder_held(7), "holder:7:held", "credit"),
        ("holder:7:advance", "holder:7:advance", "debit"),
    ],
)
def test_the_chart_of_accounts(name, written, side):
    assert name == written
    assert accounts.normal_side(name) == side


@pytest.mark.parametrize(
    ("name", "line"), [("line:42", 42), ("bank", None), ("holder:42:held", None)]
)
def test_a_line_is_told_by_its_account(name, line):
    assert accounts.line_id_of(name) == line


def test_a_refusal_has_a_name_for_machines_a_sentence_for_people_and_the_facts():
    refusal = SplitNotWhole(999_999)
    assert isinstance(refusal, LedgerError)
    assert refusal.code == "split-not-whole"
    assert refusal.sentence == "shares sum to 999999 ppm, not 1000000"
    assert refusal.facts == {"total_ppm": 999_999}
