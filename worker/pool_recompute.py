"""Recomputation for ``verify``: what was posted of each released pool against its proportion."""

from collections import Counter

from sqlalchemy import text

from service.ledger.accounts import line_id_of
from service.ledger.errors import LedgerError
from service.ledger.pool_release import group_of, target
from service.store import pool_basis, pool_releases
from service.store.database import Database, unit_of_work
from service.store.pool_releases import StoredRelease


def pools_unlike_their_release(database: Database) -> tuple[int, list[str]]:
    """Make every release again from what it rests on, and divide what is posted by it.

    Among works and tiers: which lines of a work have its part depends on rights back-dated since.
    """
    with unit_of_work(database) as session:
        query = text("SELECT pool_release_id FROM pool_release ORDER BY 1")
        numbers = list(session.execute(query).scalars())
    facts: list[str] = []
    for number in numbers:
        try:
            facts += _differences(database, number)
        except LedgerError as error:
            facts.append(f"release {number}: {error.sentence}")
    return len(numbers), facts


def _differences(database: Database, number: int) -> list[str]:
    with unit_of_work(database) as session:
        stored = pool_releases.get(session, number)
        again = pool_basis.planned_again(session, stored)
    facts = []
    if (again.digest, again.parts) != (stored.digest, stored.first):
        facts.append(f"{stored.key}: what it rests on makes digest {again.digest}")
    wanted = target(stored.key, stored.first, stored.posted.principal_nanos)
    due: Counter[str] = Counter({"interest": wanted.interest_nanos, "fee": wanted.fee_nanos})
    for name, nanos in wanted.by_name.items():
        due[group_of(name)] += nanos
    posted = _posted(stored)
    return facts + [
        f"{stored.key}: {name} posted {posted[name]}, its proportion makes {due[name]}"
        for name in sorted(due.keys() | posted.keys())
        if due[name] != posted[name]
    ]


def _posted(stored: StoredRelease) -> Counter[str]:
    said = stored.posted
    found: Counter[str] = Counter({"interest": said.interest_nanos, "fee": said.fee_nanos})
    for account, nanos in said.by_name.items():
        line_id = line_id_of(account)
        assert line_id is not None
        found[group_of(stored.names[line_id])] += nanos
    return found
