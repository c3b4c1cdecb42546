"""Files for banks and wallets: ISO 20022 pain.001.001.09, and a wallet's list of payments."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

import sepaxml
from lxml import etree
from sepaxml import SepaTransfer

from service.ledger.errors import LedgerError
from service.ledger.money import NANOS_PER_UNIT, format_nanos, minor_unit_nanos

SCHEMA = "pain.001.001.09"
_NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"
_CENT = NANOS_PER_UNIT // 100


class BankFileInvalid(LedgerError):
    """A file for the bank would not pass the schema of its message: it is not written."""

    def __init__(self, message_id: str, reason: str) -> None:
        super().__init__(f"bank file {message_id}: {reason}", message_id=message_id, reason=reason)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose account pays."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Payment:
    """One transfer: by ``iban``, by ``number`` at ``bic``, or to the ``email`` of a wallet.

    ``reference`` comes back in what the bank says; ``text`` is what the payee reads.
    """

    reference: str
    name: str
    country: str
    nanos: int
    text: str
    iban: str = ""
    number: str = ""
    bic: str = ""
    email: str = ""


def amount_text(nanos: int, currency: str) -> str:
    """Print an amount with the digits its currency has: no yen has a point, a dinar has three."""
    unit = minor_unit_nanos(currency)
    assert nanos % unit == 0, "a bank moves whole minor units"
    return format_nanos(nanos, digits=len(str(NANOS_PER_UNIT // unit)) - 1)


def pain_001(
    message_id: str,
    payer: Payer,
    payments: Sequence[Payment],
    *,
    currency: str,
    created_at: datetime,
    execution_on: date,
) -> bytes:
    """Return the message of these transfers, valid by its schema; the same facts, the same bytes.

    Raises BankFileInvalid.
    """
    in_euro = currency == "EUR" and all(one.iban for one in payments)
    config = {
        "name": payer.name,
        "IBAN": payer.iban,
        "batch": True,
        "currency": currency,
        "domestic": not in_euro,  # asks for the service level SEPA where it may be had
    }
    message = SepaTransfer(config | ({"BIC": payer.bic} if payer.bic else {}), schema=SCHEMA)
    for one in payments:
        message.add_payment(_as_sepa(one, currency, execution_on))
    root = etree.fromstring(message.export(validate=False), _parser())
    _settle(root, message_id, payments, currency, created_at, shared=not in_euro)
    made = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    # sepaxml writes elements without a namespace: only the text that is sent is checked
    schema = _schema()
    try:
        schema.assertValid(etree.fromstring(made, _parser()))
    except etree.DocumentInvalid as error:
        raise BankFileInvalid(message_id, str(error)) from None
    return bytes(made)


def _as_sepa(one: Payment, currency: str, on: date) -> dict[str, object]:
    payment: dict[str, object] = {
        "name": one.name,
        "IBAN": one.iban or one.number,
        "amount": max(one.nanos // _CENT, 1),  # the library counts cents; set right below
        "currency": currency,
        "execution_date": on,
        "description": one.text,
        "endtoend_id": one.reference,
        "address": {"country": one.country},
    }
    return payment | ({"BIC": one.bic} if one.bic else {})


def _settle(
    root: etree._Element,
    message_id: str,
    payments: Sequence[Payment],
    currency: str,
    created_at: datetime,
    *,
    shared: bool,
) -> None:
    """Put what the library draws by chance or knows in cents only: ids, instants and amounts."""
    total = amount_text(sum(one.nanos for one in payments), currency)
    named = {
        "MsgId": message_id,
        "PmtInfId": message_id,
        "CreDtTm": f"{created_at:%Y-%m-%dT%H:%M:%S}",
        "CtrlSum": total,
    }
    for tag, value in named.items():
        for node in root.iter(f"{{{_NAMESPACE}}}{tag}"):
            node.text = value
    if shared:
        for node in root.iter(f"{{{_NAMESPACE}}}ChrgBr"):
            node.text = "SHAR"  # service level charges are SEPA's alone
    by_reference = {one.reference: one for one in payments}
    assert len(by_reference) == len(payments), "each transfer has a reference of its own"
    for transfer in root.iter(f"{{{_NAMESPACE}}}CdtTrfTxInf"):
        one = by_reference[_only(transfer, "EndToEndId").text or ""]
        _only(transfer, "InstdAmt").text = amount_text(one.nanos, currency)
        if one.number:
            _account_number(transfer, one.number)


def _account_number(transfer: etree._Element, number: str) -> None:
    """Name an account by its number where its country has no IBAN."""
    node = [each for each in transfer.iter(f"{{{_NAMESPACE}}}IBAN") if each.text == number][-1]
    parent = node.getparent()
    assert parent is not None
    parent.remove(node)
    other = etree.SubElement(parent, f"{{{_NAMESPACE}}}Othr")
    etree.SubElement(other, f"{{{_NAMESPACE}}}Id").text = number


def _only(node: etree._Element, tag: str) -> etree._Element:
    (found,) = node.iter(f"{{{_NAMESPACE}}}{tag}")
    return found


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@cache
def _schema() -> etree.XMLSchema:
    path = Path(sepaxml.__file__).with_name("schemas") / f"{SCHEMA}.xsd"
    return etree.XMLSchema(etree.parse(str(path), _parser()))


WALLET_COLUMNS = ("Email", "Amount", "Currency", "Reference", "Note")


def wallet_csv(payments: Sequence[Payment], *, currency: str) -> bytes:
    """Return the list of a wallet's mass payment: one line a transfer, with a line of headings."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(WALLET_COLUMNS)
    for one in payments:
        amount = amount_text(one.nanos, currency)
        writer.writerow((one.email, amount, currency, one.reference, one.text))
    return text.getvalue().encode()
