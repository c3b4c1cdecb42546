"""The words that passages of an output share with registered ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    """Which distinct member (by number) of which pair's row was found, and its weight."""

    pair: NDArray[np.int64]
    member: NDArray[np.int64]
    weight: NDArray[np.float64]
    whole_of_row: NDArray[np.float64]


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
    distinct, member = np.unique(hashes, return_inverse=True)
    weights = weigh(lexicon, distinct)
    row_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    key, first = np.unique(row_of * max(len(distinct), 1) + member, return_index=True)
    whole = _sums(row_of[first], weights[member[first]], len(offsets) - 1)
    shared, place = _places(distinct, other_hashes)
    source_of = np.repeat(np.arange(len(other_offsets) - 1), np.diff(other_offsets))[shared]
    shared_offsets = np.searchsorted(source_of, np.arange(len(other_offsets)))
    lengths = np.diff(shared_offsets)[sources]
    pair = np.repeat(np.arange(len(rows)), lengths)
    shift = np.repeat(shared_offsets[:-1][sources] - np.cumsum(lengths) + lengths, lengths)
    members = place[np.arange(len(pair)) + shift]
    wanted = rows[pair] * max(len(distinct), 1) + members
    at = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    held = key[at] == wanted if len(key) else np.zeros(len(wanted), np.bool_)
    pair, members = pair[held], members[held]
    _, once = np.unique(pair * max(len(distinct), 1) + members, return_index=True)
    pair, members = pair[once], members[once]
    sums = _sums(pair, weights[members], len(rows))
    found = _Found(pair, members, weights[members], whole)
    return sums / np.maximum(whole[rows], least), found


def _places(
    distinct: NDArray[np.uint64], hashes: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find which hashes are among the distinct ones, and where there.

    Most are not: a table of their first bits says so sooner than a search does.
    """
    begun = np.zeros(1 << _FIRST_BITS, dtype=np.bool_)
    begun[distinct >> _LATER_BITS] = True
    likely = np.flatnonzero(begun[hashes >> _LATER_BITS])
    place = np.searchsorted(distinct, hashes[likely])
    place[place == len(distinct)] = 0
    shared = distinct[place] == hashes[likely]
    return likely[shared], place[shared]


def _of_works(found: _Found, pairs: Pairs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Join what the passages of one work hold of a row."""
    if not len(pairs.rows):
        return np.zeros(0), np.zeros(0)
    order = np.lexsort((pairs.work_ids, pairs.rows))
    rows, works = pairs.rows[order], pairs.work_ids[order]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (works[1:] != works[:-1])
    group = np.empty(len(rows), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    members = int(found.member.max(initial=0)) + 1
    _, once = np.unique(group[found.pair] * members + found.member, return_index=True)
    sums = _sums(group[found.pair[once]], found.weight[once], int(group.max()) + 1)
    rare = sums[group]
    return rare / np.maximum(found.whole_of_row[pairs.rows], _LEAST_GRAM_WEIGHT), rare


def _sums(
    places: NDArray[np.int64], values: NDArray[np.float64], length: int
) -> NDArray[np.float64]:
    return np.bincount(places, values, minlength=length).astype(np.float64)
