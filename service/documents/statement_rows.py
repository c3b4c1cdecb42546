"""A statement as rows whose amounts can be added up: what CSV and XLSX both hold."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.documents.figures import percent_of
from service.documents.statement_document import StatementDocument
from service.documents.statement_reasons import (
    holdback_reason,
    move_note,
    payout_note,
    validity,
)
from service.ledger.money import format_nanos
from service.ledger.statement import (
    AdvanceStanding,
    HoldbackStanding,
    LineKind,
    PayoutMove,
    StatementLine,
)

HEADER = (
    "statement",
    "period",
    "currency",
    "row",
    "work_id",
    "work",
    "vendor",
    "tier",
    "month",
    "sales",
    "output_tokens",
    "credited",
    "upstream_received",
    "from_pool",
    "upstream_paid",
    "share_percent",
    "amount",
    "note",
)
_LINE_CELLS = HEADER.index("amount") - HEADER.index("row") - 1


@dataclass(frozen=True, slots=True)
class Words:
    """Text that people wrote: a spreadsheet must not run it."""

    text: str


@dataclass(frozen=True, slots=True)
class Exact:
    """A number by its exact decimal digits, like ``-0.000000001``."""

    digits: str


Cell = str | int | Words | Exact
"""A cell: our own word, a count or serial number, text of people, or an exact decimal."""


def statement_rows(document: StatementDocument) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows under ``HEADER``.

    In order: what the document replaces, if anything; opening, earned and adjustment lines, what
    advances moved, payouts, closing. Then held, holdback, payable and carried forward, which divide
    the closing balance, and what of advances is not earned back, which is no part of it.
    """
    statement = document.statement
    if document.replacement:
        told = f"takes the place of {document.replacement.replaces}: {document.replacement.reason}"
        yield _row(document, "issued again", "", told)
    yield _balance(document, "opening", statement.opening_nanos)
    for line in statement.lines:
        yield _line(document, line)
    for move in statement.moves:
        note = move_note(move, document.vendor_name(move.vendor))
        yield _balance(document, str(move.kind), move.nanos, note)
    for payout in statement.payouts:
        note = " ".join([payout_note(payout), *_taken(payout)])
        yield _balance(document, f"payout {payout.state}", payout.nanos, note)
    yield _balance(document, "closing", statement.closing_nanos)
    yield from _divided(document)


def _divided(document: StatementDocument) -> Iterator[tuple[Cell, ...]]:
    statement, closing = document.statement, document.statement.closing
    parts = [f"{part.reason} {format_nanos(part.nanos)}" for part in statement.held]
    several = f" ({', '.join(parts)})" if len(parts) > 1 else ""
    yield _balance(document, "held", closing.held_nanos, f"{document.held_reason}{several}")
    if statement.holdback != HoldbackStanding():
        kept = statement.holdback
        moved = f"Before {format_nanos(kept.opening_nanos)}, taken {format_nanos(kept.taken_nanos)}"
        moved += f", released {format_nanos(kept.released_nanos)}."
        note = f"{holdback_reason(kept)} {moved}"
        yield _balance(document, "holdback", closing.holdback_nanos, note)
    yield _balance(document, "payable", closing.payable_nanos)
    yield _balance(document, "carried forward", closing.carried_nanos, document.carried_reason)
    if statement.advance != AdvanceStanding():
        early = statement.advance
        note = f"Before {format_nanos(early.opening_nanos)}, paid {format_nanos(early.paid_nanos)}"
        note += f", recouped {format_nanos(early.recouped_nanos)}."
        yield _balance(document, "advance not earned back", early.closing_nanos, note)


def _taken(move: PayoutMove) -> Iterator[str]:
    """Say what was taken from a payout and what it was exchanged at."""
    if move.state == "corrected":
        return
    if move.tax_nanos:
        rate = percent_of(move.tax_ppm)
        rule = f"{move.tax_rule}{validity(move)}, {rate} % of gross"
        yield f"Tax {format_nanos(move.tax_nanos)} ({rule})."
    if move.fee_nanos:
        yield f"Fee {format_nanos(move.fee_nanos)}."
    if move.exchange:
        rate = f"1 {move.exchange.source} = {move.exchange} {move.exchange.target}"
        yield f"{format_nanos(move.paid_nanos)} {move.paid_currency} at {rate}."


def _start(document: StatementDocument) -> tuple[Cell, ...]:
    statement = document.statement
    return Words(document.number), str(statement.period), statement.currency


def _balance(
    document: StatementDocument, name: str, nanos: int, note: str = ""
) -> tuple[Cell, ...]:
    return _row(document, name, _amount(nanos), note)


def _row(document: StatementDocument, name: str, amount: Cell, note: str) -> tuple[Cell, ...]:
    return (*_start(document), name, *[""] * _LINE_CELLS, amount, Words(note))


def _line(document: StatementDocument, line: StatementLine) -> tuple[Cell, ...]:
    return (
        *_start(document),
        str(line.kind),
        line.work_id,
        Words(document.work_titles[line.work_id]),
        Words(document.vendor_names[line.vendor]),
        str(line.tier),
        str(line.month),
        line.sales_count,
        line.output_tokens,
        _amount(line.credited_nanos),
        _amount(line.upstream_received_nanos),
        _amount(line.pool_nanos),
        _amount(line.upstream_paid_nanos),
        Exact(percent_of(line.share_ppm)),
        _amount(line.nanos),
        Words(_change(document, line)),
    )


def _change(document: StatementDocument, line: StatementLine) -> str:
    if line.kind is LineKind.EARNED:
        return ""
    change = document.change_of(line)
    stands = format_nanos(change.before_nanos + line.nanos)
    told = f"Stated before {format_nanos(change.before_nanos)}, stands at {stands}."
    return f"{told} {'; '.join(change.reasons)}".strip()


def _amount(nanos: int) -> Exact:
    return Exact(format_nanos(nanos))
