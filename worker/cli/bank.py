"""Commands of the bank: files of a run, what the bank says, corrections, tax handed over."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from service.documents.bank_file import Payer
from service.documents.invoice import InvoiceParty
from service.intake import bank_lines
from service.ledger.money import format_nanos, parse_nanos
from service.ledger.payout_correction import CorrectionKind, NewCorrection
from service.settings import Settings
from worker import bank_files, bank_import, invoicing, payout_corrections
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY
from worker.cli.payees import ring_of
from worker.cli.tax_summary import payouts_tax_summary
from worker.invoicing import InvoiceFile

Folder = Annotated[Path, typer.Argument(file_okay=False, help="Where the files are written.")]
Amount = Annotated[str, typer.Argument(help="In major units.")]
Note = Annotated[str, typer.Option(help="Why; the statement says it.")]
Reference = Annotated[str, typer.Option(help="What the bank or the authority calls it.")]


def add_to(group: typer.Typer) -> None:
    """Add the commands to those of payouts."""
    group.command("file")(payouts_file)
    group.command("import")(payouts_import)
    group.command("correct")(payouts_correct)
    group.command("remit-tax")(payouts_remit_tax)
    group.command("bank-charge")(payouts_bank_charge)
    group.command("tax-summary")(payouts_tax_summary)
    group.command("invoice")(payouts_invoice)
    group.command("credit-note")(payouts_credit_note)


def payouts_file(
    run: Annotated[int, typer.Argument(help="Number of a run that was carried out.")],
    folder: Folder,
    *,
    as_json: Json = False,
) -> None:
    """Write the bank's files of a run and mark its payouts as sent; again, the same bytes."""
    with workplace() as place:
        files = bank_files.write(
            place.database,
            run,
            payer_of(place.settings),
            ring_of(place.settings),
            by=BY,
            now=place.clock(),
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = folder / file.name
        path.touch(mode=0o600)
        path.write_bytes(file.content)
    told = {file.name: f"{len(file.payout_ids)} payouts" for file in files}
    screen.facts(told or {"files": "nothing is reserved by this run"}, as_json=as_json)


def payouts_import(
    path: Annotated[Path, typer.Argument(dir_okay=False, help="CSV or camt.054.")],
    *,
    dry_run: Annotated[bool, typer.Option(help="Say what it would come to.")] = False,
    as_json: Json = False,
) -> None:
    """Take what the bank says: confirmations and returns, each line once."""
    lines, errors = bank_lines.read(path.read_bytes())
    with workplace() as place:
        told = bank_import.take(place.database, lines, by=BY, now=place.clock(), dry_run=dry_run)
    wrong = [error.sentence for error in (*errors, *told.errors)]
    facts: dict[str, object] = {"confirmed": len(told.confirmed), "returned": len(told.returned)}
    facts |= {"known before": told.known_count, "refused": len(wrong)}
    screen.facts(facts | ({"errors": wrong} if as_json else {}), as_json=as_json)
    for sentence in () if as_json else wrong:
        screen.say(sentence)
    if wrong:
        raise typer.Exit(1)


def payouts_correct(
    payout: Annotated[int, typer.Argument(help="Number of a confirmed payout.")],
    kind: Annotated[CorrectionKind, typer.Argument()],
    note: Note,
    amount: Annotated[
        str | None, typer.Option(help="Paid too much, or minus too little; what came of it.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Correct a wrong bank payment by a further entry."""
    with workplace() as place:
        now = place.clock()
        if kind is CorrectionKind.MISDIRECTED and amount is None:
            number = payout_corrections.misdirect(place.database, payout, note, by=BY, now=now)
        else:
            nanos = parse_nanos(amount or "0")
            new = NewCorrection(payout, kind, nanos, note)
            number = payout_corrections.correct(place.database, new, by=BY, now=now)
    screen.facts({"correction": number, "payout": payout, "kind": str(kind)}, as_json=as_json)


def payouts_remit_tax(
    code: Annotated[str, typer.Argument(help="Name of the rule it was withheld under.")],
    currency: Annotated[str, typer.Argument()],
    amount: Amount,
    reference: Reference,
    *,
    as_json: Json = False,
) -> None:
    """Post that withheld tax was handed over to its authority."""
    nanos = parse_nanos(amount)
    with workplace() as place:
        now: datetime = place.clock()
        number = payout_corrections.remit(
            place.database, code, currency, nanos, reference=reference, by=BY, now=now
        )
    screen.facts({"remittance": number, "amount": format_nanos(nanos)}, as_json=as_json)


def payouts_bank_charge(
    currency: Annotated[str, typer.Argument()],
    amount: Amount,
    reference: Reference,
    *,
    as_json: Json = False,
) -> None:
    """Post what the bank took for its services; the platform bears it."""
    nanos = parse_nanos(amount)
    with workplace() as place:
        number = payout_corrections.charge(
            place.database, currency, nanos, reference=reference, by=BY, now=place.clock()
        )
    screen.facts({"charge": number, "amount": format_nanos(nanos)}, as_json=as_json)


def payouts_invoice(
    payout: Annotated[int, typer.Argument(help="Number of a confirmed payout.")],
    folder: Folder,
    *,
    as_json: Json = False,
) -> None:
    """Write the self-billing invoice of a payout, Factur-X in a PDF; again, the same number."""
    with workplace() as place:
        buyer = _buyer(place.settings)
        made = invoicing.invoice(place.database, payout, buyer, now=place.clock())
    _write("invoice", made, folder, as_json=as_json)


def payouts_credit_note(
    payout: Annotated[int, typer.Argument(help="Number of an invoiced payout that came back.")],
    folder: Folder,
    *,
    as_json: Json = False,
) -> None:
    """Write what credits the invoice of a payout that came back; again, the same number."""
    with workplace() as place:
        buyer = _buyer(place.settings)
        made = invoicing.credit_note(place.database, payout, buyer, now=place.clock())
    _write("credit-note", made, folder, as_json=as_json)


def _buyer(settings: Settings) -> InvoiceParty:
    lines = tuple(line.strip() for line in settings.payer_address.split(";") if line.strip())
    return InvoiceParty(
        settings.payer_name, settings.payer_country, lines[:3], settings.payer_tax_number
    )


def _write(what: str, made: InvoiceFile, folder: Path, *, as_json: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{what}-{made.number}.pdf"
    path.write_bytes(made.content)
    screen.facts({what: made.number, "file": path.name}, as_json=as_json)


def payer_of(settings: Settings) -> Payer:
    """Return whose account pays, by the settings."""
    return Payer(settings.payer_name, settings.payer_iban.replace(" ", ""), settings.payer_bic)
