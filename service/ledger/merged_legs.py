"""The legs of a batch's entries from what its sales came to: added, in order, without zeros."""

from collections.abc import Sequence

import numpy as np

from service.ledger.allocation import Int64s
from service.ledger.settlement_array import Legs, Settled

_ID = 2**32 - 1
"""Account ids are of 32 bits."""


def merge(parts: Sequence[Settled], account_ids: Int64s) -> Legs:
    """Put ids for codes, add legs of one account in one row, drop zeros, sort by (row, id).

    Each row is in one part. Only the legs of lines are sorted: the accounts that a part's sales
    share have the same order in all of them, and each leg's place follows from how many lines of
    its row come before it.
    """
    if not sum(len(part.rows) for part in parts):
        return Legs(*(np.zeros(0, np.int64) for _ in range(3)))
    shared = [_Shared(part, account_ids) for part in parts]
    lines = _sorted_lines([legs for part in parts for legs in part.lines], account_ids)
    sizes = np.zeros(1 + max(int(part.rows.max()) for part in parts if len(part.rows)), np.int64)
    for part in shared:
        sizes[part.rows] = len(part.ids)
    line_counts = np.bincount(lines.row, minlength=len(sizes))
    sizes += line_counts
    ends = np.cumsum(sizes)
    merged = Legs(np.repeat(np.arange(len(sizes)), sizes), *np.empty((2, ends[-1]), np.int64))
    first_line = np.cumsum(line_counts) - line_counts
    for part in shared:
        part.place(merged, lines, (ends - sizes)[part.rows], first_line, line_counts)
    kept = merged.nanos != 0
    return Legs(merged.row[kept], merged.code[kept], merged.nanos[kept])


def _sorted_lines(parts: Sequence[Legs], account_ids: Int64s) -> Legs:
    """Put legs of lines in order of row and id, those of one line in one row added."""
    if not parts:
        return Legs(*(np.zeros(0, np.int64) for _ in range(3)))
    rows = np.concatenate([part.row for part in parts])
    places = (rows << 32) | account_ids[np.concatenate([part.code for part in parts])]
    order = np.argsort(places, kind="stable")  # rows rise in each part: few runs to merge
    places, nanos = places[order], np.concatenate([part.nanos for part in parts])[order]
    same = places[1:] == places[:-1]
    if same.any():
        first = np.flatnonzero(np.r_[True, ~same])
        places, nanos = places[first], np.add.reduceat(nanos, first)
    return Legs(places >> 32, places & _ID, nanos)


class _Shared:
    """The accounts that the sales of one part share, by rising id [k], with their nanos [k]."""

    def __init__(self, part: Settled, account_ids: Int64s) -> None:
        codes = sorted(part.shared, key=lambda code: int(account_ids[code]))
        self.rows = part.rows
        self.ids = account_ids[np.array(codes, np.int64)]
        self.nanos = [part.shared[code] for code in codes]

    def place(
        self, into: Legs, lines: Legs, starts: Int64s, first_line: Int64s, line_counts: Int64s
    ) -> None:
        """Write the legs of these rows, with their lines between, where each row starts."""
        counts, k = line_counts[self.rows], len(self.ids)
        firsts = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(firsts, counts)
        line = np.repeat(first_line[self.rows], counts) + within
        after = np.searchsorted(self.ids, lines.code[line])
        at = np.repeat(starts, counts) + within + after
        into.code[at], into.nanos[at] = lines.code[line], lines.nanos[line]
        row = np.repeat(np.arange(len(counts)), counts)
        apart = np.bincount(row * (k + 1) + after, minlength=len(counts) * (k + 1))
        before = np.cumsum(apart.reshape(len(counts), k + 1), axis=1)
        for place, (number, nanos) in enumerate(zip(self.ids.tolist(), self.nanos, strict=True)):
            at = starts + place + before[:, place]
            into.code[at], into.nanos[at] = number, nanos
