"""Texts into unit vectors."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


class Encoder(Protocol):
    """What turns passages into vectors that can be compared.

    ``digest``: sha256 in hex of all that a vector follows from. Vectors of different digests must
    never meet in one index.
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
        """Encode n texts as float32[n, dimension], in order, rows of unit length within 0.001.

        Every number is one of float16, so that a vector that was stored or sent equals a fresh one
        exactly. On one machine the row of a text does not depend on the texts beside it.
        """
        ...


def open_encoder(folder: Path, *, model: str | None, device: str, threads: int | None) -> Encoder:
    """Give the encoder of an installation; nothing is loaded before its first use.

    folder: where int8 files lie; one that is missing is made there, once for all processes.
    model: a folder of sentence-transformers; None: all-MiniLM-L6-v2 from its PyPI package.
    device: ``cpu`` (ONNX Runtime, int8), ``cuda`` (torch, full precision) or ``auto``: cuda where
    torch sees a GPU. threads: None: all cores. The first use raises ModelRefused where the model
    or the device will not do.
    """

    def opened() -> Encoder:
        from attribution.encoder_memory import RememberingEncoder
        from attribution.sentence_model import chosen_device, packaged_model

        source = packaged_model() if model is None else Path(model)
        if chosen_device(device) == "cpu":
            from attribution.onnx_encoder import OnnxEncoder

            return RememberingEncoder(OnnxEncoder(source, folder, threads=threads))
        from attribution.torch_encoder import TorchEncoder

        return RememberingEncoder(TorchEncoder(source, device="cuda", threads=threads))

    return DeferredEncoder(opened)


class DeferredEncoder:
    """An encoder that is opened at its first use. Safe to share between threads."""

    def __init__(self, opened: Callable[[], Encoder]) -> None:
        self._open = opened
        self._lock = RLock()

    @property
    def digest(self) -> str:
        """Name the encoder by its content."""
        return self._ready().digest

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._ready().dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, dimension]."""
        return self._ready().encode(texts)

    @cached_property
    def _encoder(self) -> Encoder:
        return self._open()

    def _ready(self) -> Encoder:
        with self._lock:
            return self._encoder
