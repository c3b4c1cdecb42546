"""A statement for programs: amounts are exact decimal strings, never floats."""

from pathlib import Path

from service.documents.figures import percent_of
from service.documents.statement_document import StatementDocument, nanos_of
from service.documents.statement_reasons import (
    held_part_reason,
    holdback_reason,
    looked_at_again,
    move_note,
    payout_note,
)
from service.ledger.exchange import Rate
from service.ledger.money import format_nanos
from service.ledger.statement import BalanceMove, HeldPart, PayoutMove, StatementLine

SCHEMA_NAME = "urn:wellspring:statement:1"
STATEMENT_SCHEMA = (Path(__file__).with_name("statement-1.schema.json")).read_text("utf-8")
"""JSON Schema (2020-12) of what ``statement_json`` returns."""


def statement_json(document: StatementDocument) -> dict[str, object]:
    """Return the statement as JSON values.

    opening + earned + adjusted + moved - paid out = closing = held + holdback + payable + carried.
    """
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
        "adjustments": [_adjustment(document, line) for line in document.adjustments],
        "adjusted": format_nanos(nanos_of(document.adjustments)),
        "moves": [_move(document, move) for move in statement.moves],
        "moved": format_nanos(statement.moved_nanos),
        "payouts": [_payout(move) for move in statement.payouts],
        "paid_out": format_nanos(statement.paid_nanos),
        "closing_balance": format_nanos(statement.closing_nanos),
        "held": _part(closing.held_nanos, document.held_reason)
        | {"parts": [_held(part) for part in statement.held]},
        "holdback": _holdback(document),
        "payable": _part(closing.payable_nanos, ""),
        "carried_forward": _carried(document),
        "advance": _advance(document),
        "how_to_ask": document.how_to_ask,
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


def _held(part: HeldPart) -> dict[str, object]:
    return {
        "why": str(part.reason),
        "amount": format_nanos(part.nanos),
        "reason": held_part_reason(part),
        "causes": list(part.causes),
    }


def _holdback(document: StatementDocument) -> dict[str, object]:
    kept = document.statement.holdback
    facts: dict[str, object] = {
        "opening": format_nanos(kept.opening_nanos),
        "taken": format_nanos(kept.taken_nanos),
        "released": format_nanos(kept.released_nanos),
        "amount": format_nanos(kept.closing_nanos),
        "next_release": str(kept.next_release) if kept.next_release else None,
    }
    return facts | ({"reason": holdback_reason(kept)} if kept.closing_nanos else {})


def _advance(document: StatementDocument) -> dict[str, str]:
    early = document.statement.advance
    return {
        "opening": format_nanos(early.opening_nanos),
        "paid": format_nanos(early.paid_nanos),
        "recouped": format_nanos(early.recouped_nanos),
        "closing": format_nanos(early.closing_nanos),
    }


def _carried(document: StatementDocument) -> dict[str, str]:
    part = _part(document.statement.closing.carried_nanos, document.carried_reason)
    if "reason" in part:
        part["looked_at_again"] = looked_at_again(document.statement.period)
    return part


def _move(document: StatementDocument, move: BalanceMove) -> dict[str, object]:
    vendor = document.vendor_name(move.vendor)
    return {
        "kind": str(move.kind),
        "reference": move.reference,
        "vendor": {"id": move.vendor, "name": vendor},
        "at": move.at.isoformat().replace("+00:00", "Z"),
        "amount": format_nanos(move.nanos),
        "note": move_note(move, vendor),
    }


def _payout(move: PayoutMove) -> dict[str, object]:
    return {
        "statement": move.statement,
        "state": move.state,
        "at": move.at.isoformat().replace("+00:00", "Z"),
        "amount": format_nanos(move.nanos),
        "note": payout_note(move),
    } | (_taken(move) if move.gross_nanos and move.state != "corrected" else {})


def _taken(move: PayoutMove) -> dict[str, object]:
    """Say what was taken from a payout: gross = tax + fee + net; net was exchanged to paid."""
    return {
        "payee": move.payee,
        "gross": format_nanos(move.gross_nanos),
        "tax": {
            "rule": move.tax_rule or None,
            "rate_percent": percent_of(move.tax_ppm),
            "valid_from": move.tax_from.isoformat() if move.tax_from else None,
            "valid_until": move.tax_until.isoformat() if move.tax_until else None,
            "basis": format_nanos(move.gross_nanos),
            "amount": format_nanos(move.tax_nanos),
        },
        "fee": format_nanos(move.fee_nanos),
        "net": format_nanos(move.net_nanos),
        "paid": {"amount": format_nanos(move.paid_nanos), "currency": move.paid_currency},
        "exchange": _exchange(move.exchange) if move.exchange else None,
    }


def _exchange(rate: Rate) -> dict[str, str]:
    return {
        "from": rate.source,
        "to": rate.target,
        "rate": str(rate),
        "day": rate.day.isoformat(),
        "origin": rate.origin,
    }


def _adjustment(document: StatementDocument, line: StatementLine) -> dict[str, object]:
    change = document.change_of(line)
    return _line(document, line) | {
        "stated_before": format_nanos(change.before_nanos),
        "stands_at": format_nanos(change.before_nanos + line.nanos),
        "reasons": list(change.reasons),
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
        "upstream_received": format_nanos(line.upstream_received_nanos),
        "from_pool": format_nanos(line.pool_nanos),
        "upstream_paid": format_nanos(line.upstream_paid_nanos),
        "share_ppm": line.share_ppm,
        "share_percent": percent_of(line.share_ppm),
        "amount": format_nanos(line.nanos),
    }
