"""What stands where on a statement: facts and tables in reading order, for every form to read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.documents.figures import Figures
from service.documents.statement_document import (
    HOW_TO_ASK,
    Replacement,
    StatementDocument,
    nanos_of,
    payout_note,
)
from service.ledger.statement import PayoutMove, StatementLine

WORDS = (
    "Settled: posted in the books. Held: yours, and not payable yet. Payable: goes out with the "
    "next payout. Paid: given to the bank. An estimate never stands on a statement."
)
"""What the labels mean, for readers who meet them first."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One amount with its name; label: the state of the money; reason: why, or until when."""

    term: str
    amount: str
    label: str = ""
    reason: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``style`` is "" for text, "nowrap" for a word, "number"."""

    name: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; the first cell of a row names it, the last is what is added up."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total_name: str
    total: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, then a sentence, facts or a table, whichever there are."""

    heading: str
    sentence: str = ""
    facts: tuple[Fact, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A statement as it is read from top to bottom."""

    number: str
    currency: str
    issued_at: datetime
    head: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def laid_out(document: StatementDocument, figures: Figures) -> Layout:
    """Lay a statement out with its figures written in one manner."""
    statement = document.statement
    return Layout(
        document.number,
        statement.currency,
        document.issued_at,
        tuple(_head(document)),
        tuple(_sections(document, figures)),
    )


def _head(document: StatementDocument) -> Iterator[tuple[str, str]]:
    yield "For", document.holder_name
    yield "Period", str(document.statement.period)
    yield "Currency", document.statement.currency


def _sections(document: StatementDocument, figures: Figures) -> Iterator[Section]:
    statement = document.statement
    if document.replacement:
        yield _replaced(document, document.replacement)
    yield Section("Balance", facts=tuple(_balance(document, figures)))
    earned = f"What you earned in {statement.period}"
    if document.earned_lines:
        caption = "Earned, by work, vendor and tier"
        table = _table(document, figures, caption, document.earned_lines, "Earned in all")
        yield Section(earned, table=table)
    else:
        yield Section(earned, "No work earned anything in this period.")
    if document.adjustments:
        caption = "Adjustments, by work, vendor, tier and month"
        yield Section(
            "Adjustments to earlier months",
            "Sales of closed months that were reported late, corrected or refunded. "
            "The month of the sale is named.",
            table=_table(document, figures, caption, document.adjustments, "Adjusted in all"),
        )
    yield Section("What of it can be paid", facts=tuple(_payable(document, figures)))
    yield Section("How to ask", HOW_TO_ASK)
    yield Section("What the words mean", WORDS)


def _replaced(document: StatementDocument, replacement: Replacement) -> Section:
    return Section(
        "Issued again",
        f"{document.number} takes the place of {replacement.replaces}. Reason: "
        f"{replacement.reason}. Names are written otherwise; every amount is as it was first "
        f"issued on {replacement.first_issued_at:%Y-%m-%d}.",
    )


def _balance(document: StatementDocument, figures: Figures) -> Iterator[Fact]:
    statement = document.statement
    yield Fact("Opening balance", figures.amount(statement.opening_nanos))
    earned = figures.amount(nanos_of(document.earned_lines))
    yield Fact(f"Earned in {statement.period}", earned, "settled")
    if document.adjustments:
        adjusted = figures.amount(nanos_of(document.adjustments))
        yield Fact("Adjustments to earlier months", adjusted, "settled")
    for move in statement.payouts:
        yield _payout(move, figures)
    yield _closing(document, figures)


def _closing(document: StatementDocument, figures: Figures) -> Fact:
    closing = figures.amount(document.statement.closing_nanos)
    return Fact("Closing balance", closing, is_total=True)


def _payout(move: PayoutMove, figures: Figures) -> Fact:
    name = "Payout returned" if move.state == "returned" else "Paid out"
    return Fact(name, figures.amount(move.nanos), "paid", payout_note(move))


def _payable(document: StatementDocument, figures: Figures) -> Iterator[Fact]:
    closing = document.statement.closing
    held = figures.amount(closing.held_nanos)
    yield Fact("Held", held, "held", document.held_reason)
    yield Fact("Payable", figures.amount(closing.payable_nanos), "payable")
    carried = figures.amount(closing.carried_nanos)
    yield Fact("Carried forward", carried, "", document.carried_reason)
    yield _closing(document, figures)


def _table(
    document: StatementDocument,
    figures: Figures,
    caption: str,
    lines: Sequence[StatementLine],
    total_name: str,
) -> Table:
    currency = document.statement.currency
    columns = (
        Column("Work"),
        Column("Vendor"),
        Column("Tier", "nowrap"),
        Column("Month of sale", "nowrap"),
        Column("Sales", "number"),
        Column("Tokens", "number"),
        Column(f"Credited to the work, {currency}", "number"),
        Column("Your share", "number"),
        Column(f"Amount, {currency}", "number"),
    )
    rows = tuple(
        (
            document.work_titles[line.work_id],
            document.vendor_names[line.vendor],
            str(line.tier),
            str(line.month),
            figures.count(line.sales_count),
            figures.count(line.output_tokens),
            figures.amount(line.credited_nanos),
            figures.percent(line.share_ppm),
            figures.amount(line.nanos),
        )
        for line in lines
    )
    return Table(caption, columns, rows, total_name, figures.amount(nanos_of(tuple(lines))))
