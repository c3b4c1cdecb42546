"""What an encoder has encoded lately."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attribution.encoder import Encoder


class RememberingEncoder:
    """An encoder that is given each distinct text once: in a call, and as long as it remembers.

    It remembers the ``limit`` texts used last, each as 16 bytes of hash and a float16 vector: 6 MB
    for 8,192 texts and 384 numbers. Safe to share between threads.
    """

    def __init__(self, encoder: Encoder, *, limit: int = 8_192) -> None:
        self._encoder = encoder
        self._limit = limit
        self._known: OrderedDict[bytes, NDArray[np.float16]] = OrderedDict()
        self._lock = Lock()

    @property
    def digest(self) -> str:
        """Name the encoder by its content."""
        return self._encoder.digest

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode n texts as float32[n, dimension]; equal texts are encoded once. Order is kept."""
        keys = [_key(text) for text in texts]
        distinct = dict(zip(keys, texts, strict=True))
        places = {key: place for place, key in enumerate(distinct)}
        vectors = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        unknown = self._recall(places, vectors)
        if unknown:
            vectors[[places[key] for key in unknown]] = self._encoder.encode(
                [distinct[key] for key in unknown]
            )
            self._remember(unknown[-self._limit :], places, vectors)
        return vectors[np.array([places[key] for key in keys], dtype=np.int64)]

    def _recall(self, places: dict[bytes, int], vectors: NDArray[np.float32]) -> list[bytes]:
        """Fill in what is known; give the keys of the rest."""
        unknown = []
        with self._lock:
            for key, place in places.items():
                known = self._known.get(key)
                if known is None:
                    unknown.append(key)
                else:
                    self._known.move_to_end(key)
                    vectors[place] = known
        return unknown

    def _remember(
        self, keys: list[bytes], places: dict[bytes, int], vectors: NDArray[np.float32]
    ) -> None:
        with self._lock:
            for key in keys:
                self._known[key] = vectors[places[key]].astype(np.float16)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
