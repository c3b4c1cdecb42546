"""Settlement of whole batches in NumPy int64; equal to the plain ``settlement`` to the nano."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from service.ledger import accounts
from service.ledger.allocation import (
    Int64s,
    UInt64s,
    allocate_rows,
    allocate_segments,
    key_hash,
)
from service.ledger.contract import Contract, Settles, Step, UnmatchedGoesTo, run_down_array
from service.ledger.money import PPM
from service.ledger.period import Period
from service.ledger.settlement import FEE_KEY, LINE_KEY, UNMATCHED_KEY, work_key
from service.ledger.tiers import Tier


@dataclass(frozen=True, slots=True)
class SaleColumns:
    """n sales of one contract, month of sale and tier, as columns [n] in the order of the batch.

    ``row``: position of the sale in the batch. ``first_match`` and ``match_count`` point into
    ``MatchColumns``.
    """

    row: Int64s
    ties: UInt64s
    tokens: Int64s
    gross: Int64s
    unmatched_ppm: Int64s
    has_text: Int64s
    first_match: Int64s
    match_count: Int64s


@dataclass(frozen=True, slots=True)
class MatchColumns:
    """m matches of sales with works [m]: share, key of the work, account code of its line."""

    share_ppm: Int64s
    work_keys: UInt64s
    line_codes: Int64s


@dataclass(slots=True)
class AccountCodes:
    """Numbers accounts as they are met; the store turns the codes into account ids at once."""

    names: list[str] = field(default_factory=list)
    _codes: dict[str, int] = field(default_factory=dict)

    def code(self, name: str) -> int:
        """Return the code of a name, a new one for a name not met before."""
        if name not in self._codes:
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]


@dataclass(frozen=True, slots=True)
class Legs:
    """Legs [l]: row of the batch, account code, signed nanos."""

    row: Int64s
    code: Int64s
    nanos: Int64s


@dataclass(slots=True)
class Settled:
    """What n sales of one contract and tier come to: rows [n] of the batch.

    shared: by account code, nanos [n] of an account that every one of the sales may touch. lines:
    legs of lines, which differ from sale to sale.
    """

    rows: Int64s
    shared: dict[int, Int64s] = field(default_factory=dict)
    lines: list[Legs] = field(default_factory=list)

    def add(self, code: int, nanos: Int64s) -> None:
        """Add nanos [n] to an account's."""
        self.shared[code] = self.shared[code] + nanos if code in self.shared else nanos


def settle_columns(
    sales: SaleColumns,
    matches: MatchColumns,
    contract: Contract,
    *,
    month: Period,
    tier: Tier,
    codes: AccountCodes,
) -> Settled:
    """Settle n sales; ``merge`` makes their entries' legs of it."""
    out = Settled(sales.row)
    direct = np.zeros(len(sales.row), np.int64)
    flow = run_down_array(sales.gross, sales.tokens, tier, contract.steps)
    for step, taken in zip(contract.steps, flow, strict=True):
        if step.pool:
            direct += _pool(sales, matches, contract.vendor, month, step, taken, codes, out)
        elif step.parties:
            _chain(sales, step, taken, codes, out)
        else:
            out.add(codes.code(accounts.vendor_kept(contract.vendor)), -taken)
        if step.settles is Settles.DIRECT:
            direct += taken
    out.add(codes.code(accounts.vendor_receivable(contract.vendor)), sales.gross - direct)
    out.add(codes.code(accounts.vendor_settled_direct(contract.vendor)), direct)
    return out


def _chain(
    sales: SaleColumns, step: Step, taken: Int64s, codes: AccountCodes, out: Settled
) -> None:
    name = accounts.party_direct if step.settles is Settles.DIRECT else accounts.party_payable
    weights = np.array(list(step.parties.values()), np.int64)
    keys = np.array([key_hash(party) for party in step.parties], np.uint64)
    parts = allocate_rows(taken, weights, keys, sales.ties)
    for column, party in enumerate(step.parties):
        out.add(codes.code(name(party)), -parts[:, column])


def _pool(
    sales: SaleColumns,
    matches: MatchColumns,
    vendor: str,
    month: Period,
    step: Step,
    taken: Int64s,
    codes: AccountCodes,
    out: Settled,
) -> Int64s:
    """Divide the pools; returns [n] what stays with the vendor directly."""
    assert step.pool
    counts = sales.match_count + 1
    ends = np.cumsum(counts)
    segment = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(ends[-1] if len(ends) else 0) - (ends - counts)[segment]
    last = position == sales.match_count[segment]
    match = (sales.first_match[segment] + position)[~last]
    weights = np.where(last, sales.unmatched_ppm[segment], 0)
    weights[~last] = matches.share_ppm[match]
    keys = np.full(len(weights), key_hash(UNMATCHED_KEY), np.uint64)
    keys[~last] = matches.work_keys[match]
    parts = allocate_segments(taken, counts, weights, keys, sales.ties)
    rows = sales.row[segment]
    divided = allocate_rows(
        parts[~last],
        np.array([step.pool.fee_ppm, PPM - step.pool.fee_ppm], np.int64),
        np.array([key_hash(FEE_KEY), key_hash(LINE_KEY)], np.uint64),
        sales.ties[segment[~last]],
    )
    out.add(codes.code(accounts.PLATFORM_FEE), -_sums(divided[:, 0], sales.match_count))
    out.lines.append(Legs(rows[~last], matches.line_codes[match], -divided[:, 1]))
    unmatched = parts[last]
    kept = np.zeros(len(unmatched), np.int64)
    if step.pool.unmatched is UnmatchedGoesTo.VENDOR:
        kept = np.where(sales.has_text == 1, unmatched, 0)
        out.add(codes.code(accounts.vendor_kept(vendor)), -kept)
    out.add(codes.code(accounts.unmatched_pool(vendor, month)), kept - unmatched)
    return kept


def _sums(values: Int64s, counts: Int64s) -> Int64s:
    """Add up the next ``counts`` values for each, none for a count of zero."""
    ends = np.cumsum(counts)
    totals = np.r_[0, np.cumsum(values)]
    sums: Int64s = totals[ends] - totals[ends - counts]
    return sums


def work_key_hashes(work_ids: Sequence[int]) -> Mapping[int, int]:
    """Hash the public name of each work once a batch."""
    return {work: key_hash(work_key(work)) for work in work_ids}
