"""Passages into hashed words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from attribution.codepoints import UNSPACED
from attribution.lexical import LexicalPrints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# After folding: letters, digits and marks; apostrophes inside; points and commas between digits.
_TOKEN = re.compile(r"[^\s.,']+(?:(?:'|(?<=[0-9])[.,](?=[0-9]))[^\s.,']+)*")
_UNSPACED = re.compile(f"[{UNSPACED}]+")
_POSSESSIVE = re.compile("(?<=.)'s$")
_DIGIT = re.compile("[0-9]")
_THOUSANDS = re.compile(",(?=[0-9]{3}(?![0-9]))")
_KEPT = ("", ".", ",", "'")
# Vowel signs that a text may also leave out, and the Arabic stretching stroke.
_OPTIONAL_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]"
)
_BARE_SCRIPTS = re.compile("[\u00c0-\u024f\u1e00-\u1eff\u0370-\u03ff\u1f00-\u1fff\u0620-\u06d3]")
_BARE = {
    "\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u0111": "d", "\u00f0": "d", "\u0142": "l",
    "\u0127": "h", "\u0167": "t", "\u0131": "i", "\u0451": "\u0435",
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "`": "'",
}  # fmt: skip
_STEM_CHARS = 6
_HEARD_AS = str.maketrans("vwyjcqz", "uuiikks")
_VOWELS = "aeio"
_NO_VOWELS = dict.fromkeys(map(ord, _VOWELS))
_DOUBLE = re.compile(r"(.)\1+")
_MOST_COUNTED = 65_535
_LONGEST_CACHED = 64
_HIGHEST_KEPT = 0x1FFFF  # above lie rare ideographs and nothing else that is written
_MULTIPLIERS = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xC2B2AE3D27D4EB4F),
    np.uint64(0x165667B19E3779F9),
)


def terms_v1(passages: Sequence[str]) -> LexicalPrints:
    """Hash the words of each normalised passage (``words_of``) and every three consecutive ones.

    A hash is the first 8 bytes of a BLAKE2b keyed by a name of this method. Takes any str; linear
    in the text.
    """
    words = [_hashes_of(passage) for passage in passages]
    ends = np.cumsum([0, *map(len, words)], dtype=np.int64)
    hashes = np.fromiter(chain.from_iterable(words), np.uint64, int(ends[-1]))
    passage_of = np.repeat(np.arange(len(words)), np.diff(ends))
    term_offsets, terms, counts = _counted(hashes, passage_of, len(words))
    gram_counts = np.maximum(np.diff(ends) - (len(_MULTIPLIERS) - 1), 0)
    gram_offsets = np.cumsum([0, *gram_counts], dtype=np.int64)
    grams = _grams(hashes)[passage_of[:-2] == passage_of[2:]]
    return LexicalPrints(term_offsets, terms, counts, gram_offsets, grams)


def words_of(passage: str) -> list[str]:
    """List the words of a normalised passage in order, as they are compared.

    A word is a run of letters, digits and marks in any script, case-folded; hyphens divide words.
    Of a word without digits the first 6 characters count, of one in plain Latin letters the first
    6 of its skeleton: without vowels, doubled letters and differences of sound-alikes (c and k, u
    and v, i and y), for spelling and endings differ between a text and its paraphrase. Apostrophes
    go (don't is dont), a final 's with them. Numbers stay whole: 3.14 is one word, 1,000 is 1000,
    digits of other scripts are Arabic ones. Latin, Greek and Arabic letters lose their accents,
    Arabic and Hebrew the vowel signs, Russian yo its dots. Where a script has no blanks between
    words each two neighbouring characters are a word.
    """
    return list(chain.from_iterable(map(_words, _tokens(passage))))


def _hashes_of(passage: str) -> list[int]:
    """Hash the words of a passage, in order."""
    tokens = _tokens(passage)
    if max(map(len, tokens), default=0) > _LONGEST_CACHED:
        return list(chain.from_iterable(map(_new_hashes, tokens)))
    return list(chain.from_iterable(map(_hashes, tokens)))


def _tokens(passage: str) -> list[str]:
    """Cut a passage into what blanks and signs divide, folded."""
    folded: list[str] = _TOKEN.findall(passage.casefold().translate(_FOLDED))
    return folded


def _words(token: str) -> list[str]:
    """Give the words of a token: one, or pairs of characters where it is of an unspaced script."""
    return _pairs(token) if not token.isascii() and _UNSPACED.search(token) else [_plain(token)]


def _counted(
    hashes: NDArray[np.uint64], passage_of: NDArray[np.int64], passage_count: int
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint16]]:
    """Give offsets by passage, the distinct hashes of each, rising, and how often each stands."""
    order = np.lexsort((hashes, passage_of))
    hashes, passage_of = hashes[order], passage_of[order]
    first = np.ones(len(hashes), dtype=np.bool_)
    first[1:] = (hashes[1:] != hashes[:-1]) | (passage_of[1:] != passage_of[:-1])
    counts = np.diff(np.flatnonzero(first), append=len(hashes))
    per_passage = np.bincount(passage_of[first], minlength=passage_count)
    offsets = np.cumsum([0, *per_passage], dtype=np.int64)
    return offsets, hashes[first], np.minimum(counts, _MOST_COUNTED).astype(np.uint16)


def _grams(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix each three consecutive hashes into one; wrapping multiplication is meant."""
    if len(words) < len(_MULTIPLIERS):
        return np.zeros(0, dtype=np.uint64)
    mixed = words[:-2] * _MULTIPLIERS[0]
    mixed ^= mixed >> np.uint64(29)
    mixed = (mixed + words[1:-1]) * _MULTIPLIERS[1]
    mixed ^= mixed >> np.uint64(31)
    mixed = (mixed + words[2:]) * _MULTIPLIERS[2]
    return mixed ^ (mixed >> np.uint64(30))


class _Folding(dict[int, str]):
    """What a character of a word is compared as, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if code <= _HIGHEST_KEPT:
            self[code] = folded
        return folded


_FOLDED = _Folding()


def _folded(char: str) -> str:
    """Give a case-folded character as it is compared: a blank where it is no part of a word."""
    if char in _BARE:
        return _BARE[char]
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    bare = char
    if _OPTIONAL_MARKS.match(char) or _BARE_SCRIPTS.match(char):
        bare = _OPTIONAL_MARKS.sub("", unicodedata.normalize("NFKD", char))
    if bare in _KEPT or bare.isalnum() or unicodedata.category(bare[0])[0] == "M":
        return bare
    return " "


def _plain(token: str) -> str:
    """Give a word of a spaced script as it is compared."""
    token = _POSSESSIVE.sub("", token).replace("'", "")
    if _DIGIT.search(token):
        return _THOUSANDS.sub("", token).replace(",", ".")
    return _skeleton(token) if token and token.isascii() else token[:_STEM_CHARS]


def _skeleton(word: str) -> str:
    """Give what of a Latin word outlives changes of spelling and of ending: heauen is heaven."""
    heard = word.translate(_HEARD_AS).replace("ph", "f")
    first = "a" if heard[0] in _VOWELS else heard[0]
    rest = heard[1:].replace("gh", "").translate(_NO_VOWELS)
    return _DOUBLE.sub(r"\1", first + rest)[:_STEM_CHARS]


def _pairs(token: str) -> list[str]:
    """Split a run of characters, some of an unspaced script, into words: there, into pairs."""
    parts: list[str] = []
    done = 0
    for run in _UNSPACED.finditer(token):
        parts.extend(_plain(token[done : run.start()]) for _ in range(run.start() > done))
        text, done = run.group(), run.end()
        parts.extend(text[at : at + 2] for at in range(max(1, len(text) - 1)))
    if done < len(token):
        parts.append(_plain(token[done:]))
    return [part for part in parts if part]


def _hash(word: str) -> int:
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, person=b"ws-term-1")
    return int.from_bytes(digest.digest(), "little")


def _new_hashes(token: str) -> tuple[int, ...]:
    return tuple(map(_hash, _words(token)))


_hashes = lru_cache(maxsize=65_536)(_new_hashes)
