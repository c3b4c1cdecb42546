"""A statement as one table whose amounts can be added up: what CSV and XLSX both hold."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.documents.figures import percent_of
from service.documents.statement_document import StatementDocument, payout_note
from service.ledger.money import format_nanos
from service.ledger.statement import StatementLine

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

    In order: what the document replaces, if anything; opening, earned and adjustment lines,
    payouts, closing, then held, payable and carried forward, which divide the closing balance.
    """
    statement = document.statement
    closing = statement.closing
    if document.replacement:
        told = f"takes the place of {document.replacement.replaces}: {document.replacement.reason}"
        yield (*_start(document), "issued again", *[""] * (_LINE_CELLS + 1), Words(told))
    yield _balance(document, "opening", statement.opening_nanos)
    for line in statement.lines:
        yield _line(document, line)
    for move in statement.payouts:
        yield _balance(document, f"payout {move.state}", move.nanos, payout_note(move))
    yield _balance(document, "closing", statement.closing_nanos)
    yield _balance(document, "held", closing.held_nanos, document.held_reason)
    yield _balance(document, "payable", closing.payable_nanos)
    yield _balance(document, "carried forward", closing.carried_nanos, document.carried_reason)


def _start(document: StatementDocument) -> tuple[Cell, ...]:
    statement = document.statement
    return Words(document.number), str(statement.period), statement.currency


def _balance(
    document: StatementDocument, name: str, nanos: int, note: str = ""
) -> tuple[Cell, ...]:
    return (*_start(document), name, *[""] * _LINE_CELLS, _amount(nanos), note)


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
        Exact(percent_of(line.share_ppm)),
        _amount(line.nanos),
        "",
    )


def _amount(nanos: int) -> Exact:
    return Exact(format_nanos(nanos))
