"""What training found, read from the one versioned file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from attribution.sequence import Habits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

FILE = "coefficients_v1.json"


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """A logistic regression: log odds = ``constant`` + values of ``names`` times ``slopes``."""

    names: tuple[str, ...]
    slopes: NDArray[np.float64]
    constant: float

    def log_odds(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give the log odds, float64[n], of n rows given by columns."""
        whole = np.full(len(columns[self.names[0]]), self.constant)
        for name, slope in zip(self.names, self.slopes.tolist(), strict=True):
            if slope:
                whole += slope * columns[name]
        return whole


AS_READ = Logistic(("log_odds",), np.array([1.0]), 0.0)
"""Takes the odds of a reading for what they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """Everything training chose.

    ``passage``: odds that a passage derives from a work; ``prior``: part of the compared pairs of
    which that is true; ``gate``: odds that a work is a source of an output at all; ``pays_from``:
    probability at which the gate opens; ``faint``: odds that a passage read as nobody's derives
    from the likeliest work after all. ``digest`` names the content.
    """

    passage: Logistic
    prior: float
    habits: Habits
    gate: Logistic
    pays_from: float
    faint: Logistic
    digest: str

    @classmethod
    def parsed(cls, content: bytes) -> Self:
        """Read the file's content."""
        told: dict[str, Any] = json.loads(content)
        return cls(
            passage=_logistic(told["passage"]),
            prior=told["prior"],
            habits=Habits(**told["habits"]),
            gate=_logistic(told["gate"]),
            pays_from=told["pays_from"],
            faint=_logistic(told["faint"]),
            digest=hashlib.sha256(content).hexdigest(),
        )


def _logistic(told: Mapping[str, Any]) -> Logistic:
    slopes: Mapping[str, float] = told["slopes"]
    return Logistic(tuple(slopes), np.array(list(slopes.values())), told["constant"])


def written(
    passage: Logistic,
    gate: Logistic,
    *,
    prior: float,
    habits: Habits,
    pays_from: float,
    faint: Logistic,
    trained_on: Sequence[str],
) -> bytes:
    """Write the file's content, the same bytes for the same numbers."""
    told = {
        "trained_on": list(trained_on),
        "passage": _told(passage),
        "prior": prior,
        "habits": {
            "change": habits.change,
            "tempering": habits.tempering,
            "least_odds": habits.least_odds,
        },
        "gate": _told(gate),
        "pays_from": pays_from,
        "faint": _told(faint),
    }
    return (json.dumps(told, indent=1) + "\n").encode()


def _told(logistic: Logistic) -> dict[str, Any]:
    slopes = {
        name: round(slope, 6)
        for name, slope in zip(logistic.names, logistic.slopes.tolist(), strict=True)
    }
    return {"constant": round(logistic.constant, 6), "slopes": slopes}


@lru_cache(maxsize=1)
def installed() -> Coefficients:
    """Give the coefficients this version of the package was trained with."""
    return Coefficients.parsed((files("attribution") / FILE).read_bytes())
