"""Sealing closed periods: a Merkle root over what was said in each, chained month by month."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger import merkle
from service.ledger.leaves import FIRST_HASH, Leaf, period_hash, salt, salted_hash
from service.ledger.merkle import Tree
from service.ledger.period import Period
from service.store import period_seals
from service.store.database import Database, only_one, unit_of_work
from service.store.period_seals import Part, PeriodSeal

_SEALING = 7_900_000
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedRows:
    """What the rows of a period make now: tree, parts by kind of leaf, and the leaf looked for."""

    tree: Tree
    parts: tuple[Part, ...]
    found: Leaf | None


def seal_waiting(
    database: Database, *, now: datetime, chance: Callable[[int], bytes] = secrets.token_bytes
) -> int:
    """Seal closed periods that have no seal, each in its commit; return how many.

    One sealer at a time: who is not alone leaves it to the other.
    """
    with unit_of_work(database) as session:
        if period_seals.next_waiting(session) is None:
            return 0
    count = 0
    with only_one(database, _SEALING) as alone:
        while alone and _seal_next(database, chance(_KEY_BYTES), now=now):
            count += 1
    return count


def _seal_next(database: Database, key: bytes, *, now: datetime) -> bool:
    with unit_of_work(database) as session:
        period = period_seals.next_waiting(session)
        if period is None:
            return False
        before = period_seals.newest(session)
        previous = before.hash if before else FIRST_HASH
        rows = read(session, period, key)
        count, root = rows.tree.count, rows.tree.root
        hashed = period_hash(previous, period, count, root)
        seal = PeriodSeal(period, count, root, previous, hashed, key, rows.parts, now)
        period_seals.insert(session, seal)
    return True


def read(session: Session, period: Period, key: bytes, *, wanted: str | None = None) -> SealedRows:
    """Grow the tree over the rows of a period as they are; on request with the path to one leaf.

    wanted: name of the leaf.
    """
    parts: dict[str, tuple[int, bytes]] = {}
    found: list[Leaf] = []

    def hashes() -> Iterator[tuple[bytes, bool]]:
        for index, leaf in enumerate(period_seals.leaves(session, period)):
            hashed, part = salted_hash(salt(key, index), leaf.fields), leaf.part
            count, digest = parts.get(part, (0, b""))
            parts[part] = count + 1, hashlib.sha256(digest + hashed).digest()
            marked = wanted is not None and leaf.name == wanted
            if marked:
                found.append(leaf)
            yield hashed, marked

    tree = merkle.grow(hashes())
    said = tuple(Part(name, count, digest) for name, (count, digest) in parts.items())
    return SealedRows(tree, said, found[0] if found else None)


def periods_unlike_their_seal(database: Database) -> tuple[int, list[str]]:
    """Grow every sealed period's tree again and follow the chain; return how many and what differs.

    A closed period must be sealed: the worker seals one that an interrupted close left.
    """
    facts: list[str] = []
    with unit_of_work(database) as session:
        seals = period_seals.listing(session)
        waiting = period_seals.next_waiting(session)
    previous, due = FIRST_HASH, seals[0].period if seals else None
    for seal in seals:
        if seal.period != due:
            facts.append(f"period {due}: its seal is missing")
        if seal.previous != previous:
            facts.append(f"period {seal.period}: its seal does not follow the one before")
        if seal.hash != period_hash(seal.previous, seal.period, seal.count, seal.root):
            facts.append(f"period {seal.period}: its seal does not fit its hash")
        previous, due = seal.hash, seal.period.next()
        with unit_of_work(database) as session:
            facts += _differences(seal, read(session, seal.period, seal.salt_key))
    if waiting:
        facts.append(
            f"period {waiting} is closed and has no seal: the worker seals it when it runs"
        )
    return len(seals), facts


def _differences(seal: PeriodSeal, rows: SealedRows) -> list[str]:
    if (rows.tree.count, rows.tree.root) == (seal.count, seal.root):
        if rows.parts == seal.parts:
            return []
        return [f"period {seal.period}: its root is that of its rows, its parts are not"]
    said = {part.name: part for part in seal.parts}
    now = {part.name: part for part in rows.parts}
    facts = [
        f"period {seal.period}: {_count(now.get(name))} leaves of kind {name!r} are not the "
        f"{_count(said.get(name))} that were sealed"
        for name in sorted(said.keys() | now.keys())
        if said.get(name) != now.get(name)
    ]
    return facts or [f"period {seal.period}: its leaves do not make the sealed root"]


def _count(part: Part | None) -> int:
    return part.count if part else 0
