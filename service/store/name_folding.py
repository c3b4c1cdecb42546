"""Names as they are kept: what cannot be seen in them is taken out, lookalikes are refused."""

import re
import unicodedata

from service.store.text_rules import BadText

_DIRECTIONS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_UNSEEN = dict.fromkeys([0x00AD, 0x180E, 0x200B, 0x2060, 0xFEFF])
_JOINERS = dict.fromkeys([0x200C, 0x200D])
_ALIKE = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts with letters that look the same: a word of two of them imitates another."""


def folded_title(title: str) -> str:
    """Return a title without marks of direction and blanks of no width; joiners of letters stay."""
    return " ".join(title.translate(_DIRECTIONS | _UNSEEN).split())


def folded_name(name: str, *, place: str) -> str:
    """Return a person's name in one form (NFKC), so that what looks the same is the same.

    Raises BadText for a word that mixes letters of scripts that look alike.
    """
    plain = folded_title(unicodedata.normalize("NFKC", name))
    for word in re.findall(r"\w+", plain.translate(_JOINERS)):
        scripts = {_script(one) for one in word if one.isalpha()} & set(_ALIKE)
        if len(scripts) > 1:
            mixed = " and ".join(sorted(one.title() for one in scripts))
            raise BadText(place, f"{word!r} mixes {mixed} letters")
    if {_script(one) for one in plain if one.isalpha()} <= set(_ALIKE):
        plain = plain.translate(_JOINERS)
    return plain


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
