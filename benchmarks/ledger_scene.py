"""The scene of the ledger's benchmarks: works, holders, attributions and sales that wait.

Every sale is of a premium tier under the sample contract and draws on two to four works, three on
average: eight legs of vendor, chain and fee, one of the unmatched pool and those of its lines, so
11 to 13 postings, 12 on average. Each has an attribution of its own, as outputs that differ have.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.ledger.allocation import tie_of
from service.ledger.period import Period
from service.ledger.sale_report import POSITIONS, ReportedSale
from service.ledger.settlement import Matched, Sale
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.store import attributions, parties, rights, sales, works
from service.store.database import Database, driver, unit_of_work
from worker.founding import found

MONTH = Period(202601)
REGISTERED_AT = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TIERS = (Tier.PREMIUM, Tier.HIGH_SPEED, Tier.ELITE)
A_REQUEST = 1_000
VENDORS = ("Acme", "Borealis")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything there is."""

    sales: int
    works: int
    holders: int


def fill(database: Database, size: Size) -> None:
    """Register works, attribute and report; all sales wait for settlement. The same each time."""
    rng = random.Random(11)
    with unit_of_work(database) as session:
        found(session, now=NOW)
    work_ids = _register(database, size, rng)
    for start in range(0, size.sales, A_REQUEST):
        count = min(A_REQUEST, size.sales - start)
        _report(
            database, VENDORS[start // A_REQUEST % 2], range(start, start + count), work_ids, rng
        )
    with unit_of_work(database) as session:
        driver(session).execute("UPDATE work_batch SET stage = 2 WHERE stage = 1")


def _register(database: Database, size: Size, rng: random.Random) -> list[int]:
    """Register works of one to four holders; nothing is embedded, shares are given."""
    numbers = []
    with unit_of_work(database) as session:
        holders = [
            parties.add_holder(session, f"Holder {n}", now=NOW).party_id
            for n in range(size.holders)
        ]
        for n in range(size.works):
            new = works.NewWork(f"Work {n}", f"Text of work {n}.", "en")
            row = works.register(session, new, registered_at=REGISTERED_AT, now=NOW)
            chosen = rng.sample(holders, rng.randint(1, 4))
            shares = dict.fromkeys(chosen, 1_000_000 // len(chosen))
            shares[chosen[0]] += 1_000_000 - sum(shares.values())
            rights.first_version(session, row.work_id, shares, day=REGISTERED_AT.date(), now=NOW)
            numbers.append(row.work_id)
        driver(session).execute("UPDATE work SET embedded_at = %s, examined_at = %s", (NOW, NOW))
    return numbers


def shares_of_one(work_ids: Sequence[int], rng: random.Random) -> dict[int, int]:
    """Draw the works an output draws on, in order, with their ppm; something stays unmatched."""
    return {
        work: rng.randint(50_000, 240_000)
        for work in sorted(rng.sample(work_ids, rng.randint(2, 4)))
    }


def _report(
    database: Database, vendor: str, numbers: range, work_ids: Sequence[int], rng: random.Random
) -> None:
    """Report one request's sales; give each an attribution."""
    items = [_sale(n, rng) for n in numbers]
    with unit_of_work(database) as session:
        party = parties.vendor_named(session, vendor)
        outcomes = sales.report(
            session, party.party_id, party.slug, items, now=NOW, retention_days=400
        )
        engine = attributions.engine_id(session, "given")
        with (
            driver(session).cursor() as cursor,
            cursor.copy(
                "COPY attribution (text_hash, engine_id, embedding_no, catalogue_at, work_ids, "
                "shares_ppm, unmatched_ppm, evidence, attributed_at) FROM STDIN"
            ) as copy,
        ):
            for item in items:
                shares = shares_of_one(work_ids, rng)
                left = 1_000_000 - sum(shares.values())
                row = (item.payload_hash, engine, 0, NOW, [*shares], [*shares.values()], left)
                copy.write_row((*row, "[]", NOW))
        found_rows = driver(session).execute(
            "SELECT text_hash, attribution_id FROM attribution WHERE text_hash = ANY(%s)",
            ([item.payload_hash for item in items],),
        )
        number_of = {bytes(digest): number for digest, number in found_rows}
        attributions.link(
            session,
            {
                outcome.sale_id: number_of[item.payload_hash]
                for outcome, item in zip(outcomes, items, strict=True)
            },
        )


def _sale(n: int, rng: random.Random) -> ReportedSale:
    tier, tokens = TIERS[n % len(TIERS)], rng.randint(100, 5_000)
    return ReportedSale(
        external_id=f"s{n}",
        sold_at=MONTH.start + timedelta(seconds=n * 7 % (28 * 86_400)),
        tier=tier,
        output_tokens=tokens,
        tokens_estimated=False,
        gross_nanos=STANDARD_NANOS_PER_TOKEN[tier] * tokens,
        currency="USD",
        model=None,
        text=None,
        text_hash=None,
        payload_hash=hashlib.sha256(str(n).encode()).digest(),
    )


def values(count: int) -> list[tuple[Sale, Matched]]:
    """Draw sales and what they match as ledger values of one vendor, tier by tier."""
    rng, work_ids, drawn = random.Random(12), range(1, 501), []
    for n in range(count):
        tier = TIERS[n * len(TIERS) // count]
        tokens = rng.randint(100, 5_000)
        gross = STANDARD_NANOS_PER_TOKEN[tier] * tokens
        tie = tie_of("acme", f"s{n}")
        shares = shares_of_one(work_ids, rng)
        matched = Matched(shares, {work: work for work in shares}, 1_000_000 - sum(shares.values()))
        drawn.append((Sale(n, tie, "acme", MONTH, tier, tokens, gross, "USD"), matched))
    return drawn


_COPIES = """
INSERT INTO sale (sale_id, vendor_id, external_id, payload_hash, tie, sold_at, period, tier,
    output_tokens, tokens_estimated, model, gross_nanos, currency, text_hash, text_chars,
    received_at)
SELECT sale_id + n * %(apart)s, vendor_id, external_id || '.' || n,
    sha256(payload_hash || int8send(n)), tie # hashint8extended(n, 0), sold_at, period, tier,
    output_tokens, tokens_estimated, model, gross_nanos, currency, text_hash, text_chars,
    received_at
FROM sale CROSS JOIN generate_series(1::bigint, %(times)s) AS n;
INSERT INTO sale_attribution (sale_id, version, attribution_id)
SELECT sale_id + n * %(apart)s, version, attribution_id
FROM sale_attribution CROSS JOIN generate_series(1::bigint, %(times)s) AS n;
INSERT INTO work_batch (stage, vendor_id, period, first_sale_id, last_sale_id, sale_count,
    text_chars, reported_at)
SELECT stage, vendor_id, period, first_sale_id + n * %(apart)s, last_sale_id + n * %(apart)s,
    sale_count, text_chars, reported_at
FROM work_batch CROSS JOIN generate_series(1::bigint, %(times)s) AS n;
"""


def repeat(database: Database, times: int) -> None:
    """Report all sales so many times more, as other sales of the same outputs."""
    with unit_of_work(database) as session:
        newest = driver(session).execute("SELECT max(sale_id) FROM sale").fetchone()
        assert newest
        values = {"apart": newest[0] // POSITIONS * POSITIONS + POSITIONS, "times": times}
        for statement in _COPIES.split(";\n")[:-1]:
            driver(session).execute(statement.encode(), values)
