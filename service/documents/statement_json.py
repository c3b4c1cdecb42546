"""A statement for programs: amounts are exact decimal strings, never floats."""

from pathlib import Path

from service.documents.figures import percent_of
from service.documents.statement_document import (
    HOW_TO_ASK,
    StatementDocument,
    nanos_of,
    payout_note,
)
from service.ledger.money import format_nanos
from service.ledger.statement import PayoutMove, StatementLine

SCHEMA_NAME = "urn:wellspring:statement:1"
STATEMENT_SCHEMA = (Path(__file__).with_name("statement-1.schema.json")).read_text("utf-8")
"""JSON Schema (2020-12) of what ``statement_json`` returns."""


def statement_json(document: StatementDocument) -> dict[str, object]:
    """Return the statement as JSON values: opening + earned + adjusted - paid out = closing."""
    statement = document.statement
    closing = statement.closing
    return _replaced(document) | {
        "schema": SCHEMA_NAME,
        "number": document.number,
        "holder": {"holder_id": statement.holder_id, "name": document.holder_name},
        "period": str(statement.period),
        "currency": statement.currency,
        "issued_at": document.issued_at.isoformat().replace("+00:00", "Z"),
        "opening_balance": format_nanos(statement.opening_nanos),
        "lines": [_line(document, line) for line in document.earned_lines],
        "earned": format_nanos(nanos_of(document.earned_lines)),
        "adjustments": [_line(document, line) for line in document.adjustments],
        "adjusted": format_nanos(nanos_of(document.adjustments)),
        "payouts": [_payout(move) for move in statement.payouts],
        "paid_out": format_nanos(statement.paid_nanos),
        "closing_balance": format_nanos(statement.closing_nanos),
        "held": _part(closing.held_nanos, document.held_reason),
        "payable": _part(closing.payable_nanos, ""),
        "carried_forward": _part(closing.carried_nanos, document.carried_reason),
        "how_to_ask": HOW_TO_ASK,
    }


def _replaced(document: StatementDocument) -> dict[str, object]:
    replaced = document.replacement
    if not replaced:
        return {}
    first = replaced.first_issued_at.isoformat().replace("+00:00", "Z")
    facts = {"number": replaced.replaces, "reason": replaced.reason, "first_issued_at": first}
    return {"replaces": facts}


def _part(nanos: int, reason: str) -> dict[str, str]:
    part = {"amount": format_nanos(nanos)}
    return part | {"reason": reason} if reason else part


def _payout(move: PayoutMove) -> dict[str, str]:
    return {
        "statement": move.statement,
        "state": move.state,
        "at": move.at.isoformat().replace("+00:00", "Z"),
        "amount": format_nanos(move.nanos),
        "note": payout_note(move),
    }


def _line(document: StatementDocument, line: StatementLine) -> dict[str, object]:
    return {
        "line_id": line.line_id,
        "work": {"work_id": line.work_id, "title": document.work_titles[line.work_id]},
        "vendor": {"id": line.vendor, "name": document.vendor_names[line.vendor]},
        "tier": str(line.tier),
        "month": str(line.month),
        "sales_count": line.sales_count,
        "output_tokens": line.output_tokens,
        "credited": format_nanos(line.credited_nanos),
        "share_ppm": line.share_ppm,
        "share_percent": percent_of(line.share_ppm),
        "amount": format_nanos(line.nanos),
    }
