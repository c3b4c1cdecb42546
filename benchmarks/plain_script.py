"""What most people write: the nearest passages by cosine, in proportion."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from attribution.faiss_library import faiss
from attribution.registration import passages_of
from attribution.sentence_model import packaged_model

BATCH, NEAREST = 32, 5


@dataclass(frozen=True, slots=True)
class PlainScript:
    """A model of sentence-transformers as it comes, an exact index, the work of each vector."""

    model: Any
    index: Any
    works: np.ndarray

    def attribute(self, pieces: list[list[str]], threads: int) -> list[dict[int, float]]:
        """Share each passage among its five nearest; texts come cut into passages already."""
        from torch import set_num_threads

        flat = [piece for some in pieces for piece in some]
        set_num_threads(threads)
        vectors = self.model.encode(flat, batch_size=BATCH, show_progress_bar=False)
        faiss().omp_set_num_threads(threads)
        scores, ids = self.index.search(vectors, NEAREST)
        parts = np.maximum(scores, 0)
        parts /= np.maximum(parts.sum(axis=1, keepdims=True), 1e-9)
        shares, row = [], 0
        for some in pieces:
            own: dict[int, float] = defaultdict(float)
            rows = slice(row, row + len(some))
            for works, values in zip(self.works[ids[rows]], parts[rows], strict=True):
                for work, value in zip(works.tolist(), values.tolist(), strict=True):
                    own[work] += value / len(some)
            shares.append(dict(own))
            row += len(some)
        return shares


def plain_script(works: dict[int, str], distractors: list[tuple[int, np.ndarray]]) -> PlainScript:
    """Register works, and distractors as (work, vectors)."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(packaged_model()), device="cpu")
    index = faiss().IndexFlatIP(model.get_embedding_dimension())
    of_work: list[int] = []
    for work, text in works.items():
        pieces = passages_of(text)[1]
        index.add(model.encode(pieces, show_progress_bar=False))
        of_work += [work] * len(pieces)
    for work, vectors in distractors:
        index.add(vectors)
        of_work += [work] * len(vectors)
    return PlainScript(model, index, np.array(of_work))
