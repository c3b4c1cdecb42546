"""Files made byte by byte or by the libraries of their formats: whole ones and damaged ones."""

import io
import zipfile

import docx
import typst
from pypdf import PdfReader, PdfWriter

ODE = "The tide keeps no ledger, and yet it pays the shore."
ELEGY = "Nobody counted the gulls, but the gulls came back."


def pdf(*pages, encrypt=None):
    """Set pages of text as a PDF."""
    source = "\n#pagebreak()\n".join(pages).encode()
    made = typst.compile(source, format="pdf")
    if encrypt is None:
        return made
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made)))
    writer.encrypt(user_password="", owner_password=encrypt, algorithm="RC4-128")
    return written(writer)


def written(writer):
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def pdf_of_blank_pages(count):
    writer = PdfWriter()
    for _ in range(count):
        writer.add_blank_page(100, 100)
    return written(writer)


def word(*paragraphs, table=()):
    document = docx.Document()
    for one in paragraphs:
        document.add_paragraph(one)
    if table:
        made = document.add_table(rows=0, cols=len(table[0]))
        for row in table:
            for cell, text in zip(made.add_row().cells, row, strict=True):
                cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def changed_zip(content, change=None, *, add=None):
    """Write a zip again: ``change`` gives the new bytes by old bytes for some names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for one in old.infolist():
            data = old.read(one)
            if change and one.filename in change:
                data = change[one.filename](data)
            new.writestr(one.filename, data, compress_type=one.compress_type)
        for name, data in (add or {}).items():
            new.writestr(name, data, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def page(body, doctype="<!DOCTYPE html>"):
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{doctype}'
        f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Unseen</title>'
        f"<style>p {{ color: red }}</style></head><body>{body}</body></html>"
    )


def epub(*chapters, add=None, mimetype="application/epub+zip", spine=None):
    """Make a book; the spine names its chapters in this order, or in the one given."""
    order = spine if spine is not None else range(len(chapters))
    items = "".join(
        f'<item id="c{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    refs = "".join(f'<itemref idref="c{n}"/>' for n in order)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" '
        f'properties="nav"/>{items}</manifest>'
        f'<spine><itemref idref="nav"/>{refs}</spine></package>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", mimetype, compress_type=zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("OPS/book.opf", package)
        book.writestr("OPS/nav.xhtml", page("<p>Contents</p>"))
        for number, chapter in enumerate(chapters):
            book.writestr(f"OPS/text/c {number}.xhtml", chapter)
        for name, data in (add or {}).items():
            book.writestr(name, data)
    return buffer.getvalue()
