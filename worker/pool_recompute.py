"""Recomputation for ``verify``: what was posted of each released pool against its proportion."""

from sqlalchemy import text

from service.ledger.pool_release import Parts, minus, target
from service.store import pool_releases
from service.store.database import Database, unit_of_work


def pools_unlike_their_release(database: Database) -> tuple[int, list[str]]:
    """Divide what is posted of every released pool again by its first step; name what differs."""
    with unit_of_work(database) as session:
        query = text("SELECT pool_release_id FROM pool_release ORDER BY 1")
        numbers = list(session.execute(query).scalars())
    facts = []
    for number in numbers:
        with unit_of_work(database) as session:
            stored = pool_releases.get(session, number)
        wanted = target(stored.key, stored.first, stored.posted.principal_nanos)
        left = minus(wanted, stored.posted)
        if left != Parts(0, 0, 0, {}):
            facts.append(f"{stored.key}: target minus posted leaves {dict(left.by_name)}")
    return len(numbers), facts
