"""E-books: the chapters of an EPUB in the order of its spine."""

import posixpath
from collections.abc import Mapping
from urllib.parse import unquote

from lxml import etree

from service.intake import archive, html
from service.intake.limits import MAX_TEXT_CHARS
from service.intake.refusals import FileDamaged, FileEncrypted, WrongFileType

_MIMETYPE = b"application/epub+zip"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_OPF = "{http://www.idpf.org/2007/opf}"
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))


def text_of(content: bytes) -> str:
    """Return the text of a book; raise what is wrong with it. Its table of contents is left out."""
    members = archive.members_of(content)
    if members.get("mimetype", b"").strip() != _MIMETYPE:
        raise WrongFileType(declared="epub", found="a zip archive without an e-book")
    _check_encryption(members)
    path = _package_path(members)
    package = archive.xml_of(_member(members, path), member=path)
    chapters: list[str] = []
    length = 0
    for href in _spine(package):
        name = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(href)))
        chapters.append(html.text_of(_member(members, name), name=name[:80]))
        length += len(chapters[-1])
        if length > MAX_TEXT_CHARS:
            break  # too long a text in any case
    return "\n\n".join(one for one in chapters if one)


def _member(members: Mapping[str, bytes], name: str) -> bytes:
    if name not in members:
        raise FileDamaged(reason=f"{name[:80]!r} is missing in the book")
    return members[name]


def _check_encryption(members: Mapping[str, bytes]) -> None:
    """Raise FileEncrypted unless what is encrypted is fonts alone, which nobody reads here."""
    if _ENCRYPTION not in members:
        return
    root = archive.xml_of(members[_ENCRYPTION], member=_ENCRYPTION)
    for method in root.iter("{http://www.w3.org/2001/04/xmlenc#}EncryptionMethod"):
        if method.get("Algorithm") not in _FONTS_ONLY:
            raise FileEncrypted


def _package_path(members: Mapping[str, bytes]) -> str:
    root = archive.xml_of(_member(members, _CONTAINER), member=_CONTAINER)
    for one in root.iter("{urn:oasis:names:tc:opendocument:xmlns:container}rootfile"):
        if path := one.get("full-path"):
            return path
    raise FileDamaged(reason="its container names no book")


def _spine(package: etree._Element) -> list[str]:
    items = {
        one.get("id"): one.get("href") or ""
        for one in package.iter(f"{_OPF}item")
        if one.get("media-type") in _PAGES and "nav" not in (one.get("properties") or "").split()
    }
    spine = [items.get(one.get("idref")) for one in package.iter(f"{_OPF}itemref")]
    return [href for href in dict.fromkeys(spine) if href]
