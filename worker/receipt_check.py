"""Receipts checked without any database: by the file, a public key and, where given, the text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.api import json_body
from service.ledger import registration
from service.ledger.errors import LedgerError
from service.ledger.leaves import is_plain
from service.ledger.registration import FIELDS, FORMAT, LogEntry
from service.store.works import content_hash
from worker.receipt_key import is_signed, key_id_of

MOST_BYTES = 1_000_000
_MEMBERS = {*registration.SIGNED_MEMBERS, "signature"}
_HASH, _SIGNATURE = 64, 128


class ReceiptRefused(LedgerError):
    """A file is no receipt of ours, or was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this is no valid receipt: {reason}", reason=reason)


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt whose signature is good. is_this_text: None where no text was compared."""

    entry: LogEntry
    key_id: str
    is_this_text: bool | None


def check(raw: bytes, *, public_key: bytes, body: str | None = None) -> CheckedReceipt:
    """Check the bytes of a receipt's file; raise ReceiptRefused, BadJson.

    public_key: 32 bytes, from where the platform publishes it. body: the text that is said to be
    the registered one.
    """
    if len(raw) > MOST_BYTES:
        raise ReceiptRefused(f"it has more than {MOST_BYTES} bytes")
    value = json_body.read(raw, place="receipt")
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ReceiptRefused(f"its format is not {FORMAT}")
    if value.keys() != _MEMBERS:
        odd = ", ".join(sorted(json_body.printable(name) for name in value.keys() ^ _MEMBERS))
        raise ReceiptRefused(f"these members lack or are too many: {odd[:200]}")
    entry = _entry(value)
    key_id, signature = _hex(value, "key"), _hex(value, "signature", _SIGNATURE)
    if key_id.hex() != key_id_of(public_key):
        raise ReceiptRefused(f"it is signed with key {key_id.hex()[:16]}, not with the one given")
    if not is_signed(public_key, signature, registration.signed_bytes(entry, key_id.hex())):
        raise ReceiptRefused("the signature does not fit: the receipt was changed")
    if registration.root_over(entry.leaf_hash, entry.path) != entry.root:
        raise ReceiptRefused("leaf and path do not lead to its root")
    same = None
    if body is not None:
        same = content_hash(body).hex() == entry.fields["content_hash"]
    return CheckedReceipt(entry, key_id.hex(), same)


def _entry(value: Mapping[str, object]) -> LogEntry:
    position, path = value["position"], value["path"]
    if not isinstance(position, int) or isinstance(position, bool) or position < 1:
        raise ReceiptRefused("position must be a whole number from 1 on")
    if not isinstance(path, list) or len(path) != registration.path_length(position):
        raise ReceiptRefused("the path has another length than its position asks for")
    hashes = tuple(_hex({f"path[{at}]": one}, f"path[{at}]") for at, one in enumerate(path))
    return LogEntry(position, _fields(value["leaf"]), hashes, _hex(value, "root"))


def _fields(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or value.keys() != FIELDS:
        raise ReceiptRefused("its leaf is no registration")
    for name, one in value.items():
        if not isinstance(one, str) or not is_plain(one):
            raise ReceiptRefused(f"leaf.{name} must be plain text")
    return value


def _hex(value: Mapping[str, object], name: str, digits: int = _HASH) -> bytes:
    one = value[name]
    if not isinstance(one, str) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", one):
        raise ReceiptRefused(f"{name} must be {digits} hexadecimal digits in lower case")
    return bytes.fromhex(one)
