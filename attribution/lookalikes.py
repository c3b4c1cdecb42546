"""Letters of other scripts that pass for Latin ones, and Latin ones that pass for theirs."""

# ruff: noqa: RUF001  # letters that can be confused are what this module is made of

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from attribution.codepoints import CODEPOINTS, codepoints, distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Drawn like a Latin letter, after the confusables of Unicode TR 39: those met in attacks.
_CYRILLIC = (
    "аa вb еe ѕs іi јj кk мm нh оo рp сc тt уy хx һh ԁd ԛq ԝw ѵv ӏl гr ѡw ьb үy ҽe "
    "ёë їï ӓä ӧö ӑă ӗĕ ѐè ӱÿ "
    "АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ХX ԌG ԚQ ԜW ѴV ӀI ҮY "
    "Ьb ЁË ЇÏ ӒÄ ӦÖ ӐĂ ӖĔ ЀÈ"
)
_GREEK = (
    "αa βb γy εe ηn ιi κk νv οo ρp τt υu χx ωw ςc σo ϳj όó άá έé ίí ύú ϊï ϋü "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϜF ͿJ "
)
_OTHERS = (
    "օo սu ոn հh ցg զq յj քp ՕO ՍU ՏS ԼL "  # Armenian
    "ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏒR ᏚS ᎢT ᏙV ᏔW ᏃZ ᎩY ᎥI "  # Cherokee
    "ꓮA ꓐB ꓚC ꓓD ꓰE ꓝF ꓖG ꓧH ꓲI ꓙJ ꓗK ꓡL ꓟM ꓠN ꓳO ꓑP ꓣR ꓢS ꓔT ꓴU ꓦV ꓪW ꓫX ꓬY ꓜZ "  # Lisu
    "ⲁa ⲃb ⲅr ⲉe ⲓi ⲕk ⲙm ⲛn ⲟo ⲣp ⲥc ⲧt ⲩy ⲭx "  # Coptic
    "ⲀA ⲂB ⲈE ⲌZ ⲎH ⲒI ⲔK ⲘM ⲚN ⲞO ⲢP ⲤC ⲦT ⲨY ⲬX "
    "ყy ဝo"  # Georgian, Myanmar
)
# Latin by script, yet no letter of any alphabet in which words are written: phonetics, small caps.
_DRESSED = (
    "ɑa ɡg ɩi ƅb ƨs ȷj ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz"
)
_ENCLOSED = {first + place: ord("A") + place for first in (0x1F150, 0x1F170) for place in range(26)}


def _pairs(written: str) -> dict[int, int]:
    return {ord(pair[0]): ord(pair[1]) for pair in written.split()}


def _latin_of() -> dict[int, int]:
    latin = _pairs(_CYRILLIC + " " + _GREEK + " " + _OTHERS + " " + _DRESSED)
    small = {
        ord(chr(code).lower()): ord(chr(plain).lower())
        for code, plain in latin.items()
        if 0x13A0 <= code <= 0x13EF  # noqa: PLR2004  # Cherokee
    }
    return {**latin, **small}


LATIN_OF = _latin_of()
# What a Latin letter may stand for in a text of another script: drawn alike in common type.
_CYRILLIC_OF = _pairs("aа eе oо pр cс yу xх iі kк jј sѕ AА BВ CС EЕ HН IІ KК MМ OО PР TТ XХ YУ")
_GREEK_OF = _pairs("aα oο vν iι kκ pρ tτ uυ xχ óό AΑ BΒ EΕ ZΖ HΗ IΙ KΚ MΜ NΝ OΟ PΡ TΤ YΥ XΧ")
_LOOKALIKE = re.compile(f"[{''.join(map(chr, LATIN_OF.keys() | _ENCLOSED.keys()))}]")
_DRESSES = frozenset(_pairs(_DRESSED))
_LATIN_LETTER = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_CYRILLIC_LETTER = re.compile("[\u0400-\u0481\u048a-\u052f\u1c80-\u1c88\ua640-\ua66e]")
_GREEK_LETTER = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")

# What is known of a letter; of a word, the union over its letters.
_IS_LATIN, _IS_ALIKE, _IS_OWN, _IS_CYRILLIC, _IS_GREEK = 1, 2, 4, 8, 16
_NOT_CYRILLIC, _NOT_GREEK, _IS_UPPER, _IN_WORD = 32, 64, 128, 256
_SYMBOL_CHARS = 2  # small Greek letters, one or two alone, are symbols


def fold_lookalikes(text: str) -> tuple[str, int]:
    """Write look-alikes as the letters they pass for; say how many. The length does not change.

    A word that also holds a Latin letter becomes Latin, unless it holds a letter like no Latin
    one; so does, in a text of mostly Latin letters, a word of look-alikes alone among Latin words:
    not beside a word that is truly of another script (a quotation), nor one or two small Greek
    letters (symbols). In a mostly Cyrillic or Greek text Latin letters in words of that script
    become letters of it. All else stays, so genuine Russian and Greek are untouched.
    """
    if text.isascii() or not _LOOKALIKE.search(text):
        return text, 0
    old = codepoints(text)
    codes = _rewritten(old, _ENCLOSED)
    traits = _traits(codes)
    word = np.diff(traits & _IN_WORD, prepend=-1) != 0  # where words, and what is between, begin
    starts = np.flatnonzero(word)
    of_word = np.bitwise_or.reduceat(traits, starts)
    which = np.cumsum(word) - 1
    main = _main_script(traits, of_word[which])
    back = np.zeros(len(of_word), dtype=np.bool_)
    for script, barred, letters in (
        (_IS_CYRILLIC, _NOT_CYRILLIC, _CYRILLIC_OF),
        (_IS_GREEK, _NOT_GREEK, _GREEK_OF),
    ):
        if main == script:
            back = _has(of_word, _IS_LATIN) & _has(of_word, script) & ~_has(of_word, barred)
            codes = np.where(back[which], _rewritten(codes, letters), codes)
    forth = _has(of_word, _IS_LATIN) & ~_has(of_word, _IS_OWN) & ~back
    if main == _IS_LATIN:
        forth |= _stands_among_latin(of_word, np.diff(starts, append=len(text)))
    codes = np.where(forth[which], _rewritten(codes, LATIN_OF), codes)
    return codes.tobytes().decode("utf-32-le", "surrogatepass"), int(np.count_nonzero(codes != old))


def _rewritten(codes: NDArray[np.uint32], pairs: dict[int, int]) -> NDArray[np.uint32]:
    shift = np.zeros(CODEPOINTS, dtype=np.int32)
    shift[list(pairs)] = [written - code for code, written in pairs.items()]
    return (codes + shift[codes]).astype(np.uint32)


def _traits(codes: NDArray[np.uint32]) -> NDArray[np.int16]:
    known = np.zeros(CODEPOINTS, dtype=np.int16)
    for code in distinct(codes):
        known[code] = _traits_of(chr(code))
    return known[codes]


def _traits_of(char: str) -> int:
    """Tell what is known of a character; 0 where it is no part of a word."""
    if unicodedata.category(char)[0] == "M":
        return _IN_WORD
    if not char.isalpha():
        return 0
    code, traits = ord(char), _IN_WORD
    if _LATIN_LETTER.match(char) or code in _DRESSES:
        traits |= _IS_LATIN
    elif code not in LATIN_OF:
        traits |= _IS_OWN
    traits |= _IS_ALIKE * (code in LATIN_OF) | _IS_UPPER * char.isupper()
    if _CYRILLIC_LETTER.match(char):
        traits |= _IS_CYRILLIC
    elif code not in _CYRILLIC_OF:
        traits |= _NOT_CYRILLIC
    if _GREEK_LETTER.match(char):
        traits |= _IS_GREEK
    elif code not in _GREEK_OF:
        traits |= _NOT_GREEK
    return traits


def _has(traits: NDArray[np.int16], trait: int) -> NDArray[np.bool_]:
    has: NDArray[np.bool_] = (traits & trait) != 0
    return has


def _main_script(traits: NDArray[np.int16], of_word: NDArray[np.int16]) -> int:
    """Name the script of more than half the letters: Latin, Cyrillic, Greek, or 0 for any other.

    In a word with a Latin letter and none that Latin lacks, all letters are Latin; but words that
    Cyrillic or Greek could write too have no voice in whether the text is Cyrillic or Greek.
    """
    letters = _has(traits, _IS_LATIN | _IS_ALIKE | _IS_OWN)
    as_latin = _has(of_word, _IS_LATIN) & ~_has(of_word, _IS_OWN)
    for script, barred in ((_IS_CYRILLIC, _NOT_CYRILLIC), (_IS_GREEK, _NOT_GREEK)):
        open_ = as_latin & _has(of_word, script) & ~_has(of_word, barred)
        own = _has(traits, script) & ~as_latin
        if np.count_nonzero(own) * 2 > np.count_nonzero(letters & ~open_):
            return script
    latin = np.count_nonzero(letters & as_latin)
    return _IS_LATIN if latin * 2 > np.count_nonzero(letters) else 0


def _stands_among_latin(
    of_word: NDArray[np.int16], lengths: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which words are of look-alikes only, and stand by no word truly of another script."""
    foreign = _has(of_word, _IN_WORD) & ~_has(of_word, _IS_LATIN)
    run = np.cumsum(_has(of_word, _IS_LATIN))  # all between two Latin words have one number
    quoted = np.bincount(run, weights=foreign & _has(of_word, _IS_OWN))[run] > 0
    symbol = _has(of_word, _IS_GREEK) & ~_has(of_word, _IS_UPPER) & (lengths <= _SYMBOL_CHARS)
    return foreign & _has(of_word, _IS_ALIKE) & ~quoted & ~symbol
