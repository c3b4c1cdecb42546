"""From likeness to shares: who is paid for which part of an output."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.gate import COPIED_FROM_GRAMS
from attribution.sequence import NONE
from attribution.values import (
    WHOLE_PPM,
    Attribution,
    Evidence,
    Fingerprint,
    PassageVerdict,
    Standing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attribution.catalogue import PassageRef
    from attribution.coefficients import Coefficients
    from attribution.gate import Suspects
    from attribution.likeness import Likeness

METHOD = "decide_v2"
FAINT = "too faint"
_QUOTE_GRAMS = 0.95
_FAINTEST = 1e-4
_QUOTE_RARE_GRAMS = 10.0  # as many consecutive rare 3-grams are 12 rare words


@dataclass(frozen=True, slots=True)
class Win:
    """The passage of the output in row ``at``, and the source it most likely comes from."""

    at: int
    source: PassageRef
    confidence: float
    verbatim: bool
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class _Gates:
    """How likely each of m works is a source at all, float64[m], and what training says of it."""

    chances: NDArray[np.float64]
    told: Coefficients

    def reason(self, state: int) -> str:
        is_open = self.chances[state - 1] >= self.told.pays_from
        return "paid" if is_open else "gate: too little of the work"

    def confidence(self, suspects: Suspects, at: int, state: int) -> float:
        """Give the chance that the row derives from the work, as the sequence reads it.

        Where the gate stays shut, only if the work is a source of the output after all.
        """
        chance = float(self.chances[state - 1])
        whole = float(suspects.reading.posteriors[at, state])
        return min(whole if chance >= self.told.pays_from else whole * chance, 1.0)

    def faint(self, suspects: Suspects, at: int, state: int) -> float:
        """Give the chance of a row read as nobody's, of which the reading is too sure."""
        chance = np.clip(self.confidence(suspects, at, state), _FAINTEST, 1 - _FAINTEST)
        odds = self.told.faint.log_odds({"log_odds": np.array([np.log(chance / (1 - chance))])})
        return float(1 / (1 + np.exp(-odds[0])))

    def quoted(self, suspects: Suspects, at: int, state: int) -> float:
        """Give the chance of a quote, which speaks for itself whatever the gate holds."""
        alone = 1 / (1 + np.exp(-float(suspects.log_odds[at, state - 1])))
        return max(self.confidence(suspects, at, state), float(alone))


def decide_v2(
    fingerprint: Fingerprint,
    likeness: Likeness,
    suspects: Suspects,
    standing: Callable[[int], Standing],
    coefficients: Coefficients,
    *,
    engine_version: str,
) -> Attribution:
    """Divide one output among works.

    A passage goes to the work the sequence reads it as; that work is paid for what it wins if the
    gate finds it a source of the output, otherwise for quotes alone (95 % of the 3-grams, at least
    10 rare ones). A share is the characters of the passages paid over those of all passages; the
    rest is unmatched and never shared out. Largest remainder makes the whole exactly a million; of
    equal remainders the earliest work goes first and the unmatched part last.
    """
    chances = 1 / (1 + np.exp(-coefficients.gate.log_odds(suspects.signs)))
    gates = _Gates(chances, coefficients)
    wins = [
        _win(at, fingerprint, likeness, suspects, gates, standing) for at in range(len(fingerprint))
    ]
    taken = [win for win in wins if win and win.reason in ("paid", "commons")]
    paid = [win for win in taken if win.reason == "paid"]
    shares, unmatched_ppm = _shares(paid, fingerprint)
    won = {win.at for win in taken}
    return Attribution(
        share_ppm=shares,
        unmatched_ppm=unmatched_ppm,
        evidence=tuple(_evidence(win, fingerprint) for win in taken),
        engine_version=engine_version,
        best=_best(suspects, chances, paid, standing),
        passages=tuple(_verdict(at, win, fingerprint) for at, win in enumerate(wins)),
        unmatched_rows=tuple(at for at in range(len(fingerprint)) if at not in won),
    )


def _win(
    at: int,
    fingerprint: Fingerprint,
    likeness: Likeness,
    suspects: Suspects,
    gates: _Gates,
    standing: Callable[[int], Standing],
) -> Win | None:
    """Say what becomes of one row; None where no work came near it."""
    state = int(suspects.reading.states[at])
    candidates = suspects.pair[at]
    if state != NONE and candidates[state - 1] < 0:
        return _beside(at, state, likeness, suspects, gates, standing)
    if state == NONE:
        near = np.flatnonzero(candidates >= 0)
        if not len(near):
            return None
        state = int(near[np.argmax(suspects.log_odds[at, near])]) + 1
        reason, confidence = FAINT, gates.faint(suspects, at, state)
    else:
        reason, confidence = gates.reason(state), gates.confidence(suspects, at, state)
    pair = int(candidates[state - 1])
    source = likeness.refs[int(likeness.passage_ids[pair])]
    same = source.content_hash == fingerprint.hashes[at]
    grams = float(likeness.columns["grams_of_work"][pair])
    rare = float(likeness.columns["rare_grams"][pair])
    if grams >= _QUOTE_GRAMS and rare >= _QUOTE_RARE_GRAMS:
        reason, confidence = "paid", gates.quoted(suspects, at, state)
    reason = _unpaid_in_the_commons(reason, source, standing)
    return Win(at, source, confidence, same or grams >= COPIED_FROM_GRAMS, reason)


def _beside(
    at: int,
    state: int,
    likeness: Likeness,
    suspects: Suspects,
    gates: _Gates,
    standing: Callable[[int], Standing],
) -> Win:
    """Give a row that lies within a run of a work, without a passage of its own, to the run."""
    rows = np.flatnonzero(suspects.pair[:, state - 1] >= 0)
    nearest = int(rows[np.argmin(np.abs(rows - at))])
    source = likeness.refs[int(likeness.passage_ids[suspects.pair[nearest, state - 1]])]
    reason = _unpaid_in_the_commons(gates.reason(state), source, standing)
    return Win(at, source, gates.confidence(suspects, at, state), False, reason)  # noqa: FBT003


def _unpaid_in_the_commons(
    reason: str, source: PassageRef, standing: Callable[[int], Standing]
) -> str:
    is_commons = standing(source.work_id) is Standing.COMMONS
    return "commons" if reason == "paid" and is_commons else reason


def _best(
    suspects: Suspects,
    chances: NDArray[np.float64],
    paid: Sequence[Win],
    standing: Callable[[int], Standing],
) -> tuple[int, float] | None:
    """Name the likeliest source that may earn; of equals the earliest.

    Of a work that is paid the gate and the surest passage both give an opinion; where the passage
    is surer their mean counts (a linear opinion pool: Stone 1961).
    """
    surest: dict[int, float] = {}
    for win in paid:
        work = win.source.work_id
        surest[work] = max(surest.get(work, 0.0), win.confidence)
    earning = [
        (max(chance, (chance + surest.get(work, 0.0)) / 2), -work)
        for chance, work in zip(chances.tolist(), suspects.works.tolist(), strict=True)
        if standing(work) is Standing.EARNS
    ]
    if not earning:
        return None
    chance, work = max(earning)
    return -work, chance


def _shares(paid: Sequence[Win], fingerprint: Fingerprint) -> tuple[dict[int, int], int]:
    """Turn characters into ppm that sum to a million with the unmatched part."""
    if not paid:
        return {}, WHOLE_PPM
    lengths = (fingerprint.ends - fingerprint.starts).tolist()
    whole_chars = sum(lengths)
    chars: dict[int, int] = defaultdict(int)
    for win in paid:
        chars[win.source.work_id] += lengths[win.at]
    works = sorted(chars)
    parts = [chars[work_id] for work_id in works]
    parts.append(whole_chars - sum(parts))
    shares = [part * WHOLE_PPM // whole_chars for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda at: -(parts[at] * WHOLE_PPM % whole_chars))
    for at in by_remainder[: WHOLE_PPM - sum(shares)]:
        shares[at] += 1
    *of_works, unmatched_ppm = shares
    return {work: ppm for work, ppm in zip(works, of_works, strict=True) if ppm}, unmatched_ppm


def _evidence(win: Win, fingerprint: Fingerprint) -> Evidence:
    return Evidence(
        output_start=int(fingerprint.starts[win.at]),
        output_end=int(fingerprint.ends[win.at]),
        work_id=win.source.work_id,
        passage_id=win.source.passage_id,
        source_start=win.source.start,
        source_end=win.source.end,
        confidence=win.confidence,
        kind="verbatim" if win.verbatim else "paraphrase",
        paid=win.reason == "paid",
    )


def _verdict(at: int, win: Win | None, fingerprint: Fingerprint) -> PassageVerdict:
    start, end = int(fingerprint.starts[at]), int(fingerprint.ends[at])
    if win is None:
        return PassageVerdict(start, end, None, None, 0, 0, 0.0, None, "no likeness")
    return PassageVerdict(
        start,
        end,
        win.source.work_id,
        win.source.passage_id,
        win.source.start,
        win.source.end,
        win.confidence,
        "verbatim" if win.verbatim else "paraphrase",
        win.reason,
    )
