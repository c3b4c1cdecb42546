"""Whether a work is a source of an output at all: the right to be paid for the passages it wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.order import order_signs
from attribution.sequence import NONE, read_v1, trimmed
from attribution.signs import GATE_SIGNS, REGION_MARGINS, REGION_MEANS, passage_signs, worth_reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from attribution.coefficients import Logistic
    from attribution.likeness import Likeness
    from attribution.sequence import Habits, Reading

MOST_WORKS = 12
_FROM_PROBABILITY = 0.05
_LEAST_LOG_ODDS = -7.0
_MOST_LOG_ODDS = 7.0
_SPEAKS_FROM_LOG_ODDS = 0.0
COPIED_FROM_GRAMS = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """One output read as a sequence of the works that come into question.

    ``works``: int64[m], rising; ``signs``: float64 by name, each [m], what the gate looks at; and
    dense by passage: ``log_odds`` float64[n, m], ``pair``: int64[n, m], the likeness's pair of that
    passage and work, -1 where there is none.
    """

    works: NDArray[np.int64]
    reading: Reading
    signs: dict[str, NDArray[np.float64]]
    log_odds: NDArray[np.float64]
    pair: NDArray[np.int64]


def log_odds_of(likeness: Likeness, passage: Logistic) -> NDArray[np.float64]:
    """Give the log odds that each pair's passage derives from its work, bounded, float64[c]."""
    odds = np.full(len(likeness), _LEAST_LOG_ODDS)
    worth = worth_reading(likeness.columns)
    some = {name: column[worth] for name, column in likeness.columns.items()}
    if worth.any():
        odds[worth] = passage.log_odds(passage_signs(some))
    return np.asarray(np.clip(odds, _LEAST_LOG_ODDS, _MOST_LOG_ODDS))


def suspects_of(
    likeness: Likeness,
    log_odds: NDArray[np.float64],
    lengths: list[NDArray[np.int64]],
    *,
    prior: float,
    habits: Habits,
) -> Iterator[Suspects]:
    """Read each output: ``lengths`` holds the characters of its passages, int64[n]."""
    first_row = 0
    for chars in lengths:
        start, end = np.searchsorted(likeness.rows, [first_row, first_row + len(chars)]).tolist()
        rows = likeness.rows[start:end] - first_row
        yield _suspects(likeness, slice(start, end), rows, log_odds, chars, (prior, habits))
        first_row += len(chars)


def _suspects(
    likeness: Likeness,
    part: slice,
    rows: NDArray[np.int64],
    log_odds: NDArray[np.float64],
    chars: NDArray[np.int64],
    belief: tuple[float, Habits],
) -> Suspects:
    prior, habits = belief
    works = _likeliest(likeness.work_ids[part], log_odds[part])
    column = np.searchsorted(works, likeness.work_ids[part])
    column[column == len(works)] = 0
    taken = works[column] == likeness.work_ids[part] if len(works) else np.zeros(0, np.bool_)
    dense = np.full((len(chars), len(works)), _LEAST_LOG_ODDS)
    pair = np.full((len(chars), len(works)), -1, dtype=np.int64)
    dense[rows[taken], column[taken]] = log_odds[part][taken]
    pair[rows[taken], column[taken]] = part.start + np.flatnonzero(taken)
    reading = read_v1(np.exp(dense) * (1 - prior) / prior, habits)
    reading = trimmed(reading, *_own_voices(likeness, dense, pair, reading))
    signs = _signs(likeness, dense, pair, reading, chars)
    return Suspects(works, reading, signs, dense, pair)


def _own_voices(
    likeness: Likeness,
    log_odds: NDArray[np.float64],
    pair: NDArray[np.int64],
    reading: Reading,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say of each row whether it speaks for the work it is read as, and whether it is a copy."""
    speaks = np.zeros(len(reading.states), dtype=np.bool_)
    copied = np.zeros(len(reading.states), dtype=np.bool_)
    for at in np.flatnonzero(reading.states != NONE).tolist():
        work = int(reading.states[at]) - 1
        speaks[at] = log_odds[at, work] >= _SPEAKS_FROM_LOG_ODDS
        if pair[at, work] >= 0:
            grams = float(likeness.columns["grams_of_work"][pair[at, work]])
            copied[at] = grams >= COPIED_FROM_GRAMS
    return speaks, copied


def _likeliest(work_ids: NDArray[np.int64], log_odds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the works above 5 % somewhere, at most 12; the likeliest one where there is none."""
    if not len(work_ids):
        return np.zeros(0, np.int64)
    works, number = np.unique(work_ids, return_inverse=True)
    chance = 1 / (1 + np.exp(-log_odds))
    best = np.zeros(len(works))
    np.maximum.at(best, number, chance)
    whole = np.bincount(number, chance)
    whole[best <= min(_FROM_PROBABILITY, float(best.max()) * 0.999)] = -1.0
    count = min(MOST_WORKS, int((whole >= 0).sum()))
    return np.sort(works[np.argsort(-whole, kind="stable")[:count]])


def _signs(
    likeness: Likeness,
    log_odds: NDArray[np.float64],
    pair: NDArray[np.int64],
    reading: Reading,
    chars: NDArray[np.int64],
) -> dict[str, NDArray[np.float64]]:
    """Look at each work over its region: the passages it wins, or the one that fits it best."""
    signs = {name: np.zeros(log_odds.shape[1]) for name in GATE_SIGNS}
    dense = {name: np.where(pair >= 0, likeness.columns[name][pair], 0.0) for name in REGION_MEANS}
    signs["evidence"] = np.arcsinh(reading.evidence / 3)
    for work in range(log_odds.shape[1]):
        region = np.flatnonzero(reading.states == work + 1)
        if not len(region):
            region = np.array([int(np.argmax(log_odds[:, work]))])
        part = chars[region] / max(int(chars[region].sum()), 1)
        signs["mean_log_odds"][work] = part @ log_odds[region, work]
        signs["log_chars"][work] = np.log(max(int(chars[region].sum()), 1))
        for name, value in order_signs(_sources(likeness, pair[region, work])).items():
            signs[name][work] = value
        for name in REGION_MEANS:
            means = part @ dense[name][region]
            signs[f"mean_{name}"][work] = means[work]
            if name in REGION_MARGINS:
                rival = float(np.delete(means, work).max(initial=0.0))
                signs[f"over_{name}"][work] = means[work] - rival
    return signs


def _sources(likeness: Likeness, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    return likeness.passage_ids[pairs[pairs >= 0]]
