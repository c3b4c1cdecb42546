"""A statement as a page to read and print; the same section stands in the portal's own page."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.documents.statement_document import (
    HOW_TO_ASK,
    StatementDocument,
    nanos_of,
    payout_note,
    percent_of,
)
from service.ledger.money import format_nanos

_TEMPLATES = Path(__file__).with_name("templates")

STATEMENT_CSS = (_TEMPLATES / "statement.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STATEMENT_CSS.encode()).digest()).decode()
STYLE_SOURCE = f"'sha256-{_DIGEST}'"
"""What a Content-Security-Policy names in ``style-src`` so that the page keeps its style."""


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"amount": format_nanos, "percent": percent_of, "nanos_of": nanos_of}
    environment.filters["payout_note"] = payout_note
    return environment


_ENVIRONMENT = _environment()


def statement_html(document: StatementDocument) -> str:
    """Return a complete page that needs nothing but itself: to save, mail and print."""
    template = _ENVIRONMENT.get_template("statement.html")
    style = Markup(STATEMENT_CSS)  # noqa: S704 - our own file
    return template.render(document=document, section=statement_section(document), style=style)


def statement_section(document: StatementDocument) -> Markup:
    """Return the statement alone, without head or style, for a page that brings its own."""
    template = _ENVIRONMENT.get_template("statement_section.html")
    statement = document.statement
    rendered = template.render(
        document=document, statement=statement, closing=statement.closing, how_to_ask=HOW_TO_ASK
    )
    return Markup(rendered)  # noqa: S704 - rendered with autoescape just now
