"""How many tokens a text has, where its vendor did not say: a rule anyone can recount by hand."""

import re

_HAN = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
_LETTERS = r"[\w\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff\u200c\u200d]++"
_WORD_OR_MARK = re.compile(rf"{_LETTERS}(?:['\u2019]{_LETTERS})*+|\S")


def estimate_tokens(text: str) -> int:
    """Count one token a word or punctuation mark, and one for two Chinese or Japanese characters.

    An apostrophe inside a word belongs to it (``don't`` is one). A run of Chinese characters of odd
    length counts its last one in full. Blanks count nothing.
    """
    runs = _HAN.findall(text)
    rest = _HAN.sub(" ", text) if runs else text
    return sum((len(run) + 1) // 2 for run in runs) + len(_WORD_OR_MARK.findall(rest))
