"""Texts with known sources: the evaluation sets, halves of them, and our own same-topic texts."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.registration import passages_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SETS = ("clough", "raidar", "bible", "mosaic", "detectrl")
HALVED = ("raidar", "detectrl")
OWN = "same-topic"
_SEED = 5
_LEAST_PASSAGES = 4
_PART = 0.42


@dataclass(frozen=True, slots=True)
class Output:
    """A text whose sources are known.

    ``sources``: ids of works, none for a text that draws on no registered one. ``spans``: (start,
    end, work) in characters where only parts come from a work; empty where all of it does.
    ``shares``: part of the text by work, where known. ``topic`` groups texts about one thing.
    """

    name: str
    text: str
    sources: tuple[str, ...]
    spans: tuple[tuple[int, int, str], ...]
    shares: Mapping[str, float]
    kind: str
    sub: str
    topic: str


@dataclass(frozen=True, slots=True)
class Material:
    """One catalogue of works and the outputs attributed to it."""

    name: str
    works: Mapping[str, str]
    outputs: tuple[Output, ...]


def material(folder: Path, own_folder: Path) -> list[Material]:
    """Read every set under ``folder`` and our own texts; add the halves of rewrites."""
    sets = [_read(name, folder / name / "works.jsonl", folder / name / "outputs.jsonl")
            for name in SETS]  # fmt: skip
    halves = [_halved(each) for each in sets if each.name in HALVED]
    own = _read(OWN, own_folder / "same_topic_works.jsonl", own_folder / "same_topic_outputs.jsonl")
    return [*sets, *halves, own]


def _read(name: str, works: Path, outputs: Path) -> Material:
    texts = {row["id"]: row["text"] for row in _rows(works)}
    return Material(name, texts, tuple(_output(row) for row in _rows(outputs)))


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _output(row: Mapping[str, Any]) -> Output:
    spans = tuple((span["start"], span["end"], span["work"]) for span in row.get("spans") or ())
    sources = tuple(row["label"])
    topic = row.get("topic") or (sources[0] if sources else "")
    shares = row.get("share") or ({sources[0]: 1.0} if len(sources) == 1 else {})
    return Output(
        row["id"], row["text"], sources, spans, shares, row["kind"], row.get("sub", ""), topic
    )


def _halved(whole: Material) -> Material:
    """Register half of each work; the rewrites of the other half are about the same topic.

    Of a rewrite the part that corresponds to the half left out draws on nothing registered; a third
    of the parts that correspond to the other half are kept beside them.
    """
    chance = np.random.default_rng(_SEED)
    works: dict[str, str] = {}
    first_half: dict[str, bool] = {}
    for name, text in whole.works.items():
        first_half[name] = bool(chance.random() < 0.5)  # noqa: PLR2004  # a coin
        works[name] = _part(text, first=first_half[name], part=0.45) or text
    outputs: list[Output] = []
    for output in whole.outputs:
        if len(output.sources) != 1 or output.sub == "dipper":
            continue
        keeps_first = first_half[output.sources[0]]
        other = _part(output.text, first=not keeps_first, part=_PART)
        same = _part(output.text, first=keeps_first, part=_PART)
        if other is None or same is None:
            continue
        if chance.random() < 0.6:  # noqa: PLR2004  # as many negatives as elsewhere
            outputs.append(
                replace(
                    output, name=output.name + "-other-half", text=other, sources=(), shares={},
                    kind="unrelated", sub="other half",
                )
            )  # fmt: skip
        if chance.random() < 0.3:  # noqa: PLR2004
            outputs.append(
                replace(output, name=output.name + "-same-half", text=same, sub="same half")
            )
    return Material(whole.name + "-halves", works, tuple(outputs))


def _part(text: str, *, first: bool, part: float) -> str | None:
    """Give the first or last part of a text at a passage's edge; None for a short one."""
    passages, _, _ = passages_of(text)
    if len(passages) < _LEAST_PASSAGES:
        return None
    count = max(1, int(part * len(passages)))
    some: Sequence[Any] = passages[:count] if first else passages[-count:]
    return text[some[0].start : some[-1].end]
