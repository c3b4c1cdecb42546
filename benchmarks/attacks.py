"""What people do to a text so that its source is not found, or to be paid for another's."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

DRAWN_ALIKE = dict(
    zip("aceopxyisjABCEHIKMOPTX", "асеорхуіѕјАВСЕНІКМОРТХ", strict=True)  # noqa: RUF001
) | dict(zip("vuk", "νυκ", strict=True))  # Greek
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
SYNONYMS = {
    "show": "demonstrate", "shows": "demonstrates", "showed": "demonstrated", "use": "employ",
    "used": "employed", "using": "employing", "big": "large", "large": "big", "small": "little",
    "new": "novel", "method": "approach", "approach": "method", "results": "findings",
    "important": "significant", "also": "too", "but": "yet", "very": "really", "said": "stated",
    "good": "fine", "great": "excellent", "many": "numerous", "often": "frequently",
    "began": "started", "start": "begin", "begin": "start", "find": "discover",
    "found": "discovered",
    "make": "create", "made": "created", "because": "since", "however": "nevertheless",
    "problem": "issue", "study": "investigation", "model": "system", "people": "persons",
    "place": "location", "house": "home", "quickly": "rapidly", "help": "assist",
    "think": "believe",
}  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_A_SENTENCE_OF = 12


def homoglyphs(text: str, part: float, chance: np.random.Generator) -> str:
    """Write a part of all letters with a Cyrillic or Greek one that is drawn alike.

    ``part`` is of all letters; where too few have a double, all that have one are changed.
    """
    able = np.array([at for at, char in enumerate(text) if char in DRAWN_ALIKE], dtype=np.int64)
    count = min(len(able), int(part * sum(char.isalpha() for char in text)))
    chosen = set(chance.choice(able, count, replace=False).tolist()) if count else set()
    return "".join(DRAWN_ALIKE[char] if at in chosen else char for at, char in enumerate(text))


def zero_widths(text: str, part: float, chance: np.random.Generator) -> str:
    """Put an invisible character behind a part of all characters."""
    put = chance.random(len(text)) < part
    which = chance.integers(0, len(ZERO_WIDTH), len(text))
    return "".join(
        char + ZERO_WIDTH[kind] if here else char
        for char, here, kind in zip(text, put.tolist(), which.tolist(), strict=True)
    )


def swapped_words(text: str, part: float, chance: np.random.Generator) -> str:
    """Replace words by synonyms, or change places with the next, until a part has changed."""
    words = text.split(" ")
    wanted = max(1, int(part * len(words)))
    changed = 0
    for at in chance.permutation(max(len(words) - 1, 0)).tolist():
        if changed >= wanted:
            break
        if words[at].lower() in SYNONYMS:
            words[at] = SYNONYMS[words[at].lower()]
            changed += 1
        elif words[at].isalpha() and words[at + 1].isalpha():
            words[at], words[at + 1] = words[at + 1], words[at]
            changed += 2
    return " ".join(words)


def shuffled_sentences(text: str, chance: np.random.Generator) -> str:
    """Put the sentences in another order."""
    sentences = _SENTENCE_END.split(text)
    return " ".join(sentences[at] for at in chance.permutation(len(sentences)).tolist())


def of_frequent_words(texts: Sequence[str], words: int, times: int) -> str:
    """Write a work of the words that most texts use, each several times."""
    often = [word for word, _ in _text_counts(texts).most_common(words)]
    chance = np.random.default_rng(1)
    sentences = []
    for _ in range(times):
        mixed = [often[at] for at in chance.permutation(len(often)).tolist()]
        sentences += [
            " ".join(mixed[at : at + _A_SENTENCE_OF]).capitalize() + "."
            for at in range(0, len(mixed), _A_SENTENCE_OF)
        ]
    return " ".join(sentences)


def of_generic_sentences(texts: Sequence[str], sentences: int) -> str:
    """Write a work of the sentences whose words most texts use."""
    often = _text_counts(texts)
    ranked: dict[str, float] = {}
    for text in texts:
        for sentence in _SENTENCE_END.split(text):
            words = _words(sentence)
            if len(words) >= _A_SENTENCE_OF // 2:
                ranked[sentence] = sum(often[word] for word in words) / len(words)
    best = sorted(ranked, key=lambda sentence: (-ranked[sentence], sentence))
    return " ".join(best[:sentences])


def _text_counts(texts: Sequence[str]) -> Counter[str]:
    return Counter(word for text in texts for word in sorted(set(_words(text))))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]{4,}", text.lower())
