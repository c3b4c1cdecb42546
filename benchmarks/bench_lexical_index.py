"""Index synthetic passages by their words; then ask for what an output shares with them.

Words follow Zipf's law, the seed is fixed; of the 14 passages of an output the first half stands in
one work, the rest is new. Ends with a line of JSON.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from attribution.lexical import LexicalPrints
from attribution.lexical_ragged import starts_in
from attribution.lexical_segmented import SegmentedLexicalIndex

WORDS, LENGTH, A_WORK, WORKS_OF_OWNER = 400_000, 22, 40, 5
AT_ONCE, SAVED_EVERY = 20_000, 250_000
OUTPUT, OUTPUTS = 14, 200
TARGET_MS = 20
MIXED = np.uint64(0x9E3779B97F4A7C15)


def vocabulary(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Make the hashes of all words, and how often they occur, cumulated."""
    often = 1 / np.arange(1, WORDS + 1) ** 1.05
    return rng.integers(0, 2**64, WORDS, dtype=np.uint64), np.cumsum(often) / often.sum()


def prints(words: np.ndarray) -> LexicalPrints:
    """Make the prints of passages, uint64[n, length], as terms_v1 does of words."""
    rising = np.sort(words, axis=1)
    flat = rising.ravel()
    new = starts_in(flat)
    new[:: words.shape[1]] = True
    at = np.flatnonzero(new)
    grams = words[:, :-2] * MIXED + words[:, 1:-1] * MIXED**2 + words[:, 2:] * MIXED**3
    return LexicalPrints(
        np.append(0, np.cumsum(new.reshape(words.shape).sum(axis=1))),
        flat[at],
        np.diff(np.append(at, len(flat))).astype(np.uint16),
        np.arange(len(words) + 1, dtype=np.int64) * grams.shape[1],
        np.ascontiguousarray(grams).ravel(),
    )


def build(passages: int, folder: Path, rng: np.random.Generator) -> dict[str, float]:
    """Build the index by additions and saves; return the seconds of each."""
    hashes, often = vocabulary(rng)
    index, adding, saving = SegmentedLexicalIndex(), 0.0, 0.0
    for start in range(0, passages, AT_ONCE):
        ids = np.arange(start, min(start + AT_ONCE, passages))
        words = hashes[np.searchsorted(often, rng.random((len(ids), LENGTH)))]
        made = prints(words)
        began = time.perf_counter()
        index.add(ids, ids // A_WORK, ids // A_WORK // WORKS_OF_OWNER, made)
        adding += time.perf_counter() - began
        if ids[-1] + 1 == passages or (ids[-1] + 1) % SAVED_EVERY == 0:
            began = time.perf_counter()
            index.save(folder, "bench", int(ids[-1]))
            saving += time.perf_counter() - began
    return {"add": adding, "save": saving}


def outputs(index: SegmentedLexicalIndex, rng: np.random.Generator) -> list[LexicalPrints]:
    """Make outputs of 14 passages: 7 in a row as registered, 7 that are new."""
    hashes, often = vocabulary(np.random.default_rng(11))
    made = []
    for _ in range(OUTPUTS):
        words = hashes[np.searchsorted(often, rng.random((OUTPUT, LENGTH)))]
        copied = index.prints_of(rng.integers(0, len(index) - OUTPUT) + np.arange(OUTPUT // 2))
        made.append(LexicalPrints.joined([copied, prints(words[OUTPUT // 2 :])]))
    return made


def timed_ms(ask, each) -> np.ndarray:
    """Time one question after the other."""
    taken = []
    for one in each:
        began = time.perf_counter()
        ask(one)
        taken.append((time.perf_counter() - began) * 1e3)
    return np.array(taken)


def measure(passages: int, folder: Path) -> dict[str, dict[str, object]]:
    """Build, load and ask."""
    process = psutil.Process()
    seconds = build(passages, folder, np.random.default_rng(11))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    before = process.memory_full_info().uss
    began = time.perf_counter()
    index, _ = SegmentedLexicalIndex.load(folder, digest="bench")
    loaded = time.perf_counter() - began
    own = process.memory_full_info().uss - before
    rng = np.random.default_rng(12)
    asked = outputs(index, rng)
    cold = timed_ms(lambda one: index.candidates(one, 20, allowed=bool), asked)
    warm = timed_ms(lambda one: index.candidates(one, 20, allowed=bool), asked)
    some = [rng.integers(0, passages, 300) for _ in range(OUTPUTS)]
    forward = timed_ms(index.prints_of, some)
    counted = timed_ms(index.owner_counts, [index.prints_of(ids).terms for ids in some])
    few = index.prints_of(np.arange(14))
    works = np.full(14, passages)
    new = passages + np.arange(280).reshape(20, 14)
    added = timed_ms(lambda at: index.add(at, works, works, few), new)
    removed = timed_ms(index.remove, rng.integers(0, passages, (20, 14)))
    return {
        "passages": figure(passages, "passages"),
        "add": figure(passages / seconds["add"], "passages/s"),
        "save": figure(passages / seconds["save"], "passages/s"),
        "build": figure(passages / sum(seconds.values()), "passages/s"),
        "bytes_per_million": figure(size / passages, "MB"),
        "peak_rss_of_build": figure(peak / 1e3, "MB"),
        "load": figure(loaded, "s"),
        "own_memory_after_load": figure(own / 1e6, "MB"),
        "candidates_p50": figure(np.percentile(warm, 50), "ms", TARGET_MS),
        "candidates_p95": figure(np.percentile(warm, 95), "ms", TARGET_MS),
        "candidates_first_p95": figure(np.percentile(cold, 95), "ms"),
        "prints_of_300_p50": figure(np.percentile(forward, 50), "ms"),
        "owner_counts_6000_p50": figure(np.percentile(counted, 50), "ms"),
        "add_14_p50": figure(np.percentile(added, 50), "ms"),
        "remove_14_p50": figure(np.percentile(removed, 50), "ms"),
        "segments": figure(len(index._stack.segments), "segments"),  # noqa: SLF001
    }


def figure(value: float, unit: str, target: float | None = None) -> dict[str, object]:
    """Make one figure of the report; the lower the better where there is a target."""
    met = target is None or bool(value <= target)
    return {"value": round(float(value), 2), "target": target, "met": met, "unit": unit}


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000)
    passages = parser.parse_args().passages
    folder = Path(tempfile.mkdtemp(prefix="ws-bench-"))
    try:
        figures = measure(passages, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("figure", "value", "unit", "target", title="lexical index")
    for name, one in figures.items():
        table.add_row(name, str(one["value"]), str(one["unit"]), str(one["target"] or ""))
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"bench": "lexical_index", "figures": figures}) + "\n")


if __name__ == "__main__":
    main()
