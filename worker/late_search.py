"""Late registration: kept fingerprints of unmatched sales against works registered since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from attribution.values import WHOLE_PPM, Attribution, Standing
from service.ledger.errors import LedgerError
from service.store import attributions, late_matches, passages, unmatched
from service.store.database import Database, only_one, unit_of_work
from service.store.late_matches import LateWork, NewMatch
from service.store.passages import StoredFingerprint
from worker.attributing import evidence_rows
from worker.engine_room import EngineRoom
from worker.kept_fingerprint import kept_fingerprint

_SEARCHING = 7_430_000
WORKS_A_STEP = 32
PASSAGES_A_CHUNK = 20_000
OUTPUTS_A_SLICE = 64
LOOKED_AT_FROM_COSINE = 0.5
"""Cosine of the nearest passages from which on the engine itself decides about an output."""


class NotExamined(LedgerError):
    """A work cannot claim earlier sales: it is none, is not examined yet, or is of the commons."""

    def __init__(self, work_id: int) -> None:
        super().__init__(
            f"work {work_id} is unknown, not examined yet or of the commons", work_id=work_id
        )


@dataclass(frozen=True, slots=True)
class _Claim:
    """A work, and the instants of sale it may claim: its vectors float32[n, dim]."""

    work: LateWork
    start: datetime
    vectors: NDArray[np.float32]


def search_next(
    database: Database, room: EngineRoom, *, window_days: int, now: datetime
) -> tuple[int, int]:
    """Search for the next examined works, one process at a time; return works and new proposals."""
    if not _unsearched(database):
        return 0, 0
    with only_one(database, _SEARCHING) as alone:
        works = _unsearched(database) if alone else []
        if not works:
            return 0, 0
        return len(works), search(database, room, works, window_days=window_days, now=now)


def _unsearched(database: Database) -> list[LateWork]:
    with unit_of_work(database) as session:
        return late_matches.unsearched(session, limit=WORKS_A_STEP)


def search_work(
    database: Database, room: EngineRoom, work_id: int, *, window_days: int, now: datetime
) -> int:
    """Search for one work, again if it was; return the new proposals. Raises NotExamined."""
    with unit_of_work(database) as session:
        work = late_matches.work(session, work_id)
    if work is None:
        raise NotExamined(work_id)
    return search(database, room, [work], window_days=window_days, now=now)


def search(
    database: Database,
    room: EngineRoom,
    works: Sequence[LateWork],
    *,
    window_days: int,
    now: datetime,
) -> int:
    """Propose what these works may claim of sales before their registration; safe to run twice.

    Cosine only says which outputs are looked at; whether an output draws on the work is decided as
    ever, by the engine.
    """
    room.refresh()
    claims = [_claim(database, room, work, window_days) for work in works]
    looked_at = _near(database, room, claims)
    matches = [
        match
        for claim, near in zip(claims, looked_at, strict=True)
        for match in _matches(database, room, claim, near)
    ]
    with unit_of_work(database) as session:
        searched = [work.work_id for work in works]
        return late_matches.propose(session, matches, searched, now=now)


def _claim(database: Database, room: EngineRoom, work: LateWork, window_days: int) -> _Claim:
    with unit_of_work(database) as session:
        own = passages.of_work(
            session, work.work_id, room.encoder_id, dimension=room.encoder.dimension
        )
    return _Claim(work, work.registered_at - timedelta(days=window_days), own.vectors)


def _near(database: Database, room: EngineRoom, claims: Sequence[_Claim]) -> list[set[int]]:
    """Name, for each claim, the attributions with a kept passage near one of the work's."""
    near: list[set[int]] = [set() for _ in claims]
    last = unmatched.FIRST
    while True:
        with unit_of_work(database) as session:
            chunk = unmatched.vectors_after(
                session,
                room.encoder_id,
                last,
                dimension=room.encoder.dimension,
                limit=PASSAGES_A_CHUNK,
            )
        if not len(chunk):
            return near
        last = chunk.last
        for found, claim in zip(near, claims, strict=True):
            if len(claim.vectors):
                cosines = (chunk.vectors @ claim.vectors.T).max(axis=1)
                found.update(chunk.attribution_ids[cosines >= LOOKED_AT_FROM_COSINE].tolist())


def _matches(database: Database, room: EngineRoom, claim: _Claim, near: set[int]) -> list[NewMatch]:
    work = claim.work
    with unit_of_work(database) as session:
        sold = unmatched.sold_between(session, sorted(near), claim.start, work.registered_at)
    ids, matches = sorted(sold), []
    for first in range(0, len(ids), OUTPUTS_A_SLICE):
        some = ids[first : first + OUTPUTS_A_SLICE]
        kept, won_chars = _kept(database, room, some)
        decided = room.attribute(
            [kept_fingerprint(one, length_chars=int(one.ends.max())) for one in kept],
            lambda other: Standing.EARNS if other == work.work_id else Standing.OUT,
        )
        for number, one, won, made in zip(some, kept, won_chars, decided, strict=True):
            share = _share_of_whole(made, one, won, work.work_id)
            if share:
                rows = evidence_rows(made.evidence)
                until = work.registered_at
                matches.append(NewMatch(work.work_id, number, share, rows, claim.start, until))
    return matches


def _kept(
    database: Database, room: EngineRoom, attribution_ids: Sequence[int]
) -> tuple[list[StoredFingerprint], list[int]]:
    """Read what is kept of these outputs, and how many characters of each were won by works."""
    with unit_of_work(database) as session:
        kept = [
            unmatched.of_attribution(
                session, number, room.encoder_id, dimension=room.encoder.dimension
            )
            for number in attribution_ids
        ]
        evidence = attributions.evidence_of(session, attribution_ids)
    won = [sum(e.output_end - e.output_start for e in evidence[n]) for n in attribution_ids]
    return kept, won


def _share_of_whole(
    made: Attribution, kept: StoredFingerprint, won_chars: int, work_id: int
) -> int:
    """Turn the share of what was kept into one of the whole output, floored."""
    kept_chars = int((kept.ends - kept.starts).sum())
    share_ppm = made.share_ppm.get(work_id, 0)
    share = share_ppm * kept_chars // (kept_chars + won_chars)
    assert 0 <= share <= WHOLE_PPM, share
    return share
