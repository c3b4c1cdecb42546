"""What operators ask the worker to do and look at later, as rows: begun, how far, and its end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError


class ConsoleJobNotFound(LedgerError):
    """No job has this number."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no job {job_id}", job_id=job_id)


class JobKind(StrEnum):
    """What is asked for."""

    REHEARSE_CLOSE = "rehearse-close"
    REHEARSE_TERMS = "rehearse-terms"
    SETTLE_AGAIN = "settle-again"
    MAKE_RUN = "make-run"
    CARRY_OUT = "carry-out"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class ConsoleJob:
    """A job and how far it has come. result: JSON once it is done; refusal: why it was not."""

    job_id: int
    kind: JobKind
    facts: Mapping[str, Any]
    asked_by: str
    asked_at: datetime
    begun_at: datetime | None
    step: str
    done: int
    of_all: int
    ended_at: datetime | None
    result: Mapping[str, Any] | None
    refusal: str | None

    @property
    def state(self) -> str:
        """Say in a word how far it is."""
        if self.ended_at:
            return "refused" if self.refusal else "done"
        return "running" if self.begun_at else "waiting"


_COLUMNS = (
    "job_id, kind, facts, asked_by, asked_at, begun_at, step, done, of_all, ended_at, result, "
    "refusal"
)


def ask(
    session: Session, kind: JobKind, facts: Mapping[str, object], *, by: str, now: datetime
) -> int:
    """Ask for a job; return its number. One that waits for the same facts already is that one."""
    waiting = session.execute(
        text(
            "SELECT job_id FROM console_job WHERE ended_at IS NULL AND begun_at IS NULL "
            "AND kind = :kind AND facts = CAST(:facts AS jsonb) ORDER BY job_id LIMIT 1"
        ),
        {"kind": str(kind), "facts": json.dumps(facts)},
    ).scalar()
    if waiting is not None:
        return int(waiting)
    made = session.execute(
        text(
            "INSERT INTO console_job (kind, facts, asked_by, asked_at) "
            "VALUES (:kind, CAST(:facts AS jsonb), :by, :now) RETURNING job_id"
        ),
        {"kind": str(kind), "facts": json.dumps(facts), "by": by, "now": now},
    )
    return int(made.scalar_one())


def get(session: Session, job_id: int) -> ConsoleJob:
    """Return a job; raise ConsoleJobNotFound."""
    found = _rows(session, "WHERE job_id = :job", {"job": job_id})
    if not found:
        raise ConsoleJobNotFound(job_id)
    return found[0]


def listing(session: Session, *, before: int | None = None, limit: int) -> list[ConsoleJob]:
    """List jobs, newest first, below one number."""
    where = (
        "WHERE CAST(:before AS bigint) IS NULL OR job_id < :before ORDER BY job_id DESC LIMIT :most"
    )
    return _rows(session, where, {"before": before, "most": limit})


def newest(
    session: Session, kind: JobKind, facts: Mapping[str, object] | None = None
) -> ConsoleJob | None:
    """Return the newest job of a kind, on request of one that asks for these facts among others."""
    found = _rows(
        session,
        "WHERE kind = :kind AND facts @> CAST(:facts AS jsonb) ORDER BY job_id DESC LIMIT 1",
        {"kind": str(kind), "facts": json.dumps(facts or {})},
    )
    return found[0] if found else None


def unfinished(session: Session) -> list[ConsoleJob]:
    """List what has not ended, oldest first."""
    return _rows(session, "WHERE ended_at IS NULL ORDER BY job_id", {})


def begin(session: Session, job_id: int, *, now: datetime) -> None:
    """Note that a worker is at it."""
    session.execute(
        text("UPDATE console_job SET begun_at = :now WHERE job_id = :job AND ended_at IS NULL"),
        {"job": job_id, "now": now},
    )


def note(session: Session, job_id: int, step: str, done: int, of_all: int) -> None:
    """Note how far a job has come."""
    session.execute(
        text(
            "UPDATE console_job SET step = :step, done = :done, of_all = :all WHERE job_id = :job"
        ),
        {"job": job_id, "step": step, "done": done, "all": of_all},
    )


def end(
    session: Session,
    job_id: int,
    *,
    result: Mapping[str, object] | None = None,
    refusal: str | None = None,
    now: datetime,
) -> None:
    """Note what a job came to, or why it was refused; what has ended stays."""
    session.execute(
        text(
            "UPDATE console_job SET ended_at = :now, result = CAST(:result AS jsonb), "
            "refusal = :refusal WHERE job_id = :job AND ended_at IS NULL"
        ),
        {
            "job": job_id,
            "now": now,
            "result": None if result is None else json.dumps(result),
            "refusal": refusal,
        },
    )


def _rows(session: Session, where: str, values: Mapping[str, object]) -> list[ConsoleJob]:
    rows: Sequence[Sequence[Any]] = session.execute(
        text(f"SELECT {_COLUMNS} FROM console_job {where}"),  # noqa: S608
        dict(values),
    ).all()
    return [ConsoleJob(row[0], JobKind(row[1]), *row[2:]) for row in rows]
