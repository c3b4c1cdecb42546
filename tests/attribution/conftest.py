import re
from hashlib import blake2b

import numpy as np
import pytest

from attribution.encoder import MiniLM


class WordEncoder:
    """Encodes a text as the sum of one pseudo-random direction for each of its longer words."""

    dimension = 64

    def __init__(self, digest="ab" * 32):
        self.digest = digest
        self.encoded = []

    def encode(self, texts):
        self.encoded += texts
        rows = [self._row(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)

    def _row(self, text):
        total = np.zeros(self.dimension)
        for word in re.findall(r"\w{4,}", text.lower()) or [text]:
            seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
            total += np.random.default_rng(seed).standard_normal(self.dimension)
        return total / np.linalg.norm(total)


@pytest.fixture
def encoder():
    return WordEncoder()


@pytest.fixture(scope="session")
def minilm():
    return MiniLM(threads=1)
