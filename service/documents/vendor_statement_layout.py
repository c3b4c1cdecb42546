"""What stands where on a vendor's statement that is read: facts and tables in reading order."""

from collections.abc import Iterator, Sequence

from service.documents.figures import Figures
from service.documents.statement_layout import Fact, Layout, Section
from service.documents.statement_tables import Column, Table
from service.documents.vendor_statement_json import TEST, VendorDocument
from service.ledger.vendor_statement import LineKind, VendorLine, VendorStatement


def laid_out(document: VendorDocument, figures: Figures) -> Layout:
    """Lay a vendor's statement out with its figures written in one manner."""
    statement = document.statement
    head = (
        *((("Mode", TEST),) if document.is_test else ()),
        ("For", document.vendor_name),
        ("Period", str(statement.period)),
        ("Currency", statement.currency),
        ("Due on", document.due_on.isoformat()),
    )
    sections = tuple(_sections(statement, figures))
    return Layout(document.number, statement.currency, document.issued_at, head, sections)


def _sections(said: VendorStatement, figures: Figures) -> Iterator[Section]:
    yield Section("What you owe", facts=tuple(_balance(said, figures)))
    sales = [line for line in said.lines if line.kind is LineKind.SALES]
    if sales:
        table = _line_table(said, sales, figures, "Sales, by month of sale and tier")
        yield Section("Sales", table=table)
    corrections = [line for line in said.lines if line.kind is LineKind.CORRECTION]
    if corrections:
        table = _line_table(said, corrections, figures, "Corrections, by month, tier and cause")
        yield Section("Refunds and corrections", table=table)
    yield Section("Where the gross went", facts=tuple(_division(said, figures)))
    if said.chain:
        yield Section("Chain parties", table=_chain_table(said, figures))
    if said.moves:
        yield Section("Receipts and other moves", table=_move_table(said, figures))
    if said.ageing.months:
        told = f"Receipts and write-offs fill the oldest month first. As of {said.period.end:%F}."
        yield Section("How old it is", told, table=_age_table(said, figures))


def _balance(said: VendorStatement, figures: Figures) -> Iterator[Fact]:
    yield Fact("Owed before", figures.amount(said.opening_nanos))
    what = "the IP pool, and chain parties that are paid through the platform"
    yield Fact("Charged for sales", figures.amount(said.charged_nanos), "", what)
    yield Fact("Refunds and corrections", figures.amount(said.corrected_nanos))
    yield Fact("Receipts and other moves", figures.amount(said.moved_nanos))
    yield Fact("Owed now", figures.amount(said.closing_nanos), is_total=True)


def _division(said: VendorStatement, figures: Figures) -> Iterator[Fact]:
    parts = said.division()
    matched = figures.amount(parts.matched_nanos)
    fee = figures.amount(parts.fee_nanos)
    yield Fact("Matched by works", matched, "", f"with the platform's fee of {fee}")
    yield Fact("Unmatched", figures.amount(parts.unmatched_nanos), "", "no work claimed it")
    yield Fact("IP pool", figures.amount(parts.pool_nanos), is_total=True)
    yield Fact("Chain parties", figures.amount(parts.chain_nanos))
    yield Fact("Kept by you", figures.amount(parts.kept_nanos))
    yield Fact("Gross", figures.amount(parts.gross_nanos), is_total=True)


def _line_table(
    said: VendorStatement, lines: Sequence[VendorLine], figures: Figures, caption: str
) -> Table:
    of_sales = lines[0].kind is LineKind.SALES
    names = ("Sales", "Tokens") if of_sales else ("Cause", "Count")
    money = ("Gross", "Matched", "Unmatched", "Due")
    columns = (
        Column("Month of sale", "nowrap"),
        Column("Tier", "nowrap"),
        *(Column(name, "nowrap" if name == "Cause" else "number") for name in names),
        *(Column(f"{name}, {said.currency}", "number") for name in money),
    )
    rows = tuple(
        (
            str(line.month),
            str(line.tier),
            *(
                (figures.count(line.count), figures.count(line.output_tokens))
                if of_sales
                else (line.cause, figures.count(line.count))
            ),
            figures.amount(line.division.gross_nanos),
            figures.amount(line.division.matched_nanos),
            figures.amount(line.division.unmatched_nanos),
            figures.amount(line.due_nanos),
        )
        for line in lines
    )
    total = figures.amount(sum(line.due_nanos for line in lines))
    return Table(caption, columns, rows, "Due in all", total)


def _chain_table(said: VendorStatement, figures: Figures) -> Table:
    columns = (Column("Party"), Column("Settles", "nowrap"), Column(said.currency, "number"))
    rows = tuple((one.party, one.settles, figures.amount(one.nanos)) for one in said.chain)
    return Table("Chain parties, and who pays them", columns, rows)


def _move_table(said: VendorStatement, figures: Figures) -> Table:
    columns = (
        Column("Day", "nowrap"),
        Column("What", "nowrap"),
        Column("Reference"),
        Column(said.currency, "number"),
    )
    rows = tuple(
        (
            f"{one.at:%Y-%m-%d}",
            f"{one.kind} {one.source_id}",
            one.reference,
            figures.amount(one.nanos),
        )
        for one in said.moves
    )
    moved = figures.amount(said.moved_nanos)
    return Table("What moved the debt beside sales", columns, rows, "Moved in all", moved)


def _age_table(said: VendorStatement, figures: Figures) -> Table:
    last = said.period.end.date()
    names = ("Owed", "Received", "Written off")
    columns = (
        Column("Month", "nowrap"),
        Column("Days", "number"),
        *(Column(f"{name}, {said.currency}", "number") for name in (*names, "Open")),
    )
    rows = tuple(
        (
            str(one.period),
            figures.count(one.days_open(last)),
            figures.amount(one.owed_nanos),
            figures.amount(one.received_nanos),
            figures.amount(one.written_off_nanos),
            figures.amount(one.open_nanos),
        )
        for one in said.ageing.months
    )
    total = figures.amount(said.ageing.open_nanos)
    return Table("Open amounts by month", columns, rows, "Open in all", total)
