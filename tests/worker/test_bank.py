"""The bank: files written once, what it says taken once."""

from datetime import UTC, datetime

import pytest
from bank_scene import RETURNED, one_abroad, payable, two_stated, write
from payee_facts import account, approve_run, holder_id, lives, reserve, take

from service.intake import bank_lines
from service.ledger.bank_line import AmountDiffers, BadBankLine, UnknownTransfer
from service.ledger.payout import PayoutOutOfOrder
from service.store import payees
from service.store.database import unit_of_work
from service.store.payee_accounts import AccountErased
from worker import bank_import


@pytest.fixture
def stated(town, texts):
    return two_stated(town, texts)


@pytest.fixture
def abroad(stated):
    return one_abroad(stated)


def says(town, *lines, dry_run=False):
    """Let the bank say lines of (payout, outcome, amount, currency, its reference, it moved)."""
    rows = [
        f"WS-PAYOUT-{line[0]},{','.join(map(str, line[1:]))},{'USD' if len(line) > 5 else ''}"
        for line in lines
    ]
    head = "reference,outcome,amount,currency,bank_reference"
    more = ",bank_amount,bank_currency" if any(len(line) > 5 for line in lines) else ",note"
    read, errors = bank_lines.read("\n".join([head + more, *rows]).encode())
    assert errors == []
    facts = {"by": "op", "now": town.clock(), "dry_run": dry_run}
    return bank_import.take(town.database, read, **facts)


def states(town):
    return town.tells(
        "SELECT payout_id, array_agg(state ORDER BY taken_at, state = 'returned') "
        "FROM payout_step GROUP BY 1 ORDER BY 1"
    )


def test_a_run_has_a_file_a_currency_and_its_payouts_are_sent_with_it(abroad):
    reserve(abroad)
    made = write(abroad)
    assert [(one.name, one.payout_ids) for one in made] == [
        ("WS-1-JPY-BANK-2.xml", (2,)),
        ("WS-1-USD-BANK-1.xml", (1,)),
    ]
    assert b"<EndToEndId>WS-PAYOUT-2</EndToEndId>" in made[0].content
    assert [one[1] for one in states(abroad)] == [["reserved", "sent"]] * 2
    abroad.clock.now = datetime(2026, 2, 20, tzinfo=UTC)
    assert write(abroad) == made
    lives(abroad, "Ada", "FR", "USD")  # who they are later changes nothing of what was written
    assert write(abroad) == made
    assert abroad.tells("SELECT count(*) FROM bank_file") == [(2,)]


def test_what_was_returned_before_is_in_no_file_and_later_ones_are_in_another(stated):
    account(stated, holder_id(stated, "Rei"), email="rei@example.org", cooling_days=0)
    first, second = reserve(stated).payout_ids
    take(stated, first, RETURNED)
    (only,) = write(stated)
    assert (only.name, only.payout_ids) == ("WS-1-USD-WALLET-2.csv", (second,))
    assert only.content.splitlines()[1] == (
        b"rei@example.org,27.00,USD,WS-PAYOUT-2,Statement 2026-01-H"
        + f"{holder_id(stated, 'Rei')}-USD".encode()
    )
    assert write(stated) == [only]


def test_what_was_erased_is_not_written_again(stated):
    reserve(stated)
    write(stated)
    with unit_of_work(stated.database) as session:
        payees.erase(session, holder_id(stated, "Ada"), now=stated.clock())
    with pytest.raises(AccountErased):
        write(stated)


def test_what_the_bank_says_is_taken_once_in_whatever_file(abroad):
    reserve(abroad)
    write(abroad)
    lines = [
        (1, "confirmed", "26.00", "USD", "B1", "26.00"),
        (2, "confirmed", "3057", "JPY", "B2", "20.50"),
    ]
    told = says(abroad, *lines)
    assert (told.confirmed, told.returned, told.errors) == ((1, 2), (), ())
    assert abroad.balances("bank") == {"bank": 60_000_000_000 - 26_000_000_000 - 20_500_000_000}
    again = says(abroad, *lines, (1, "returned", "26.00", "USD", "B3", "26.00"))
    assert (again.known_count, again.returned, again.errors) == (2, (1,), ())
    assert says(abroad, (1, "returned", "26.00", "USD", "B3", "26.00")).known_count == 1
    assert abroad.broken() == []


def test_a_dry_run_keeps_nothing(stated):
    reserve(stated)
    write(stated)
    told = says(stated, (1, "confirmed", "27.00", "USD", "B1"), dry_run=True)
    assert told.confirmed == (1,)
    assert [one[1] for one in states(stated)] == [["reserved", "sent"]] * 2


def test_lines_that_are_wrong_are_named_and_the_others_taken(stated):
    reserve(stated)
    write(stated)
    told = says(
        stated,
        (99, "confirmed", "27.00", "USD", "B1"),
        (1, "confirmed", "26.99", "USD", "B2"),
        (2, "confirmed", "27.00", "USD", "B3"),
        (2, "confirmed", "27.00", "EUR", "B4"),
    )
    assert told.confirmed == (2,)
    assert [(type(e), e.facts["place"]) for e in told.errors] == [
        (UnknownTransfer, "line 2"),
        (AmountDiffers, "line 3"),
        (AmountDiffers, "line 5"),
    ]
    assert [one[1] for one in states(stated)] == [
        ["reserved", "sent"],
        ["reserved", "sent", "confirmed"],
    ]
    assert stated.broken() == []


def test_a_confirmation_of_what_was_never_sent_is_out_of_order(stated):
    reserve(stated)
    told = says(stated, (1, "confirmed", "27.00", "USD", "B1"))
    assert [type(error) for error in told.errors] == [PayoutOutOfOrder]
    assert stated.tells("SELECT count(*) FROM bank_line") == [(0,)]


CAMT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn>
<Ntry><Amt Ccy="USD">47.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls>
<TxDtls><Refs><AcctSvcrRef>B1</AcctSvcrRef><EndToEndId>WS-PAYOUT-1</EndToEndId></Refs>
<Amt Ccy="USD">26.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls>
<TxDtls><Refs><AcctSvcrRef>B2</AcctSvcrRef><EndToEndId>WS-PAYOUT-2</EndToEndId></Refs>
<Amt Ccy="USD">20.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>
<AmtDtls><InstdAmt><Amt Ccy="JPY">3057</Amt></InstdAmt></AmtDtls></TxDtls>
<TxDtls><Refs><AcctSvcrRef>B3</AcctSvcrRef><EndToEndId>RENT</EndToEndId></Refs>
<Amt Ccy="USD">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls>
</NtryDtls></Ntry>
<Ntry><Amt Ccy="USD">26.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>
<TxDtls><Refs><AcctSvcrRef>B4</AcctSvcrRef><EndToEndId>WS-PAYOUT-1</EndToEndId></Refs>
<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>account closed</AddtlInf></RtrInf></TxDtls>
</NtryDtls></Ntry>
<Ntry><Amt Ccy="USD">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>
<TxDtls><Refs><EndToEndId>WS-PAYOUT-1</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="USD">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><NtryDtls>
<TxDtls><Refs><EndToEndId>WS-PAYOUT-1</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""


def test_a_camt_054_confirms_exchanges_and_returns(abroad):
    reserve(abroad)
    write(abroad)
    lines, errors = bank_lines.read(CAMT.encode())
    assert [error.sentence for error in errors] == [
        "transfer 5: is money that came in and is no return of a transfer"
    ]
    told = bank_import.take(abroad.database, lines, by="op", now=abroad.clock())
    assert (told.confirmed, told.returned) == ((1, 2), (1,))
    assert [type(error) for error in told.errors] == [UnknownTransfer]
    assert abroad.balances("bank") == {"bank": 39_500_000_000}
    assert abroad.tells("SELECT reference FROM payout_step WHERE state = 'returned'") == [
        ("B4 AC04 account closed",)
    ]
    assert abroad.broken() == []


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<x", "is no XML"),
        (b"<x/>", "is no camt.054"),
        (CAMT.replace("<Document", "<!DOCTYPE a><Document", 1).encode(), "has a document type"),
        (b"reference,outcome\n", "lacks the columns amount, currency, bank_reference"),
        (b"\xff\xfe,", "is no UTF-8"),
        (b"", "lacks the columns"),
    ],
)
def test_a_file_that_is_none_is_refused(content, rule):
    with pytest.raises(BadBankLine, match=rule):
        bank_lines.read(content)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("WS-PAYOUT-1,paid,1.00,USD,B1", "outcome 'paid' is not"),
        ("WS-PAYOUT-1,confirmed,1e3,USD,B1", "is not an amount"),
        ("WS-PAYOUT-1,confirmed,1.00,usd,B1", "is not an ISO 4217 code"),
        ("WS-PAYOUT-1,confirmed,1.00,USD,", "has no reference of the bank"),
        ("WS-PAYOUT-1,confirmed,1.00", "another number of columns"),
        ("WS-PAYOUT-1,confirmed,1.00,USD,B1,x,y", "another number of columns"),
    ],
)
def test_a_line_that_is_none_is_named(row, rule):
    head = "reference,outcome,amount,currency,bank_reference\n"
    lines, (error,) = bank_lines.read((head + row).encode())
    assert lines == []
    assert error.sentence.startswith("line 2: ")
    assert rule in error.sentence


def test_commands_write_files_and_take_what_the_bank_says(
    stated, wellspring, monkeypatch, tmp_path
):
    for name, value in {
        "PAYEE_KEYS": "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "PAYER_NAME": "Wellspring",
        "PAYER_IBAN": "DE89 3704 0044 0532 0130 00",
    }.items():
        monkeypatch.setenv(f"WELLSPRING_{name}", value)
    approve_run(stated, wellspring, "2026-01")
    assert wellspring("payouts", "carry-out", 1)[0] == 0
    folder = tmp_path / "bank"
    assert wellspring("payouts", "file", 1, folder)[0] == 0
    (path,) = folder.iterdir()
    assert path.name == "WS-1-USD-BANK-1.xml"
    said = tmp_path / "said.csv"
    said.write_text(
        "reference,outcome,amount,currency,bank_reference\n"
        "WS-PAYOUT-1,confirmed,27.00,USD,B1\nWS-PAYOUT-7,confirmed,27.00,USD,B2\n",
        encoding="utf-8",
    )
    code, out, err = wellspring("payouts", "import", said)
    assert (code, "confirmed     1" in out) == (1, True)
    assert "line 3: 'WS-PAYOUT-7' is no transfer of ours" in err
    told = ("--amount", "-1.00", "--note", "a dollar short")
    assert wellspring("payouts", "correct", 1, "amount", *told)[0] == 0
    assert payable(stated, "Ada") == 1_000_000_000
    assert stated.broken() == []
