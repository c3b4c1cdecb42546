"""Import of works by an operator: registered as of a stated day, all lines or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.rights import check_split
from service.ledger.sale_report import FieldError
from service.store import parties, rights, works
from service.store.database import Database, unit_of_work
from service.store.works import NewWork
from worker import import_lines
from worker.import_lines import BadFile, BadOption, Line

WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A work of a file, with its split by holder's name."""

    place: str
    work: NewWork
    shares_ppm: dict[str, int]


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
) -> WorksImported:
    """Register the works of a file in one commit; raise BadFile with every bad line instead.

    ``holder`` owns works whose line names no holders. A work with a known id and the same text is a
    duplicate and left as it is.
    """
    if registered_at > now:
        raise BadOption("--registered-at", "lies in the future")
    lines = _checked(path, lambda line: WorkLine(line.place, new_work(line), _shares(line, holder)))

    def keep(session: Session, line: WorkLine) -> None:
        _register(session, line, registered_at=registered_at, now=now, is_sample=is_sample)

    return _stored(database, path, lines, keep)


def import_commons(database: Database, path: Path, *, now: datetime) -> WorksImported:
    """Register texts that are nobody's, in one commit; raise BadFile with every bad line instead.

    They win passages and are paid nothing, for sales of any day. Known ids as in ``import_works``.
    """

    def keep(session: Session, line: WorkLine) -> None:
        works.register(session, line.work, registered_at=now, now=now, commons=True)

    lines = _checked(path, lambda line: WorkLine(line.place, new_work(line), {}))
    return _stored(database, path, lines, keep)


def _stored(
    database: Database,
    path: Path,
    lines: Sequence[WorkLine],
    keep: Callable[[Session, WorkLine], None],
) -> WorksImported:
    registered = duplicate = 0
    errors = []
    with unit_of_work(database) as session:
        for line in lines:
            try:
                if _is_registered(session, line.work):
                    duplicate += 1
                    continue
                keep(session, line)
                registered += 1
            except LedgerError as error:
                errors.append(FieldError(line.place, error.sentence))
        if errors:
            session.rollback()
            raise BadFile(path, errors)
    return WorksImported(registered, duplicate)


def _is_registered(session: Session, work: NewWork) -> bool:
    return work.reference is not None and works.is_registered(session, work.reference, work.body)


def _register(
    session: Session, line: WorkLine, *, registered_at: datetime, now: datetime, is_sample: bool
) -> None:
    row = works.register(session, line.work, registered_at=registered_at, now=now)
    shares = {}
    for name, share in line.shares_ppm.items():
        party = parties.holder_named(session, name, now=now, is_sample=is_sample)
        assert party.party_id is not None
        shares[party.party_id] = share
    assert row.work_id is not None
    rights.first_version(session, row.work_id, shares, day=registered_at.date(), now=now)


def _checked(path: Path, read: Callable[[Line], WorkLine]) -> list[WorkLine]:
    found: list[WorkLine] = []
    errors: list[FieldError] = []
    seen: dict[str, str] = {}
    for line in import_lines.read(path):
        if isinstance(line, FieldError):
            errors.append(line)
            continue
        try:
            work = read(line)
        except LedgerError as error:
            errors.append(FieldError(line.place, error.sentence))
            continue
        reference = work.work.reference or ""
        if reference in seen:
            errors.append(FieldError(line.place, f"id {reference!r} is that of {seen[reference]}"))
        seen[reference] = line.place
        found.append(work)
    if errors:
        raise BadFile(path, errors)
    return found


def new_work(line: Line) -> NewWork:
    """Read id, title, text and language of a line; raise what is wrong with them."""
    for name in ("id", "title", "text"):
        if not isinstance(line.value.get(name), str):
            raise BadOption(name, "must be a text")
    language = line.value.get("language", "en")
    if not isinstance(language, str):
        raise BadOption("language", "must be a text")
    work = NewWork(
        str(line.value["title"]), str(line.value["text"]), language, str(line.value["id"])
    )
    return works.check(work)


def _shares(line: Line, holder: str | None) -> dict[str, int]:
    given = line.value.get("holders")
    if given is None:
        if holder is None:
            raise BadOption("holders", "are missing and no --holder is named")
        return {holder: WHOLE_PPM}
    if not isinstance(given, list):
        raise BadOption("holders", "must be a list")
    shares: dict[str, int] = {}
    for at, one in enumerate(given):
        name = one.get("name") if isinstance(one, dict) else None
        share = one.get("share_ppm") if isinstance(one, dict) else None
        if not isinstance(name, str) or type(share) is not int:
            raise BadOption(f"holders[{at}]", "must have a name and a whole share_ppm")
        if name in shares:
            raise BadOption(f"holders[{at}].name", f"{name!r} is named twice")
        shares[name] = share
    check_split(dict(enumerate(shares.values())))
    return shares
