"""The method of royalty tools: each row of a vendor's statement is split among its work's holders.

A CSV of rows in (work, sales, amount), a CSV of lines out (work, holder, share, amount): read, each
row divided by itself with the product's exact division in arrays, written. CPU of all of it counts.
"""

import csv
import time
from itertools import islice
from pathlib import Path

import numpy as np

from service.documents.figures import percent_of
from service.ledger.allocation import Int64s, UInt64s, allocate_segments, key_hash
from service.ledger.money import format_nanos, parse_nanos

A_BLOCK = 20_000


def split_rows(folder: Path, *, rows: int, works: int, holders: int) -> dict[str, float]:
    """Split so many rows; return rows in and lines out a CPU second. Lines sum to their rows."""
    rng = np.random.default_rng(5)
    splits = [_split(rng, work, holders) for work in range(works)]
    source, target = folder / "in.csv", folder / "out.csv"
    amounts = rng.integers(1_000, 2_000_000_000, rows).tolist()
    with source.open("w", encoding="utf-8", newline="") as to:
        to.writelines(
            f"{work},3,{format_nanos(nanos)}\r\n"
            for work, nanos in zip(rng.integers(0, works, rows).tolist(), amounts, strict=True)
        )
    started = time.process_time()
    lines, total = _split_file(source, target, splits)
    seconds = time.process_time() - started
    assert total == sum(amounts), "the lines do not sum to the rows"
    return {"in": rows / seconds, "out": lines / seconds}


class _Split:
    """Shares of one work, and what a line of each holder says before its amount."""

    def __init__(self, work: int, shares: dict[int, int]) -> None:
        self.weights = list(shares.values())
        self.keys = [key_hash(f"holder:{one}") for one in shares]
        self.said = [f"{work},{one},{percent_of(ppm)}," for one, ppm in shares.items()]


def _split(rng: np.random.Generator, work: int, holders: int) -> _Split:
    chosen = rng.choice(holders, rng.integers(1, 5), replace=False).tolist()
    shares = dict.fromkeys(chosen, 1_000_000 // len(chosen))
    shares[chosen[0]] += 1_000_000 - sum(shares.values())
    return _Split(work, shares)


def _split_file(source: Path, target: Path, splits: list[_Split]) -> tuple[int, int]:
    lines = total = done = 0
    with (
        source.open(encoding="utf-8", newline="") as rows_in,
        target.open("w", encoding="utf-8", newline="") as lines_out,
    ):
        reader = csv.reader(rows_in)
        while block := list(islice(reader, A_BLOCK)):
            of = [int(row[0]) for row in block]
            amounts = np.array([parse_nanos(row[2]) for row in block], np.int64)
            parts = _divided(of, amounts, splits, first=done)
            said = (each for work in of for each in splits[work].said)
            lines_out.writelines(
                [f"{one}{format_nanos(nanos)}\r\n" for one, nanos in zip(said, parts, strict=True)]
            )
            lines, total, done = lines + len(parts), total + sum(parts), done + len(block)
    return lines, total


def _divided(of: list[int], amounts: Int64s, splits: list[_Split], *, first: int) -> list[int]:
    counts = np.array([len(splits[work].weights) for work in of], np.int64)
    weights = np.array([ppm for work in of for ppm in splits[work].weights], np.int64)
    keys: UInt64s = np.array([key for work in of for key in splits[work].keys], np.uint64)
    ties = np.arange(first, first + len(of), dtype=np.uint64)
    parts: list[int] = allocate_segments(amounts, counts, weights, keys, ties).tolist()
    return parts
