"""Receipts of reports: what was accepted, in a form that is signed and checked without us.

Docs: docs/vendors.md.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.ledger import leaves

FORMAT = "wellspring-report-receipt/1"
FIELDS = frozenset(("leaf", "vendor", "count", "content", "ids", "accepted_at"))
SIGNED_MEMBERS = ("format", "leaf", "key")
"""Members of a receipt in the order of its file; its signature is over all of them."""


@dataclass(frozen=True, slots=True)
class AcceptedReport:
    """What was accepted of one report. vendor: the public id. content, ids: 32 bytes."""

    vendor: str
    count: int
    content: bytes
    ids: bytes
    accepted_at: datetime

    @property
    def fields(self) -> Mapping[str, str]:
        """What is signed, as plain strings by name."""
        return {
            "leaf": "report",
            "vendor": self.vendor,
            "count": str(self.count),
            "content": self.content.hex(),
            "ids": self.ids.hex(),
            "accepted_at": leaves.instant(self.accepted_at),
        }


def content_digest(payloads: Mapping[str, bytes]) -> bytes:
    """Hash accepted sales: payload hashes by the vendor's ids, in order of the ids' bytes.

    Of each the id in UTF-8, a NUL byte, which no id holds, and the 32 bytes of its payload. So the
    same sales in another order, or reported again, have the same digest.
    """
    digest = hashlib.sha256()
    for name, payload in sorted((name.encode(), payload) for name, payload in payloads.items()):
        digest.update(name + b"\0" + payload)
    return digest.digest()


def ids_digest(names: Iterable[str]) -> bytes:
    """Hash ids of sales in order of their bytes, each followed by a NUL byte."""
    return hashlib.sha256(b"".join(sorted(name.encode() + b"\0" for name in names))).digest()


def signed_bytes(fields: Mapping[str, str], key_id: str) -> bytes:
    """Return what a receipt's signature is over: its other members as JSON without blanks.

    Names in order, as RFC 8785 writes them; nothing in them needs an escape.
    """
    leaf = leaves.canonical(fields).decode()
    return f'{{"format":"{FORMAT}","key":"{key_id}","leaf":{leaf}}}'.encode()


def document(fields: Mapping[str, str], key_id: str, signature: bytes) -> dict[str, object]:
    """Return a receipt as the JSON of its file."""
    return {
        "format": FORMAT,
        "leaf": dict(fields),
        "key": key_id,
        "signature": signature.hex(),
    }
