"""Settlement and its peers by turns on the same sales, and the split alone in both of its forms."""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import ledger_peers as peers
import numpy as np
import psycopg
from ledger_scene import MONTH, NOW, Size, fill, values
from ledger_servers import Cost, Server, database_for
from sqlalchemy import create_engine, make_url

from service.ledger import accounts
from service.ledger.contract import Contract
from service.ledger.merged_legs import merge
from service.ledger.settlement import Matched, Sale
from service.ledger.settlement import legs as plain_legs
from service.ledger.settlement_array import (
    AccountCodes,
    MatchColumns,
    SaleColumns,
    settle_columns,
    work_key_hashes,
)
from service.ledger.tiers import Tier
from service.store.database import Database
from worker.founding import CURRENCY, FIRST_DAY, STANDARD_STEPS
from worker.settlement import MOST_SALES, Memory, settle_batch

WORKS, HOLDERS = 500, 200


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often, how many sales a round, and how many of them go to the slow peers."""

    rounds: int
    sales: int
    slow: int


def settle(database: Database, count: int) -> None:
    """Settle so many sales that wait, as one step of the worker does."""
    done, memory = 0, Memory()
    while done < count:
        most = min(count - done, MOST_SALES)
        settled = settle_batch(database, now=NOW, memory=memory, most_sales=most)
        assert settled, "fewer sales wait than were to be settled"
        done += settled
    assert done == count, "batches do not fill a round"


def side_by_side(server: Server, size: Rounds, pgledger: Path | None) -> dict[str, list[Cost]]:
    """Run all sides in turn for some rounds; return what a sale cost by side and round."""
    seen: dict[str, list[Cost]] = defaultdict(list)
    with ExitStack() as stack:
        name = stack.enter_context(database_for(server, "sides"))
        database = stack.enter_context(server.opened(name))
        fill(database, Size(size.rounds * size.sales, WORKS, HOLDERS))
        connection = stack.enter_context(psycopg.connect(server.url(name)))
        connection.execute(peers.TABLES.encode())
        connection.execute("ANALYZE")
        connection.commit()
        engine = create_engine(
            make_url(server.url(name)).set(drivername="postgresql+psycopg"), pool_size=1
        )
        stack.callback(engine.dispose)
        engine.connect().close()
        ledger = peers.PgLedger.installed(connection, pgledger) if pgledger else None
        meter = stack.enter_context(server.measured(name))
        for _ in range(size.rounds):
            before = peers.newest_batch(database)
            ours = meter.cost(lambda: settle(database, size.sales))
            seen["ours"].append(ours.over(size.sales))
            body, posted = (
                peers.entry_body(connection, before),
                peers.posted_since(database, before),
            )
            connection.commit()
            assert len(posted) == size.sales
            rows = peers.posting_body(posted)
            few, some = posted[: size.slow], posted[: size.slow * 5]
            sides = {
                "raw_copy": (posted, lambda b=body: peers.copy_in(connection, "raw_entry", b)),
                "raw_postings": (
                    posted,
                    lambda r=rows: peers.copy_in(connection, "raw_posting", r),
                ),
                "inserted_postings": (some, lambda s=some: peers.insert_rows(connection, s)),
                "orm": (few, lambda s=few: peers.post_by_orm(engine, s, balances=True)),
                "orm_no_balances": (
                    posted[-size.slow :],
                    lambda s=posted[-size.slow :]: peers.post_by_orm(engine, s, balances=False),
                ),
            }
            if ledger:
                ledger.open_accounts(few)
                sides["pgledger"] = (few, lambda s=few: ledger.post(s))
            for side, (sales, work) in sides.items():
                seen[side].append(meter.cost(work).over(len(sales)))
    return seen


def columns(
    batch: Sequence[tuple[Sale, Matched]], codes: AccountCodes
) -> tuple[SaleColumns, MatchColumns]:
    """Write sales and what they match down as columns."""
    matches = [pair for _, matched in batch for pair in matched.share_ppm.items()]
    hashes = work_key_hashes([work for work, _ in matches])
    counts = np.array([len(matched.share_ppm) for _, matched in batch], np.int64)
    sales = SaleColumns(
        row=np.array([sale.sale_id for sale, _ in batch], np.int64),
        ties=np.array([sale.tie for sale, _ in batch], np.uint64),
        tokens=np.array([sale.output_tokens for sale, _ in batch], np.int64),
        gross=np.array([sale.gross_nanos for sale, _ in batch], np.int64),
        unmatched_ppm=np.array([matched.unmatched_ppm for _, matched in batch], np.int64),
        has_text=np.array([matched.has_text for _, matched in batch], np.int64),
        first_match=np.cumsum(counts) - counts,
        match_count=counts,
    )
    return sales, MatchColumns(
        np.array([share for _, share in matches], np.int64),
        np.array([hashes[work] for work, _ in matches], np.uint64),
        np.array([codes.code(accounts.line(work)) for work, _ in matches], np.int64),
    )


def split(rounds: int, count: int) -> list[tuple[float, float]]:
    """Divide the same sales one by one and in arrays; return both CPU microseconds a sale by round.

    Both have their facts at hand, values here and columns of a settlement's batch there.
    """
    contract = Contract(1, "acme", FIRST_DAY, CURRENCY, STANDARD_STEPS)
    told = values(count)
    codes = AccountCodes()
    pieces = max(count // MOST_SALES, 1)
    batches = [
        [
            (
                tier,
                *columns([one for one in told[at::pieces] if one[0].tier is tier], codes),
            )
            for tier in (Tier.PREMIUM, Tier.HIGH_SPEED, Tier.ELITE)
        ]
        for at in range(pieces)
    ]
    seen = []
    for _ in range(rounds):
        started = time.process_time()
        for sale, matched in told:
            plain_legs(sale, matched, contract)
        plain = time.process_time() - started
        started = time.process_time()
        for batch in batches:
            parts = [
                settle_columns(sales, matches, contract, month=MONTH, tier=tier, codes=codes)
                for tier, sales, matches in batch
            ]
            merge(parts, np.arange(len(codes.names)))
        seen.append((plain / count * 1e6, (time.process_time() - started) / count * 1e6))
    return seen


def ratio(seen: dict[str, list[Cost]], over: str, under: str) -> float:
    """Return the median of the rounds' ratios of CPU."""
    pairs = zip(seen[over], seen[under], strict=True)
    return statistics.median(a.cpu / b.cpu for a, b in pairs)
