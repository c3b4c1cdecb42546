"""What a file is: its name declares it, its first bytes must agree."""

from enum import StrEnum
from pathlib import PurePosixPath

from service.intake.refusals import UnknownFileType, WrongFileType

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_WITHIN = 1_024
_SHOWN_CHARS = 80
_KNOWN = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (_OLD_OFFICE, "an Office document of before 2007, or an encrypted one"),
)


class FileType(StrEnum):
    """What is taken, by the ending of its name."""

    TXT = "txt"
    MD = "md"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    EPUB = "epub"


_ENDINGS = {one.value: one for one in FileType} | {
    "text": FileType.TXT,
    "markdown": FileType.MD,
    "htm": FileType.HTML,
    "xhtml": FileType.HTML,
}
PLAIN = frozenset({FileType.TXT, FileType.MD})
ZIPPED = frozenset({FileType.DOCX, FileType.EPUB})


def type_of(name: str) -> FileType:
    """Return the type a file's name declares; raise UnknownFileType."""
    ending = PurePosixPath(name.replace("\\", "/")).suffix.removeprefix(".").lower()
    if ending not in _ENDINGS:
        shown = name[-_SHOWN_CHARS:].encode(errors="backslashreplace").decode()
        raise UnknownFileType(name=shown, taken=", ".join(sorted(_ENDINGS)))
    return _ENDINGS[ending]


def check_content(declared: FileType, content: bytes) -> None:
    """Raise WrongFileType where the first bytes are those of another type than declared.

    An encrypted Office document is told by its own refusal, so it passes here.
    """
    found = _found(content)
    if found == declared.value or (found == "text" and declared in {*PLAIN, FileType.HTML}):
        return
    if found == "zip" and declared in ZIPPED:
        return  # which of them it is, its members tell
    if declared is FileType.DOCX and is_old_office(content):
        return
    named = {"zip": "a zip archive", "pdf": "a PDF", "text": "text or unknown bytes"}
    raise WrongFileType(declared=declared.value, found=named.get(found, found))


def is_old_office(content: bytes) -> bool:
    """Whether it is the container of old Office files, in which encrypted new ones come too."""
    return content.startswith(_OLD_OFFICE)


def _found(content: bytes) -> str:
    if content.startswith(_ZIP):
        return "zip"
    if b"%PDF-" in content[:_PDF_WITHIN]:
        return "pdf"
    return next((name for magic, name in _KNOWN if content.startswith(magic)), "text")
