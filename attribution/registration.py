"""A work's text on its way into the index, treated exactly as an output is."""

from __future__ import annotations

from hashlib import blake2b

from attribution.cutter import cut_v1
from attribution.normaliser import Normalised, normalise_v1
from attribution.values import Passage

CONTENT_HASH_BYTES = 16


def passages_of(text: str) -> tuple[list[Passage], list[str], list[bytes]]:
    """Give a text's passages, their normalised texts (to encode) and their content hashes.

    Offsets are those of the original; hashes are 16-byte BLAKE2b of the normalised passage.
    """
    return passages_of_normalised(normalise_v1(text))


def passages_of_normalised(
    normalised: Normalised,
) -> tuple[list[Passage], list[str], list[bytes]]:
    """Do as ``passages_of``, for a text that is normalised already.

    No two passages overlap: a character of the original in which a cut falls (a ligature, a letter
    with many marks) belongs to the first.
    """
    passages: list[Passage] = []
    texts: list[str] = []
    done = 0
    for cut in cut_v1(normalised.text):
        start, end = normalised.original_span(cut.start, cut.end)
        if end > done:  # else it lies within one character of the original, which is given away
            passages.append(Passage(max(start, done), end))
            texts.append(normalised.text[cut.start : cut.end].replace("\n", " "))
            done = end
    return passages, texts, [_content_hash(text) for text in texts]


def _content_hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=CONTENT_HASH_BYTES).digest()
