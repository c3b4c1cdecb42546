"""The encoder on a GPU: torch in full precision."""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from attribution.sentence_model import load_model, load_tokenizer, source_digest, token_limit
from attribution.token_batches import ROUNDING, rounded, token_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_BATCH_TOKENS = {"cpu": 768, "cuda": 65_536}


class TorchEncoder:
    """A model of sentence-transformers as it is. Safe to share between threads.

    Only the first 256 tokens of a text count, fewer where the model takes fewer. ``threads`` bounds
    torch's threads for the whole process; None leaves them as they are. Sums are of another order
    on a GPU than on a CPU, so that now and then a last bit of float16 differs between them.
    """

    def __init__(self, source: Path, *, device: str, threads: int | None) -> None:
        """Load ``source`` on ``cpu`` or ``cuda``."""
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self._device = device
        self._model = load_model(source, device)
        self._lock = Lock()
        limit = token_limit(self._model)
        self._tokenizer = load_tokenizer(source, limit=limit)
        self.dimension: int = self._model.get_embedding_dimension()
        named = f"torch/{source_digest(source)}/{limit}/{ROUNDING}"
        self.digest = hashlib.sha256(named.encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, dimension] with values of float16, in order."""
        import torch

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        size = _BATCH_TOKENS[self._device]
        with self._lock, torch.inference_mode():
            for batch in token_batches(self._tokenizer, texts, batch_tokens=size):
                tokens = torch.from_numpy(batch.tokens).to(self._device)
                features = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
                found = self._model(features)["sentence_embedding"]
                unit = torch.nn.functional.normalize(found.float(), dim=1)
                vectors[batch.rows] = unit.cpu().numpy()
        return rounded(vectors)
