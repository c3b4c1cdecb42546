"""An adjustment run: what a back-dated change of rights makes of statement lines that were stated.

Corrections move credits between the lines of rights versions, sale by sale. A close releases them
to holders and upstream as it releases everything; the run is that release of these credits alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import NamedTuple

from service.ledger.period import Period
from service.ledger.release import Credit, Line, release


class LineOf(NamedTuple):
    """What makes a line."""

    work_id: int
    rights_version_id: int
    vendor: str
    tier: int
    currency: str


class StatedLine(NamedTuple):
    """A line as a holder's statements show it: versions of rights are one there."""

    holder_id: int
    work_id: int
    vendor: str
    tier: int
    currency: str
    month: Period


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What statements said of a line before a run, and what the run adds to it; signed nanos."""

    line: StatedLine
    original_nanos: int
    delta_nanos: int

    @property
    def corrected_nanos(self) -> int:
        """What the line comes to."""
        return self.original_nanos + self.delta_nanos


def run(
    moved: Mapping[LineOf, Sequence[Credit]],
    lines: Mapping[LineOf, Line],
    before: Mapping[LineOf, int],
) -> dict[StatedLine, int]:
    """Release what corrections moved, derivatives before what they derive from; deltas by line.

    lines: those moved and all upstream of them; before: what each was credited in all periods
    released before. Deltas that are zero are left out, for nobody's statement changes by them.
    """
    versions = {(key.work_id, key.rights_version_id) for key in lines}
    work_of = {version: work for work, version in versions}
    credits: dict[LineOf, list[Credit]] = defaultdict(list)
    for key, some in moved.items():
        credits[key] += some
    graph: dict[LineOf, list[LineOf]] = {key: [] for key in lines}
    for key, line in lines.items():
        for version in line.rights.upstream_ppm:
            graph[_upstream(key, version, work_of)].append(key)
    deltas: dict[StatedLine, int] = defaultdict(int)
    for key in TopologicalSorter(graph).static_order():
        if not credits.get(key):
            continue
        for part in release(lines[key], before.get(key, 0), _by_month(credits[key])):
            for version, nanos in part.to_upstream.items():
                credits[_upstream(key, version, work_of)].append(Credit(part.month, nanos))
            for holder, nanos in part.to_holder.items():
                stated = StatedLine(
                    holder, key.work_id, key.vendor, key.tier, key.currency, part.month
                )
                deltas[stated] += nanos
    return {line: nanos for line, nanos in sorted(deltas.items()) if nanos}


def _upstream(key: LineOf, version: int, work_of: Mapping[int, int]) -> LineOf:
    return LineOf(work_of[version], version, key.vendor, key.tier, key.currency)


def _by_month(credits: Sequence[Credit]) -> list[Credit]:
    months: dict[Period, int] = defaultdict(int)
    for credit in credits:
        months[credit.month] += credit.nanos
    return [Credit(month, nanos) for month, nanos in sorted(months.items())]
