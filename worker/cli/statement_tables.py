"""How statements look on a screen."""

from collections.abc import Sequence

from service.documents.statement_document import StatementDocument
from service.ledger.money import format_nanos
from service.store.statements import StatementSummary
from worker.cli import screen
from worker.cli.screen import Column


def show_summaries(rows: Sequence[StatementSummary], *, title: str, as_json: bool) -> None:
    """Print statements, one a row."""
    columns = [Column("number"), Column("holder"), Column("period"), Column("currency")]
    names = ["opening", "earned", "moved", "paid out", "closing"]
    names += ["held", "kept back", "payable", "carried forward"]
    columns += [Column(name, number=True) for name in names]
    screen.table(
        title,
        columns,
        [
            (
                row.number,
                row.holder_name,
                str(row.period),
                row.currency,
                format_nanos(row.opening_nanos),
                format_nanos(row.earned_nanos),
                format_nanos(row.moved_nanos),
                format_nanos(row.paid_nanos),
                format_nanos(row.closing_nanos),
                format_nanos(row.held_nanos),
                format_nanos(row.holdback_nanos),
                format_nanos(row.payable_nanos),
                format_nanos(row.carried_nanos),
            )
            for row in rows
        ],
        as_json=as_json,
    )


def show_statement(document: StatementDocument) -> None:
    """Print a statement: opening, lines, closing, and what of it can be paid."""
    said, closing_ = document.statement, document.statement.closing
    heading = f"Statement {document.number} of {document.holder_name}"
    columns = [Column("kind"), Column("work"), Column("vendor"), Column("tier"), Column("month")]
    names = ("sales", "tokens", "credited", "your share ppm", said.currency)
    screen.table(
        heading,
        columns + [Column(name, number=True) for name in names],
        [
            (
                str(line.kind),
                document.work_titles.get(line.work_id, line.work_id),
                document.vendor_names.get(line.vendor, line.vendor),
                str(line.tier),
                str(line.month),
                line.sales_count,
                line.output_tokens,
                format_nanos(line.credited_nanos),
                line.share_ppm,
                format_nanos(line.nanos),
            )
            for line in said.lines
        ],
    )
    screen.facts(
        {
            "opening balance": format_nanos(said.opening_nanos),
            "earned": format_nanos(said.earned_nanos),
            "advances": format_nanos(said.moved_nanos),
            "paid out": format_nanos(said.paid_nanos),
            "closing balance": format_nanos(said.closing_nanos),
            "held": f"{format_nanos(closing_.held_nanos)}  {document.held_reason}",
            "kept back": format_nanos(closing_.holdback_nanos),
            "payable": format_nanos(closing_.payable_nanos),
            "carried forward": f"{format_nanos(closing_.carried_nanos)}  {document.carried_reason}",
        }
    )
