"""The encoder on a CPU: ONNX Runtime in int8."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.encoder_export import prepare
from attribution.int8_product import int8_product
from attribution.sentence_model import TOKENIZER, load_tokenizer
from attribution.token_batches import ROUNDING, TokenBatch, rounded, token_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BATCH_TOKENS = 768


class OnnxEncoder:
    """A model of sentence-transformers in int8. Safe to share between threads.

    Only the first 256 tokens of a text count, fewer where the model takes fewer. ``threads``: how
    many batches are computed at once, None: as many as there are cores. Neither this nor what else
    is in a batch changes a bit of a vector.
    """

    def __init__(self, source: Path, folder: Path, *, threads: int | None) -> None:
        """Open the int8 file of ``source`` in ``folder``; see ``encoder_export.prepare``."""
        made, content = prepare(source, folder)
        self.digest = _digest(made.sha256, source, made.token_limit, made.pooling)
        self.dimension = made.dimension
        self._session = open_graph(content)
        self._tokenizer = load_tokenizer(source, limit=made.token_limit)
        # One batch a thread: 10 % more a second than two threads in one batch, and none spins.
        self._pool = ThreadPoolExecutor(threads or os.cpu_count(), "encoder")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, dimension] with values of float16, in order."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)

        def run(batch: TokenBatch) -> None:
            vectors[batch.rows] = _run(self._session, batch)

        for _ in self._pool.map(run, _batches(self._tokenizer, texts)):
            pass
        return rounded(vectors)


def vectors_of(
    content: bytes, source: Path, texts: Sequence[str], *, limit: int
) -> NDArray[np.float32]:
    """Encode a few texts with a graph that is not kept yet; not rounded."""
    session = open_graph(content)
    batches = list(_batches(load_tokenizer(source, limit=limit), texts))
    order = np.concatenate([batch.rows for batch in batches])
    return np.concatenate([_run(session, batch) for batch in batches])[np.argsort(order)]


def _batches(tokenizer: Any, texts: Sequence[str]) -> list[TokenBatch]:
    return list(token_batches(tokenizer, texts, batch_tokens=BATCH_TOKENS))


def open_graph(content: bytes) -> Any:
    """Open a graph of ``int8_graph_v1`` so that its products are exact on this processor."""
    import onnxruntime

    if not int8_product().is_signed:
        from attribution.unsigned_graph import unsigned_graph

        content = unsigned_graph(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False  # it would keep a plan for every shape of batch
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _run(session: Any, batch: TokenBatch) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = session.run(None, {"tokens": batch.tokens})[0]
    return vectors


def _digest(file_sha256: str, source: Path, token_limit: int, pooling: str) -> str:
    whole = hashlib.sha256(bytes.fromhex(file_sha256))
    whole.update(hashlib.sha256((source / TOKENIZER).read_bytes()).digest())
    whole.update(f"{token_limit}/{pooling}/{ROUNDING}".encode())
    return whole.hexdigest()
