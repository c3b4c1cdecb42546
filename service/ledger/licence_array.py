"""Shares of whole batches by their multipliers, in NumPy int64; equal to ``licence.scaled``."""

import numpy as np

from service.ledger.allocation import Int64s, UInt64s, allocate_segments, key_hash
from service.ledger.licence import MULTIPLIER_STEP_PPM, WHOLE
from service.ledger.money import PPM
from service.ledger.settlement import UNMATCHED_KEY


def scaled_array(
    rows: Int64s, shares: Int64s, multipliers: Int64s, keys: UInt64s, ties: UInt64s
) -> Int64s:
    """Return what each share becomes, in ppm, zero included.

    rows [m], rising: the sale of each share, by its place among ``ties`` [n]. keys [m]: hash of the
    work's key. Sales all of whose multipliers are 1,000,000 stay as they are. At most 1,000,000 ppm
    a sale go in, as many come out, less what is unmatched.
    """
    moved = np.zeros(len(ties), np.bool_)
    moved[rows[multipliers != PPM]] = True
    at = np.flatnonzero(moved[rows])
    if not len(at):
        return shares
    sale, first, counts = np.unique(rows[at], return_index=True, return_counts=True)
    weights = shares[at] * (multipliers[at] // MULTIPLIER_STEP_PPM)
    unmatched = np.maximum(WHOLE - np.add.reduceat(weights, first), 0)
    ends = np.cumsum(counts)
    parts = allocate_segments(
        np.full(len(sale), PPM, np.int64),
        (counts + 1).astype(np.int64),
        np.insert(weights, ends, unmatched),
        np.insert(keys[at], ends, np.uint64(key_hash(UNMATCHED_KEY))),
        ties[sale],
    )
    changed = shares.copy()
    changed[at] = np.delete(parts, ends + np.arange(len(ends)))
    return changed
