"""An engine over a catalogue too large for memory: its indexes are files, made once."""

import json
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from crowd import Crowd, CrowdCatalogue

from attribution.encoder import Encoder
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.memory_registry import MemoryRegistry
from attribution.values import Fingerprint

THREADS, DIGEST, TOLD = 2, "bench", "seconds.json"


class LargeCatalogue:
    """Works and a crowd, loaded from ``folder``.

    ``seconds``: what building took; ``loading`` the seconds of loading, and ``memory`` what it
    added to this process: bytes of its own and bytes of mapped files it has touched.
    """

    def __init__(self, encoder: Encoder, works: dict[int, str], folder: Path, count: int) -> None:
        registry = MemoryRegistry(encoder)
        self.real = registry.register(works)
        if not (folder / TOLD).is_file():
            made = get_context("spawn").Process(target=build, args=(folder, self.real, count))
            made.start()
            made.join()
            assert made.exitcode == 0, made.exitcode
        self.seconds = json.loads((folder / TOLD).read_text(encoding="ascii"))
        self._before = memory()
        started = time.perf_counter()
        self.index, _ = FaissIndex.load(
            folder / "vectors",
            encoder_digest=DIGEST,
            dimension=encoder.dimension,
            threads=THREADS,
        )
        self.lexicon, _ = SegmentedLexicalIndex.load(folder / "words", digest=DIGEST)
        self.loading = time.perf_counter() - started
        catalogue = CrowdCatalogue(registry.catalogue)
        self.engine = Engine(encoder, self.index, self.lexicon, catalogue)

    def memory(self) -> tuple[float, float]:
        """Give the bytes this process has more than before loading: its own, of mapped files."""
        own, mapped = memory()
        return own - self._before[0], mapped - self._before[1]

    def add_and_remove(self, work: Fingerprint, times: int) -> tuple[list[float], list[float]]:
        """Add a work under new numbers, then remove it; seconds of each."""
        added, removed = [], []
        for at in range(times):
            ids = 100_000_000 + 1_000 * at + np.arange(len(work))
            added.append(timed(self._add, ids, work))
            removed.append(timed(self._remove, ids))
        return added, removed

    def _add(self, ids: np.ndarray, work: Fingerprint) -> None:
        owners = np.full(len(ids), 99_999_999)
        self.index.add(ids, work.vectors)
        self.lexicon.add(ids, owners, owners, work.lexical)

    def _remove(self, ids: np.ndarray) -> None:
        self.index.remove(ids)
        self.lexicon.remove(ids)


def build(folder: Path, real: list[Fingerprint], count: int) -> None:
    """Fill both indexes and write them; in a process of its own, whose memory goes with it."""
    index, lexicon = FaissIndex(real[0].vectors.shape[1], threads=THREADS), SegmentedLexicalIndex()
    adding = timed(fill, index, lexicon, real, count)
    saving = timed(index.save, folder / "vectors", DIGEST, count)
    saving += timed(lexicon.save, folder / "words", DIGEST, count)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    told = {"build": adding, "snapshot": saving, "bytes": size}
    (folder / TOLD).write_text(json.dumps(told), encoding="ascii")


def fill(
    index: FaissIndex, lexicon: SegmentedLexicalIndex, real: list[Fingerprint], count: int
) -> None:
    """Add works under the ids a ``MemoryRegistry`` gives them, and a crowd."""
    first = 0
    for work, one in enumerate(real):
        ids = np.arange(first, first + len(one))
        index.add(ids, one.vectors)
        lexicon.add(ids, np.full(len(ids), work), np.full(len(ids), work), one.lexical)
        first += len(ids) + 1
    Crowd(real).add_to(index, lexicon, count)


def memory() -> tuple[float, float]:
    """Give the memory of this process that no file backs, and what of it a file does, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    told = dict(line.split(":", 1) for line in status.splitlines())
    own, mapped = (float(told[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Run and give the seconds it took."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started
