"""Texts whose sources are known: our own same-topic ones, and mosaics of them."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

OWN = Path(__file__).parents[1] / "attribution" / "training"
OUTPUTS, MOSAICS = 400, 112


@dataclass(frozen=True, slots=True)
class Output:
    """A text and the part of it, in characters, that each work is the source of."""

    text: str
    shares: dict[int, float]


def texts() -> tuple[dict[int, str], list[Output]]:
    """Give the works, and outputs: rewrites, texts of nobody, and mosaics of two and a filler."""
    works = lines("same_topic_works.jsonl")
    number = {work["id"]: at for at, work in enumerate(works)}
    told = lines("same_topic_outputs.jsonl")
    single = [Output(one["text"], {number[name]: 1.0 for name in one["label"]}) for one in told]
    rewrites = [one for one in single if one.shares]
    fillers = [one for one in single if not one.shares]
    rng, mosaics = np.random.default_rng(7), []
    for at in range(MOSAICS):
        first, second = (rewrites[place] for place in rng.integers(0, len(rewrites), 2))
        mosaics.append(mosaic([first, fillers[at % len(fillers)], second]))
    return {at: work["text"] for at, work in enumerate(works)}, (mosaics + single)[:OUTPUTS]


def mosaic(parts: list[Output]) -> Output:
    """Put the first half of each text, in whole sentences, after one another."""
    halves = [one.text[: one.text.find(". ", len(one.text) // 2) + 1] for one in parts]
    whole = " ".join(halves)
    shares: dict[int, float] = defaultdict(float)
    for half, one in zip(halves, parts, strict=True):
        for work in one.shares:
            shares[work] += len(half) / len(whole)
    return Output(whole, dict(shares))


def of_length(outputs: list[Output], words: int, count: int) -> list[str]:
    """Put outputs after one another and cut the whole into texts of so many words."""
    whole = " ".join(one.text for one in outputs).split(" ")
    starts = np.arange(count) * words % (len(whole) - words)
    return [" ".join(whole[start : start + words]) for start in starts.tolist()]


def errors(outputs: list[Output], found: list[dict[int, float]]) -> tuple[float, float]:
    """Give the mean error of the share of a source, and what goes to others, an output."""
    missed = [abs(got.get(w, 0.0) - part) for one, got in zip(outputs, found, strict=True)
              for w, part in one.shares.items()]  # fmt: skip
    wrong = [sum(part for work, part in got.items() if work not in one.shares)
             for one, got in zip(outputs, found, strict=True)]  # fmt: skip
    return float(np.mean(missed)), float(np.mean(wrong))


def lines(name: str) -> list[dict[str, object]]:
    content = (OWN / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in content.splitlines()]
