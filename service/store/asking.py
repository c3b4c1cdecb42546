"""Who is asking the web: kept beside every unit of work of a request, empty in workers.

A request that changes something leaves an act in the same transaction: who did what, on what.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

MAX_SUBJECT_CHARS = 500

_ACT = text(
    "INSERT INTO act (at, user_id, role, member_role, party_id, what, subject, request_id) "
    "SELECT :at, :user_id, :role, :member_role, :party_id, :what, :subject, :request_id "
    "WHERE pg_current_xact_id_if_assigned() IS NOT NULL"
)
"""Nothing is written where the transaction has changed nothing so far."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does what. ``what``: the name of the route; ``is_change``: whether it may change."""

    at: datetime
    user_id: int
    role: str
    member_role: str
    party_id: int | None
    what: str
    is_change: bool


@dataclass(slots=True)
class Asking:
    """One request. ``deed``: empty until somebody is known; ``about``: on what it is done."""

    request_id: str
    deed: Deed | None = None
    about: list[str] = field(default_factory=list)


ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


def known(deed: Deed, about: dict[str, object]) -> None:
    """Say who is behind the request that is answered now."""
    asked = ASKING.get()
    if asked is not None:
        asked.deed = deed
        asked.about = [f"{name}={value}" for name, value in about.items()]


def note(**about: object) -> None:
    """Add to what the act of this request is about: numbers and public names, nothing personal."""
    asked = ASKING.get()
    if asked is not None:
        asked.about += [f"{name}={value}" for name, value in about.items()]


@contextmanager
def nobody() -> Iterator[None]:
    """Leave no act in the block: for what is counted beside a deed, or follows from it."""
    asked = ASKING.set(None)
    try:
        yield
    finally:
        ASKING.reset(asked)


def keep_act(session: Session) -> None:
    """Leave the act of the request in this transaction if it has changed anything."""
    asked = ASKING.get()
    if asked is None or asked.deed is None or not asked.deed.is_change:
        return
    session.flush()
    deed = asked.deed
    session.execute(
        _ACT,
        {
            "at": deed.at,
            "user_id": deed.user_id,
            "role": deed.role,
            "member_role": deed.member_role,
            "party_id": deed.party_id,
            "what": deed.what[:100],
            "subject": " ".join(asked.about)[:MAX_SUBJECT_CHARS],
            "request_id": asked.request_id,
        },
    )
