"""A statement as a letter: a subject, and the whole of it as plain text and as a page."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.documents.figures import Figures
from service.documents.statement_document import StatementDocument
from service.documents.statement_html import statement_html
from service.documents.statement_layout import Fact, Section, laid_out
from service.documents.statement_tables import Table

_TERM_WIDTH = 44


@dataclass(frozen=True, slots=True)
class StatementLetter:
    """What a letter says; the text says all that the page does."""

    subject: str
    text: str
    html: str


def statement_letter(document: StatementDocument, figures: Figures) -> StatementLetter:
    """Write the letter that brings a statement to its holder."""
    period, currency = document.statement.period, document.statement.currency
    return StatementLetter(
        f"Statement {document.number}: {period}, {currency}",
        "\n".join(_lines(document, figures)) + "\n",
        statement_html(document, figures),
    )


def _lines(document: StatementDocument, figures: Figures) -> Iterator[str]:
    layout = laid_out(document, figures)
    yield f"Statement {layout.number}"
    yield ""
    for term, said in (*layout.head, ("Issued", f"{layout.issued_at:%Y-%m-%d %H:%M} UTC")):
        yield f"{term}: {_one_line(said)}"
    for section in layout.sections:
        yield from _section(section, layout.currency)


def _section(section: Section, currency: str) -> Iterator[str]:
    yield ""
    yield section.heading
    yield "-" * len(section.heading)
    if section.sentence:
        yield _one_line(section.sentence)
    for fact in section.facts:
        yield from _fact(fact, currency)
    if section.table:
        yield from _table(section.table)


def _fact(fact: Fact, currency: str) -> Iterator[str]:
    label = f" ({fact.label})" if fact.label else ""
    yield f"{fact.term + label:<{_TERM_WIDTH}} {fact.amount} {currency}"
    if fact.reason:
        yield f"    {_one_line(fact.reason)}"


def _table(table: Table) -> Iterator[str]:
    yield " | ".join(column.name for column in table.columns)
    for row in table.rows:
        yield " | ".join(_one_line(cell) for cell in row)
    if table.total_name:
        yield f"{table.total_name}: {table.total}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
