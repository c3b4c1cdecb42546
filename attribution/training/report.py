"""The figures of attributions whose sources are known; none of the texts."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.values import WHOLE_PPM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from attribution.training.material import Output
    from attribution.values import Attribution, PassageVerdict

NO_SHARE_TRUTH = ("clough",)
_OVER = 0.05


@dataclass(frozen=True, slots=True)
class _Case:
    score: float
    hit: bool
    has_source: bool


def figures(
    judged: Sequence[tuple[Output, Attribution]], numbers: Mapping[str, int], *, shares: bool
) -> dict[str, float]:
    """Give the figures of one set: detection, shares where they are known, and wrong payments."""
    cases = [_case(output, found, numbers) for output, found in judged]
    told = detection(cases) | {"outputs": len(cases), "ece_passages": _passages(judged, numbers)}
    errors: list[float] = []
    recovered: list[float] = []
    wrong: list[float] = []
    unrelated: list[float] = []
    for output, found in judged:
        paid = {work: share / WHOLE_PPM for work, share in found.share_ppm.items()}
        if not output.sources:
            unrelated.append(sum(paid.values()))
            continue
        sources = {numbers[name] for name in output.sources}
        wrong.append(sum(share for work, share in paid.items() if work not in sources))
        if shares:
            errors += [abs(paid.get(numbers[w], 0.0) - s) for w, s in output.shares.items()]
            if not output.spans and len(sources) == 1:
                recovered.append(paid.get(numbers[output.sources[0]], 0.0))
    for name, values in (
        ("share_mae", errors),
        ("share_recovered", recovered),
        ("wrong_works", wrong),
        ("paid_unrelated", unrelated),
        ("unrelated_over_5", [float(share > _OVER) for share in unrelated]),
    ):
        if values:
            told[name] = float(np.mean(values))
    return told


def of_one_label(
    judged: Sequence[tuple[Output, Attribution]],
) -> list[tuple[Output, Attribution]]:
    """Leave out the outputs whose text stands in the set with other sources too.

    A language model's refusal is the polish of many texts: nothing in it says of which.
    """
    labels: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for output, _ in judged:
        labels[_plain(output)].add(output.sources)
    return [(output, found) for output, found in judged if len(labels[_plain(output)]) == 1]


def _plain(output: Output) -> str:
    return " ".join(output.text.split())


def _passages(judged: Sequence[tuple[Output, Attribution]], numbers: Mapping[str, int]) -> float:
    """Give the calibration error of the confidence in each passage's likeliest work."""
    score: list[float] = []
    right: list[bool] = []
    for output, found in judged:
        for one in found.passages:
            if one.work_id is not None:
                score.append(one.confidence)
                right.append(derives(output, one, numbers))
    return _calibration_error(np.array(score), np.array(right, dtype=np.bool_))


def derives(output: Output, one: PassageVerdict, numbers: Mapping[str, int]) -> bool:
    """Say whether most of a passage comes from the work it is taken to come from."""
    if not output.spans:
        return one.work_id in {numbers[name] for name in output.sources}
    common = sum(
        max(0, min(one.end, end) - max(one.start, start))
        for start, end, name in output.spans
        if numbers[name] == one.work_id
    )
    return 2 * common > one.end - one.start


def _calibration_error(score: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Naeini et al. 2015: the gap between confidence and frequency over ten bins, weighted."""
    bins = np.minimum((score * 10).astype(np.int64), 9)
    gap = sum(abs(float((score - right)[bins == at].sum())) for at in range(10))
    return gap / max(len(score), 1)


def pooled(
    sets: Mapping[str, tuple[Sequence[tuple[Output, Attribution]], Mapping[str, int]]],
) -> dict[str, float]:
    """Give the detection figures of several sets together, with one threshold for all."""
    cases = [
        _case(output, found, numbers)
        for judged, numbers in sets.values()
        for output, found in judged
    ]
    return detection(cases) | {"outputs": len(cases)}


def detection(cases: Sequence[_Case]) -> dict[str, float]:
    """Area under the ROC curve, best F1, recall at 1 % false alarms, calibration error."""
    score = np.array([case.score for case in cases])
    hit = np.array([case.hit for case in cases], dtype=np.bool_)
    positive = np.array([case.has_source for case in cases], dtype=np.bool_)
    told = {"ece": _calibration_error(score, hit)}
    if positive.any():
        told["recall_at_1"] = float(hit[positive].mean())
    if positive.any() and not positive.all():
        told |= _curve(score, hit & positive, positive)
    return told


def _curve(
    score: NDArray[np.float64], hit: NDArray[np.bool_], positive: NDArray[np.bool_]
) -> dict[str, float]:
    noise = np.sort(score[~positive])
    below = np.searchsorted(noise, score[positive], side="left")
    up_to = np.searchsorted(noise, score[positive], side="right")
    cut = noise[min(len(noise) - 1, math.ceil(0.99 * len(noise)) - 1)]
    order = np.argsort(-score, kind="stable")
    true = np.cumsum(hit[order])
    last = np.append(np.diff(score[order]) != 0, True)
    claimed = np.arange(1, len(score) + 1)
    f1 = 2 * true / (claimed + positive.sum())
    return {
        "auroc": float((below + up_to).mean() / 2 / len(noise)),
        "f1_star": float(f1[last].max()),
        "tpr_at_1pct_fpr": float(((score > cut) & hit)[positive].mean()),
    }


def _case(output: Output, found: Attribution, numbers: Mapping[str, int]) -> _Case:
    work, score = found.best or (-1, 0.0)
    sources = {numbers[name] for name in output.sources}
    return _Case(score, work in sources, bool(sources))
