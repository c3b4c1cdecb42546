"""What banks say as files: our CSV, and camt.054 of ISO 20022; every bad line is named."""

import csv
import io
from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from service.ledger.bank_line import BadBankLine, BankLine
from service.ledger.errors import LedgerError
from service.ledger.money import check_currency, parse_nanos
from service.ledger.payout import PayoutState

MOST_BYTES = 20_000_000
COLUMNS = ("reference", "outcome", "amount", "currency", "bank_reference")
_MORE = ("bank_amount", "bank_currency", "note")
_CONFIRMED, _RETURNED = PayoutState.CONFIRMED, PayoutState.RETURNED

Read = tuple[list[BankLine], list[LedgerError]]
"""The lines that could be read, and what is wrong with the others."""


def read(content: bytes) -> Read:
    """Read a file by what it begins with; raise BadBankLine for one that is neither."""
    if len(content) > MOST_BYTES:
        raise BadBankLine("file", f"has {len(content)} bytes, at most {MOST_BYTES} are taken")
    begun = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    return read_camt_054(content) if begun.startswith(b"<") else read_csv(content)


def read_csv(content: bytes) -> Read:
    """Read lines of reference, outcome (confirmed, returned), amount, currency, bank_reference.

    Columns are found by name; bank_amount, bank_currency and note may be there.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBankLine("file", f"is no UTF-8 at byte {error.start}") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise BadBankLine("line 1", f"lacks the columns {', '.join(missing)}")
    lines, errors = list[BankLine](), list[LedgerError]()
    try:
        for row in rows:
            place = f"line {rows.line_num}"
            _collect(partial(_csv_line, row, place), place, lines, errors)
    except csv.Error as error:
        raise BadBankLine(f"line {rows.line_num}", str(error)) from None
    return lines, errors


def _csv_line(row: dict[str, str | None], place: str) -> BankLine:
    if None in row or None in row.values():
        raise BadBankLine(place, "has another number of columns than the first line")
    given = {name: (row.get(name) or "").strip() for name in (*COLUMNS, *_MORE)}
    if given["outcome"] not in {str(_CONFIRMED), str(_RETURNED)}:
        raise BadBankLine(place, f"outcome {given['outcome'][:20]!r} is not confirmed or returned")
    nanos, currency = parse_nanos(given["amount"]), check_currency(given["currency"])
    return BankLine(
        place,
        given["reference"],
        PayoutState(given["outcome"]),
        currency,
        nanos,
        check_currency(given["bank_currency"] or currency),
        parse_nanos(given["bank_amount"]) if given["bank_amount"] else nanos,
        _known(given["bank_reference"], place),
        given["note"][:200],
    )


def read_camt_054(content: bytes) -> Read:
    """Read the booked transfers of a camt.054 of any version: debits are paid, credits came back.

    Pending entries say nothing yet and are left out.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise BadBankLine("file", f"is no XML: {error.msg}") from None
    if b"<!DOCTYPE" in content:
        raise BadBankLine("file", "has a document type, which no camt.054 has")
    if "camt.054" not in (root.nsmap.get(None) or ""):
        raise BadBankLine("file", "is no camt.054")
    lines, errors = list[BankLine](), list[LedgerError]()
    for number, (entry, details) in enumerate(_transfers(root), start=1):
        place = f"transfer {number}"
        _collect(partial(_camt_line, entry, details, place), place, lines, errors)
    return lines, errors


def _transfers(root: etree._Element) -> Iterator[tuple[etree._Element, etree._Element]]:
    for entry in root.iter("{*}Ntry"):
        status = _text(entry, "{*}Sts/{*}Cd") or _text(entry, "{*}Sts")
        if status in {"", "BOOK"}:
            for details in entry.iterfind("{*}NtryDtls/{*}TxDtls"):
                yield entry, details


def _camt_line(entry: etree._Element, details: etree._Element, place: str) -> BankLine:
    moved = details.find("{*}Amt")
    moved = entry.find("{*}Amt") if moved is None else moved
    if moved is None:
        raise BadBankLine(place, "has no amount")
    bank_currency, bank_nanos = _amount(moved)
    instructed = details.find("{*}AmtDtls/{*}InstdAmt/{*}Amt")
    currency, nanos = (bank_currency, bank_nanos) if instructed is None else _amount(instructed)
    side = _text(details, "{*}CdtDbtInd") or _text(entry, "{*}CdtDbtInd")
    back = details.find("{*}RtrInf")
    if side not in {"DBIT", "CRDT"}:
        raise BadBankLine(place, f"side {side[:20]!r} is not DBIT or CRDT")
    if side == "CRDT" and back is None:
        raise BadBankLine(place, "is money that came in and is no return of a transfer")
    note = ""
    if back is not None:
        parts = [_text(back, "{*}Rsn/{*}Cd"), *(_said(n) for n in back.iterfind("{*}AddtlInf"))]
        note = " ".join(part for part in parts if part)[:200]
    reference = _text(details, "{*}Refs/{*}AcctSvcrRef") or _text(entry, "{*}AcctSvcrRef")
    return BankLine(
        place,
        _text(details, "{*}Refs/{*}EndToEndId"),
        _CONFIRMED if side == "DBIT" else _RETURNED,
        currency,
        nanos,
        bank_currency,
        bank_nanos,
        _known(reference, place),
        note,
    )


def _amount(node: etree._Element) -> tuple[str, int]:
    return check_currency(node.get("Ccy") or ""), parse_nanos(_said(node))


def _known(reference: str, place: str) -> str:
    if not reference:
        raise BadBankLine(place, "has no reference of the bank: it would be taken twice")
    return reference[:80]


def _text(node: etree._Element, path: str) -> str:
    found = node.find(path)
    return "" if found is None else _said(found)


def _said(node: etree._Element) -> str:
    return (node.text or "").strip()


def _collect(
    made: Callable[[], BankLine], place: str, lines: list[BankLine], errors: list[LedgerError]
) -> None:
    try:
        lines.append(made())
    except BadBankLine as error:
        errors.append(error)
    except LedgerError as error:
        errors.append(BadBankLine(place, error.sentence))
