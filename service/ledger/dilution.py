"""What becomes of a unit credited to a work after all upstream shares: who gets which part."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from graphlib import TopologicalSorter

from service.ledger.money import PPM
from service.ledger.rights import RightsVersion


@dataclass(frozen=True, slots=True)
class Reached:
    """A work that a unit reaches: what comes to it, and what of that it does not pass on.

    ``of_holder``: parts of the unit by holder; they sum to ``kept``.
    """

    work_id: int
    rights_version_id: int
    received: Fraction
    kept: Fraction
    of_holder: Mapping[int, Fraction]


def floor_ppm(part: Fraction) -> int:
    """Return a part of a unit in whole ppm, rounded down."""
    return part.numerator * PPM // part.denominator


def reach(version_id: int, versions: Mapping[int, RightsVersion]) -> tuple[Reached, ...]:
    """Follow a unit credited to a version through all upstream versions, each once.

    The parts of all holders of all works sum to one exactly. ``versions``: of the version and all
    upstream of it. In order of the path: a work comes after everything that passes to it.
    """
    passes_to: dict[int, list[int]] = {number: [] for number in versions}
    for number, version in versions.items():
        for upstream in version.upstream_ppm:
            passes_to[upstream].append(number)
    received = dict.fromkeys(versions, Fraction(0)) | {version_id: Fraction(1)}
    reached = []
    for number in TopologicalSorter(passes_to).static_order():
        version, came = versions[number], received[number]
        for upstream, ppm in version.upstream_ppm.items():
            received[upstream] += came * Fraction(ppm, PPM)
        kept = came * Fraction(PPM - sum(version.upstream_ppm.values()), PPM)
        of_holder = {h: kept * Fraction(ppm, PPM) for h, ppm in sorted(version.shares_ppm.items())}
        reached.append(Reached(version.work_id, number, came, kept, of_holder))
    return tuple(reached)
