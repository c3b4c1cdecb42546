"""Commands of the registration log: receipt, receipt-keys, registrations, verify-receipt."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from service.api import json_body
from service.store import registration_log, works
from service.store.database import unit_of_work
from worker import receipt_check, registering, report_receipt_check
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.cli.texts import content_of, text_of
from worker.import_lines import BadOption
from worker.receipt_key import signer_of

_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("receipt")(receipt)
    app.command("receipt-keys")(receipt_keys)
    app.command("registrations")(registrations)
    app.command("verify-receipt")(verify_receipt)


def receipt(
    work_id: Annotated[int, typer.Argument(help="Number of a work.")],
    edition: Annotated[int, typer.Option(help="Number of its edition.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default work-N-M.receipt.json.")
    ] = None,
) -> None:
    """Write the signed receipt of a registration; what waits for the log is logged first."""
    with workplace() as place:
        while registering.log_next(
            place.database, lambda: signer_of(place.settings), now=place.clock()
        ):
            pass
        with unit_of_work(place.database) as session:
            works.get(session, work_id)
            found = registration_log.of_edition(session, work_id, edition)
    path = out or Path(f"work-{work_id}-{edition}.receipt.json")
    try:
        path.write_text(json.dumps(found.document(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None
    screen.say(f"receipt of work {work_id}, edition {edition}, is in {path}")


def receipt_keys(*, as_json: Json = False) -> None:
    """List the public keys of receipts: publish them where many can see them."""
    with workplace() as place:
        ours = signer_of(place.settings)
        with unit_of_work(place.database) as session:
            used = registration_log.keys(session)
    rows = [(one.public_key.hex(), one.key_id, one.first_used_at.isoformat()) for one in used]
    if ours.key_id not in {one.key_id for one in used}:
        rows.append((ours.public_key.hex(), ours.key_id, "not used yet"))
    columns = [Column("public key"), Column("key"), Column("first used at")]
    screen.table("Keys of receipts", columns, rows, as_json=as_json)


def registrations(
    after: Annotated[int, typer.Option(help="Begin behind this position.")] = 0,
) -> None:
    """Print the registration log, a receipt a line: for whoever watches that it only grows."""
    with workplace() as place:
        while True:
            with unit_of_work(place.database) as session:
                found = registration_log.after(session, after)
            for one in found:
                print(json.dumps(one.document()))  # noqa: T201 - plain stdout, a line an entry
                after = one.entry.position
            if not found:
                return


def verify_receipt(
    file: Annotated[Path, typer.Argument(help="File of a receipt.")],
    key: Annotated[
        str, typer.Option(metavar="HEX", help="Public key, from where the platform publishes it.")
    ],
    text: Annotated[
        str | None,
        typer.Option(help="Text that is said to be the registered one, UTF-8; - for stdin."),
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(help="Ids of the sales of the report, one a line, UTF-8.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check a receipt without a database; exit 1 and say why if it is not valid.

    It is of a registration or of a report; --text is for the former, --ids for the latter.
    """
    if not _KEY.fullmatch(key.strip().lower()):
        raise BadOption("--key", "must be 64 hexadecimal digits")
    body = text_of(content_of(text), place=text) if text is not None else None
    raw = content_of(str(file))
    value = json_body.read(raw, place="receipt")
    if isinstance(value, dict) and report_receipt_check.is_of_report(value):
        _verify_report(value, bytes.fromhex(key.strip()), ids, as_json=as_json)
        return
    checked = receipt_check.check(raw, public_key=bytes.fromhex(key.strip()), body=body)
    fields = checked.entry.fields
    if checked.is_this_text is False:
        raise receipt_check.ReceiptRefused("it is a valid one, but of another text")
    told: dict[str, object] = {name: fields[name] for name in sorted(fields) if name != "leaf"}
    told |= {"position": checked.entry.position, "root": checked.entry.root.hex()}
    screen.facts(told | {"text compared": checked.is_this_text is True}, as_json=as_json)


def _verify_report(
    value: dict[str, object], public_key: bytes, ids: Path | None, *, as_json: bool
) -> None:
    names = None
    if ids is not None:
        listed = text_of(content_of(str(ids)), place=str(ids)).splitlines()
        names = [one for one in listed if one]
    checked = report_receipt_check.check(value, public_key=public_key, ids=names)
    if checked.are_these_ids is False:
        raise receipt_check.ReceiptRefused("it is a valid one, but of other ids")
    told = {name: one for name, one in sorted(checked.fields.items()) if name != "leaf"}
    screen.facts(told | {"ids compared": checked.are_these_ids is True}, as_json=as_json)
