"""The words that passages of an output share with registered ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.lexical_ragged import distinct, found_in, paired, parted, spans, starts_in
from attribution.weights import weights_of_grams, weights_of_terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.lexical import LexicalPrints
    from attribution.lexical_index import LexicalIndex
    from attribution.neighbours import Pairs

_LEAST_TERM_WEIGHT = 0.1
_LEAST_GRAM_WEIGHT = 1.0
_FIRST_BITS = 18
_LATER_BITS = np.uint64(64 - _FIRST_BITS)
_MIXED = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What of a passage's words stands in a registered one, in [0, 1], for each of c pairs.

    ``terms``: weight of the terms they share over that of all the output's; ``grams`` the same for
    3-grams; ``grams_of_work`` counts 3-grams found in any passage of the work that was paired with
    the row. ``rare_grams``: the plain sum of the weights behind the last.
    """

    terms: NDArray[np.float64]
    grams: NDArray[np.float64]
    grams_of_work: NDArray[np.float64]
    rare_grams: NDArray[np.float64]


def overlap_of(prints: LexicalPrints, pairs: Pairs, lexicon: LexicalIndex) -> Overlap:
    """Compare the words of each pair. Each distinct hash of the outputs is weighed once."""
    sources, source_of = np.unique(pairs.passage_ids, return_inverse=True)
    other = lexicon.prints_of(sources)
    terms, _ = _contained(
        (prints.term_offsets, prints.terms),
        (other.term_offsets, other.terms),
        (pairs.rows, source_of),
        weights_of_terms,
        lexicon,
        _LEAST_TERM_WEIGHT,
    )
    grams, found = _contained(
        (prints.gram_offsets, prints.grams),
        (other.gram_offsets, other.grams),
        (pairs.rows, source_of),
        weights_of_grams,
        lexicon,
        _LEAST_GRAM_WEIGHT,
    )
    of_work, rare = _of_works(found, pairs)
    return Overlap(terms, grams, of_work, rare)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Which distinct member (by number) of which pair's row was found, by pair, then by member.

    ``weights`` are those of all members, by number; ``whole`` the sum of each row's.
    """

    pairs: NDArray[np.int64]
    members: NDArray[np.int64]
    weights: NDArray[np.float64]
    whole: NDArray[np.float64]


def _contained(
    own: tuple[NDArray[np.int64], NDArray[np.uint64]],
    other: tuple[NDArray[np.int64], NDArray[np.uint64]],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    weigh: Callable[[LexicalIndex, NDArray[np.uint64]], NDArray[np.float64]],
    lexicon: LexicalIndex,
    least: float,
) -> tuple[NDArray[np.float64], _Found]:
    """Give the weight of what rows and sources share over that of the row, float64[c]."""
    (offsets, hashes), (other_offsets, other_hashes), (rows, sources) = own, other, pairs
    named = distinct(hashes.copy())
    weights = weigh(lexicon, named)
    row_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    held = distinct(paired(row_of, np.searchsorted(named, hashes)))
    held_by, member = parted(held)
    whole = _sums(held_by, weights[member], len(offsets) - 1)
    at, place = _places(named, other_hashes)
    source_of = np.repeat(np.arange(len(other_offsets) - 1), np.diff(other_offsets))[at]
    source_of, place = parted(distinct(paired(source_of, place)))
    shared_offsets = np.searchsorted(source_of, np.arange(len(other_offsets)))
    lengths = np.diff(shared_offsets)[sources]
    pair = np.repeat(np.arange(len(rows)), lengths)
    members = place[spans(shared_offsets[sources], lengths)]
    found = _members(held, paired(rows[pair], members))
    pair, members = pair[found], members[found]
    sums = _sums(pair, weights[members], len(rows))
    return sums / np.maximum(whole[rows], least), _Found(pair, members, weights, whole)


def _places(
    named: NDArray[np.uint64], hashes: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find which hashes are among those named, rising, and where there.

    Most are not: a table of their first bits says so sooner than a search does.
    """
    begun = np.zeros(1 << _FIRST_BITS, dtype=np.bool_)
    begun[named >> _LATER_BITS] = True
    likely = np.flatnonzero(begun[hashes >> _LATER_BITS])
    place, shared = found_in(named, hashes[likely])
    return likely[shared], place[shared]


def _members(held: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Find which of the wanted are held, which rise; most are not, as above."""
    begun = np.zeros(1 << _FIRST_BITS, dtype=np.bool_)
    begun[(held * _MIXED) >> _LATER_BITS] = True
    likely = np.flatnonzero(begun[(wanted * _MIXED) >> _LATER_BITS])
    return likely[found_in(held, wanted[likely])[1]]


def _of_works(found: _Found, pairs: Pairs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Join what the passages of one work hold of a row."""
    if not len(pairs.rows):
        return np.zeros(0), np.zeros(0)
    order = np.lexsort((pairs.work_ids, pairs.rows))
    new = starts_in(pairs.rows[order]) | starts_in(pairs.work_ids[order])
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    held_by, member = parted(distinct(paired(group[found.pairs], found.members)))
    rare = _sums(held_by, found.weights[member], int(group.max()) + 1)[group]
    return rare / np.maximum(found.whole[pairs.rows], _LEAST_GRAM_WEIGHT), rare


def _sums(
    places: NDArray[np.int64], values: NDArray[np.float64], length: int
) -> NDArray[np.float64]:
    return np.bincount(places, values, minlength=length).astype(np.float64)
