"""Encoders; the modules of facts beside this file can be imported."""

import re
import sys
from hashlib import blake2b
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from attribution.onnx_encoder import OnnxEncoder
from attribution.sentence_model import packaged_model
from service.settings import Settings
from worker.installed_encoder import models_folder

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "attribution", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("attribution")


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
def models():
    """Where the machine keeps its encoder file, so that it is made once and not for each run."""
    return models_folder(Settings(home=Path(gettempdir()) / "wellspring"))


@pytest.fixture(scope="session")
def minilm(models):
    return OnnxEncoder(packaged_model(), models, threads=1)
