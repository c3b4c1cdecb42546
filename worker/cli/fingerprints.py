"""The command that makes what a vendor may send instead of a text; it needs no database."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from attribution.catalogue import MemoryCatalogue
from attribution.encoder import Encoder
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.fingerprint_file import content_hash, fingerprint_version, sealed
from attribution.lexical_segmented import SegmentedLexicalIndex
from service.api.formats.lines import Line
from service.api.formats.sale_output import MAX_TEXT_CHARS
from service.ledger.sale_report import FieldError
from service.settings import Settings
from service.store.text_rules import BadText, check_text
from worker import import_lines
from worker.cli.texts import content_of, text_of
from worker.import_lines import BadFile, BadOption
from worker.installed_encoder import installed_encoder

TEXTS_AT_ONCE = 32


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("fingerprint")(fingerprint)


def fingerprint(
    path: Annotated[str, typer.Argument(metavar="FILE|-", help="A text in UTF-8; -: stdin.")],
    out: Annotated[Path | None, typer.Option(help="Write the bytes here, not base64.")] = None,
    *,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Lines {"id", "text"} in, with fingerprints out.')
    ] = False,
) -> None:
    """Make the fingerprint of a text, or of each line's: what a sale may carry instead of it."""
    if jsonl:
        if out is not None:
            raise BadOption("--out", "is for one text: lines go to stdout")
        texts = _texts_of_lines(path)
        _print_lines(_maker(), texts)
        return
    body = check_text(text_of(content_of(path), place=path), place=path, max_chars=MAX_TEXT_CHARS)
    maker = _maker()
    (made,) = maker.sealed([body])
    if out is None:
        typer.echo(b64encode(made))
    else:
        _write(out, made)


class FingerprintMaker:
    """Seals the fingerprints of texts: the engine over an empty catalogue."""

    def __init__(self, encoder: Encoder) -> None:
        self.version = fingerprint_version(encoder)
        index = FaissIndex(encoder.dimension)
        self._engine = Engine(encoder, index, SegmentedLexicalIndex(), MemoryCatalogue())

    def sealed(self, texts: Sequence[str]) -> list[bytes]:
        """Give the sealed fingerprint of each text."""
        return [sealed(one, self.version) for one in self._engine.fingerprint(texts)]


def _maker() -> FingerprintMaker:
    return FingerprintMaker(installed_encoder(Settings(), threads=None))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadOption(str(path), f"cannot be written: {error.strerror}") from None


def _texts_of_lines(path: str) -> list[tuple[str, str]]:
    """Read id and text of every line; raise BadFile with all that is wrong before any work."""
    file = Path("/dev/stdin" if path == "-" else path)
    texts: list[tuple[str, str]] = []
    errors: list[FieldError] = []
    for line in import_lines.read(file):
        read = line if isinstance(line, FieldError) else _text_of_line(line)
        if isinstance(read, FieldError):
            errors.append(read)
        else:
            texts.append(read)
    if errors:
        raise BadFile(file, errors)
    return texts


def _text_of_line(line: Line) -> tuple[str, str] | FieldError:
    name, text = line.value.get("id"), line.value.get("text")
    if not isinstance(name, str):
        return FieldError(f"{line.place}.id", "must be a string")
    if not isinstance(text, str):
        return FieldError(f"{line.place}.text", "must be a string")
    try:
        return name, check_text(text, place=f"{line.place}.text", max_chars=MAX_TEXT_CHARS)
    except BadText as error:
        return FieldError(f"{line.place}.text", str(error.facts["rule"]))


def _print_lines(maker: FingerprintMaker, texts: Sequence[tuple[str, str]]) -> None:
    for name, made in _made(maker, texts):
        line = {
            "id": name,
            "fingerprint": b64encode(made).decode(),
            "fingerprint_version": maker.version,
            "text_hash": content_hash(made).hex(),
        }
        typer.echo(json.dumps(line))


def _made(maker: FingerprintMaker, texts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        some = texts[start : start + TEXTS_AT_ONCE]
        yield from zip(
            (name for name, _ in some), maker.sealed([text for _, text in some]), strict=True
        )
