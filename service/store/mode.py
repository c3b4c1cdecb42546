"""Which books a database holds: live ones, or a vendor's for tests, where nothing is real."""

from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError


class Mode(StrEnum):
    """Whether money moves for what is in a book."""

    LIVE = "live"
    TEST = "test"


class NotLive(LedgerError):
    """Something that leaves the house was asked of a test book."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: this is a test book, and nothing leaves it", what=what)


def of_database(session: Session) -> Mode:
    """Return the mode of the books that are in this database."""
    return Mode(session.execute(text("SELECT mode FROM installation")).scalar_one())


def check_live(session: Session, what: str) -> None:
    """Raise NotLive in a test book."""
    if of_database(session) is not Mode.LIVE:
        raise NotLive(what)
