"""PDF: the text of the pages in order; words that a line end had cut are joined."""

import io
import logging
import re

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from service.intake.limits import MAX_PAGES, MAX_TEXT_CHARS
from service.intake.plain import cleaned
from service.intake.refusals import ArchiveTooLarge, FileDamaged, FileEncrypted, TooManyPages

_CUT_WORD = re.compile(r"(?<=[^\W\d_])-[ \t]*\n[ \t]*(?=[a-z\u00df-\u00ff])")
_LIMIT = 75_000_000
_ANY = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
        AssertionError, OverflowError, NotImplementedError, ArithmeticError, OSError)  # fmt: skip


def text_of(content: bytes) -> str:
    """Return the text of a document; raise what is wrong with it."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise FileEncrypted
        count = len(reader.pages)
        if count > MAX_PAGES:
            raise TooManyPages(page_count=count, limit=MAX_PAGES)
        return _joined(reader)
    except LimitReachedError:
        raise ArchiveTooLarge(what="bytes", limit=_LIMIT) from None
    except _ANY as error:
        raise FileDamaged(reason=f"it is no whole PDF: {type(error).__name__}") from None


def _joined(reader: PdfReader) -> str:
    pages: list[str] = []
    length = 0
    for page in reader.pages:
        pages.append(page.extract_text().strip())
        length += len(pages[-1])
        if length > MAX_TEXT_CHARS:
            break  # too long a text in any case
    text = "\n\n".join(one for one in pages if one)
    return _CUT_WORD.sub("", cleaned(text.replace("\0", "")))
