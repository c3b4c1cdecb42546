"""Proofs that something stands in a sealed period: made from the rows, checked without any."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from service.api import json_body
from service.ledger.errors import LedgerError
from service.ledger.leaves import (
    FIELDS,
    Fields,
    has_fields,
    is_plain,
    period_hash,
    salt,
    salted_hash,
)
from service.ledger.merkle import root_of
from service.ledger.money import format_nanos
from service.ledger.period import BadPeriod, Period
from service.store import entries, parties, period_seals, sales, statements
from service.store.entries import StoredEntry
from worker.period_sealing import read

FORMAT = "wellspring-proof/1"
MOST_BYTES = 1_000_000
_MEMBERS = (
    "format", "says", "leaf", "salt", "index", "count", "path", "root", "period", "previous_hash",
    "hash",
)  # fmt: skip
_NANOS = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_LONGEST_PATH = 63
_HASH_DIGITS, _SALT_DIGITS = 64, 32


class NotSealed(LedgerError):
    """A period has no seal yet."""

    def __init__(self, period: Period) -> None:
        super().__init__(
            f"period {period} is not sealed: that is done when it closes", period=str(period)
        )


class NotAsSealed(LedgerError):
    """The rows of a period are not those it was sealed with."""

    def __init__(self, period: Period) -> None:
        super().__init__(
            f"the rows of period {period} are not those it was sealed with: run wellspring verify",
            period=str(period),
        )


class NothingSealed(LedgerError):
    """Of what was named nothing stands in the period."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is in no sealed period", name=name)


class ProofRefused(LedgerError):
    """A file does not prove what it says."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this proves nothing: {reason}", reason=reason)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a leaf says, and what it is joined with on the way to the hash of its period."""

    fields: Fields
    salt: bytes
    index: int
    count: int
    path: tuple[bytes, ...]
    root: bytes
    period: Period
    previous: bytes
    hash: bytes

    def document(self) -> dict[str, object]:
        """Return the proof as the JSON of its file."""
        return {
            "format": FORMAT,
            "says": in_words(self.fields),
            "leaf": self.fields,
            "salt": self.salt.hex(),
            "index": self.index,
            "count": self.count,
            "path": [one.hex() for one in self.path],
            "root": self.root.hex(),
            "period": str(self.period),
            "previous_hash": self.previous.hex(),
            "hash": self.hash.hex(),
        }


def entry_of_sale(session: Session, vendor: str, external_id: str) -> StoredEntry:
    """Return the entry of a vendor's sale; raise UnknownVendor, SaleNotFound or NothingSealed."""
    party = parties.vendor_named(session, vendor)
    assert party.party_id is not None
    stored = sales.find(session, party.party_id, external_id)
    posted = entries.about_sale(session, stored.sale_id)
    if not posted:
        raise NothingSealed(f"sale {external_id} ({stored.state}) has no entry, so it")
    return posted[0]


def prove_entry(session: Session, kind: str, source_id: int) -> Proof:
    """Prove a journal entry; raise EntryNotFound, NotSealed or NotAsSealed."""
    stored = entries.get(session, kind, source_id)
    return _prove(session, stored.period, f"entry {stored.kind}/{stored.source_id}")


def prove_statement(session: Session, number: str, line: int | None = None) -> Proof:
    """Prove a statement, or one of its lines counted from 0.

    Raises StatementNotFound, NothingSealed, NotSealed or NotAsSealed.
    """
    issued = statements.get(session, number)
    period = issued.statement.period
    if line is None:
        return _prove(session, period, f"statement {issued.number}")
    if not 0 <= line < len(issued.statement.lines):
        raise NothingSealed(f"line {line} of statement {issued.number}")
    return _prove(session, period, f"statement-line {issued.number}/{line}")


def _prove(session: Session, period: Period, name: str) -> Proof:
    seal = period_seals.find(session, period)
    if not seal:
        raise NotSealed(period)
    rows = read(session, period, seal.salt_key, wanted=name)
    tree = rows.tree
    if (tree.count, tree.root) != (seal.count, seal.root):
        raise NotAsSealed(period)
    assert rows.found is not None, "what was found by name is among the leaves"
    assert tree.index is not None
    hidden = salt(seal.salt_key, tree.index)
    return Proof(
        rows.found.fields, hidden, tree.index, tree.count, tree.path, tree.root, period,
        seal.previous, seal.hash,
    )  # fmt: skip


def in_words(fields: Fields) -> str:
    """Say what a leaf says in one sentence; raise ProofRefused where it is none of ours."""
    told = {name: value for name, value in fields.items() if isinstance(value, str)}
    leaf = told.get("leaf", "")
    form, nested = _WORDS.get(leaf), fields.keys() - told.keys()
    if not form or not has_fields(leaf, fields.keys()) or nested != {"postings"} & FIELDS[leaf]:
        raise ProofRefused("its leaf is neither an entry nor a statement nor a line of one")
    return form(told, fields)


def _entry_in_words(told: Mapping[str, str], fields: Fields) -> str:
    legs = fields["postings"]
    assert not isinstance(legs, str), "checked by who calls"
    posted = ", ".join(f"{account} {_amount(nanos)}" for account, nanos in sorted(legs.items()))
    about = f" about the sale of digest {told['sale']}" if told["sale"] else ""
    return (
        f"Journal entry {told['kind']}/{told['source']}{about} stands in period "
        f"{told['period']} and posts, in {told['currency']}, debit positive: {posted}."
    )


def _statement_in_words(told: Mapping[str, str], _fields: Fields) -> str:
    parts = ("opening", "earned", "moved", "paid", "closing", "held", "contested", "unconfirmed",
             "holdback", "payable", "carried")  # fmt: skip
    amounts = ", ".join(f"{part} {_amount(told[part])}" for part in parts if part in told)
    return (
        f"Statement {told['number']} of holder {told['holder']} for period {told['period']} "
        f"was issued at {told['issued_at']} and says, in {told['currency']}: {amounts}."
    )


def _line_in_words(told: Mapping[str, str], _fields: Fields) -> str:
    among = ", ".join(f"{_amount(told[n])} {said}" for n, said in _BESIDES.items() if n in told)
    return (
        f"Line {told['ordinal']} ({told['kind']}) of statement {told['statement']} for period "
        f"{told['period']} says: work {told['work']} by vendor {told['vendor']}, tier "
        f"{told['tier']}, month of sale {told['month']}, {told['sales']} sales of "
        f"{told['tokens']} tokens; of {_amount(told['credited'])} credited to line "
        f"{told['line']} the holder's share of {told['share_ppm']} ppm is "
        f"{_amount(told['amount'])} {told['currency']}."
        + (f" Of the credit: {among}." if among else "")
    )


_BESIDES = {
    "upstream_received": "received from works that derive from it",
    "upstream_paid": "passed on upstream",
    "pool": "from the unmatched pool",
}
_WORDS: dict[str, Callable[[Mapping[str, str], Fields], str]] = {
    "entry": _entry_in_words,
    "statement": _statement_in_words,
    "statement-line": _line_in_words,
}


def _amount(text: str) -> str:
    if not _NANOS.fullmatch(text):
        raise ProofRefused(f"{text[:40]!r} is not an amount in nanos")
    return format_nanos(int(text))


def check(raw: bytes, *, published: str | None = None) -> Proof:
    """Check the bytes of a proof's file; return it, or raise ProofRefused, BadJson.

    published: root or hash of the period in hex, from where the platform publishes them. Without it
    the file is only shown to agree with itself.
    """
    if len(raw) > MOST_BYTES:
        raise ProofRefused(f"it has more than {MOST_BYTES} bytes")
    value = json_body.read(raw, place="proof")
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ProofRefused(f"its format is not {FORMAT}")
    proof = _proof(value)
    if value["says"] != in_words(proof.fields):
        raise ProofRefused("what it says in words is not what its leaf says")
    if proof.fields["period"] != str(proof.period):
        raise ProofRefused("its leaf is of another period")
    hashed = salted_hash(proof.salt, proof.fields)
    if root_of(hashed, index=proof.index, count=proof.count, path=proof.path) != proof.root:
        raise ProofRefused("leaf, salt, index, count and path do not lead to its root")
    if period_hash(proof.previous, proof.period, proof.count, proof.root) != proof.hash:
        raise ProofRefused("previous hash, period, count and root do not make its hash")
    if published is not None and published.lower() not in {proof.root.hex(), proof.hash.hex()}:
        raise ProofRefused("its root and hash are not the published one")
    return proof


def _proof(value: Mapping[str, object]) -> Proof:
    if value.keys() != set(_MEMBERS):
        odd = ", ".join(sorted(json_body.printable(name) for name in value.keys() ^ set(_MEMBERS)))
        raise ProofRefused(f"these members lack or are too many: {odd[:200]}")
    path = value["path"]
    if not isinstance(path, list) or len(path) > _LONGEST_PATH:
        raise ProofRefused(f"path must be a list of at most {_LONGEST_PATH} hashes")
    return Proof(
        _fields(value["leaf"]),
        _hex("salt", value["salt"], _SALT_DIGITS),
        _whole("index", value["index"]),
        _whole("count", value["count"]),
        tuple(_hex(f"path[{at}]", one) for at, one in enumerate(path)),
        _hex("root", value["root"]),
        _period(value["period"]),
        _hex("previous_hash", value["previous_hash"]),
        _hex("hash", value["hash"]),
    )


def _fields(value: object) -> Fields:
    if not isinstance(value, dict):
        raise ProofRefused("leaf must be an object")
    for name, one in value.items():
        inner = one if isinstance(one, dict) else {name: one}
        if not all(
            isinstance(each, str) and is_plain(f"{key}{each}") for key, each in inner.items()
        ):
            raise ProofRefused(f"leaf.{json_body.printable(name)} must be plain text")
    return value


def _hex(name: str, value: object, digits: int = _HASH_DIGITS) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
        raise ProofRefused(f"{name} must be {digits} hexadecimal digits in lower case")
    return bytes.fromhex(value)


def _whole(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProofRefused(f"{name} must be a whole number")
    return value


def _period(value: object) -> Period:
    try:
        return Period.parse(value if isinstance(value, str) else "")
    except BadPeriod as error:
        raise ProofRefused(error.sentence) from None


def file_text(proof: Proof) -> str:
    """Write a proof as the text of its file."""
    return json.dumps(proof.document(), indent=1) + "\n"
