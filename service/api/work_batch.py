"""Batches of works: all lines are stored or none, and every line is told what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.api.formats.work_line import Holder, WorkLine
from service.ledger.errors import LedgerError
from service.ledger.sale_report import FieldError
from service.store import parties, registered_rights, works
from service.store.proposals import Proposer
from service.store.works import NewWork

REGISTERED, DUPLICATE = "registered", "duplicate"
_IMPORT = Proposer(None, "import")


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a line; work_id: of the work registered now or before."""

    place: str
    reference: str
    outcome: str
    work_id: int | None


def store(
    session: Session,
    lines: Sequence[WorkLine],
    *,
    registered_at: datetime,
    now: datetime,
    commons: bool = False,
    is_sample: bool = False,
    proposer: Proposer = _IMPORT,
) -> tuple[list[Stored], list[FieldError]]:
    """Register works; return what became of each and what is wrong. The caller rolls back on that.

    proposer: who says how works are split; what others earn of a creator's is held until they
    confirm it. A work with a known id and the same text is a duplicate and left as it is. A line
    that is refused leaves nothing, so that it is not the reason why another is.
    """
    stored: list[Stored] = []
    errors: list[FieldError] = []
    for line in lines:
        try:
            known = _registered(session, line.work)
            if known is not None:
                stored.append(Stored(line.place, line.work.reference or "", DUPLICATE, known))
                continue
            with session.begin_nested():
                work_id = _register(
                    session,
                    line,
                    registered_at=registered_at,
                    now=now,
                    commons=commons,
                    is_sample=is_sample,
                    proposer=proposer,
                )
            stored.append(Stored(line.place, line.work.reference or "", REGISTERED, work_id))
        except LedgerError as error:
            errors.append(FieldError(line.place, error.sentence))
    return stored, errors


def _registered(session: Session, work: NewWork) -> int | None:
    if work.reference is None or not works.is_registered(session, work.reference, work.body):
        return None
    return works.id_of(session, work.reference)


def _register(
    session: Session,
    line: WorkLine,
    *,
    registered_at: datetime,
    now: datetime,
    commons: bool,
    is_sample: bool,
    proposer: Proposer,
) -> int:
    row = works.register(session, line.work, registered_at=registered_at, now=now, commons=commons)
    assert row.work_id is not None
    if not commons:
        split = _numbers(session, line.shares_ppm, now=now, is_sample=is_sample)
        registered_rights.first_split(
            session, row.work_id, split, proposer=proposer, day=registered_at.date(), now=now
        )
    return row.work_id


def _numbers(
    session: Session, shares_ppm: Mapping[Holder, int], *, now: datetime, is_sample: bool
) -> dict[int, int]:
    split: dict[int, int] = {}
    for holder, share in shares_ppm.items():
        number = holder if isinstance(holder, int) else None
        if isinstance(holder, str):
            number = parties.holder_named(session, holder, now=now, is_sample=is_sample).party_id
        assert number is not None
        split[number] = split.get(number, 0) + share
    return split
