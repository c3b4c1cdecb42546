"""Several segments into one, in pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.lexical_ragged import (
    narrow,
    narrow_type,
    offsets_of,
    paired,
    parted,
    spans,
)
from attribution.lexical_segment import Segment, count_columns, passage_columns, segment_over
from attribution.lexical_stack import NO_CORRECTIONS, Corrections, Counts, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from attribution.lexical_columns import Sink

_POSTINGS_AT_ONCE = 4_000_000
_PASSAGES_AT_ONCE = 100_000
_GONE = np.uint32(0xFFFF_FFFF)


@dataclass(frozen=True, slots=True, eq=False)
class _Placing:
    """Where the living passages go: ``sources`` and ``ordinals`` say whence, in the new order."""

    sources: NDArray[np.uint8]
    ordinals: NDArray[np.uint32]
    targets: tuple[NDArray[np.uint32], ...]  # of each segment, by old ordinal


def merged(stack: Stack, chosen: Sequence[int], sink: Sink) -> Stack:
    """Put the living passages of the chosen segments, by place, into one, the last of the stack.

    Answers stay the same. Where all are chosen the corrections go into the new segment. Memory
    beside what the sink keeps: the old ordinals and codes, and one piece.
    """
    segments = [stack.segments[place] for place in chosen]
    whole = len(chosen) == len(stack.segments)
    placing = _place(segments, sink)
    codes, left = _merge_postings(segments, placing, sink, stack.corrections if whole else None)
    _merge_prints(segments, placing, codes, sink)
    corrections = NO_CORRECTIONS if whole else stack.corrections.plus(left.hashes, left.counts)
    others = [each for place, each in enumerate(stack.segments) if place not in chosen]
    if len(placing.ordinals):
        others.append(segment_over(sink.columns()))
    return replace(stack, segments=tuple(others), corrections=corrections)


def _place(segments: Sequence[Segment], sink: Sink) -> _Placing:
    live = [segment.live() for segment in segments]
    ids = np.concatenate([s.ids_at(at) for s, at in zip(segments, live, strict=True)])
    works = np.concatenate([s.works_at(at) for s, at in zip(segments, live, strict=True)])
    owners = np.concatenate([s.owners_at(at) for s, at in zip(segments, live, strict=True)])
    order = np.lexsort((ids, works, owners))
    for name, column in passage_columns(ids[order], works[order], owners[order]).items():
        sink.append(name, column)
    sources = np.repeat(np.arange(len(live), dtype=np.uint8), [len(at) for at in live])[order]
    ordinals = np.concatenate(live).astype(np.uint32)[order]
    targets = []
    for number, segment in enumerate(segments):
        target = np.full(len(segment.columns.ids), _GONE, dtype=np.uint32)
        own = np.flatnonzero(sources == number)
        target[ordinals[own]] = own
        targets.append(target)
    return _Placing(sources, ordinals, tuple(targets))


def _merge_postings(
    segments: Sequence[Segment], placing: _Placing, sink: Sink, folded: Corrections | None
) -> tuple[list[NDArray[np.uint32]], Corrections]:
    """Merge the hashes and their postings; give the new codes by old, and what sums lose."""
    codes = [np.zeros(len(each.columns.hashes), dtype=np.uint32) for each in segments]
    largest = sum(len(each.columns.postings) for each in segments)
    sink.append("posting_offsets", np.zeros(1, dtype=narrow_type(largest)))
    hash_count = posting_count = 0
    left = NO_CORRECTIONS
    for cuts in _pieces(segments):
        names, local = _names(segments, cuts)
        postings, passages, dropped = _piece(segments, placing, cuts, local, len(names))
        owners, works = _stood_for(segments, cuts, local, len(names))
        kept = passages > 0
        if folded is not None:
            more = folded.at(names)
            owners, works = owners + more.owners, works + more.works
        elif len(gone := np.flatnonzero((dropped > 0) | ~kept)):
            lost = (np.where(kept, 0, each)[gone] for each in (owners, works))
            left = left.plus(names[gone], Counts(dropped[gone], *lost))
        renumbered = (np.cumsum(kept) - 1 + hash_count).astype(np.uint32)
        for code, (low, high), at in zip(codes, cuts, local, strict=True):
            code[low:high] = renumbered[at]
        ends = posting_count + np.cumsum(passages[kept])
        sink.append("hashes", names[kept])
        sink.append("posting_offsets", narrow(ends, largest))
        sink.append("postings", postings)
        columns = count_columns(owners[kept], works[kept], first_code=hash_count)
        for name, column in columns.items():
            sink.append(name, column)
        hash_count += int(kept.sum())
        posting_count += len(postings)
    return codes, left


def _pieces(segments: Sequence[Segment]) -> Iterator[list[tuple[int, int]]]:
    """Cut the space of hashes so that no piece has many postings; codes [low, high) of each."""
    total = sum(len(each.columns.postings) for each in segments)
    number = 1 + total // _POSTINGS_AT_ONCE
    bounds = np.array([(step << 64) // number for step in range(1, number)], dtype=np.uint64)
    cuts = [
        [0, *np.searchsorted(each.columns.hashes, bounds).tolist(), len(each.columns.hashes)]
        for each in segments
    ]
    for step in range(number):
        yield [(cut[step], cut[step + 1]) for cut in cuts]


def _names(
    segments: Sequence[Segment], cuts: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.uint64], list[NDArray[np.int64]]]:
    """Give the distinct hashes of a piece, and of each segment's which they are."""
    parts = [
        each.columns.hashes[low:high] for each, (low, high) in zip(segments, cuts, strict=True)
    ]
    names, local = np.unique(np.concatenate(parts), return_inverse=True)
    return names, np.split(local, np.cumsum([len(part) for part in parts])[:-1])


def _piece(
    segments: Sequence[Segment],
    placing: _Placing,
    cuts: Sequence[tuple[int, int]],
    local: Sequence[NDArray[np.int64]],
    size: int,
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Give the new postings, how many of each hash, and how many of each were dropped."""
    keys, all_passages = [], np.zeros(size, dtype=np.int64)
    for segment, target, (low, high), at in zip(
        segments, placing.targets, cuts, local, strict=True
    ):
        offsets = segment.columns.posting_offsets[low : high + 1].astype(np.int64)
        lengths = np.diff(offsets)
        ordinals = target[segment.columns.postings[offsets[0] : offsets[-1]]]
        names = np.repeat(at, lengths)
        all_passages[at] += lengths
        alive = ordinals != _GONE
        keys.append(paired(names[alive], ordinals[alive]))
    keyed = np.concatenate(keys)
    keyed.sort()
    names, postings = parted(keyed)
    passages = np.bincount(names, minlength=size)
    return postings.astype(np.uint32), passages, all_passages - passages


def _stood_for(
    segments: Sequence[Segment],
    cuts: Sequence[tuple[int, int]],
    local: Sequence[NDArray[np.int64]],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    owners, works = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for segment, (low, high), at in zip(segments, cuts, local, strict=True):
        own_owners, own_works = segment.counts_at(np.arange(low, high))
        owners[at] += own_owners
        works[at] += own_works
    return owners, works


def _merge_prints(
    segments: Sequence[Segment],
    placing: _Placing,
    codes: Sequence[NDArray[np.uint32]],
    sink: Sink,
) -> None:
    """Put the terms and grams of the passages in the new order under their new codes."""
    bytes_each = max(each.columns.term_counts.dtype.itemsize for each in segments)
    for kind in ("term", "gram"):
        offsets = [getattr(each.columns, f"{kind}_offsets") for each in segments]
        old_codes = [getattr(each.columns, f"{kind}_codes") for each in segments]
        largest = sum(len(each) for each in old_codes)
        sink.append(f"{kind}_offsets", np.zeros(1, dtype=narrow_type(largest)))
        done = 0
        for start in range(0, max(1, len(placing.sources)), _PASSAGES_AT_ONCE):
            piece = slice(start, start + _PASSAGES_AT_ONCE)
            ends, moves = _moves(placing, piece, offsets)
            sink.append(f"{kind}_offsets", narrow(ends[1:] + done, largest))
            done += int(ends[-1])
            new_codes = np.empty(ends[-1], dtype=np.uint32)
            for code, old, (whence, to) in zip(codes, old_codes, moves, strict=True):
                new_codes[to] = code[old[whence]]
            sink.append(f"{kind}_codes", new_codes)
            if kind == "term":
                counts = np.empty(ends[-1], dtype=f"u{bytes_each}")
                for each, (whence, to) in zip(segments, moves, strict=True):
                    counts[to] = each.columns.term_counts[whence]
                sink.append("term_counts", counts)


def _moves(
    placing: _Placing, piece: slice, offsets: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.int64], list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Give the new offsets of a piece, and for each segment what comes whence and goes where."""
    sources, ordinals = placing.sources[piece], placing.ordinals[piece].astype(np.int64)
    own = [np.flatnonzero(sources == number) for number in range(len(offsets))]
    starts = np.zeros(len(sources), dtype=np.int64)
    lengths = np.zeros(len(sources), dtype=np.int64)
    for rows, old in zip(own, offsets, strict=True):
        starts[rows] = old[ordinals[rows]]
        lengths[rows] = old[ordinals[rows] + 1].astype(np.int64) - starts[rows]
    ends = offsets_of(lengths)
    moves = [
        (spans(starts[rows], lengths[rows]), spans(ends[:-1][rows], lengths[rows])) for rows in own
    ]
    return ends, moves
