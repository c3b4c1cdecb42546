"""What stands where on a statement: facts and tables in reading order, for every form to read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.documents.figures import Figures
from service.documents.statement_document import Replacement, StatementDocument, nanos_of
from service.documents.statement_reasons import (
    WORDS,
    carried_reason,
    held_part_reason,
    holdback_reason,
    looked_at_again,
    move_name,
    move_note,
    payout_name,
    payout_note,
)
from service.documents.statement_tables import Table, line_table, payout_table
from service.ledger.statement import AdvanceStanding, HoldbackStanding


@dataclass(frozen=True, slots=True)
class Fact:
    """One amount with its name; label: the state of the money; reason: why, or until when."""

    term: str
    amount: str
    label: str = ""
    reason: str = ""
    is_total: bool = False


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
    if document.replacement:
        yield _replaced(document, document.replacement)
    yield Section("Balance", facts=tuple(_balance(document, figures)))
    yield from _lines(document, figures)
    payouts = payout_table(document.statement, figures)
    if payouts:
        told = "Gross less tax and fee is the net amount. Tax rules are as they are on file; "
        yield Section("Payouts", f"{told}this is no tax advice.", table=payouts)
    if document.statement.advance != AdvanceStanding():
        yield Section("Advances", facts=tuple(_advance(document, figures)))
    if document.statement.holdback != HoldbackStanding():
        yield Section("Kept against refunds", facts=tuple(_holdback(document, figures)))
    yield Section("What of it can be paid", facts=tuple(_payable(document, figures)))
    yield Section("How to ask", document.how_to_ask)
    yield Section("What the words mean", WORDS)


def _replaced(document: StatementDocument, replacement: Replacement) -> Section:
    return Section(
        "Issued again",
        f"{document.number} takes the place of {replacement.replaces}. Reason: "
        f"{replacement.reason} Names are written otherwise; every amount is as it was first "
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
    for move in statement.moves:
        note = move_note(move, document.vendor_name(move.vendor))
        yield Fact(move_name(move), figures.amount(move.nanos), "settled", note)
    for payout in statement.payouts:
        amount = figures.amount(payout.nanos)
        yield Fact(payout_name(payout), amount, "paid", payout_note(payout))
    yield _closing(document, figures)


def _closing(document: StatementDocument, figures: Figures) -> Fact:
    closing = figures.amount(document.statement.closing_nanos)
    return Fact("Closing balance", closing, is_total=True)


def _lines(document: StatementDocument, figures: Figures) -> Iterator[Section]:
    statement = document.statement
    earned = f"What you earned in {statement.period}"
    if document.earned_lines:
        caption = "Earned, by work, vendor and tier"
        table = line_table(document, figures, caption, document.earned_lines, "Earned in all")
        yield Section(earned, table=table)
    else:
        yield Section(earned, "No work earned anything in this period.")
    if document.adjustments:
        caption = "Adjustments, by work, vendor, tier and month"
        yield Section(
            "Adjustments to earlier months",
            "Sales of closed months that were reported late, corrected or refunded. "
            "The month of the sale is named.",
            table=line_table(document, figures, caption, document.adjustments, "Adjusted in all"),
        )


def _advance(document: StatementDocument, figures: Figures) -> Iterator[Fact]:
    advance = document.statement.advance
    yield Fact("Not earned back before", figures.amount(advance.opening_nanos))
    yield Fact("Paid early", figures.amount(advance.paid_nanos))
    yield Fact("Recouped from earnings", figures.amount(-advance.recouped_nanos))
    left = figures.amount(advance.closing_nanos)
    yield Fact("Still to be earned back", left, is_total=True)


def _holdback(document: StatementDocument, figures: Figures) -> Iterator[Fact]:
    kept = document.statement.holdback
    yield Fact("Kept before", figures.amount(kept.opening_nanos))
    yield Fact("Released", figures.amount(-kept.released_nanos))
    yield Fact("Taken", figures.amount(kept.taken_nanos))
    yield Fact("Kept now", figures.amount(kept.closing_nanos), "held", is_total=True)


def _payable(document: StatementDocument, figures: Figures) -> Iterator[Fact]:
    statement, closing = document.statement, document.statement.closing
    for part in statement.held:
        yield Fact("Held", figures.amount(part.nanos), "held", held_part_reason(part))
    if not statement.held:
        yield Fact("Held", figures.amount(closing.held_nanos), "held", document.held_reason)
    if closing.holdback_nanos:
        kept = figures.amount(closing.holdback_nanos)
        yield Fact("Kept back", kept, "held", holdback_reason(statement.holdback))
    yield Fact("Payable", figures.amount(closing.payable_nanos), "payable")
    reason = carried_reason(closing.carried_nanos, statement.currency)
    if reason:
        reason = f"{reason} {looked_at_again(statement.period)}"
    yield Fact("Carried forward", figures.amount(closing.carried_nanos), "", reason)
    yield _closing(document, figures)
