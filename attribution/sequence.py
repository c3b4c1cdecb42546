"""Passages in order: which work each comes from, if a text changes its source now and then.

A hidden Markov model (Rabiner 1989): a state is a work or none, a passage speaks for a work by the
odds that it derives from it, and the source of one passage is mostly that of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """How texts use sources.

    ``change``: chance that the next passage starts anew; ``tempering``: exponent of the odds, below
    1 because neighbouring passages repeat one another's evidence; ``least_odds``: what a passage
    says of a work it was not even compared with.
    """

    change: float
    tempering: float
    least_odds: float


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """An output read as a sequence.

    ``states``: int64[n], 0 for none, else 1 + a column of works; ``posteriors``: float64[n, m + 1],
    rows sum to 1; ``evidence``: float64[m], nats by which the text is likelier with the work among
    the sources than without.
    """

    states: NDArray[np.int64]
    posteriors: NDArray[np.float64]
    evidence: NDArray[np.float64]


def read_v1(odds: NDArray[np.float64], habits: Habits) -> Reading:
    """Read n passages from the odds float64[n, m] that each derives from each of m works."""
    likelihoods = np.maximum(odds, habits.least_odds) ** habits.tempering
    posteriors, whole = _forward_backward(likelihoods, habits.change)
    states = np.argmax(posteriors, axis=1).astype(np.int64)
    evidence = np.full(odds.shape[1], -1.0)
    for work in range(odds.shape[1]):
        if odds.shape[1] == 1:
            evidence[work] = whole
        else:
            evidence[work] = whole - _forward(np.delete(likelihoods, work, 1), habits.change)[1]
    return Reading(states, posteriors, evidence)


def trimmed(reading: Reading, speaks: NDArray[np.bool_], copied: NDArray[np.bool_]) -> Reading:
    """Take from both ends of a copied run what does not itself speak for the work.

    ``speaks``, ``copied``: bool[n], of each passage and the state it is read as. Within a run, and
    at the ends of a rewrite, a passage may be carried by those around it; who copies word for word
    does not turn the next sentence so that nothing shows.
    """
    states = reading.states.copy()
    for rows in (range(len(states)), range(len(states) - 1, -1, -1)):
        silent: list[int] = []
        before, is_edge = NONE, False
        for at in rows:
            state = int(reading.states[at])
            if state != before:
                silent, is_edge = [], True
            before = state
            if state == NONE or not is_edge:
                continue
            if not speaks[at]:
                silent.append(at)
                continue
            is_edge = False
            if copied[at]:
                states[silent] = NONE
    return Reading(states, reading.posteriors, reading.evidence)


def _forward(
    likelihoods: NDArray[np.float64], change: float
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Give the filtered states float64[n, m + 1], the log likelihood and the scales float64[n].

    A text that starts anew has no source half of the time, and else each work alike.
    """
    n, works = likelihoods.shape
    start = np.full(works + 1, 0.5 / max(works, 1))
    start[NONE] = 0.5
    seen = np.ones((n, works + 1))
    seen[:, 1:] = likelihoods
    filtered = np.empty((n, works + 1))
    scales = np.empty(n)
    state = start
    for at in range(n):
        expected = start if at == 0 else (1 - change) * state + change * start
        state = expected * seen[at]
        scales[at] = state.sum()
        state = state / scales[at]
        filtered[at] = state
    return filtered, float(np.log(scales).sum()), scales


def _forward_backward(
    likelihoods: NDArray[np.float64], change: float
) -> tuple[NDArray[np.float64], float]:
    filtered, whole, scales = _forward(likelihoods, change)
    n, width = filtered.shape
    start = np.full(width, 0.5 / max(width - 1, 1))
    start[NONE] = 0.5
    seen = np.ones((n, width))
    seen[:, 1:] = likelihoods
    posteriors = np.empty((n, width))
    later = np.ones(width)
    for at in range(n - 1, -1, -1):
        posteriors[at] = filtered[at] * later
        ahead = later * seen[at]
        later = ((1 - change) * ahead + change * float(start @ ahead)) / scales[at]
    return posteriors / posteriors.sum(axis=1, keepdims=True), whole
