"""Word documents: paragraphs, tables and notes in the order they are read."""

import io
from collections.abc import Iterator

import docx
from docx.opc.exceptions import OpcError
from docx.opc.part import Part
from lxml import etree

from service.intake import archive
from service.intake.file_type import is_old_office
from service.intake.plain import cleaned
from service.intake.refusals import (
    FileDamaged,
    FileEncrypted,
    FileHasMacros,
    WrongFileType,
)

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DOCUMENT = b"wordprocessingml.document.main+xml"
_TYPES = "[Content_Types].xml"
_UNREAD = frozenset((f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", _FALLBACK))


def text_of(content: bytes) -> str:
    """Return the text of a document; raise what is wrong with it.

    What was deleted with changes tracked is left out, what was inserted is in. Notes follow.
    """
    if is_old_office(content):
        if _ENCRYPTED in content:
            raise FileEncrypted
        raise WrongFileType(declared="docx", found="an Office document of before 2007")
    types = archive.members_of(content).get(_TYPES, b"")
    if b"macroenabled" in types.lower():
        raise FileHasMacros(member=_TYPES)
    if _DOCUMENT not in types:
        raise WrongFileType(declared="docx", found="a zip archive without a Word document")
    try:
        document = docx.Document(io.BytesIO(content))
        body = document.element.body
        notes = [one.target_part for one in document.part.rels.values() if _is_note(one.reltype)]
    except (OpcError, KeyError, ValueError, etree.XMLSyntaxError, AttributeError) as error:
        raise FileDamaged(reason=f"its parts: {type(error).__name__}") from None
    texts = ["".join(_pieces(body)), *(_note(part) for part in notes)]
    return cleaned("\n\n".join(one.strip() for one in texts)).strip()


def _is_note(reltype: str) -> bool:
    return reltype.endswith(("/footnotes", "/endnotes"))


def _note(part: Part) -> str:
    root = archive.xml_of(part.blob, member=str(part.partname))
    return "\n\n".join(
        "".join(_pieces(note)).strip() for note in root if note.get(f"{_W}type") is None
    )


def _pieces(root: etree._Element) -> Iterator[str]:
    unread = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        unread += (tag in _UNREAD) * (1 if event == "start" else -1)
        if unread:
            continue
        if event == "start" and tag == f"{_W}t":
            yield element.text or ""
        elif event == "start" and tag in {f"{_W}br", f"{_W}cr"}:
            yield "\n"
        elif event == "start" and tag in {f"{_W}tab", f"{_W}noBreakHyphen"}:
            yield "-" if tag == f"{_W}noBreakHyphen" else "\t"
        elif event == "end" and tag == f"{_W}p":
            yield "\n\n"
