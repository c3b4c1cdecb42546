from dataclasses import replace

import numpy as np
from contracts import STANDARD, contracts
from hypothesis import given
from hypothesis import strategies as st
from sales_told import ESSAY, OCTOBER, ODE, a_sale, drawn_sales, matched

from service.ledger import accounts
from service.ledger.merged_legs import merge
from service.ledger.settlement import legs
from service.ledger.settlement_array import (
    AccountCodes,
    Legs,
    MatchColumns,
    SaleColumns,
    Settled,
    settle_columns,
    work_key_hashes,
)
from service.ledger.tiers import Tier


def columns(batch, codes):
    """Write (row, sale, matched) down as columns."""
    matches = [pair for _, _, what in batch for pair in what.share_ppm.items()]
    hashes = work_key_hashes([work for work, _ in matches])
    counts = [len(what.share_ppm) for _, _, what in batch]
    sales = SaleColumns(
        row=np.array([row for row, _, _ in batch], np.int64),
        ties=np.array([sale.tie for _, sale, _ in batch], np.uint64),
        tokens=np.array([sale.output_tokens for _, sale, _ in batch], np.int64),
        gross=np.array([sale.gross_nanos for _, sale, _ in batch], np.int64),
        unmatched_ppm=np.array([what.unmatched_ppm for _, _, what in batch], np.int64),
        has_text=np.array([what.has_text for _, _, what in batch], np.int64),
        first_match=np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64),
        match_count=np.array(counts, np.int64),
    )
    return sales, MatchColumns(
        np.array([share for _, share in matches], np.int64),
        np.array([hashes[work] for work, _ in matches], np.uint64),
        np.array([codes.code(accounts.line(work)) for work, _ in matches], np.int64),
    )


def settled_in_arrays(batch, contract):
    """Settle a batch tier by tier; return nanos by account of each sale."""
    codes, parts = AccountCodes(), []
    rows = [(row, sale, what) for row, (sale, what) in enumerate(batch)]
    for tier in Tier:
        chosen = [each for each in rows if each[1].tier is tier]
        if chosen:
            sales, matches = columns(chosen, codes)
            parts.append(
                settle_columns(sales, matches, contract, month=OCTOBER, tier=tier, codes=codes)
            )
    merged = merge(parts, np.arange(len(codes.names)))
    said = [{} for _ in batch]
    for row, code, nanos in zip(merged.row, merged.code, merged.nanos, strict=True):
        assert codes.names[code] not in said[row]
        said[row][codes.names[code]] = int(nanos)
    return said


@given(contracts(), st.lists(drawn_sales(), min_size=1, max_size=12))
def test_a_batch_settles_as_its_sales_one_by_one(contract, drawn):
    batch = [(one.sale, one.matched) for one in drawn]
    plain = [legs(sale, what, contract) for sale, what in batch]
    assert settled_in_arrays(batch, contract) == plain


@given(st.lists(drawn_sales(), min_size=2, max_size=12), st.randoms())
def test_order_and_cut_of_a_batch_change_no_entry(drawn, random):
    batch = [(replace(one.sale, sale_id=at), one.matched) for at, one in enumerate(drawn)]
    whole = settled_in_arrays(batch, STANDARD)
    order = list(range(len(batch)))
    random.shuffle(order)
    shuffled = settled_in_arrays([batch[at] for at in order], STANDARD)
    assert [shuffled[order.index(at)] for at in range(len(batch))] == whole
    assert [settled_in_arrays([one], STANDARD)[0] for one in batch] == whole


def test_the_worked_sale_in_a_batch_with_a_free_one():
    worked = a_sale(gross="150", tier=Tier.ELITE, tokens=1_000_000)
    free = a_sale(gross="0", tier=Tier.FREE, tokens=1_000_000)
    what = matched({ODE: 600_000, ESSAY: 100_000})
    assert settled_in_arrays([(free, what), (worked, what)], STANDARD) == [
        {},
        {
            "vendor:acme:receivable": 22_500_000_000,
            "vendor:acme:settled-direct": 127_500_000_000,
            "party:equipment:direct": -2_000_000_000,
            "party:power:direct": -1_250_000_000,
            "party:data-centre:direct": -750_000_000,
            "party:cloud:direct": -16_000_000_000,
            "vendor:acme:kept": -107_500_000_000,
            "platform:fee": -1_575_000_000,
            "line:1": -12_150_000_000,
            "line:2": -2_025_000_000,
            "pool:unmatched:acme:2026-10": -6_750_000_000,
        },
    ]


def numbers(*values):
    return np.array(values, np.int64)


def test_merging_puts_lines_among_the_accounts_that_all_sales_share():
    first, second = Settled(numbers(2, 0)), Settled(numbers(1))
    first.add(0, numbers(-3, -5))
    first.add(1, numbers(1, 1))
    first.lines.append(Legs(numbers(2, 0, 0), numbers(3, 3, 2), numbers(2, 1, 3)))
    second.add(1, numbers(7))
    second.lines.append(Legs(numbers(1), numbers(2), numbers(-7)))
    merged = merge([first, second], numbers(20, 40, 30, 10))
    assert list(zip(merged.row, merged.code, merged.nanos, strict=True)) == [
        *((0, 10, 1), (0, 20, -5), (0, 30, 3), (0, 40, 1)),
        *((1, 30, -7), (1, 40, 7)),
        *((2, 10, 2), (2, 20, -3), (2, 40, 1)),
    ]


def test_merging_adds_legs_of_one_account_and_drops_zeros():
    part = Settled(numbers(0, 1))
    for nanos in (numbers(5, 7), numbers(-5, 2)):
        part.add(1, nanos)
    for nanos in (numbers(1, -6), numbers(-1, -3)):
        part.lines.append(Legs(numbers(0, 1), numbers(0, 0), nanos))
    merged = merge([part], numbers(20, 10))
    assert merged.row.tolist() == [1, 1]
    assert merged.code.tolist() == [10, 20]
    assert merged.nanos.tolist() == [9, -9]


def test_merging_nothing_is_nothing():
    assert merge([], numbers()).row.tolist() == []
    assert merge([Settled(numbers())], numbers()).row.tolist() == []
