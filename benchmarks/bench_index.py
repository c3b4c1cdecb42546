"""Fill, search, keep and load the passage index; synthetic passages in groups, as texts are.

--passages N: how many, 1,000,000 unless told. Ends with a line of JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from attribution.faiss_index import FaissIndex

DIMENSION = 384
A_CENTRE, NOISE, REWRITTEN = 50, 0.8, 0.6
A_STEP = 5_000
AN_OUTPUT, K, RECALL_AT = 14, 8, 10
OUTPUTS = 60
THREADS = 2
DIGEST = "00" * 32
TARGET_P50_MS, TARGET_P95_MS, TARGET_RECALL = 100, 250, 0.96


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw vectors of about unit length in every direction."""
    return rng.standard_normal((count, DIMENSION), dtype=np.float32) / np.float32(DIMENSION**0.5)


def middles(count: int) -> np.ndarray:
    """Draw one centre for each 50 passages."""
    return unit(noise(np.random.default_rng(1), -(-count // A_CENTRE)))


def passages(count: int) -> Iterator[np.ndarray]:
    """Draw passages step by step, each a centre and noise; the same each time."""
    centres = middles(count)
    rng = np.random.default_rng(2)
    for start in range(0, count, A_STEP):
        size = min(A_STEP, count - start)
        around = centres[rng.integers(0, len(centres), size)]
        yield unit(around + NOISE * noise(rng, size))


def outputs(count: int) -> np.ndarray:
    """Draw outputs float32[n, dim]: every second passage a rewrite of one that is there."""
    centres = middles(count)
    rng = np.random.default_rng(3)
    size = OUTPUTS * AN_OUTPUT
    queries = unit(centres[rng.integers(0, len(centres), size)] + NOISE * noise(rng, size))
    source = next(passages(min(count, A_STEP)))
    rewritten = np.arange(0, size, 2)
    taken = source[rng.integers(0, len(source), len(rewritten))]
    queries[rewritten] = unit(taken + REWRITTEN * noise(rng, len(rewritten)))
    return queries


def exact(queries: np.ndarray, count: int) -> np.ndarray:
    """Find the nearest by comparing with every passage in float32."""
    scores = np.full((len(queries), RECALL_AT), -2, dtype=np.float32)
    ids = np.zeros((len(queries), RECALL_AT), dtype=np.int64)
    for number, some in enumerate(passages(count)):
        both = np.hstack([scores, queries @ some.T])
        names = np.hstack(
            [
                ids,
                np.broadcast_to(np.arange(len(some)) + number * A_STEP, both[:, RECALL_AT:].shape),
            ]
        )
        best = np.argpartition(-both, RECALL_AT, axis=1)[:, :RECALL_AT]
        scores, ids = np.take_along_axis(both, best, 1), np.take_along_axis(names, best, 1)
    return ids


def memory() -> tuple[float, float]:
    """Give the memory of this process, and what of it no file backs, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return tuple(float(lines[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon"))


def load_alone(folder: str, count: int, answer) -> None:
    """Load and search in a process that holds nothing else; say how long and how much memory."""
    FaissIndex(DIMENSION).search(np.eye(1, DIMENSION, dtype=np.float32), K)  # libraries are loaded
    queries, before = outputs(count), memory()
    started = time.perf_counter()
    index, _ = FaissIndex.load(
        Path(folder), encoder_digest=DIGEST, dimension=DIMENSION, threads=THREADS
    )
    seconds = time.perf_counter() - started
    index.search(queries, K)
    after = memory()
    answer.put((seconds, after[0] - before[0], after[1] - before[1]))


def timed(work, *arguments) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def search_times(index: FaissIndex, queries: np.ndarray) -> np.ndarray:
    """Search each output by itself, three rounds; milliseconds."""
    return np.array(
        [
            1000 * timed(index.search, queries[start : start + AN_OUTPUT], K)
            for _ in range(3)
            for start in range(0, len(queries), AN_OUTPUT)
        ]
    )


def measure(count: int, folder: Path) -> dict[str, dict[str, object]]:
    queries, index, adding = outputs(count), FaissIndex(DIMENSION, threads=THREADS), 0.0
    for number, some in enumerate(passages(count)):
        ids = np.arange(len(some)) + number * A_STEP
        adding += timed(index.add, ids, some)
    saving = timed(index.save, folder, DIGEST, count)
    answer = get_context("spawn").Queue()
    alone = get_context("spawn").Process(target=load_alone, args=(str(folder), count, answer))
    alone.start()
    loading, resident, private = answer.get(timeout=120)
    alone.join()
    found, wanted = index.search(queries, RECALL_AT)[1], exact(queries, count)
    hits = sum(len({*a} & {*b}) for a, b in zip(found.tolist(), wanted.tolist(), strict=True))
    times = search_times(index, queries)
    more = unit(noise(np.random.default_rng(4), 1_000))
    adding_more = timed(index.add, np.arange(1_000) + count, more)
    removing = timed(index.remove, np.arange(0, count, max(1, count // 1_000)))
    after = search_times(index, queries)
    saving_again = timed(index.save, folder, DIGEST, count + 1_000)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    million = count / 1e6
    return {
        "search_p50": figure(np.percentile(times, 50), "ms/output", TARGET_P50_MS),
        "search_p95": figure(np.percentile(times, 95), "ms/output", TARGET_P95_MS),
        "search_p50_after_removals": figure(np.percentile(after, 50), "ms/output", TARGET_P50_MS),
        "recall_at_10": figure(hits / wanted.size, "of 1", TARGET_RECALL, better="higher"),
        "add_all": figure(adding, "s"),
        "add_1000": figure(adding_more * 1000, "ms"),
        "remove_1000": figure(removing * 1000, "ms"),
        "save": figure(saving, "s"),
        "save_after_changes": figure(saving_again, "s"),
        "load": figure(loading, "s"),
        "file_per_million": figure(size / 2**20 / million, "MiB"),
        "shared_memory_per_million": figure((resident - private) / 2**20 / million, "MiB"),
        "private_memory_per_million": figure(private / 2**20 / million, "MiB"),
        "passages": figure(count, "passages"),
    }


def figure(
    value: float, unit: str, target: float | None = None, *, better: str = "lower"
) -> dict[str, object]:
    """Make one figure of the report; without a target it counts as met."""
    met = target is None or (value >= target if better == "higher" else value <= target)
    return {
        "value": round(float(value), 3),
        "target": target,
        "better": better,
        "met": bool(met),
        "unit": unit,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000)
    count = parser.parse_args().passages
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(count, Path(folder))
    table = Table("figure", "value", "unit", "target", title="index")
    for name, one in figures.items():
        table.add_row(name, str(one["value"]), str(one["unit"]), str(one["target"] or ""))
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"bench": "index", "figures": figures}) + "\n")


if __name__ == "__main__":
    main()
