"""What a vendor owes as JSON: exact decimal strings, and the digest that its books keep."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from service.ledger.ageing import BUCKETS, OpenMonth
from service.ledger.money import format_nanos
from service.ledger.vendor_statement import (
    Division,
    LineKind,
    VendorLine,
    VendorMove,
    VendorStatement,
)

SCHEMA_NAME = "urn:wellspring:vendor-statement:1"
NOT_DIGESTED = ("digest", "vendor_name", "mode")
"""Members that the digest does not cover: itself, a name that may be written otherwise, and that it
is a statement of a test book."""
TEST = "TEST, not for payment"
"""What every form of a document of a test book says."""


@dataclass(frozen=True, slots=True)
class VendorDocument:
    """A statement of a vendor with what its reader needs beside it."""

    number: str
    vendor_name: str
    due_on: date
    issued_at: datetime
    statement: VendorStatement
    digest: bytes = b""
    is_test: bool = False


def vendor_statement_json(one: VendorDocument) -> dict[str, object]:
    """Return the statement as JSON values, with its digest.

    opening + charged + corrected + moved = closing. gross = ip_pool + chain + kept.
    """
    said = _said(one)
    mode = {"mode": "test"} if one.is_test else {}
    return mode | said | {"vendor_name": one.vendor_name, "digest": one.digest.hex()}


def digest_of(one: VendorDocument) -> bytes:
    """Return the SHA-256 of the statement as JSON without blanks, names in order (RFC 8785)."""
    written = json.dumps(_said(one), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(written.encode()).digest()


def has_digest(value: Mapping[str, object]) -> bool:
    """Whether a statement's JSON is what its own digest says; needs nothing but the file."""
    said = {name: each for name, each in value.items() if name not in NOT_DIGESTED}
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest() == value.get("digest")


def _said(one: VendorDocument) -> dict[str, object]:
    statement = one.statement
    lines = {kind: [x for x in statement.lines if x.kind is kind] for kind in LineKind}
    return {
        "schema": SCHEMA_NAME,
        "number": one.number,
        "vendor": statement.vendor,
        "period": str(statement.period),
        "currency": statement.currency,
        "issued_at": one.issued_at.isoformat().replace("+00:00", "Z"),
        "due_on": one.due_on.isoformat(),
        "opening_balance": format_nanos(statement.opening_nanos),
        "sales": [_line(line) for line in lines[LineKind.SALES]],
        "charged": format_nanos(statement.charged_nanos),
        "corrections": [_line(line) for line in lines[LineKind.CORRECTION]],
        "corrected": format_nanos(statement.corrected_nanos),
        "moves": [_move(move) for move in statement.moves],
        "moved": format_nanos(statement.moved_nanos),
        "closing_balance": format_nanos(statement.closing_nanos),
        **_division(statement.division()),
        "chain_parties": [
            {"party": part.party, "settles": part.settles, "amount": format_nanos(part.nanos)}
            for part in statement.chain
        ],
        "ageing": _ageing(statement),
    }


def _division(parts: Division) -> dict[str, object]:
    return {
        "gross": format_nanos(parts.gross_nanos),
        "ip_pool": format_nanos(parts.pool_nanos),
        "matched": format_nanos(parts.matched_nanos),
        "works": format_nanos(parts.works_nanos),
        "platform_fee": format_nanos(parts.fee_nanos),
        "unmatched": format_nanos(parts.unmatched_nanos),
        "chain": format_nanos(parts.chain_nanos),
        "kept": format_nanos(parts.kept_nanos),
    }


def _line(line: VendorLine) -> dict[str, object]:
    of_sales = {"sales": line.count, "output_tokens": str(line.output_tokens)}
    of_corrections = {"cause": line.cause, "corrections": line.count}
    return {
        "month": str(line.month),
        "tier": str(line.tier),
        **(of_sales if line.kind is LineKind.SALES else of_corrections),
        **_division(line.division),
        "due": format_nanos(line.due_nanos),
    }


def _move(move: VendorMove) -> dict[str, object]:
    return {
        "kind": str(move.kind),
        "id": move.source_id,
        "amount": format_nanos(move.nanos),
        "reference": move.reference,
        "at": move.at.isoformat().replace("+00:00", "Z"),
    }


def _ageing(statement: VendorStatement) -> dict[str, object]:
    last = statement.period.end.date()
    ages = [f"up to {days} days" for days in BUCKETS] + [f"over {BUCKETS[-1]} days"]
    open_by_age = zip(ages, statement.ageing.buckets(last), strict=True)
    return {
        "as_of": last.isoformat(),
        "months": [_month(month, last) for month in statement.ageing.months],
        "open": format_nanos(statement.ageing.open_nanos),
        "open_by_age": {age: format_nanos(nanos) for age, nanos in open_by_age},
        "paid_ahead": format_nanos(statement.ageing.unallocated_nanos),
    }


def _month(month: OpenMonth, last: date) -> dict[str, object]:
    return {
        "month": str(month.period),
        "owed": format_nanos(month.owed_nanos),
        "received": format_nanos(month.received_nanos),
        "written_off": format_nanos(month.written_off_nanos),
        "open": format_nanos(month.open_nanos),
        "days_open": month.days_open(last),
    }
