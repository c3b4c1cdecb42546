"""A work's text on its way into the index, treated exactly as an output is."""

from __future__ import annotations

from hashlib import blake2b

from attribution.cutter import cut_v0
from attribution.normaliser import Normalised, normalise_v0
from attribution.values import Passage

CONTENT_HASH_BYTES = 16


def passages_of(text: str) -> tuple[list[Passage], list[str], list[bytes]]:
    """Give a text's passages, their normalised texts (to encode) and their content hashes.

    Offsets are those of the original; hashes are 16-byte BLAKE2b of the normalised passage.
    """
    return passages_of_normalised(normalise_v0(text))


def passages_of_normalised(
    normalised: Normalised,
) -> tuple[list[Passage], list[str], list[bytes]]:
    """Do as ``passages_of``, for a text that is normalised already."""
    cuts = cut_v0(normalised.text)
    texts = [normalised.text[cut.start : cut.end].replace("\n", " ") for cut in cuts]
    passages = [Passage(*normalised.original_span(cut.start, cut.end)) for cut in cuts]
    return passages, texts, [_content_hash(text) for text in texts]


def _content_hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=CONTENT_HASH_BYTES).digest()
