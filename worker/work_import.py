"""Import of works by an operator: registered as of a stated day, all lines or none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.api import work_batch
from service.api.formats import lines, work_line
from service.api.formats.lines import Line
from service.api.formats.work_line import WorkLine
from service.ledger.sale_report import FieldError
from service.store.database import Database, unit_of_work
from worker import import_lines
from worker.import_lines import BadFile, BadOption


@dataclass(frozen=True, slots=True)
class WorksImported:
    """How many works were registered, and how many were already."""

    registered: int
    duplicate: int


def import_works(
    database: Database,
    path: Path,
    *,
    holder: str | None,
    registered_at: datetime,
    now: datetime,
    is_sample: bool = False,
    dry_run: bool = False,
) -> WorksImported:
    """Register the works of a file in one commit; raise BadFile with every bad line instead.

    ``holder`` owns works whose line names no holders. A work with a known id and the same text is a
    duplicate and left as it is. dry_run: everything is tried and nothing is kept.
    """
    if registered_at > now:
        raise BadOption("--registered-at", "lies in the future")
    found, errors = work_line.checked(_read(path), work_line.owned_by(holder))
    return _stored(
        database,
        path,
        found,
        errors,
        registered_at=registered_at,
        now=now,
        is_sample=is_sample,
        dry_run=dry_run,
    )


def import_commons(database: Database, path: Path, *, now: datetime) -> WorksImported:
    """Register texts that are nobody's, in one commit; raise BadFile with every bad line instead.

    They win passages and are paid nothing, for sales of any day. Known ids as in ``import_works``.
    """
    found, errors = work_line.checked(_read(path), work_line.of_nobody)
    return _stored(database, path, found, errors, registered_at=now, now=now, commons=True)


def _read(path: Path) -> Iterator[Line | FieldError]:
    """Yield the lines of a file: CSV where its name ends so, else JSON Lines."""
    content = import_lines.content_of(path)
    if path.suffix.lower() == ".csv":
        return lines.of_csv(content, columns=work_line.COLUMNS)
    return lines.of_json_lines(content)


def _stored(
    database: Database,
    path: Path,
    found: list[WorkLine],
    errors: list[FieldError],
    *,
    registered_at: datetime,
    now: datetime,
    commons: bool = False,
    is_sample: bool = False,
    dry_run: bool = False,
) -> WorksImported:
    """Store what was read, unless a line is wrong: by itself, or beside what is registered."""
    with unit_of_work(database) as session:
        stored, refused = work_batch.store(
            session,
            found,
            registered_at=registered_at,
            now=now,
            commons=commons,
            is_sample=is_sample,
        )
        if errors or refused or dry_run:
            session.rollback()
        if errors or refused:
            raise BadFile(path, sorted([*errors, *refused], key=_line_number))
    registered = sum(one.outcome == work_batch.REGISTERED for one in stored)
    return WorksImported(registered, len(stored) - registered)


def _line_number(error: FieldError) -> int:
    digits = error.place.removeprefix("line ").partition(",")[0]
    return int(digits) if digits.isdigit() else 0
