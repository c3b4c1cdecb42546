"""Explain a statement of a vendor: each figure, and where the books say it."""

from sqlmodel import Session

from service.ledger.accounts import vendor_receivable
from service.ledger.money import format_nanos
from service.ledger.vendor_statement import LineKind, MoveKind, VendorLine
from service.store import vendor_statements
from worker.explanation import Explanation

_ARITHMETIC = {
    MoveKind.RECEIPT: "entry receipt/{}",
    MoveKind.WRITE_OFF: "entry write-off/{}",
    MoveKind.RECOUPMENT: "entry recoupment/{}",
    MoveKind.GUARANTEE: "entry guarantee/{}",
}


def explain_vendor_statement(session: Session, number: str) -> Explanation:
    """Explain a statement by its public number; raise VendorStatementNotFound."""
    issued = vendor_statements.get(session, number)
    said, parts = issued.statement, issued.statement.division()
    account = vendor_receivable(said.vendor)
    told = Explanation(f"vendor statement {number} of {issued.vendor_name}")
    told.facts = {
        "opening": f"{format_nanos(said.opening_nanos)} {said.currency}, {account} before "
        f"{said.period}",
        "charged": f"{format_nanos(said.charged_nanos)}, due of the lines of sales",
        "corrected": f"{format_nanos(said.corrected_nanos)}, due of the lines of corrections",
        "moved": f"{format_nanos(said.moved_nanos)}, sum of the moves",
        "closing": f"{format_nanos(said.closing_nanos)} = opening + charged + corrected + moved "
        f"= {account} at the end of {said.period}",
        "gross": f"{format_nanos(parts.gross_nanos)} = pool {format_nanos(parts.pool_nanos)} "
        f"+ chain {format_nanos(parts.chain_nanos)} + kept {format_nanos(parts.kept_nanos)}",
        "pool": f"{format_nanos(parts.pool_nanos)} = works {format_nanos(parts.works_nanos)} "
        f"+ fee {format_nanos(parts.fee_nanos)} + unmatched {format_nanos(parts.unmatched_nanos)}",
        "open": f"{format_nanos(said.ageing.open_nanos)} of all months, "
        f"{format_nanos(said.ageing.unallocated_nanos)} paid ahead",
    }
    columns = ("kind", "month", "tier", "cause", "count", "tokens", "gross", "works", "fee",
               "unmatched", "chain", "kept", "due")  # fmt: skip
    told.tables.append(("Lines, each the sum of its entries", columns, [*map(_line, said.lines)]))
    moves: list[tuple[object, ...]] = [
        (str(one.kind), _ARITHMETIC[one.kind].format(one.source_id), one.reference, one.nanos)
        for one in said.moves
    ]
    told.tables.append(("Moves", ("kind", "arithmetic", "reference", "nanos"), moves))
    months: list[tuple[object, ...]] = [
        (
            str(one.period),
            *map(format_nanos, (one.owed_nanos, one.received_nanos)),
            *map(format_nanos, (one.written_off_nanos, one.open_nanos)),
        )
        for one in said.ageing.months
    ]
    names = ("month", "owed", "received", "written off", "open")
    told.tables.append(("Age: the oldest month is filled first", names, months))
    return told


def _line(one: VendorLine) -> tuple[object, ...]:
    parts = one.division
    amounts = (parts.gross_nanos, parts.works_nanos, parts.fee_nanos, parts.unmatched_nanos,
               parts.chain_nanos, parts.kept_nanos, one.due_nanos)  # fmt: skip
    kind = "sales" if one.kind is LineKind.SALES else "correction"
    return (kind, str(one.month), str(one.tier), one.cause, one.count, one.output_tokens,
            *map(format_nanos, amounts))  # fmt: skip
