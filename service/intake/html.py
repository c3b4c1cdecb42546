"""HTML: what a reader sees, block by block; no script, no style, no comment."""

import codecs
import re

from lxml import etree
from lxml.html import HTMLParser

from service.intake.plain import cleaned
from service.intake.refusals import EntitiesRefused, FileDamaged

_UNSEEN = frozenset(("script", "style", "head", "template", "noscript", "iframe", "object", "svg"))
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl",
     "dt", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
     "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "td", "th", "tr",
     "ul")
)  # fmt: skip
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_MANY_LINES = re.compile(r"\s*\n\s*\n\s*")
_ENTITY = "<!ENTITY"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def check_entities(content: bytes, *, member: str) -> None:
    """Raise EntitiesRefused where XML or HTML declares entities, in any encoding of two bytes."""
    for encoding in ("ascii", "utf-16-le", "utf-16-be"):
        if _ENTITY.encode(encoding) in content:
            raise EntitiesRefused(member=member)


def text_of(content: bytes, *, name: str = "the page") -> str:
    """Return the text of a page; raise EntitiesRefused, FileDamaged.

    A byte order mark, then what the page declares, then UTF-8 says how it is encoded.
    """
    check_entities(content, member=name)
    encoding = None if _declares(content) else "utf-8"
    for mark, marked in _MARKS:
        if content.startswith(mark):
            content = content.removeprefix(mark).decode(marked, "replace").encode()
            encoding = "utf-8"
    parser = HTMLParser(encoding=encoding, remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileDamaged(reason=f"{name} is no HTML: {str(error.msg)[:100]}") from None
    if root is None:
        return ""
    return _MANY_LINES.sub("\n\n", cleaned("".join(_pieces(root)))).strip()


def _declares(content: bytes) -> bool:
    start = content[:1_024].lower()
    return b"charset=" in start or b"encoding=" in start


def _pieces(root: etree._Element) -> list[str]:
    pieces: list[str] = []
    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        name = tag.rpartition("}")[2].lower()
        if event == "start":
            hidden += name in _UNSEEN
            pieces += ["\n\n" if name in _BLOCKS else "", "\n" if name == "br" else ""]
            pieces += [_BLANKS.sub(" ", element.text or "")] if not hidden else []
        else:
            hidden -= name in _UNSEEN
            pieces.append("\n\n" if name in _BLOCKS else "")
            pieces += [_BLANKS.sub(" ", element.tail or "")] if not hidden else []
    return pieces
