"""A statement as PDF/UA-1: tagged, fonts embedded, the same bytes for the same statement and fonts.

Text reaches the typesetter as data and is set as content, so no title is markup. A sign that no
font has a glyph for is printed as its code point and named, never as an empty box.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import typst

from service.documents.figures import Figures, PlainFigures
from service.documents.fitting import MAY_BREAK, breakable, fitted
from service.documents.statement_document import StatementDocument
from service.documents.statement_layout import Layout, laid_out
from service.documents.statement_tables import Table
from service.ledger.errors import LedgerError

_TEMPLATES = Path(__file__).with_name("templates")
_LONG_ROWS, _GENERATIONS = 200, 11
"""The typesetter keeps what it made of its last ten documents: of one longer than this, 150 MB and
more. It forgets that after so many blank ones, which takes a millisecond."""

_FIRST_FONT = "Libertinus Serif"
_MOST_TRIES = 40
_LINE_WIDTH = 751.0
"""Points between the margins of an A4 page on its side, as the template sets them."""

_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed with', re.DOTALL)
_ESCAPED = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_PLAIN = PlainFigures()


class PdfRefused(LedgerError):
    """The typesetter does not make a PDF/UA of a statement."""

    def __init__(self, number: str, reason: str) -> None:
        super().__init__(f"statement {number} cannot be set: {reason[:300]}", number=number)


class BadFonts(LedgerError):
    """The folder of fonts is none, or holds no font."""

    def __init__(self, folder: Path, rule: str) -> None:
        super().__init__(f"fonts in {folder}: {rule}", place="fonts", rule=rule)


@dataclass(frozen=True, slots=True)
class PrintedStatement:
    """A PDF, and the signs of the statement that no font has a glyph for, in code point order."""

    content: bytes
    without_glyph: tuple[str, ...]


class StatementPrinter:
    """Sets statements with the typesetter's own fonts and those of one folder, if any.

    What the machine has installed elsewhere is not looked at. Threads take turns.
    """

    def __init__(self, fonts: Path | None = None) -> None:
        if fonts is not None and not fonts.is_dir():
            raise BadFonts(fonts, "is no folder")
        own = typst.Fonts(include_system_fonts=False)
        found = typst.Fonts(
            include_system_fonts=False, font_paths=[str(fonts)] if fonts is not None else []
        )
        families = set(found.families())
        if fonts is not None and families == set(own.families()):
            raise BadFonts(fonts, "holds no font that the typesetter reads")
        self.families = (_FIRST_FONT, *sorted(families - {_FIRST_FONT}))
        self._compiler, self._blank = (
            typst.Compiler(
                str(_TEMPLATES / name),
                root=str(_TEMPLATES),
                font_paths=found,
                ignore_system_fonts=True,
            )
            for name in ("statement.typ", "blank.typ")
        )
        self._lock = Lock()

    def print(self, document: StatementDocument, figures: Figures = _PLAIN) -> PrintedStatement:
        """Set a statement; its creation date is the day of issue. Raises PdfRefused."""
        return self.print_layout(laid_out(document, figures))

    def print_layout(self, layout: Layout) -> PrintedStatement:
        """Set what is laid out already. Raises PdfRefused."""
        said = _as_data(layout)
        try:
            return self._print(layout, said)
        finally:
            if sum(len(one.table.rows) for one in layout.sections if one.table) > _LONG_ROWS:
                self._forget()

    def _print(self, document: Layout, said: dict[str, object]) -> PrintedStatement:
        without_glyph: set[str] = set()
        for _ in range(_MOST_TRIES):
            try:
                content = self._set(said, document, without_glyph)
            except typst.TypstError as error:
                missing = _signs_without_glyph(error.diagnostic) - without_glyph - {MAY_BREAK}
                if not missing:
                    raise PdfRefused(document.number, error.message) from None
                without_glyph |= missing
            else:
                return PrintedStatement(content, tuple(sorted(without_glyph)))
        raise PdfRefused(document.number, f"{len(without_glyph)} signs have no glyph")

    def _set(self, said: dict[str, object], document: Layout, without_glyph: set[str]) -> bytes:
        if without_glyph:
            said = _spelt(said, {ord(sign): f"[{_code_point(sign)}]" for sign in without_glyph})
        whole = said | {"fonts": self.families, "without_glyph": _told(without_glyph)}
        layout = json.dumps(whole, ensure_ascii=False)
        with self._lock:
            content = self._compiler.compile(
                format="pdf",
                sys_inputs={"layout": layout},
                pdf_standards=["ua-1"],
                timestamp=document.issued_at,
            )
        assert isinstance(content, bytes)
        return content

    def _forget(self) -> None:
        with self._lock:
            for _ in range(_GENERATIONS):
                self._blank.compile(format="svg")


@lru_cache(maxsize=8)
def printer_with(fonts: Path | None) -> StatementPrinter:
    """Return the process's printer with a folder of fonts; they are read once."""
    return StatementPrinter(fonts)


def _as_data(layout: Layout) -> dict[str, object]:
    head = [*layout.head, ("Issued", f"{layout.issued_at:%Y-%m-%d %H:%M} UTC")]
    return {
        "number": layout.number,
        "title": f"Statement {layout.number}",
        "description": f"Statement {layout.number} for {dict(layout.head)['For']}",
        "currency": layout.currency,
        "head": [(term, breakable(said)) for term, said in head],
        "sections": [
            {
                "heading": section.heading,
                "sentence": section.sentence,
                "facts": [asdict(fact) for fact in section.facts],
                "table": _table(section.table) if section.table else None,
            }
            for section in layout.sections
        ],
    }


def _table(table: Table) -> dict[str, object]:
    fit = fitted(table, width=_LINE_WIDTH)
    return {
        "caption": table.caption,
        "columns": [{"name": one.name, "style": one.style} for one in table.columns],
        "widths": fit.widths,
        "size": fit.size,
        "rows": [[breakable(cell) for cell in row] for row in table.rows],
        "total_name": table.total_name,
        "total": table.total,
    }


def _signs_without_glyph(diagnostic: str) -> set[str]:
    """Return the signs of all texts that the typesetter says it cannot display."""
    texts = (_unescaped(found) for found in _NO_GLYPH.findall(diagnostic))
    return {sign for text in texts for sign in text}


def _unescaped(text: str) -> str:
    """Read a string as the typesetter quotes it, with escapes for what cannot be seen."""
    return _ESCAPED.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]),
        text,
    )


def _spelt(said: Any, signs: Mapping[int, str]) -> Any:
    """Write code points in place of signs, in every text of a value."""
    if isinstance(said, str):
        return said.translate(signs)
    if isinstance(said, dict):
        return {key: _spelt(value, signs) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [_spelt(value, signs) for value in said]
    return said


def _code_point(sign: str) -> str:
    return f"U+{ord(sign):04X}"


def _told(without_glyph: Collection[str]) -> str:
    if not without_glyph:
        return ""
    named = ", ".join(_code_point(sign) for sign in sorted(without_glyph))
    return (
        f"No font at hand has a glyph for {named}: in brackets stands the code point of each. "
        "The same statement as a page, table or JSON has the signs themselves."
    )
