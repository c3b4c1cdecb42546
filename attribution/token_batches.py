"""Texts as batches of tokens: all texts of a batch have the same number of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer


ROUNDING = "float16"


@dataclass(frozen=True, slots=True, eq=False)
class TokenBatch:
    """Texts of one length: where they stood, int64[n], and their tokens, int64[n, length]."""

    rows: NDArray[np.int64]
    tokens: NDArray[np.int64]


def token_batches(
    tokenizer: Tokenizer, texts: Sequence[str], *, batch_tokens: int
) -> Iterator[TokenBatch]:
    """Batch texts by their count of tokens, longest first, at most ``batch_tokens`` a batch.

    Nothing is padded: a text is computed in the same shape whatever is beside it, which is what
    makes its vector the same to the last bit, and no time is spent on padding.
    """
    tokens = [each.ids for each in tokenizer.encode_batch([_encodable(text) for text in texts])]
    lengths = np.array([len(each) for each in tokens], dtype=np.int64)
    for length in np.unique(lengths)[::-1].tolist():
        rows = np.flatnonzero(lengths == length)
        size = max(1, batch_tokens // max(length, 1))
        for start in range(0, len(rows), size):
            taken = rows[start : start + size]
            own = np.array([tokens[row] for row in taken], dtype=np.int64)
            yield TokenBatch(taken, own)


def rounded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to what float16 can hold; a unit vector stays one within 0.001."""
    return vectors.astype(np.float16).astype(np.float32)


def _encodable(text: str) -> str:
    """Replace lone surrogates, which the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")
