"""Receipts of reports checked: without any database by the file, or all that there are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.ledger import report_receipt
from service.ledger.leaves import is_plain
from service.ledger.report_receipt import FIELDS, FORMAT, SIGNED_MEMBERS
from service.store import registration_log, report_receipts
from service.store.database import Database, unit_of_work
from worker.receipt_check import ReceiptRefused
from worker.receipt_key import is_signed, key_id_of

_MEMBERS = {*SIGNED_MEMBERS, "signature"}
_SIGNATURE = re.compile(r"[0-9a-f]{128}", re.ASCII)
_A_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """A receipt whose signature is good. are_these_ids: None where none were compared."""

    fields: Mapping[str, str]
    are_these_ids: bool | None


def is_of_report(value: object) -> bool:
    """Whether a file's JSON calls itself the receipt of a report."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def check(
    value: Mapping[str, object], *, public_key: bytes, ids: Sequence[str] | None
) -> CheckedReport:
    """Check the JSON of a receipt's file; raise ReceiptRefused.

    ids: what the vendor sent, in any order.
    """
    leaf, signature = value.get("leaf"), value.get("signature")
    if value.keys() != _MEMBERS or not isinstance(leaf, dict) or leaf.keys() != FIELDS:
        raise ReceiptRefused("members lack or are too many")
    if not all(isinstance(one, str) and is_plain(one) for one in leaf.values()):
        raise ReceiptRefused("its leaf must be plain text")
    if value["key"] != key_id_of(public_key):
        raise ReceiptRefused("it is signed with another key than the one given")
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise ReceiptRefused("signature must be 128 hexadecimal digits in lower case")
    said = report_receipt.signed_bytes(leaf, key_id_of(public_key))
    if not is_signed(public_key, bytes.fromhex(signature), said):
        raise ReceiptRefused("the signature does not fit: the receipt was changed")
    same = None if ids is None else report_receipt.ids_digest(set(ids)).hex() == leaf["ids"]
    return CheckedReport(leaf, same)


def receipts_not_signed(database: Database) -> tuple[int, list[str]]:
    """Check the signature of every receipt; return how many there are and which are not good."""
    with unit_of_work(database) as session:
        known = {one.key_id: one.public_key for one in registration_log.keys(session)}
    count, last, facts = 0, 0, list[str]()
    while True:
        with unit_of_work(database) as session:
            found = report_receipts.page(session, None, after=last, limit=_A_PAGE)
        for one in found:
            said = report_receipt.signed_bytes(one.report.fields, one.key_id)
            if one.key_id not in known or not is_signed(known[one.key_id], one.signature, said):
                name = one.report.content.hex()
                facts.append(f"report {name}: the signature is not by a key of ours")
            last = one.report_receipt_id
        count += len(found)
        if not found:
            return count, facts
