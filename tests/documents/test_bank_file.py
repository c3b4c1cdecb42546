"""Files for the bank: valid by their schema, the same bytes for the same facts."""

from datetime import UTC, date, datetime

import pytest
from lxml import etree
from sepaxml.validation import ValidationError, try_valid_xml

from service.documents.bank_file import (
    SCHEMA,
    BankFileInvalid,
    Payer,
    Payment,
    amount_text,
    pain_001,
    wallet_csv,
)

PAYER = Payer("Wellspring Clearing", "DE89370400440532013000", "COBADEFFXXX")
ADA = Payment(
    "WS-PAYOUT-1", "Ada \u00c4rger", "DE", 540_000_000, "Statement 1", iban="GB33BUKB20201555555555"
)
BEN = Payment("WS-PAYOUT-2", "Ben", "FR", 10_000_000, "Statement 2", iban="DE89370400440532013000")
REI = Payment(
    *("WS-PAYOUT-3", "\u96f6 Rei", "JP", 6_190_000_000_000, "Statement 3"),
    number="0123456",
    bic="BOTKJPJT",
)
KUWAIT = {"country": "KW", "number": "0077", "bic": "NBOKKWKW"}
ZED = Payment("WS-PAYOUT-4", "Zed", nanos=12_739_000_000, text="Statement 4", **KUWAIT)
TINY = Payment("WS-PAYOUT-5", "Tom", nanos=1_000_000, text="Statement 5", **KUWAIT)
MADE = {"created_at": datetime(2026, 2, 10, 12, tzinfo=UTC), "execution_on": date(2026, 2, 11)}


def told(xml):
    """Return the text of every element by its path, namespaces aside."""
    found = {}
    for node in etree.fromstring(xml).iter():
        path = [etree.QName(n).localname for n in (*reversed(list(node.iterancestors())), node)]
        if (node.text or "").strip():
            found.setdefault("/".join(path[2:]), []).append(node.text)
    return found


@pytest.mark.parametrize(
    ("currency", "payments"), [("EUR", [ADA, BEN]), ("JPY", [REI]), ("KWD", [ZED]), ("USD", [ADA])]
)
def test_it_passes_the_schema_of_its_message(currency, payments):
    made = pain_001("WS-1", PAYER, payments, currency=currency, **MADE)
    try_valid_xml(made, SCHEMA)  # by another validator than the one that wrote it
    with pytest.raises(ValidationError):
        try_valid_xml(made.replace(b"EndToEndId>", b"EndToEnd>"), SCHEMA)


def test_it_says_who_is_paid_what_and_by_which_reference():
    said = told(pain_001("WS-1-EUR", PAYER, [ADA, BEN], currency="EUR", **MADE))
    assert said["GrpHdr/MsgId"] == said["PmtInf/PmtInfId"] == ["WS-1-EUR"]
    assert said["GrpHdr/CreDtTm"] == ["2026-02-10T12:00:00"]
    assert (said["GrpHdr/NbOfTxs"], said["GrpHdr/CtrlSum"]) == (["2"], ["0.55"])
    assert said["PmtInf/ReqdExctnDt/Dt"] == ["2026-02-11"]
    assert said["PmtInf/PmtTpInf/SvcLvl/Cd"] == ["SEPA"]
    assert said["PmtInf/DbtrAcct/Id/IBAN"] == ["DE89370400440532013000"]
    transfer = "PmtInf/CdtTrfTxInf/"
    assert said[transfer + "PmtId/EndToEndId"] == ["WS-PAYOUT-1", "WS-PAYOUT-2"]
    assert said[transfer + "Amt/InstdAmt"] == ["0.54", "0.01"]
    assert said[transfer + "Cdtr/Nm"] == ["Ada Arger", "Ben"]
    assert said[transfer + "RmtInf/Ustrd"] == ["Statement 1", "Statement 2"]


def test_yen_have_no_point_dinars_three_digits_and_accounts_without_iban_their_number():
    in_yen = told(pain_001("WS-2", PAYER, [REI], currency="JPY", **MADE))
    assert in_yen["PmtInf/CdtTrfTxInf/Amt/InstdAmt"] == in_yen["GrpHdr/CtrlSum"] == ["6190"]
    assert in_yen["PmtInf/CdtTrfTxInf/CdtrAcct/Id/Othr/Id"] == ["0123456"]
    assert in_yen["PmtInf/CdtTrfTxInf/CdtrAgt/FinInstnId/BICFI"] == ["BOTKJPJT"]
    assert in_yen["PmtInf/ChrgBr"] == ["SHAR"]
    assert "PmtInf/PmtTpInf/SvcLvl/Cd" not in in_yen
    in_dinars = told(pain_001("WS-3", PAYER, [ZED, TINY], currency="KWD", **MADE))
    assert in_dinars["PmtInf/CdtTrfTxInf/Amt/InstdAmt"] == ["12.739", "0.001"]
    assert in_dinars["PmtInf/CtrlSum"] == ["12.740"]


def test_the_same_facts_make_the_same_bytes():
    made = {pain_001("WS-1", PAYER, [ADA, BEN], currency="EUR", **MADE) for _ in range(3)}
    assert len(made) == 1


def test_what_breaks_the_schema_is_not_written():
    payer = Payer("Wellspring", "not an iban")
    with pytest.raises(BankFileInvalid, match="bank file WS-1"):
        pain_001("WS-1", payer, [ADA], currency="EUR", **MADE)


@pytest.mark.parametrize(
    ("nanos", "currency", "text"),
    [
        (540_000_000, "USD", "0.54"),
        (7_000_000_000, "JPY", "7"),
        (1_000_000, "KWD", "0.001"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(nanos, currency, text):
    assert amount_text(nanos, currency) == text


def test_a_wallet_gets_a_list():
    one = Payment("WS-PAYOUT-9", "Rei", "JP", 6_190_000_000_000, "Statement 9", email="r@x.org")
    assert wallet_csv([one], currency="JPY") == (
        b"Email,Amount,Currency,Reference,Note\r\nr@x.org,6190,JPY,WS-PAYOUT-9,Statement 9\r\n"
    )
