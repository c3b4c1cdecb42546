"""Segments of the lexical index as a snapshot."""

from __future__ import annotations

import os
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from attribution.lexical_columns import FileSink, mapped, written
from attribution.lexical_merge import merged
from attribution.lexical_ownership import ownership_of
from attribution.lexical_segment import Segment
from attribution.lexical_stack import Corrections, Counts, Stack
from attribution.snapshot import Snapshot, SnapshotRefused, open_snapshot, staging, write_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "lexical"
_LAYOUT = "segments-2"
_MOST = 5
_LARGER = 2  # times the size of what is merged: not merged with it
_PURGED = 5  # where one in so many passages was removed
_FOLDED = 20  # where there is a correction for one in so many hashes
_TRIES = 3
_REMOVALS = "removals"


def save(folder: Path, stack: Stack, *, saved: int, digest: str, watermark: int) -> Stack:
    """Write a snapshot of a stack whose first ``saved`` segments are files; give it as files."""
    with staging(folder) as place:
        chosen = _chosen(stack, saved)
        if chosen:
            stack = merged(stack, chosen, FileSink(place / "merged"))
        files: dict[str, bytes | Path] = {_REMOVALS: _removals(stack)}
        segments = []
        for number, segment in enumerate(stack.segments):
            files[_name(number)] = place / _name(number)
            segments.append(_put(segment, place / _name(number)))
        snapshot = Snapshot(
            kind=KIND,
            digest=f"{digest}/{_LAYOUT}",
            dimension=0,
            count=len(stack),
            watermark=watermark,
        )
        paths = write_snapshot(folder, snapshot, files)
    at_rest = [replace(each, path=paths[_name(number)]) for number, each in enumerate(segments)]
    return replace(stack, segments=tuple(at_rest))


def load(folder: Path, *, digest: str, newest: int | None = None) -> tuple[Stack, int]:
    """Map a snapshot: the stack and its watermark; raises SnapshotRefused with the reason."""
    for _ in range(_TRIES):
        snapshot, paths = open_snapshot(
            folder, kind=KIND, digest=f"{digest}/{_LAYOUT}", dimension=0, newest=newest
        )
        try:
            stack = _stack(paths)
        except FileNotFoundError:
            continue  # a later snapshot has taken its place
        except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise SnapshotRefused(f"the segments cannot be read: {error}") from error
        if len(stack) != snapshot.count:
            raise SnapshotRefused(f"holds {len(stack)} passages, not {snapshot.count}")
        return stack, snapshot.watermark
    raise SnapshotRefused("it is replaced faster than it can be read")


def _chosen(stack: Stack, saved: int) -> list[int]:
    """Choose the segments to merge: what is in memory, much removed from, or small beside those.

    All, where the corrections have grown.
    """
    segments = stack.segments
    hashes = sum(len(each.columns.hashes) for each in segments)
    if len(stack.corrections.hashes) * _FOLDED > hashes:
        return list(range(len(segments)))
    chosen = {
        place
        for place, each in enumerate(segments)
        if place >= saved or len(each.dead) * _PURGED > len(each.columns.ids)
    }
    size = sum(len(segments[place]) for place in chosen)
    for place in sorted(range(saved), key=lambda place: len(segments[place])):
        if place in chosen:
            continue
        left = len(segments) - len(chosen)
        if left >= _MOST or (chosen and len(segments[place]) <= _LARGER * size):
            chosen.add(place)
            size += len(segments[place])
    return sorted(chosen)


def _put(segment: Segment, path: Path) -> Segment:
    """Bring a segment to a path: the file it lies in, or one it is written to."""
    if segment.path is not None:
        try:
            os.link(segment.path, path)
        except OSError:  # replaced by another's snapshot, or on another file system
            return replace(segment, columns=written(segment.columns, path))
        return segment
    return replace(segment, columns=written(segment.columns, path))


def _name(number: int) -> str:
    return f"segment-{number}"


def _owners_of(number: int) -> str:
    return f"owners-{number}"


def _removals(stack: Stack) -> bytes:
    """Write what is no column: what was removed, whose the runs are now, corrections and totals."""
    arrays = {_name(number): each.dead for number, each in enumerate(stack.segments)}
    arrays |= {
        _owners_of(number): each.ownership.of_runs for number, each in enumerate(stack.segments)
    }
    content = BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        hashes=stack.corrections.hashes,
        corrections=np.array(stack.corrections.counts),
        totals=np.array(
            [len(stack.segments), stack.owner_count, stack.work_count, stack.owner_change]
        ),
        **arrays,
    )
    return content.getvalue()


def _stack(paths: Mapping[str, Path]) -> Stack:
    with np.load(paths[_REMOVALS], allow_pickle=False) as removals:
        count, *totals = removals["totals"].tolist()
        corrections = Corrections(removals["hashes"], Counts(*removals["corrections"]))
        segments = []
        for number in range(count):
            path = paths[_name(number)]
            columns = mapped(path)
            ownership = ownership_of(removals[_owners_of(number)], columns.run_starts)
            segments.append(Segment(columns, removals[_name(number)], ownership, path))
    return Stack(tuple(segments), corrections, *totals)
