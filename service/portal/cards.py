"""Tables that turn into cards on a narrow screen: each cell is told the name of its column."""

import re

from markupsafe import Markup

_TAG = re.compile(r"<(/?)(table|thead|tbody|tfoot|tr|th|td)\b([^>]*)>")
_MARKUP = re.compile(r"<[^>]+>")
_SPAN = re.compile(r'\bcolspan="(\d+)"')
_ROLES = {
    "table": "table",
    "thead": "rowgroup",
    "tbody": "rowgroup",
    "tfoot": "rowgroup",
    "tr": "row",
    "td": "cell",
}


def cards(table: Markup) -> Markup:
    """Return the markup of our own tables with roles, and the column's name on each cell.

    A style sheet that makes rows blocks takes away what the elements mean; roles keep it.
    """
    html, done, out = str(table), 0, []
    names: list[str] = []
    column, in_head = 0, False
    for found in _TAG.finditer(html):
        closes, tag, given = found.groups()
        out.append(html[done : found.start()])
        done = found.end()
        if closes:
            if tag == "th" and in_head:
                name = " ".join(_MARKUP.sub("", out[-1]).split())
                names.append(name.replace('"', "&#34;"))
            out.append(found[0])
            continue
        if tag == "thead":
            in_head, names = True, []
        elif tag in {"tbody", "tfoot"}:
            in_head = False
        elif tag == "tr":
            column = 0
        label = ""
        if tag in {"th", "td"}:
            label = names[column] if not in_head and column < len(names) else ""
            span = _SPAN.search(given)
            column += int(span[1]) if span else 1
            label = "" if span else label
        role = _ROLES.get(tag) or ("columnheader" if in_head else "rowheader")
        named = f' data-label="{label}"' if label else ""
        out.append(f'<{tag} role="{role}"{named}{given}>')
    return Markup("".join([*out, html[done:]]))  # noqa: S704 - what came in, and our own names
