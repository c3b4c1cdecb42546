"""Text files: UTF-8, or UTF-16 with its byte order mark; one text whatever the encoding."""

import codecs
import re

from service.intake.refusals import FileDamaged, NotUnicode

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1f\x7f\ufeff]")


def text_of(content: bytes) -> str:
    """Read a text file; raise NotUnicode, or FileDamaged for a NUL. Line ends become one newline.

    The same text in another encoding, or with another mark or line end, is the same here.
    """
    try:
        if content.startswith(_UTF_16):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUnicode(at=error.start) from None
    if "\0" in text:
        raise FileDamaged(reason=f"it has a NUL character at position {text.index(chr(0))}")
    return cleaned(text)


def cleaned(text: str) -> str:
    """Return the text with one kind of line end and without controls and lone surrogates."""
    whole = text.encode("utf-8", "ignore").decode()
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", whole))
