"""Made-up registered passages around real ones: vectors, words and owners, from a fixed seed."""

from collections.abc import Iterator, Mapping

import numpy as np

from attribution.catalogue import PassageRef
from attribution.faiss_index import FaissIndex
from attribution.lexical import LexicalPrints
from attribution.lexical_ragged import starts_in
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.values import Fingerprint

FIRST_PASSAGE, FIRST_WORK = 1_000_000, 100_000
A_WORK, WORKS_OF_OWNER = 40, 5
NOISE = 1.1
WORDS, LENGTH, QUOTED = 400_000, 22, 3
MIXED = np.uint64(0x9E3779B97F4A7C15)
AT_ONCE = 20_000


class CrowdCatalogue:
    """Knows the crowd's passages by their number, and others from another catalogue."""

    def __init__(self, others) -> None:
        self._others = others

    def locate(self, passage_ids: np.ndarray) -> Mapping[int, PassageRef]:
        """Give the known ones of these passages, int64[n]."""
        made_up = passage_ids >= FIRST_PASSAGE
        refs = dict(self._others.locate(passage_ids[~made_up]))
        for name in passage_ids[made_up].tolist():
            at = name - FIRST_PASSAGE
            start = at % A_WORK * 120
            work = FIRST_WORK + at // A_WORK
            refs[name] = PassageRef(name, work, start, start + 119, name.to_bytes(16, "big"))
        return refs


class Crowd:
    """Passages near real ones and with their words: each vector is a real one and noise.

    A word in two is one of the real texts, the frequent ones more often (Zipf); one passage in four
    shares three consecutive 3-grams with a real one. Works have 40 passages, owners 5 works.
    """

    def __init__(self, real: list[Fingerprint]) -> None:
        self._vectors = np.concatenate([each.vectors for each in real])
        lexical = LexicalPrints.joined([each.lexical for each in real])
        self._grams = lexical.grams
        rng = np.random.default_rng(21)
        words, counts = np.unique(lexical.terms, return_counts=True)
        invented = rng.integers(0, 2**64, WORDS, dtype=np.uint64)
        invented[: 2 * len(words) : 2] = words[np.argsort(-counts, kind="stable")]
        self._words = invented
        often = 1 / np.arange(1, WORDS + 1) ** 1.05
        self._often = np.cumsum(often) / often.sum()

    def passages(self, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, LexicalPrints]]:
        """Draw passages step by step: ids, vectors and words; the same each time."""
        rng = np.random.default_rng(22)
        for start in range(0, count, AT_ONCE):
            ids = np.arange(start, min(start + AT_ONCE, count))
            yield ids + FIRST_PASSAGE, self._near(len(ids), rng), self._prints(len(ids), rng)

    def add_to(self, index: FaissIndex, lexicon: SegmentedLexicalIndex, count: int) -> None:
        """Register passages."""
        for ids, vectors, prints in self.passages(count):
            works = (ids - FIRST_PASSAGE) // A_WORK + FIRST_WORK
            index.add(ids, vectors)
            lexicon.add(ids, works, works // WORKS_OF_OWNER, prints)

    def _near(self, size: int, rng: np.random.Generator) -> np.ndarray:
        around = self._vectors[rng.integers(0, len(self._vectors), size)]
        width = around.shape[1]
        noise = rng.standard_normal((size, width), dtype=np.float32) / np.float32(width**0.5)
        rows = around + np.float32(NOISE) * noise
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _prints(self, size: int, rng: np.random.Generator) -> LexicalPrints:
        words = self._words[np.searchsorted(self._often, rng.random((size, LENGTH)))]
        rising = np.sort(words, axis=1)
        flat = rising.ravel()
        new = starts_in(flat)
        new[::LENGTH] = True
        at = np.flatnonzero(new)
        grams = words[:, :-2] * MIXED + words[:, 1:-1] * MIXED**2 + words[:, 2:] * MIXED**3
        quoting = np.arange(0, size, 4)
        place = rng.integers(0, len(self._grams) - QUOTED, len(quoting))
        grams[quoting, :QUOTED] = self._grams[place[:, None] + np.arange(QUOTED)]
        return LexicalPrints(
            np.append(0, np.cumsum(new.reshape(words.shape).sum(axis=1))),
            flat[at],
            np.diff(np.append(at, len(flat))).astype(np.uint16),
            np.arange(size + 1, dtype=np.int64) * grams.shape[1],
            np.ascontiguousarray(grams).ravel(),
        )
