"""Signs that a month of reports is not what was sold: for people to look at, never a verdict."""

import re
from dataclasses import dataclass
from enum import StrEnum

from service.ledger.money import PPM

FLAGGED_FROM_PPM = 100_000
"""From which part of what could be wrong on a sign is raised."""
_SHORTEST = 40
_HIDDEN_PPM, _NO_LETTERS_PPM, _ODD_PPM, _DISTINCT_PPM = 10_000, 500_000, 300_000, 50_000
_FEWEST_WORDS, _FEWEST_REPEATED = 8, 50
_WORD = re.compile(r"[A-Za-z]{4,}", re.ASCII)
_UNSPEAKABLE = re.compile(r"[^aeiouyAEIOUY]{5}|\A[^aeiouyAEIOUY]+\Z|.{30}", re.ASCII)


class Sign(StrEnum):
    """What is odd about a month of a vendor's reports."""

    TEXT_WITHHELD = "text-withheld"
    TEXT_CUT = "text-cut"
    TEXT_GARBLED = "text-garbled"
    PRICE_ABOVE_TIER = "price-above-tier"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One sign: how many sales (for prices: days and models) of how many show it."""

    sign: Sign
    count: int
    of_count: int

    @property
    def part_ppm(self) -> int:
        """The part that shows it."""
        return self.count * PPM // self.of_count if self.of_count else 0

    @property
    def is_raised(self) -> bool:
        """Whether it is enough for somebody to look."""
        return self.part_ppm >= FLAGGED_FROM_PPM


def is_garbled(text: str) -> bool:
    """Whether a text reads as if made to match nothing.

    Signs that do not show, few letters, Latin words that nobody can speak, or the same few words
    over and over. Texts under 40 characters say too little; tables of numbers may be taken for it.
    """
    if len(text) < _SHORTEST:
        return False
    hidden = sum(not sign.isprintable() and not sign.isspace() for sign in text)
    letters = sum(sign.isalpha() or sign.isspace() for sign in text)
    words = _WORD.findall(text)
    odd = sum(bool(_UNSPEAKABLE.search(word)) for word in words)
    all_words = text.split()
    distinct = len({word.casefold() for word in all_words})
    return (
        hidden * PPM >= len(text) * _HIDDEN_PPM
        or letters * PPM < len(text) * _NO_LETTERS_PPM
        or (len(words) >= _FEWEST_WORDS and odd * PPM >= len(words) * _ODD_PPM)
        or (len(all_words) >= _FEWEST_REPEATED and distinct * PPM < len(all_words) * _DISTINCT_PPM)
    )
