"""The year's tax summary and self-billing invoices, from what the bank has paid."""

import csv
import json
from datetime import UTC, date, datetime

import pytest
from facturx import get_facturx_xml_from_pdf
from payee_facts import costs, holder_id, lives, may_be_paid, pays, rates, reserve, take, taxes

from service.documents.invoice import InvoiceParty
from service.ledger.payout import PayoutState
from service.ledger.payout_correction import CorrectionKind, NewCorrection
from service.ledger.tiers import Tier
from service.store import payouts, tax_summaries
from service.store.database import unit_of_work
from worker import invoicing, payout_corrections
from worker.invoicing import BuyerUnknown, InvoiceNotAsked, NothingToCredit, NotPaidYet

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000
BUYER = InvoiceParty("Wellspring", "IE", ("Quay 1",))
SENT, CONFIRMED, RETURNED = PayoutState.SENT, PayoutState.CONFIRMED, PayoutState.RETURNED


@pytest.fixture
def paid(town, texts):
    """54.00 were paid to Rei in yen, taxed by 20.42 %, with a fee of 1.50."""
    town.registers("Ode", texts.ode, {"Rei": ALL})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=100 * ALL, at=JANUARY)
    town.works()
    pays(town, 60_000_000_000)
    town.clock.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    town.closes("2026-01")
    may_be_paid(town)
    lives(town, "Rei", "JP", "JPY", address=("1-1 Chiyoda", "Tokyo"), invoice=True)
    taxes(town, "jp", "JP", 204_200)
    costs(town, 1_500_000_000)
    rates(town, "USD", "JPY", "149.23", date(2026, 2, 10))
    (number,) = reserve(town).payout_ids
    take(town, number, SENT)
    take(town, number, CONFIRMED)
    return town


def summed(town, year):
    with unit_of_work(town.database) as session:
        return [
            (one.payee_name, one.rule, one.ppm, one.payout_count, one.gross_nanos, one.tax_nanos)
            for one in tax_summaries.of_year(session, year)
        ]


def test_a_year_is_summed_by_payee_and_rule_from_what_the_bank_paid(paid):
    line = ("Rei", "jp", 204_200, 1, 53_999_595_256, 11_020_000_000)
    assert summed(paid, 2026) == [line]
    assert summed(paid, 2025) == []


def test_what_comes_back_in_another_year_is_taken_off_there(paid):
    paid.clock.now = datetime(2027, 1, 5, tzinfo=UTC)
    take(paid, 1, RETURNED)
    assert [one[3:] for one in summed(paid, 2026)] == [(1, 53_999_595_256, 11_020_000_000)]
    assert [one[3:] for one in summed(paid, 2027)] == [(-1, -53_999_595_256, -11_020_000_000)]


def test_the_command_writes_json_and_csv_with_the_same_figures(paid, wellspring, tmp_path):
    path = tmp_path / "tax.csv"
    code, out, _ = wellspring("payouts", "tax-summary", 2026, "--json", "--csv", path)
    (told,) = json.loads(out)
    assert (code, told["tax"], told["gross"]) == (0, "11.02", "53.999595256")
    assert told["source"] == "law"
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["tax"], row["gross"], row["rule"]) == ("11.02", "53.999595256", "jp")


def test_an_invoice_is_issued_once_and_numbered_without_a_gap(paid):
    now = paid.clock()
    first = invoicing.invoice(paid.database, 1, BUYER, now=now)
    assert first.number == f"2026-P{holder_id(paid, 'Rei')}-0001"
    _, xml = get_facturx_xml_from_pdf(first.content)
    for told in (b"53.99", b"Tax withheld: 11.02 USD (rule jp, 204200 ppm).", b"6190.00 JPY"):
        assert told in xml
    take(paid, 1, RETURNED)
    lives(paid, "Rei", "JP", "JPY", invoice=False)
    again = invoicing.invoice(paid.database, 1, BUYER, now=datetime(2026, 9, 1, tzinfo=UTC))
    assert get_facturx_xml_from_pdf(again.content)[1] == xml
    assert paid.tells("SELECT count(*) FROM payout_invoice") == [(1,)]


def test_who_has_not_asked_or_is_not_paid_gets_none(paid):
    with pytest.raises(BuyerUnknown):
        invoicing.invoice(paid.database, 1, InvoiceParty("", ""), now=paid.clock())
    lives(paid, "Rei", "JP", "JPY")
    with pytest.raises(InvoiceNotAsked):
        invoicing.invoice(paid.database, 1, BUYER, now=paid.clock())
    take(paid, 1, RETURNED)
    with pytest.raises(NotPaidYet, match="is returned"):
        invoicing.invoice(paid.database, 1, BUYER, now=paid.clock())
    assert paid.tells("SELECT count(*) FROM payout_invoice") == [(0,)]


def test_what_comes_back_after_its_invoice_is_credited_once_in_the_same_run_of_numbers(paid):
    now, rei = paid.clock(), holder_id(paid, "Rei")
    with pytest.raises(NothingToCredit, match="no invoice was issued"):
        invoicing.credit_note(paid.database, 1, BUYER, now=now)
    invoicing.invoice(paid.database, 1, BUYER, now=now)
    with pytest.raises(NothingToCredit, match="is confirmed"):
        invoicing.credit_note(paid.database, 1, BUYER, now=now)
    take(paid, 1, RETURNED)
    made = invoicing.credit_note(paid.database, 1, BUYER, now=now)
    again = invoicing.credit_note(paid.database, 1, BUYER, now=datetime(2026, 9, 1, tzinfo=UTC))
    assert (made.number, again.number) == (f"2026-P{rei}-0002",) * 2
    _, xml = get_facturx_xml_from_pdf(made.content)
    assert get_facturx_xml_from_pdf(again.content)[1] == xml
    for told in (b"261", b"53.99", f"2026-P{rei}-0001".encode(), b"will be invoiced again"):
        assert told in xml
    told = paid.tells("SELECT kind, number FROM payout_invoice ORDER BY number")
    assert told == [("invoice", 1), ("credit-note", 2)]


def test_what_went_astray_after_its_invoice_is_credited(paid):
    invoicing.invoice(paid.database, 1, BUYER, now=paid.clock())
    with unit_of_work(paid.database) as session:
        net = payouts.get(session, 1).transfer.net_nanos
    astray = NewCorrection(1, CorrectionKind.MISDIRECTED, net, "a digit of the account")
    payout_corrections.correct(paid.database, astray, by="op", now=paid.clock())
    made = invoicing.credit_note(paid.database, 1, BUYER, now=paid.clock())
    assert b"went to a wrong account" in get_facturx_xml_from_pdf(made.content)[1]


def test_the_command_writes_a_pdf(paid, wellspring, monkeypatch, tmp_path):
    for name, value in {"NAME": "Wellspring", "COUNTRY": "IE", "ADDRESS": "Quay 1; Dublin"}.items():
        monkeypatch.setenv(f"WELLSPRING_PAYER_{name}", value)
    assert wellspring("payouts", "invoice", 1, tmp_path)[0] == 0
    take(paid, 1, RETURNED)
    assert wellspring("payouts", "credit-note", 1, tmp_path)[0] == 0
    for name in ("invoice-*-0001.pdf", "credit-note-*-0002.pdf"):
        (path,) = tmp_path.glob(name)
        assert get_facturx_xml_from_pdf(path.read_bytes())[0] == "factur-x.xml"
