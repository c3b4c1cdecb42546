"""From observations to coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from attribution.coefficients import AS_READ, Coefficients, Logistic, written
from attribution.decide import FAINT
from attribution.engine import judged
from attribution.gate import log_odds_of, suspects_of
from attribution.sequence import Habits
from attribution.signs import GATE_SIGNS, passage_signs, worth_reading
from attribution.training.regression import fit
from attribution.training.report import derives
from attribution.values import Standing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.training.material import Output
    from attribution.training.observations import Seen

Takes = Callable[[str, "Output"], bool]

PRIOR = 0.12
HABITS = Habits(change=0.12, tempering=0.7, least_odds=0.02)
PAYS_FROM = 0.5
_PASSAGE_RIDGE, _GATE_RIDGE, _FAINT_RIDGE = 0.0005, 0.003, 1e-6
# How much each set weighs in the two regressions, whatever its size: the same-topic sets are small
# and what they teach is found nowhere else.
PASSAGE_WEIGHTS = {
    "clough": 1.5,
    "raidar": 3.0,
    "bible": 4.0,
    "mosaic": 3.0,
    "detectrl": 4.0,
    "raidar-halves": 1.0,
    "detectrl-halves": 1.5,
}
GATE_WEIGHTS = {
    "clough": 6.0,
    "raidar": 3.0,
    "bible": 3.0,
    "mosaic": 4.0,
    "detectrl": 4.0,
    "raidar-halves": 1.0,
    "detectrl-halves": 1.0,
    "same-topic": 3.0,
}
_SAME_TOPIC_NEGATIVES = {"clough": 2.0, "same-topic": 2.0}


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    columns: dict[str, NDArray[np.float64]]
    truth: NDArray[np.bool_]
    weight: NDArray[np.float64]


def everything(_name: str, _output: Output) -> bool:
    """Take every output."""
    return True


def learn(seen: Mapping[str, Sequence[Seen]], takes: Takes) -> Coefficients:
    """Give the coefficients learnt from the outputs for which ``takes(set, output)`` holds."""
    return Coefficients.parsed(learn_file(seen, takes))


def learn_file(seen: Mapping[str, Sequence[Seen]], takes: Takes) -> bytes:
    """Fit the regressions: of passages, of works, of what is read as nobody's; give the file."""
    passage = _fitted(
        [_passages(name, each, takes) for name, each in seen.items() if name in PASSAGE_WEIGHTS],
        _PASSAGE_RIDGE,
    )
    tables = [_gates(name, each, takes, passage) for name, each in seen.items()]
    gate = _fitted(tables, _GATE_RIDGE)
    content = partial(
        written, passage, gate, prior=PRIOR, habits=HABITS, pays_from=PAYS_FROM,
        trained_on=sorted(seen),
    )  # fmt: skip
    told = Coefficients.parsed(content(faint=AS_READ))
    faint = [_faint(name, each, takes, told) for name, each in seen.items()]
    return content(faint=_fitted(faint, _FAINT_RIDGE))


def _fitted(tables: Sequence[_Table], ridge: float) -> Logistic:
    full = [table for table in tables if len(table.truth)]
    columns = {
        name: np.concatenate([table.columns[name] for table in full]) for name in full[0].columns
    }
    truth = np.concatenate([table.truth for table in full])
    weight = np.concatenate([table.weight for table in full])
    return fit(columns, truth, weight, ridge=ridge)


def _passages(name: str, parts: Sequence[Seen], takes: Takes) -> _Table:
    tables: list[_Table] = []
    for part in parts:
        taken = np.array([takes(name, output) for output in part.outputs], dtype=np.bool_)
        chosen = worth_reading(part.likeness.columns) & taken[part.output_of_pairs()]
        some = {key: column[chosen] for key, column in part.likeness.columns.items()}
        chars = np.concatenate([each.ends - each.starts for each in part.fingerprints])
        tables.append(
            _Table(
                passage_signs(some),
                part.truth[chosen] > 0.5,  # noqa: PLR2004  # most of the passage
                chars[part.likeness.rows[chosen]].astype(np.float64),
            )
        )
    return _weighted(tables, PASSAGE_WEIGHTS[name])


def _gates(name: str, parts: Sequence[Seen], takes: Takes, passage: Logistic) -> _Table:
    tables: list[_Table] = []
    for part in parts:
        signs: dict[str, list[NDArray[np.float64]]] = {sign: [] for sign in GATE_SIGNS}
        truth: list[NDArray[np.bool_]] = []
        suspects = suspects_of(
            part.likeness,
            log_odds_of(part.likeness, passage),
            [each.ends - each.starts for each in part.fingerprints],
            prior=PRIOR,
            habits=HABITS,
        )
        for output, suspected in zip(part.outputs, suspects, strict=True):
            if not takes(name, output):
                continue
            for sign in GATE_SIGNS:
                signs[sign].append(suspected.signs[sign])
            sources = [part.numbers[source] for source in output.sources]
            truth.append(np.isin(suspected.works, sources))
        tables.append(_gate_table(name, signs, truth))
    return _weighted(tables, GATE_WEIGHTS[name])


def _faint(name: str, parts: Sequence[Seen], takes: Takes, told: Coefficients) -> _Table:
    """Take the passages read as nobody's, each with the odds the reading gives the likeliest."""
    chances: list[float] = []
    truth: list[bool] = []
    for part in parts:
        found = judged(part.fingerprints, part.likeness, _all_earn, told, "training")
        for output, attributed in zip(part.outputs, found, strict=True):
            for one in attributed.passages if takes(name, output) else ():
                if one.reason == FAINT:
                    chances.append(one.confidence)
                    truth.append(derives(output, one, part.numbers))
    chance = np.array(chances, dtype=np.float64)
    columns = {"log_odds": np.log(chance / (1 - chance))}
    table = _Table(columns, np.array(truth, dtype=np.bool_), np.ones(len(chance)))
    return _weighted([table], PASSAGE_WEIGHTS.get(name, 1.0))


def _all_earn(_work: int) -> Standing:
    return Standing.EARNS


def _gate_table(
    name: str, signs: Mapping[str, list[NDArray[np.float64]]], truth: list[NDArray[np.bool_]]
) -> _Table:
    whole = np.concatenate([np.zeros(0, np.bool_), *truth])
    weight = np.where(whole, 1.0, _SAME_TOPIC_NEGATIVES.get(name, 1.0))
    columns = {sign: np.concatenate([np.zeros(0), *values]) for sign, values in signs.items()}
    return _Table(columns, whole, weight)


def _weighted(tables: Sequence[_Table], weight: float) -> _Table:
    columns = {
        name: np.concatenate([table.columns[name] for table in tables])
        for name in tables[0].columns
    }
    truth = np.concatenate([table.truth for table in tables])
    own = np.concatenate([table.weight for table in tables])
    return _Table(columns, truth, own * (weight / max(float(own.sum()), 1e-9)))
