"""The forms a statement is handed out in, by ending and media type."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from service.documents.figures import figures_for
from service.documents.statement_csv import statement_csv
from service.documents.statement_document import StatementDocument
from service.documents.statement_html import statement_html
from service.documents.statement_json import statement_json


class Form(StrEnum):
    """A form, named as files of it end."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.HTML: "text/html",
    Form.PDF: "application/pdf",
    Form.CSV: "text/csv",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class WrittenStatement:
    """A file's content; ``without_glyph``: signs that a PDF had to print as code points."""

    content: bytes
    without_glyph: tuple[str, ...] = ()


def written(
    document: StatementDocument, form: Form, *, locale: str | None, fonts: Path | None
) -> WrittenStatement:
    """Write a statement in a form; the same bytes for the same statement, locale and fonts.

    A locale counts for pages and PDF, which people read; JSON, CSV and XLSX are read by programs,
    which bring their own. Raises BadLocale, BadFonts, PdfRefused.
    """
    figures = figures_for(locale, document.statement.currency)
    match form:
        case Form.JSON:
            text = json.dumps(statement_json(document), ensure_ascii=False, separators=(",", ":"))
            return WrittenStatement(text.encode())
        case Form.HTML:
            return WrittenStatement(statement_html(document, figures).encode())
        case Form.CSV:
            return WrittenStatement(statement_csv(document).encode())
        case Form.XLSX:
            from service.documents.statement_xlsx import statement_xlsx

            return WrittenStatement(statement_xlsx(document))
        case Form.PDF:
            from service.documents.statement_pdf import printer_with

            printed = printer_with(fonts).print(document, figures)
            return WrittenStatement(printed.content, printed.without_glyph)
