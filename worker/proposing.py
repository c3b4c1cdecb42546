"""Proposals without anybody at the keyboard: the clock ends them, and holds end after them."""

from datetime import datetime

from service.store import confirmations, consent
from service.store.database import Database, unit_of_work


def step(database: Database, *, now: datetime) -> bool:
    """End one proposal whose time is over, or holds whose correction is released; whether any.

    Each is one commit and safe to run twice or by several at once.
    """
    with unit_of_work(database) as session:
        return consent.expire_next(session, now=now) or confirmations.free_released(
            session, now=now
        )
