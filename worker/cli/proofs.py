"""Commands of proofs: seals, prove sale, entry or statement, verify-proof."""

from pathlib import Path
from typing import Annotated

import typer

from service.ledger.journal import Kind
from service.store import entries, period_seals
from service.store.database import unit_of_work
from worker import proving
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.import_lines import BadOption
from worker.proving import Proof

Out = Annotated[Path | None, typer.Option(help="File to write; default NAME.proof.json.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("seals")(seals_list)
    group = typer.Typer(help="Prove what stands in a sealed period.", no_args_is_help=True)
    group.command("sale")(prove_sale)
    group.command("entry")(prove_entry)
    group.command("statement")(prove_statement)
    app.add_typer(group, name="prove")
    app.command("verify-proof")(verify_proof)


def seals_list(*, as_json: Json = False) -> None:
    """List the seals of closed periods: publish roots and hashes where many can see them."""
    with workplace() as place, unit_of_work(place.database) as session:
        seals = period_seals.listing(session)
    columns = [Column("period"), Column("leaves", number=True), Column("root"), Column("hash")]
    rows = [
        (str(seal.period), seal.count, seal.root.hex(), seal.hash.hex(), seal.sealed_at.isoformat())
        for seal in seals
    ]
    screen.table("Seals", [*columns, Column("sealed at")], rows, as_json=as_json)


def prove_sale(
    sale: Annotated[str, typer.Argument(metavar="VENDOR/ID", help="The vendor's id of the sale.")],
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """Prove what a sale was settled to."""
    vendor, slash, external_id = sale.partition("/")
    if not slash:
        raise BadOption("VENDOR/ID", "write the vendor, a slash and the vendor's id of the sale")
    with workplace() as place, unit_of_work(place.database) as session:
        posted = proving.entry_of_sale(session, vendor, external_id)
        proof = proving.prove_entry(session, str(posted.kind), posted.source_id)
        later = [
            f"entry {one.kind} {one.source_id}"
            for one in entries.about_sale(session, posted.source_id)
            if one.kind is not Kind.SALE
        ]
    _write(proof, out or Path(f"sale-{posted.source_id}.proof.json"), as_json=as_json)
    if later:
        screen.say(f"corrected later, to prove each by itself: {', '.join(later)}")


def prove_entry(
    kind: Annotated[str, typer.Argument(help=f"Kind of the entry: {', '.join(Kind)}.")],
    source_id: Annotated[int, typer.Argument(help="Number of its source.")],
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """Prove a journal entry."""
    with workplace() as place, unit_of_work(place.database) as session:
        proof = proving.prove_entry(session, kind, source_id)
    _write(proof, out or Path(f"{kind}-{source_id}.proof.json"), as_json=as_json)


def prove_statement(
    number: Annotated[str, typer.Argument(help="Number of a statement, see `statements list`.")],
    line: Annotated[int | None, typer.Option(help="Prove this line, counted from 0.")] = None,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """Prove a statement, or one line of it."""
    with workplace() as place, unit_of_work(place.database) as session:
        proof = proving.prove_statement(session, number, line)
    name = number if line is None else f"{number}-{line}"
    _write(proof, out or Path(f"{name}.proof.json"), as_json=as_json)


def _write(proof: Proof, path: Path, *, as_json: bool) -> None:
    try:
        path.write_text(proving.file_text(proof), encoding="utf-8")
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    screen.facts(_facts(proof) | {"file": str(path)}, as_json=as_json)


def _facts(proof: Proof) -> dict[str, object]:
    return {
        "says": proving.in_words(proof.fields),
        "period": str(proof.period),
        "leaf": f"{proof.index} of {proof.count}",
        "root": proof.root.hex(),
        "hash": proof.hash.hex(),
    }


def verify_proof(
    file: Annotated[Path, typer.Argument(help="File that `wellspring prove` wrote.")],
    root: Annotated[
        str | None, typer.Option(metavar="HEX", help="Published root or hash of the period.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check a proof without a database; exit 1 and say why if it proves nothing."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(proving.MOST_BYTES + 1)
    except OSError as error:
        raise BadOption(str(file), f"cannot be read: {error.strerror}") from None
    proof = proving.check(raw, published=root)
    screen.facts(_facts(proof) | {"published": bool(root)}, as_json=as_json)
    if root is None:
        screen.say(
            "the file agrees with itself: compare root or hash with what the platform published, "
            "or give it with --root"
        )
