"""Add what is posted to the sums that pages show, in short transactions."""

from time import monotonic

from service.store import summaries
from service.store.database import Database, unit_of_work


def add_for(database: Database, *, seconds: float) -> bool:
    """Add waiting batches for so long; whether more may wait. Safe to run by several at once."""
    started = monotonic()
    while True:
        with unit_of_work(database) as session:
            if not summaries.add_next(session):
                return False  # nothing waits, or who is at it rings again
        if monotonic() - started > seconds:
            return True
