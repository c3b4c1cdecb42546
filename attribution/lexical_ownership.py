"""Whose the works of a segment are: as they were written, or as it was found since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.lexical_ragged import spans, starts_in

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Ownership:
    """Owners of the R runs of a segment, and where the passages of each owner lie.

    ``of_runs``: int64[R]. A stretch is as long as runs of one owner follow one another: ``names``,
    its owner, int64[S] rising; ``lows`` and ``highs``, its ordinals [low, high), uint32[S].
    """

    of_runs: NDArray[Any]
    names: NDArray[np.int64]
    lows: NDArray[Any]
    highs: NDArray[Any]

    def ranges(
        self, owners: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give the stretches of owners: places in ``owners``, rising, low and high."""
        first = np.searchsorted(self.names, owners)
        lengths = np.searchsorted(self.names, owners, side="right") - first
        which = spans(first, lengths)
        here = np.repeat(np.arange(len(owners)), lengths)
        return here, self.lows[which].astype(np.int64), self.highs[which].astype(np.int64)


def ownership_of(of_runs: NDArray[Any], run_starts: NDArray[Any]) -> Ownership:
    """Find the stretches of runs int64[R] that begin at these ordinals [R + 1]."""
    bounds = np.append(np.flatnonzero(starts_in(of_runs)), len(of_runs))
    names = np.asarray(of_runs[bounds[:-1]])
    order = np.argsort(names, kind="stable")
    lows, highs = run_starts[bounds[:-1]][order], run_starts[bounds[1:]][order]
    return Ownership(of_runs, names[order], lows, highs)
