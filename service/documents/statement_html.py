"""A statement as a page to read and print; the same section stands in the portal's own page."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.documents.figures import Figures, PlainFigures
from service.documents.statement_document import StatementDocument
from service.documents.statement_layout import Layout, laid_out

_TEMPLATES = Path(__file__).with_name("templates")

STATEMENT_CSS = (_TEMPLATES / "statement.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STATEMENT_CSS.encode()).digest()).decode()
STYLE_SOURCE = f"'sha256-{_DIGEST}'"
"""What a Content-Security-Policy names in ``style-src`` so that the page keeps its style."""


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PLAIN = PlainFigures()


def statement_html(document: StatementDocument, figures: Figures = _PLAIN) -> str:
    """Return a complete page that needs nothing but itself: to save, mail and print."""
    template = _ENVIRONMENT.get_template("statement.html")
    style = Markup(STATEMENT_CSS)  # noqa: S704 - our own file
    section = statement_section(document, figures)
    return template.render(document=document, section=section, style=style)


def statement_section(document: StatementDocument, figures: Figures = _PLAIN) -> Markup:
    """Return the statement alone, without head or style, for a page that brings its own."""
    return layout_section(laid_out(document, figures))


def layout_html(layout: Layout) -> str:
    """Return a complete page of what is laid out already."""
    template = _ENVIRONMENT.get_template("statement.html")
    style = Markup(STATEMENT_CSS)  # noqa: S704 - our own file
    return template.render(document=layout, section=layout_section(layout), style=style)


def layout_section(layout: Layout) -> Markup:
    """Return what is laid out without head or style, for a page that brings its own."""
    rendered = _ENVIRONMENT.get_template("statement_section.html").render(layout=layout)
    return Markup(rendered)  # noqa: S704 - rendered with autoescape just now
