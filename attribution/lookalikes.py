"""Letters of other scripts that pass for Latin ones."""

from __future__ import annotations

import re

# Cyrillic, Greek, Armenian and phonetic letters drawn like a Latin one (after Unicode TR 39).
_PAIRS = (
    "аa вb еe ѕs іi јj кk мm нh оo рp сc тt уy хx һh ԁd ԛq ԝw ѵv ӏl "  # noqa: RUF001
    "АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ХX ԌG ԚQ ԜW ѴV ӀI "  # noqa: RUF001
    "αa βb γy εe ηn ιi κk νv οo ρp τt υu χx ωw "  # noqa: RUF001
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX "  # noqa: RUF001
    "օo սu ոn հh ցg ɑa ɡg ɩi ʏY"  # noqa: RUF001
)
LATIN_OF = {pair[0]: pair[1] for pair in _PAIRS.split()}
_TRANSLATION = str.maketrans(LATIN_OF)
_LOOKALIKE = re.compile(f"[{''.join(LATIN_OF)}]")
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_WORD = re.compile(r"[^\W\d_]+")


def fold_lookalikes(text: str) -> tuple[str, int]:
    """Write look-alikes as Latin letters in words that also hold a Latin letter; say how many.

    A word wholly of one script stays, so genuine Russian and Greek are untouched; so is a word
    that also holds a letter like no Latin one. The length of the text does not change.
    """
    if not _LOOKALIKE.search(text):
        return text, 0
    count = 0

    def fold(word: re.Match[str]) -> str:
        nonlocal count
        written = word.group()
        if not (_LOOKALIKE.search(written) and _LATIN.search(written)):
            return written
        folded = written.translate(_TRANSLATION)
        if not all(_LATIN.match(letter) for letter in folded):
            return written
        count += sum(old != new for old, new in zip(written, folded, strict=True))
        return folded

    return _WORD.sub(fold, text), count
