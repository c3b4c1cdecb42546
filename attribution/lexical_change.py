"""What adding and removing passages, and new owners of works, make of a stack of segments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from attribution.lexical_index import UNKNOWN
from attribution.lexical_ragged import distinct, paired, parted, spans
from attribution.lexical_segment import Segment, count_columns, segment_of
from attribution.lexical_stack import Counts, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints

    Ranges = Callable[
        [Segment, NDArray[np.int64]],
        tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    ]


def added(
    stack: Stack,
    passage_ids: NDArray[np.int64],
    work_ids: NDArray[np.int64],
    owner_ids: NDArray[np.int64],
    prints: LexicalPrints,
) -> Stack:
    """Put passages into a segment of their own; of an id that comes twice the last counts."""
    _, from_the_end = np.unique(passage_ids[::-1], return_index=True)
    rows = len(passage_ids) - 1 - from_the_end
    ids, works, owners = passage_ids[rows], work_ids[rows], owner_ids[rows]
    stack = removed(stack, ids)
    segment = segment_of(ids, works, owners, prints.take(rows))
    return replace(
        stack,
        segments=(*stack.segments, _counted(segment, stack.segments)),
        owner_count=stack.owner_count + _strangers(stack.segments, owners, Segment.owner_ranges),
        work_count=stack.work_count + _strangers(stack.segments, works, Segment.work_ranges),
    )


def removed(stack: Stack, passage_ids: NDArray[np.int64]) -> Stack:
    """Mark passages as removed and correct the counts; unknown ids are no error."""
    segments, hashes, owners, works = [], [], [], []
    gone_owners, gone_works = [], []
    for segment in stack.segments:
        ordinals, here = segment.locate(passage_ids)
        gone = np.unique(ordinals[here])
        if not len(gone):
            segments.append(segment)
            continue
        rows, held = segment.hashes_held(gone)
        hashes.append(held)
        gone_owners.append(segment.owners_at(gone))
        gone_works.append(segment.works_at(gone))
        owners.append(gone_owners[-1][rows])
        works.append(gone_works[-1][rows])
        segments.append(segment.without(gone))
    if not hashes:
        return stack
    names, at = np.unique(np.concatenate(hashes), return_inverse=True)
    lost = Counts(
        np.bincount(at, minlength=len(names)),
        _unknown_pairs(segments, names, at, np.concatenate(owners), Segment.owner_ranges),
        _unknown_pairs(segments, names, at, np.concatenate(works), Segment.work_ranges),
    )
    last_owners = _strangers(segments, np.concatenate(gone_owners), Segment.owner_ranges)
    last_works = _strangers(segments, np.concatenate(gone_works), Segment.work_ranges)
    return replace(
        stack,
        segments=tuple(segments),
        corrections=stack.corrections.plus(names, Counts(*(-each for each in lost))),
        owner_count=stack.owner_count - last_owners,
        work_count=stack.work_count - last_works,
    )


def reowned(stack: Stack, work_ids: NDArray[np.int64], owner_ids: NDArray[np.int64]) -> Stack:
    """Give works, distinct and rising, to owners; no column is written anew.

    Counted as a removal and an addition are: between the two the works are nobody's, and what of an
    owner's hashes nothing else of that owner holds then is lost by the old one, gained by the new.
    """
    steps = [_moved(segment, work_ids, owner_ids) for segment in stack.segments]
    stack = replace(stack, segments=tuple(step.after for step in steps))
    moved = [step for step in steps if len(step.ordinals)]
    if not moved:
        return stack
    between = [step.between for step in steps]
    held = [step.before.hashes_held(step.ordinals) for step in moved]
    names, at = np.unique(np.concatenate([hashes for _, hashes in held]), return_inverse=True)
    old = [step.before.owners_at(step.ordinals) for step in moved]
    new = [step.after.owners_at(step.ordinals) for step in moved]
    lost, gained = (
        _unknown_pairs(
            between,
            names,
            at,
            np.concatenate([each[rows] for each, (rows, _) in zip(owners, held, strict=True)]),
            Segment.owner_ranges,
        )
        for owners in (old, new)
    )
    others = np.flatnonzero(gained != lost)
    zeros = np.zeros(len(others), dtype=np.int64)
    counts = Counts(zeros, (gained - lost)[others], zeros)
    gone = _strangers(between, np.concatenate(old), Segment.owner_ranges)
    come = _strangers(between, np.concatenate(new), Segment.owner_ranges)
    return replace(
        stack,
        corrections=stack.corrections.plus(names[others], counts),
        owner_count=stack.owner_count + come - gone,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Move:
    """A segment of which works change their owner: ``ordinals`` of theirs that were not removed."""

    before: Segment
    between: Segment  # they are nobody's
    after: Segment
    ordinals: NDArray[np.int64]


def _moved(segment: Segment, work_ids: NDArray[np.int64], owner_ids: NDArray[np.int64]) -> _Move:
    at, runs = segment.runs_of(work_ids)
    other = segment.ownership.of_runs[runs] != owner_ids[at]
    runs, to = runs[other], owner_ids[at[other]]
    if not len(runs):
        return _Move(segment, segment, segment, runs)
    between, after = (segment.given(runs, owners) for owners in (np.full_like(to, UNKNOWN), to))
    return _Move(segment, between, after, segment.live_in(runs))


def _counted(segment: Segment, known: Sequence[Segment]) -> Segment:
    """Let a new segment stand for the owners and works of its hashes that no other knows."""
    columns = segment.columns
    codes = np.repeat(np.arange(len(columns.hashes)), np.diff(columns.posting_offsets))
    runs = columns.runs[columns.postings]
    owners = _unknown_pairs(
        known, columns.hashes, codes, columns.run_owners[runs], Segment.owner_ranges
    )
    works = _unknown_pairs(
        known, columns.hashes, codes, columns.run_works[runs], Segment.work_ranges
    )
    return replace(segment, columns=replace(columns, **count_columns(owners, works)))


def _unknown_pairs(
    segments: Sequence[Segment],
    hashes: NDArray[np.uint64],
    at: NDArray[np.int64],
    holders: NDArray[np.int64],
    ranges: Ranges,
) -> NDArray[np.int64]:
    """Count for each of ``hashes`` its distinct holders of whom no living passage holds it.

    Pair i says that ``hashes[at[i]]`` was or will be held by ``holders[i]``.
    """
    names, holder = np.unique(holders, return_inverse=True)
    pair_hash, pair_holder = parted(distinct(paired(at, holder)))
    unknown = np.ones(len(pair_hash), dtype=np.bool_)
    for segment in segments:
        here, low, high = ranges(segment, names)
        if not len(here):
            continue
        first = np.searchsorted(here, pair_holder)
        number = np.searchsorted(here, pair_holder, side="right") - first
        number[~unknown] = 0
        pairs = np.repeat(np.arange(len(number)), number)
        which = spans(first, number)
        held = segment.any_holds(hashes[pair_hash[pairs]], low[which], high[which])
        unknown[pairs[held]] = False
    return np.bincount(pair_hash[unknown], minlength=len(hashes))


def _strangers(segments: Sequence[Segment], holders: NDArray[np.int64], ranges: Ranges) -> int:
    """Count the distinct holders of whom no passage is alive."""
    names = np.unique(holders)
    unknown = np.ones(len(names), dtype=np.bool_)
    for segment in segments:
        here, low, high = ranges(segment, names)
        unknown[here[segment.any_live(low, high)]] = False
    return int(unknown.sum())
