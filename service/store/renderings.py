"""Orders to write the documents of a month to a folder, and how far each has come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlmodel import Session

from service.ledger.period import Period
from service.store.database import driver
from service.store.reissues import DocumentNumber

_A_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """What to write and where to; the same order given again goes on with the same run."""

    period: Period
    forms: tuple[str, ...]
    locale: str
    folder: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that is claimed for writing."""

    statement_id: int
    number: DocumentNumber


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file as it was written. ``without_glyph``: signs its fonts lack, as one text."""

    name: str
    form: str
    size_bytes: int
    sha256: str
    without_glyph: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document with the files that were written of it."""

    waiting: Waiting
    files: tuple[RenderedFile, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many documents a run has, by what became of them."""

    written: int
    refused: int
    waiting: int

    @property
    def all(self) -> int:
        """Documents of the run."""
        return self.written + self.refused + self.waiting


def begin(session: Session, order: Order, *, now: datetime) -> int:
    """Begin a run or go on with it: new documents and refused ones wait; return its number."""
    facts = {
        "folder": order.folder,
        "period": order.period.number,
        "forms": list(order.forms),
        "locale": order.locale,
        "now": now,
    }
    connection = driver(session)
    connection.execute(
        "INSERT INTO rendering_run (period, forms, locale, folder, begun_at) "
        "VALUES (%(period)s, %(forms)s, %(locale)s, %(folder)s, %(now)s) ON CONFLICT DO NOTHING",
        facts,
    )
    row = connection.execute(
        "SELECT run_id FROM rendering_run WHERE folder = %(folder)s AND period = %(period)s "
        "AND forms = %(forms)s AND locale = %(locale)s",
        facts,
    ).fetchone()
    assert row
    run = {"run": row[0]}
    connection.execute(
        "INSERT INTO rendering (run_id, statement_id, revision) "
        "SELECT %(run)s, statement_id, revision FROM statement CROSS JOIN LATERAL ("
        "SELECT 0 AS revision UNION ALL SELECT r.revision FROM statement_reissue r "
        "WHERE r.statement_id = statement.statement_id) AS issue "
        "WHERE period = %(period)s ON CONFLICT DO NOTHING",
        facts | run,
    )
    connection.execute(
        "UPDATE rendering SET refused = NULL WHERE run_id = %(run)s AND refused IS NOT NULL", run
    )
    return int(row[0])


def claim(session: Session, run_id: int, *, limit: int) -> list[Waiting]:
    """Lock some documents that wait, in order of issue; other workers skip them until the commit.

    Written in that order, so that a run killed early has the first statements whole.
    """
    rows = driver(session).execute(
        "SELECT r.statement_id, s.number, r.revision FROM rendering r "
        "JOIN statement s USING (statement_id) WHERE r.run_id = %s AND r.written_at IS NULL "
        "AND r.refused IS NULL ORDER BY r.statement_id, r.revision LIMIT %s "
        "FOR UPDATE OF r SKIP LOCKED",
        (run_id, limit),
    )
    return [Waiting(row[0], DocumentNumber(row[1], row[2])) for row in rows]


def written(session: Session, run_id: int, done: Sequence[Rendered], *, now: datetime) -> None:
    """Keep what was written of claimed documents."""
    with driver(session).cursor() as cursor:
        cursor.executemany(
            "UPDATE rendering SET files = %s, written_at = %s "
            "WHERE run_id = %s AND statement_id = %s AND revision = %s",
            [
                (Jsonb([_facts(file) for file in one.files]), now, run_id, *_key(one.waiting))
                for one in done
            ],
        )


def refuse(session: Session, run_id: int, one: Waiting, *, reason: str) -> None:
    """Keep why a claimed document cannot be written; it waits again when the order is repeated."""
    driver(session).execute(
        "UPDATE rendering SET refused = %s "
        "WHERE run_id = %s AND statement_id = %s AND revision = %s",
        (reason[:1_000], run_id, *_key(one)),
    )


def lost(session: Session, run_id: int, gone: Sequence[Waiting]) -> None:
    """Let documents wait again whose files are not as they were written."""
    with driver(session).cursor() as cursor:
        cursor.executemany(
            "UPDATE rendering SET files = NULL, written_at = NULL "
            "WHERE run_id = %s AND statement_id = %s AND revision = %s",
            [(run_id, *_key(one)) for one in gone],
        )


def standing(session: Session, run_id: int) -> Standing:
    """Count the documents of a run."""
    row = (
        driver(session)
        .execute(
            "SELECT count(written_at), count(refused), "
            "count(*) FILTER (WHERE written_at IS NULL AND refused IS NULL) "
            "FROM rendering WHERE run_id = %s",
            (run_id,),
        )
        .fetchone()
    )
    assert row
    return Standing(*row)


def refusals(session: Session, run_id: int) -> list[tuple[str, str]]:
    """List documents that cannot be written, with the reason."""
    rows = driver(session).execute(
        "SELECT s.number, r.revision, r.refused FROM rendering r JOIN statement s "
        "USING (statement_id) WHERE r.run_id = %s AND r.refused IS NOT NULL "
        "ORDER BY r.statement_id, r.revision",
        (run_id,),
    )
    return [(str(DocumentNumber(number, revision)), reason) for number, revision, reason in rows]


def all_written(session: Session, run_id: int) -> Iterator[Rendered]:
    """Yield what a run has written, in order of issue, a page of rows at a time."""
    after = (0, -1)
    while True:
        rows = (
            driver(session)
            .execute(
                "SELECT r.statement_id, s.number, r.revision, r.files FROM rendering r "
                "JOIN statement s USING (statement_id) WHERE r.run_id = %s "
                "AND r.written_at IS NOT NULL AND (r.statement_id, r.revision) > (%s, %s) "
                "ORDER BY r.statement_id, r.revision LIMIT %s",
                (run_id, *after, _A_PAGE),
            )
            .fetchall()
        )
        for statement_id, number, revision, files in rows:
            waiting = Waiting(statement_id, DocumentNumber(number, revision))
            yield Rendered(waiting, tuple(_file(one) for one in files))
        if not rows:
            return
        after = (rows[-1][0], rows[-1][2])


def _key(one: Waiting) -> tuple[int, int]:
    return one.statement_id, one.number.revision


def _facts(file: RenderedFile) -> dict[str, object]:
    return {
        "name": file.name,
        "form": file.form,
        "bytes": file.size_bytes,
        "sha256": file.sha256,
        "without_glyph": file.without_glyph,
    }


def _file(facts: dict[str, Any]) -> RenderedFile:
    return RenderedFile(
        facts["name"], facts["form"], facts["bytes"], facts["sha256"], facts["without_glyph"]
    )
