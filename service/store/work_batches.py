"""Work batches: the rows that are the queue. A sale's state is the stage of its batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from service.store.database import Database, autocommit, driver

TO_ATTRIBUTE, TO_SETTLE, DONE = 1, 2, 3
_ATTRIBUTING = 7_300_000


@dataclass(frozen=True, slots=True)
class WorkBatch:
    """Contiguous sales of one request, vendor and period that wait for the next stage."""

    work_batch_id: int
    vendor_id: int
    period: int
    first_sale_id: int
    last_sale_id: int
    sale_count: int
    closes: bool


_COLUMNS = "work_batch_id, vendor_id, period, first_sale_id, last_sale_id, sale_count, closes"

# One vendor's first batch, then the next vendor's, and so on: nobody's flood starves another.
_FAIR = (
    "SELECT work_batch_id, period, sale_count, "
    "row_number() OVER (PARTITION BY vendor_id ORDER BY work_batch_id) AS turn "
    "FROM work_batch WHERE stage = %(stage)s"
)


@contextmanager
def claim_to_attribute(database: Database) -> Iterator[WorkBatch | None]:
    """Hold one batch that waits for attribution, fair between vendors; None where all are held.

    The hold is a session-level advisory lock on a connection in no transaction: nothing is locked
    in the tables while the encoder computes, and a killed worker's hold ends with its connection.
    """
    with autocommit(database) as connection:
        yield _held(connection)


def _held(connection: psycopg.Connection) -> WorkBatch | None:
    waiting = connection.execute(
        f"SELECT work_batch_id FROM ({_FAIR}) AS w ORDER BY turn, work_batch_id LIMIT 64",  # noqa: S608
        {"stage": TO_ATTRIBUTE},
    ).fetchall()
    for (batch_id,) in waiting:
        lock = connection.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", (_ATTRIBUTING, batch_id % 2**31)
        ).fetchone()
        if lock and lock[0]:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM work_batch WHERE work_batch_id = %s AND stage = %s",  # noqa: S608
                (batch_id, TO_ATTRIBUTE),
            ).fetchone()
            if row:
                return WorkBatch(*row)
    return None


def claim_to_settle(session: Session, *, most_sales: int) -> list[WorkBatch]:
    """Lock attributed batches of one period, fair between vendors, up to ``most_sales`` sales.

    Rows stay locked until the transaction ends; other workers skip them. At least one batch is
    taken, however large.
    """
    connection = driver(session)
    waiting = connection.execute(
        f"SELECT work_batch_id, period, sale_count FROM ({_FAIR}) AS w "  # noqa: S608
        "ORDER BY turn, work_batch_id LIMIT 5000",
        {"stage": TO_SETTLE},
    ).fetchall()
    while waiting:
        period, total = waiting[0][1], 0
        chosen: list[int] = []
        for batch_id, batch_period, count in waiting:
            if batch_period == period and (not chosen or total + count <= most_sales):
                chosen.append(batch_id)
                total += count
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM work_batch WHERE work_batch_id = ANY(%s) AND stage = %s "  # noqa: S608
            "ORDER BY first_sale_id FOR UPDATE SKIP LOCKED",
            (chosen, TO_SETTLE),
        ).fetchall()
        if rows:
            return [WorkBatch(*row) for row in rows]
        waiting = [row for row in waiting if row[0] not in set(chosen)]
    return []


def attributed(session: Session, work_batch_id: int, *, now: datetime) -> bool:
    """Move a batch to settlement; False where another worker did."""
    moved = driver(session).execute(
        "UPDATE work_batch SET stage = %s, attributed_at = %s "
        "WHERE work_batch_id = %s AND stage = %s",
        (TO_SETTLE, now, work_batch_id, TO_ATTRIBUTE),
    )
    return moved.rowcount == 1


def settled(session: Session, batches: Sequence[WorkBatch], *, now: datetime) -> None:
    """Move batches to done."""
    driver(session).execute(
        "UPDATE work_batch SET stage = %s, settled_at = %s WHERE work_batch_id = ANY(%s)",
        (DONE, now, [batch.work_batch_id for batch in batches]),
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits, in sales."""

    to_attribute: int
    to_settle: int
    oldest_reported_at: datetime | None


def waiting(session: Session) -> Waiting:
    """Count what waits."""
    row = session.execute(
        text(
            "SELECT coalesce(sum(sale_count) FILTER (WHERE stage = 1), 0), "
            "coalesce(sum(sale_count) FILTER (WHERE stage = 2), 0), min(reported_at) "
            "FROM work_batch WHERE stage < 3"
        )
    ).one()
    return Waiting(int(row[0]), int(row[1]), row[2])


def mark_closing(session: Session, period: int) -> None:
    """Mark what waits of a period now: it still settles into it; what comes later is late."""
    session.execute(
        text("UPDATE work_batch SET closes = true WHERE period = :period AND stage < 3"),
        {"period": period},
    )


def unsettled_count(session: Session, period: int) -> int:
    """Count the sales of a period that are not settled."""
    query = text(
        "SELECT coalesce(sum(sale_count), 0) FROM work_batch WHERE period = :period AND stage < 3"
    )
    return int(session.execute(query, {"period": period}).scalar_one())


def closing_count(session: Session, period: int) -> int:
    """Count the sales a closing period still waits for."""
    query = text(
        "SELECT coalesce(sum(sale_count), 0) FROM work_batch "
        "WHERE period = :period AND stage < 3 AND closes"
    )
    return int(session.execute(query, {"period": period}).scalar_one())


def done_after(session: Session, first_sale_id: int, *, most_sales: int) -> list[WorkBatch]:
    """Return settled batches after one, in order of sales, up to so many sales but at least one."""
    rows = driver(session).execute(
        f"SELECT {_COLUMNS} FROM work_batch WHERE stage = %s AND first_sale_id > %s "  # noqa: S608
        "ORDER BY first_sale_id LIMIT 5000",
        (DONE, first_sale_id),
    )
    taken: list[WorkBatch] = []
    for batch in (WorkBatch(*row) for row in rows):
        if taken and sum(b.sale_count for b in taken) + batch.sale_count > most_sales:
            break
        taken.append(batch)
    return taken
