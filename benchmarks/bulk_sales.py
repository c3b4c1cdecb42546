"""Sales by the million: the rows that reports and attributions leave, written by COPY.

The same columns, keys and checks as ``sales.report`` and ``attributions.insert`` write, by the
application's role; settlement, close and release of them are the product's own.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from ledger_scene import NOW, REGISTERED_AT
from sqlmodel import Session

from service.ledger.allocation import Int64s, tie_of
from service.ledger.period import Period
from service.ledger.sale_report import POSITIONS
from service.store import parties, rights, works
from service.store.database import driver
from service.store.sales import signed

DAY = 86_400
SOLD_WITHIN = 28 * DAY
_STRIDE_SECONDS = 7_919
_LINES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """Attributed sales of one vendor and month, with numbers ``first``, ``first`` + 1, ...

    ``outputs``: number of the output each sold; equal outputs share an attribution.
    """

    vendor_id: int
    vendor: str
    month: Period
    first: int
    tiers: Sequence[int]
    tokens: Sequence[int]
    gross: Sequence[int]
    outputs: Sequence[int]
    attributions: Sequence[int]


def text_hash(number: int) -> bytes:
    """Return the hash of an output."""
    return hashlib.sha256(b"output %d" % number).digest()


def register(session: Session, *, count: int, split: Callable[[int], dict[int, int]]) -> list[int]:
    """Register works with the split of each; nothing is embedded, shares are given."""
    numbers = []
    for n in range(count):
        new = works.NewWork(f"Work {n}", f"Text of work {n}.", "en")
        row = works.register(session, new, registered_at=REGISTERED_AT, now=NOW)
        rights.first_version(session, row.work_id, split(n), day=REGISTERED_AT.date(), now=NOW)
        numbers.append(row.work_id)
    driver(session).execute("UPDATE work SET embedded_at = %s, examined_at = %s", (NOW, NOW))
    return numbers


def holders(session: Session, count: int) -> list[int]:
    """Add holders; return their numbers."""
    return [parties.add_holder(session, f"Holder {n}", now=NOW).party_id for n in range(count)]


def store_attributions(
    session: Session, engine: int, first: int, matched: Sequence[tuple[list[int], list[int]]]
) -> range:
    """Store an attribution of each output from ``first`` on, as works and ppm; return their ids.

    They count as counted for presence: that is a part of attribution, which is not measured here.
    """
    ids = _reserve(session, "attribution_attribution_id_seq", len(matched))
    _copy(
        session,
        "attribution (attribution_id, text_hash, engine_id, embedding_no, catalogue_at, work_ids, "
        "shares_ppm, unmatched_ppm, evidence, attributed_at, revision)",
        (
            f"{number}\t\\\\x{text_hash(first + at).hex()}\t{engine}\t0\t{NOW}\t"
            f"{_array(work_ids)}\t{_array(ppm)}\t{1_000_000 - sum(ppm)}\t[]\t{NOW}\t1\n"
            for at, (number, (work_ids, ppm)) in enumerate(zip(ids, matched, strict=True))
        ),
    )
    driver(session).execute("DELETE FROM presence_waiting")
    return ids


def store(session: Session, requests: Sequence[Request]) -> None:
    """Store sales that wait for settlement, each request with its work batch."""
    numbered = list(zip(_reserve(session, "request_number", len(requests)), requests, strict=True))
    _copy(
        session,
        "sale (sale_id, vendor_id, external_id, payload_hash, tie, sold_at, period, tier, "
        "output_tokens, tokens_estimated, model, gross_nanos, currency, text_hash, text_chars, "
        "received_at)",
        (line for number, one in numbered for line in _sales(number * POSITIONS, one)),
    )
    _copy(
        session,
        "sale_attribution (sale_id, version, attribution_id)",
        (
            f"{number * POSITIONS + at}\t1\t{attribution}\n"
            for number, one in numbered
            for at, attribution in enumerate(one.attributions)
        ),
    )
    _copy(
        session,
        "work_batch (stage, vendor_id, period, first_sale_id, last_sale_id, sale_count, "
        "text_chars, reported_at, attributed_at)",
        (
            f"2\t{one.vendor_id}\t{one.month.number}\t{number * POSITIONS}\t"
            f"{number * POSITIONS + len(one.gross) - 1}\t{len(one.gross)}\t0\t{NOW}\t{NOW}\n"
            for number, one in numbered
        ),
    )


def draw_matches(
    rng: np.random.Generator, work_ids: Sequence[int], count: int
) -> list[tuple[list[int], list[int]]]:
    """Draw what outputs draw on: two to four works in order, 5 to 24 % each."""
    most = 4
    gaps = rng.integers(1, max(len(work_ids) // most, 2), (count, most))
    places = (rng.integers(0, len(work_ids), (count, 1)) + np.cumsum(gaps, axis=1)) % len(work_ids)
    ppm: Int64s = rng.integers(50_000, 240_001, (count, most))
    many = rng.integers(2, most + 1, count)
    drawn = zip(np.asarray(work_ids)[places].tolist(), ppm.tolist(), many.tolist(), strict=True)
    return [(sorted(row[:k]), shares[:k]) for row, shares, k in drawn]


def _reserve(session: Session, sequence: str, count: int) -> range:
    row = (
        driver(session)
        .execute(
            "SELECT min(n), max(n) FROM (SELECT nextval(%s) AS n FROM generate_series(1, %s)) AS t",
            (sequence, count),
        )
        .fetchone()
    )
    assert row
    assert row[1] - row[0] == count - 1, "somebody else draws numbers"
    return range(row[0], row[1] + 1)


def _sales(first_id: int, one: Request) -> Iterator[str]:
    start = one.month.start
    columns = zip(one.tiers, one.tokens, one.gross, one.outputs, strict=True)
    for at, (tier, tokens, gross, output) in enumerate(columns):
        number = one.first + at
        name, said = f"s{number:010}", hashlib.sha256(b"sale %d" % number).hexdigest()
        sold_at = start + timedelta(seconds=number * _STRIDE_SECONDS % SOLD_WITHIN)
        yield (
            f"{first_id + at}\t{one.vendor_id}\t{name}\t\\\\x{said}\t"
            f"{signed(tie_of(one.vendor, name))}\t{sold_at}\t{one.month.number}\t{tier}\t{tokens}\t"
            f"f\t\\N\t{gross}\tUSD\t\\\\x{text_hash(output).hex()}\t1200\t{NOW}\n"
        )


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def _copy(session: Session, table: str, lines: Iterable[str]) -> None:
    with driver(session).cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        block: list[str] = []
        for line in lines:
            block.append(line)
            if len(block) == _LINES_AT_ONCE:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))
