"""Zipped documents: opened only once every member was unpacked, counted and looked at."""

import io
import zipfile
import zlib

from lxml import etree

from service.intake.html import check_entities
from service.intake.limits import MAX_MEMBERS, MAX_UNPACKED_BYTES
from service.intake.refusals import (
    ArchiveTooLarge,
    FileDamaged,
    FileEncrypted,
    FileHasMacros,
)

_STEP = 65_536
_IS_ENCRYPTED = 0x1
_XML = (".xml", ".rels", ".opf", ".ncx", ".xhtml", ".html", ".htm", ".svg")
_SHOWN_CHARS = 80
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError)


def members_of(content: bytes) -> dict[str, bytes]:
    """Unpack all members by name; raise what is wrong with the archive.

    Counted are the bytes that come out, not those the archive says: whatever it is made of, no more
    than the limit is ever unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
            if len(listed) > MAX_MEMBERS:
                raise ArchiveTooLarge(what="files", limit=MAX_MEMBERS)
            found: dict[str, bytes] = {}
            left = MAX_UNPACKED_BYTES
            for one in listed:
                found[one.filename] = _unpacked(archive, one, left)
                left -= len(found[one.filename])
    except _BROKEN as error:
        raise FileDamaged(reason=f"its archive: {str(error)[:100]}") from None
    if len(found) != len(listed):
        raise FileDamaged(reason="its archive has two files of one name")
    for name, unpacked in found.items():
        _check(name, unpacked)
    return found


def _unpacked(archive: zipfile.ZipFile, one: zipfile.ZipInfo, most: int) -> bytes:
    if one.flag_bits & _IS_ENCRYPTED:
        raise FileEncrypted
    pieces: list[bytes] = []
    count = 0
    with archive.open(one) as member:
        while piece := member.read(_STEP):
            count += len(piece)
            if count > most:
                raise ArchiveTooLarge(what="bytes", limit=MAX_UNPACKED_BYTES)
            pieces.append(piece)
    return b"".join(pieces)


def _check(name: str, unpacked: bytes) -> None:
    lower = name.lower()
    shown = name[-_SHOWN_CHARS:].encode(errors="backslashreplace").decode()
    if lower.endswith("vbaproject.bin"):
        raise FileHasMacros(member=shown)
    if lower.endswith(_XML):
        check_entities(unpacked, member=shown)


def xml_of(content: bytes, *, member: str) -> etree._Element:
    """Parse a member that was unpacked; raise FileDamaged. Nothing is resolved or fetched."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileDamaged(reason=f"{member} is no XML: {str(error.msg)[:100]}") from None
