"""What was generated, as a sale carries it: a text, or the fingerprint of one."""

import binascii
import hashlib
from base64 import b64decode
from dataclasses import dataclass

from service.api.doors import FingerprintCheck
from service.api.formats.sale_item import SaleItem
from service.ledger.sale_report import SaleFingerprint

MAX_TEXT_CHARS = 1_000_000
MAX_FINGERPRINT_CHARS = 10_000_000
"""Base64 of one fingerprint: of some 950,000 characters of English text."""


@dataclass(frozen=True, slots=True)
class SaleOutput:
    """What was generated: its text, or the fingerprint of it, or neither."""

    text: str | None
    fingerprint: SaleFingerprint | None

    @property
    def hash(self) -> bytes | None:
        """What equal outputs are known by."""
        if self.fingerprint is not None:
            return self.fingerprint.content_hash
        return None if self.text is None else hashlib.sha256(self.text.encode()).digest()


def output_of(item: SaleItem, fingerprints: FingerprintCheck) -> SaleOutput:
    """Read the fields ``text`` and ``fingerprint``; of what breaks a rule nothing is returned."""
    if item.given("fingerprint") is None:
        return SaleOutput(_body(item), None)
    if item.given("text") is not None:
        item.wrong("fingerprint", "must not be given beside text: send one of them")
        return SaleOutput(None, None)
    return SaleOutput(None, _fingerprint(item, fingerprints))


def _body(item: SaleItem) -> str | None:
    given = item.given("text")
    if isinstance(given, str) and not given.strip():
        item.wrong("text", "must not be empty: leave it out where there is none")
        return None
    return item.text("text", max_chars=MAX_TEXT_CHARS)


def _fingerprint(item: SaleItem, fingerprints: FingerprintCheck) -> SaleFingerprint | None:
    given = item.text("fingerprint", max_chars=MAX_FINGERPRINT_CHARS)
    if given is None:
        return None
    try:
        checked = fingerprints.check(b64decode(given.encode(), validate=True))
    except binascii.Error:
        item.wrong("fingerprint", "must be base64 (RFC 4648, with padding)")
        return None
    if isinstance(checked, str):
        item.wrong("fingerprint", checked)
        return None
    if not 1 <= checked.length_chars <= MAX_TEXT_CHARS:
        item.wrong("fingerprint", f"must be of a text of 1 to {MAX_TEXT_CHARS} characters")
        return None
    return checked
