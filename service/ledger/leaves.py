"""Leaves of a sealed period: journal entries, statements and their lines as canonical bytes.

A leaf is a set of named strings, in one place a set of such sets: amounts in nanos and numbers are
written in plain digits. Its canonical bytes are its JSON without blanks, names in order (RFC 8785);
all strings are printable ASCII without quotes and backslashes, so that nothing needs an escape.
Leaves stand in the order of kind and source of entries, then holder and currency of statements,
each led by the statement itself. Docs: docs/proofs.md.
"""

import hashlib
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from service.ledger import merkle
from service.ledger.journal import Kind
from service.ledger.period import Period
from service.ledger.statement import LineKind
from service.ledger.tiers import Tier

Fields = Mapping[str, "str | Mapping[str, str]"]

FIRST_HASH = bytes(32)
_PERIOD = b"\2"
_SALT_BYTES = 16
_PLAIN = re.compile(r"[ !#-\[\]-~]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntryLeaf:
    """A journal entry; debit positive.

    sale: ``sale_digest`` of the sale it is about, empty for none. postings: nanos by account.
    """

    kind: Kind
    source_id: int
    sale: str
    period: Period
    currency: str
    postings: Mapping[str, int]

    @property
    def part(self) -> str:
        """Kind of leaf, as parts of a seal are named."""
        return f"entry {self.kind}"

    @property
    def name(self) -> str:
        """Name of the leaf, e.g. ``entry sale/18834``."""
        return f"entry {self.kind}/{self.source_id}"

    @property
    def fields(self) -> Fields:
        """What is sealed of it."""
        return {
            "leaf": "entry",
            "kind": str(self.kind),
            "source": str(self.source_id),
            "sale": self.sale,
            "period": str(self.period),
            "currency": self.currency,
            "postings": {account: str(nanos) for account, nanos in self.postings.items()},
        }


@dataclass(frozen=True, slots=True)
class StatementLeaf:
    """A statement without its lines; credit balances in nanos, positive."""

    number: str
    period: Period
    holder_id: int
    currency: str
    opening_nanos: int
    earned_nanos: int
    paid_nanos: int
    closing_nanos: int
    held_nanos: int
    payable_nanos: int
    carried_nanos: int
    issued_at: datetime
    moved_nanos: int = 0
    holdback_nanos: int = 0
    contested_nanos: int = 0
    unconfirmed_nanos: int = 0

    @property
    def part(self) -> str:
        """Kind of leaf, as parts of a seal are named."""
        return "statement"

    @property
    def name(self) -> str:
        """Name of the leaf, e.g. ``statement 2026-01-H8-USD``."""
        return f"statement {self.number}"

    @property
    def fields(self) -> Fields:
        """What is sealed of it."""
        return {
            "leaf": "statement",
            "number": self.number,
            "period": str(self.period),
            "holder": str(self.holder_id),
            "currency": self.currency,
            "opening": str(self.opening_nanos),
            "earned": str(self.earned_nanos),
            "paid": str(self.paid_nanos),
            "closing": str(self.closing_nanos),
            "held": str(self.held_nanos),
            "payable": str(self.payable_nanos),
            "carried": str(self.carried_nanos),
            "issued_at": instant(self.issued_at),
            **_where_any(
                moved=self.moved_nanos,
                holdback=self.holdback_nanos,
                contested=self.contested_nanos,
                unconfirmed=self.unconfirmed_nanos,
            ),
        }


@dataclass(frozen=True, slots=True)
class StatementLineLeaf:
    """One line of a statement."""

    statement: str
    period: Period
    currency: str
    ordinal: int
    kind: LineKind
    line_id: int
    work_id: int
    vendor: str
    tier: Tier
    month: Period
    sales_count: int
    output_tokens: int
    credited_nanos: int
    share_ppm: int
    nanos: int
    upstream_received_nanos: int = 0
    upstream_paid_nanos: int = 0
    pool_nanos: int = 0

    @property
    def part(self) -> str:
        """Kind of leaf, as parts of a seal are named."""
        return "statement-line"

    @property
    def name(self) -> str:
        """Name of the leaf, e.g. ``statement-line 2026-01-H8-USD/0``."""
        return f"statement-line {self.statement}/{self.ordinal}"

    @property
    def fields(self) -> Fields:
        """What is sealed of it."""
        return {
            "leaf": "statement-line",
            "statement": self.statement,
            "period": str(self.period),
            "currency": self.currency,
            "ordinal": str(self.ordinal),
            "kind": str(self.kind),
            "line": str(self.line_id),
            "work": str(self.work_id),
            "vendor": self.vendor,
            "tier": str(self.tier),
            "month": str(self.month),
            "sales": str(self.sales_count),
            "tokens": str(self.output_tokens),
            "credited": str(self.credited_nanos),
            "share_ppm": str(self.share_ppm),
            "amount": str(self.nanos),
            **_where_any(
                upstream_received=self.upstream_received_nanos,
                upstream_paid=self.upstream_paid_nanos,
                pool=self.pool_nanos,
            ),
        }


def _where_any(**nanos: int) -> dict[str, str]:
    """Write amounts only where one of them is not zero: leaves of before they were known stay."""
    return {name: str(each) for name, each in nanos.items()} if any(nanos.values()) else {}


Leaf = EntryLeaf | StatementLeaf | StatementLineLeaf

FIELDS: Mapping[str, frozenset[str]] = {
    "entry": frozenset(("leaf", "kind", "source", "sale", "period", "currency", "postings")),
    "statement": frozenset(
        ("leaf", "number", "period", "holder", "currency", "opening", "earned", "paid", "closing",
         "held", "payable", "carried", "issued_at")
    ),
    "statement-line": frozenset(
        ("leaf", "statement", "period", "currency", "ordinal", "kind", "line", "work", "vendor",
         "tier", "month", "sales", "tokens", "credited", "share_ppm", "amount")
    ),
}  # fmt: skip
"""Names of the fields of each kind of leaf."""

FURTHER_FIELDS: Mapping[str, frozenset[str]] = {
    "entry": frozenset(),
    "statement": frozenset(("moved", "holdback", "contested", "unconfirmed")),
    "statement-line": frozenset(("upstream_received", "upstream_paid", "pool")),
}
"""Names of fields that stand beside them, all or none, where one of these amounts is not zero."""


def has_fields(leaf: str, names: AbstractSet[str]) -> bool:
    """Whether a leaf of a kind may have exactly these fields."""
    return names in (FIELDS[leaf], FIELDS[leaf] | FURTHER_FIELDS[leaf])


def canonical(fields: Fields) -> bytes:
    """Write fields as JSON without blanks, names in order."""
    return _object(fields).encode("ascii")


def _object(fields: Fields) -> str:
    members = [
        f'"{name}":"{value}"' if isinstance(value, str) else f'"{name}":{_object(value)}'
        for name, value in sorted(fields.items())
    ]
    return "{" + ",".join(members) + "}"


def is_plain(text: str) -> bool:
    """Whether a text may stand in a leaf: printable ASCII without quotes and backslashes."""
    return bool(_PLAIN.fullmatch(text))


def salt(key: bytes, index: int) -> bytes:
    """Return what hides a leaf: without it neighbours' hashes could be tried out on guesses."""
    return hashlib.sha256(key + index.to_bytes(8, "big")).digest()[:_SALT_BYTES]


def salted_hash(salt: bytes, fields: Fields) -> bytes:
    """Hash a leaf as the tree does: zero byte, salt, canonical bytes."""
    return merkle.leaf_hash(salt + canonical(fields))


def period_hash(previous: bytes, period: Period, count: int, root: bytes) -> bytes:
    """SHA-256 of a two byte, previous hash, period (int4), leaf count (int8) and root."""
    numbers = period.number.to_bytes(4, "big") + count.to_bytes(8, "big")
    return hashlib.sha256(_PERIOD + previous + numbers + root).digest()


def sale_digest(vendor: str, external_id: str) -> str:
    """Return the SHA-256, in hex, of a vendor's public id and its own id of a sale.

    Each is followed by a NUL byte, which neither holds.
    """
    said = vendor.encode() + b"\0" + external_id.encode() + b"\0"
    return hashlib.sha256(said).hexdigest()


def instant(at: datetime) -> str:
    """Write an aware instant in UTC with microseconds: ``2026-02-10T12:00:00.000000Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
