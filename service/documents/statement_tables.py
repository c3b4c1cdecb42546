"""The tables of a statement that is read: its lines, and what was taken from payouts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.documents.figures import Figures
from service.documents.statement_document import StatementDocument, nanos_of
from service.documents.statement_reasons import validity
from service.ledger.statement import LineKind, PayoutMove, Statement, StatementLine


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``style`` is "" for text, "nowrap" for a word, "number"."""

    name: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; the first cell of a row names it.

    ``total`` adds up the last column; an empty ``total_name`` says that it is not added up.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total_name: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True)
class _LineColumn:
    """A column of the lines; one that may be left out is, where no line has anything in it."""

    column: Column
    cell: Callable[[StatementLine], str]
    counts: Callable[[StatementLine], int] | None = None


def line_table(
    document: StatementDocument,
    figures: Figures,
    caption: str,
    lines: Sequence[StatementLine],
    total_name: str,
) -> Table:
    """Make the table of lines of one kind; upstream and pool have columns where there is any."""
    of_adjustments = lines[0].kind is LineKind.ADJUSTMENT
    columns = [
        one
        for one in _line_columns(document, figures, of_adjustments=of_adjustments)
        if one.counts is None or any(one.counts(line) for line in lines)
    ]
    return Table(
        caption,
        tuple(one.column for one in columns),
        tuple(tuple(one.cell(line) for one in columns) for line in lines),
        total_name,
        figures.amount(nanos_of(tuple(lines))),
    )


def _line_columns(
    document: StatementDocument, figures: Figures, *, of_adjustments: bool
) -> list[_LineColumn]:
    currency = document.statement.currency

    def money(
        name: str, nanos: Callable[[StatementLine], int], *, may_miss: bool = False
    ) -> _LineColumn:
        heading = Column(f"{name}, {currency}", "number")
        return _LineColumn(heading, lambda x: figures.amount(nanos(x)), nanos if may_miss else None)

    return [
        _LineColumn(Column("Work"), lambda x: document.work_titles[x.work_id]),
        _LineColumn(Column("Vendor"), lambda x: document.vendor_names[x.vendor]),
        _LineColumn(Column("Tier", "nowrap"), lambda x: str(x.tier)),
        _LineColumn(Column("Month of sale", "nowrap"), lambda x: str(x.month)),
        _LineColumn(Column("Sales", "number"), lambda x: figures.count(x.sales_count)),
        _LineColumn(Column("Tokens", "number"), lambda x: figures.count(x.output_tokens)),
        money("Credited to the work", lambda x: x.credited_nanos),
        money("Of it from derived works", lambda x: x.upstream_received_nanos, may_miss=True),
        money("Of it from the pool", lambda x: x.pool_nanos, may_miss=True),
        money("Passed upstream", lambda x: x.upstream_paid_nanos, may_miss=True),
        _LineColumn(Column("Your share", "number"), lambda x: figures.percent(x.share_ppm)),
        *(_change_columns(document, money) if of_adjustments else ()),
        money("Amount", lambda x: x.nanos),
    ]


def _change_columns(
    document: StatementDocument, money: Callable[..., _LineColumn]
) -> Sequence[_LineColumn]:
    """Make the columns of adjustments: why, what was stated, and what it comes to."""
    change = document.change_of
    return (
        _LineColumn(Column("Why"), lambda x: "; ".join(change(x).reasons)),
        money("Stated before", lambda x: change(x).before_nanos),
        money("Stands at", lambda x: change(x).before_nanos + x.nanos),
    )


def payout_table(statement: Statement, figures: Figures) -> Table | None:
    """Make the table of what was taken from payouts; None where there was none."""
    made = [move for move in statement.payouts if move.gross_nanos and move.state != "corrected"]
    if not made:
        return None
    currency = statement.currency
    columns = (
        Column("Statement", "nowrap"),
        Column("Paid to"),
        Column(f"Gross, {currency}", "number"),
        Column("Tax rule and rate"),
        Column(f"Tax, {currency}", "number"),
        Column(f"Fee, {currency}", "number"),
        Column(f"Net, {currency}", "number"),
        Column("Rate of exchange"),
        Column("Paid", "number"),
    )
    rows = tuple(_payout_cells(move, figures) for move in made)
    return Table("Payouts, with what was taken from them", columns, rows)


def _tax(move: PayoutMove, figures: Figures) -> str:
    if not move.tax_rule:
        return "none"
    return f"{move.tax_rule}{validity(move)}, {figures.percent(move.tax_ppm)} of gross"


def _payout_cells(move: PayoutMove, figures: Figures) -> tuple[str, ...]:
    rate = move.exchange
    exchanged = ""
    if rate:
        exchanged = f"1 {rate.source} = {rate} {rate.target}, {rate.origin}, {rate.day}"
    paid = figures.of(move.paid_currency).amount(move.paid_nanos)
    returned = " (returned)" if move.state == "returned" else ""
    return (
        f"{move.statement}{returned}",
        move.payee,
        figures.amount(move.gross_nanos),
        _tax(move, figures),
        figures.amount(move.tax_nanos),
        figures.amount(move.fee_nanos),
        figures.amount(move.net_nanos),
        exchanged,
        f"{paid} {move.paid_currency}".strip(),
    )
