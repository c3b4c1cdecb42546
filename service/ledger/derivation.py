"""A change of rights from a day on, and what it cuts: versions of the work and of all downstream.

A rights version names the versions of the works it derives from, so that a line knows for ever whom
it passes royalty to. Whatever replaces a version therefore replaces those that name it, through any
depth, upstream works first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter

from service.ledger.rights import (
    RightsVersion,
    UpstreamCycle,
    check_split,
    check_upstream,
)

Timeline = Sequence[RightsVersion]
"""The versions of one work that count, oldest first; each until the next one starts."""


@dataclass(frozen=True, slots=True)
class Change:
    """What of a work becomes otherwise from a day on; None stays as it is on each day.

    upstream_ppm: by work it derives from; zero ends it, works that are not named stay.
    """

    day: date
    shares_ppm: Mapping[int, int] | None = None
    upstream_ppm: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be made. ``number``: negative, in place of the id that it will get."""

    number: int
    work_id: int
    valid_from: date
    until: date | None
    shares_ppm: Mapping[int, int]
    upstream_ppm: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change does to versions: some end another day, some are superseded, some are made.

    ends: last day, exclusive, by version; None: it counts without end. ``made`` is in order of
    works, upstream first, then of days.
    """

    ends: Mapping[int, date | None]
    superseded: Sequence[int]
    made: Sequence[NewVersion]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Own facts of a work on some days: its split, and its upstream shares by work."""

    start: date
    end: date | None
    shares_ppm: Mapping[int, int]
    upstream_ppm: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Segment:
    """Days of one version; upstream shares by version."""

    start: date
    shares_ppm: Mapping[int, int]
    upstream_ppm: Mapping[int, int]


def check_no_cycle(
    work_id: int, upstream: Sequence[int], derives_from: Mapping[int, Sequence[int]]
) -> None:
    """Raise UpstreamCycle, with the path, where one of these works derives from the work itself.

    derives_from: of all works that derive from this one, through any depth, what they derive from.
    """
    for other in upstream:
        if other == work_id:
            raise UpstreamCycle((work_id, work_id))
        path = _path(other, work_id, derives_from)
        if path:
            raise UpstreamCycle((work_id, *path))


def _path(start: int, goal: int, derives_from: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the shortest way upstream from one work to another, none where there is no way."""
    came_from: dict[int, int] = {}
    waiting = [start]
    while waiting and goal not in came_from:
        found = []
        for work in waiting:
            for upstream in sorted(derives_from.get(work, ())):
                if upstream not in came_from:
                    came_from[upstream] = work
                    found.append(upstream)
        waiting = found
    if goal not in came_from:
        return []
    path = [goal]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def plan(
    work_id: int,
    change: Change,
    timelines: Mapping[int, Timeline],
    derives_from: Mapping[int, Sequence[int]],
) -> Plan:
    """Plan a change of one work and, upstream first, of every work that derives from it.

    timelines: of the work, of all downstream of it and of whatever any of these derives from, or
    is to derive from. Versions of descendants that would be made anew just as they are stay.
    """
    check_no_cycle(work_id, [u for u, p in (change.upstream_ppm or {}).items() if p], derives_from)
    work_of = {v.rights_version_id: work for work, line in timelines.items() for v in line}
    starts = {
        work: [(v.valid_from, v.rights_version_id) for v in line]
        for work, line in timelines.items()
    }
    ends: dict[int, date | None] = {}
    superseded: list[int] = []
    made: list[NewVersion] = []
    differs = {work_id: change.day}  # since which day each work's versions are others
    for work in _upstream_first(work_id, derives_from):
        line = timelines[work]
        is_changed = work == work_id
        above = [differs.get(upstream, date.max) for upstream in derives_from.get(work, ())]
        since = change.day if is_changed else max(min(above), line[0].valid_from)
        pieces = _pieces(line, since, work_of, change if is_changed else None)
        segments = _segments(pieces, starts, keep=() if is_changed else line)
        part = _cut(work, line, since, segments, keeps=not is_changed, number=-len(made) - 1)
        ends |= part.ends
        superseded += part.superseded
        made += part.made
        differs[work] = _differs(part, line)
        starts[work] = _starts_after(part, starts[work])
    return Plan(ends, superseded, made)


def _differs(part: Plan, line: Timeline) -> date:
    """Return the first day on which other versions count; the first version counts for ever before.

    It stands in for the days before it where a derivative is older in the register.
    """
    if line[0].rights_version_id in part.superseded:
        return date.min
    gone = [v.valid_from for v in line if v.rights_version_id in part.superseded]
    return min([*gone, *(one.valid_from for one in part.made)], default=date.max)


def _starts_after(part: Plan, starts: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    gone = set(part.superseded)
    kept = [one for one in starts if one[1] not in gone]
    return sorted([*kept, *((one.valid_from, one.number) for one in part.made)])


def _upstream_first(work_id: int, derives_from: Mapping[int, Sequence[int]]) -> list[int]:
    """Order a work and all that derive from it so that each comes after what it derives from."""
    among = {work_id, *derives_from}
    graph = {work: sorted(among & set(derives_from.get(work, ()))) for work in sorted(among)}
    return list(TopologicalSorter(graph).static_order())


def _pieces(
    line: Timeline, since: date, work_of: Mapping[int, int], change: Change | None
) -> list[_Piece]:
    """Return the own facts of a work from a day on, changed if told; the first reach back to it."""
    pieces: list[_Piece] = []
    for version, end in _with_ends(line):
        if end is not None and end <= since:
            continue
        shares: Mapping[int, int] = version.shares_ppm
        upstream = {work_of[v]: ppm for v, ppm in version.upstream_ppm.items()}
        if change and change.shares_ppm is not None:
            shares = change.shares_ppm
        if change and change.upstream_ppm is not None:
            both = upstream | dict(change.upstream_ppm)
            upstream = {work: ppm for work, ppm in both.items() if ppm}
        start = version.valid_from if pieces else since
        pieces.append(_Piece(start, end, check_split(shares), check_upstream(upstream)))
    return pieces


def _with_ends(line: Timeline) -> Iterator[tuple[RightsVersion, date | None]]:
    following = [version.valid_from for version in line[1:]]
    yield from zip(line, [*following, None], strict=True)


def _segments(
    pieces: Sequence[_Piece],
    starts: Mapping[int, Sequence[tuple[date, int]]],
    *,
    keep: Timeline,
) -> list[_Segment]:
    """Cut pieces where an upstream version begins; equal neighbours are one segment.

    Not where the later one is a version already (``keep``): what nothing changed stays.
    """
    there = [(v.valid_from, v.shares_ppm, v.upstream_ppm) for v in keep]
    segments: list[_Segment] = []
    for piece in pieces:
        for day in _days(piece, starts):
            upstream = {
                _valid(starts[work], day): ppm for work, ppm in sorted(piece.upstream_ppm.items())
            }
            last = segments[-1] if segments else None
            facts = (piece.shares_ppm, upstream)
            if not last or (last.shares_ppm, last.upstream_ppm) != facts or (day, *facts) in there:
                segments.append(_Segment(day, piece.shares_ppm, upstream))
    return segments


def _days(piece: _Piece, starts: Mapping[int, Sequence[tuple[date, int]]]) -> Iterator[date]:
    inner = {
        day
        for work in piece.upstream_ppm
        for day, _ in starts[work]
        if piece.start < day and (piece.end is None or day < piece.end)
    }
    yield from sorted({piece.start, *inner})


def _valid(starts: Sequence[tuple[date, int]], day: date) -> int:
    """Return the version valid on a day; before the first there is, the first."""
    valid = starts[0][1]
    for start, number in starts:
        valid = number if start <= day else valid
    return valid


def _cut(
    work_id: int,
    line: Timeline,
    since: date,
    segments: Sequence[_Segment],
    *,
    keeps: bool,
    number: int,
) -> Plan:
    """Say how the versions of one work become its segments; ``number``: of the first one made."""
    counted = [(version, end) for version, end in _with_ends(line) if end is None or end > since]
    before = {version.rights_version_id: end for version, end in counted}
    after: dict[int, date | None] = {
        version.rights_version_id: since for version, _ in counted if version.valid_from < since
    }
    made: list[NewVersion] = []
    for segment, end in zip(segments, [*[s.start for s in segments[1:]], None], strict=True):
        same = _same([version for version, _ in counted], segment, since) if keeps else None
        if same is None:
            shares, upstream = segment.shares_ppm, segment.upstream_ppm
            one = number - len(made)
            made.append(NewVersion(one, work_id, segment.start, end, shares, upstream))
        else:
            after[same] = end
    ends = {version: end for version, end in after.items() if end != before[version]}
    return Plan(ends, [version for version in before if version not in after], made)


def _same(counted: Timeline, segment: _Segment, since: date) -> int | None:
    """Return the version that says what a segment says from its first day on, if there is one."""
    for version in counted:
        begins = version.valid_from == segment.start or (
            version.valid_from < segment.start == since
        )
        facts = (version.shares_ppm, version.upstream_ppm)
        if begins and facts == (segment.shares_ppm, segment.upstream_ppm):
            return version.rights_version_id
    return None
