"""The material as the engine sees it: likeness of every output, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.memory_registry import MemoryRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.encoder import Encoder
    from attribution.likeness import Likeness
    from attribution.training.material import Material, Output
    from attribution.values import Fingerprint

_TEXTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Some outputs of one set: their fingerprints, likeness, and what of each pair is true.

    ``truth``: float64[c], the part of the pair's passage that comes from its work.
    """

    outputs: tuple[Output, ...]
    fingerprints: list[Fingerprint]
    likeness: Likeness
    truth: NDArray[np.float64]
    numbers: dict[str, int]

    def output_of_pairs(self) -> NDArray[np.int64]:
        """Give the output each pair belongs to, int64[c]."""
        lengths = [len(each) for each in self.fingerprints]
        return np.repeat(np.arange(len(lengths)), lengths)[self.likeness.rows]


def observe(
    each: Material, encoder: Encoder, progress: Callable[[str, int, int], None]
) -> list[Seen]:
    """Register a set's works, each with an owner of its own, and look at its outputs."""
    registry = MemoryRegistry(encoder)
    numbers = {name: number for number, name in enumerate(each.works)}
    names = list(each.works)
    for start in range(0, len(names), _TEXTS_AT_ONCE):
        part = names[start : start + _TEXTS_AT_ONCE]
        registry.register({numbers[name]: each.works[name] for name in part})
    engine = registry.engine
    seen: list[Seen] = []
    for start in range(0, len(each.outputs), _TEXTS_AT_ONCE):
        some = each.outputs[start : start + _TEXTS_AT_ONCE]
        prints = engine.fingerprint([output.text for output in some])
        likeness = engine.likeness(prints, lambda _work: True)
        truth = _truth(some, prints, likeness, numbers)
        seen.append(Seen(some, prints, likeness, truth, numbers))
        progress(each.name, start + len(some), len(each.outputs))
    return seen


def _truth(
    outputs: tuple[Output, ...],
    prints: list[Fingerprint],
    likeness: Likeness,
    numbers: dict[str, int],
) -> NDArray[np.float64]:
    truth = np.zeros(len(likeness))
    first = 0
    for output, fingerprint in zip(outputs, prints, strict=True):
        start, end = np.searchsorted(likeness.rows, [first, first + len(fingerprint)]).tolist()
        rows, works = likeness.rows[start:end] - first, likeness.work_ids[start:end]
        if output.spans:
            begins, ends = fingerprint.starts[rows], fingerprint.ends[rows]
            for span_start, span_end, name in output.spans:
                common = np.minimum(ends, span_end) - np.maximum(begins, span_start)
                part = np.maximum(common, 0) / (ends - begins)
                truth[start:end] += np.where(works == numbers[name], part, 0.0)
        else:
            sources = [numbers[name] for name in output.sources]
            truth[start:end] = np.isin(works, sources)
        first += len(fingerprint)
    return truth
