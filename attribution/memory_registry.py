"""A registry held in memory: works in, an engine over them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.catalogue import MemoryCatalogue, PassageRef
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.lexical_segmented import SegmentedLexicalIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.coefficients import Coefficients
    from attribution.encoder import Encoder
    from attribution.values import Fingerprint


class MemoryRegistry:
    """Registers works in the order of their numbers and attributes to them.

    ``passages`` counts what is registered.
    """

    def __init__(self, encoder: Encoder, coefficients: Coefficients | None = None) -> None:
        self.index = FaissIndex(encoder.dimension)
        self.lexicon = SegmentedLexicalIndex()
        self.catalogue = MemoryCatalogue()
        self.engine = Engine(encoder, self.index, self.lexicon, self.catalogue, coefficients)
        self.passages = 0
        self._next_id = 0

    def register(
        self, texts: Mapping[int, str], *, owners: Mapping[int, int] | None = None
    ) -> list[Fingerprint]:
        """Register works under their numbers, each with an owner of its own where none is named."""
        prints = self.engine.fingerprint(list(texts.values()))
        for work_id, fingerprint in zip(texts, prints, strict=True):
            ids = np.arange(self._next_id, self._next_id + len(fingerprint), dtype=np.int64)
            works = np.full(len(ids), work_id, dtype=np.int64)
            owner = work_id if owners is None else owners[work_id]
            self.catalogue.add(
                PassageRef(name, work_id, start, end, content)
                for name, start, end, content in zip(
                    ids.tolist(),
                    fingerprint.starts.tolist(),
                    fingerprint.ends.tolist(),
                    fingerprint.hashes,
                    strict=True,
                )
            )
            self.index.add(ids, fingerprint.vectors)
            self.lexicon.add(ids, works, np.full(len(ids), owner), fingerprint.lexical)
            self._next_id += len(ids) + 1  # the gap keeps works apart
            self.passages += len(ids)
        return prints
