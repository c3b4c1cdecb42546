"""Proposals nobody answers end by the clock."""

from datetime import datetime

from service.store import consent
from service.store.database import Database, unit_of_work


def step(database: Database, *, now: datetime) -> bool:
    """End one proposal whose time is over; whether there was one. Safe to run by several."""
    with unit_of_work(database) as session:
        return consent.expire_next(session, now=now)
