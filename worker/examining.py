"""Examination: each new work is compared with what was registered before it, in that order."""

from collections.abc import Mapping
from datetime import datetime
from time import monotonic

from attribution.normaliser import normalise_v1
from attribution.values import Evidence, Examination
from service.ledger.money import PPM
from service.store import examinations, passages, renewal
from service.store.database import Database, unit_of_work
from service.store.examinations import DERIVED, NEAR_COPY, Examined, Found, Registered, ToExamine
from service.store.passages import StoredFingerprint
from worker.attributing import evidence_rows
from worker.engine_room import EngineRoom
from worker.kept_fingerprint import kept_fingerprint

SLICE_SECONDS = 2.0
PROPOSED_FROM_PPM = PPM // 10
"""Part of a text from which on it is proposed as a derivative, whatever its passages prove."""
ORIGIN_FROM_CONFIDENCE = 0.5
"""Confidence from which on what matches a passage belongs to the earlier work it was taken from."""


def examine_next(database: Database, room: EngineRoom, *, now: datetime) -> int:
    """Examine works in order of registration for about 2 s; return how many.

    One process at a time; the others have nothing to do meanwhile. Reads, compares outside of
    transactions, stores each outcome in a commit of its own: a killed worker loses one comparison.
    """
    if not _is_ready(database, room):
        return 0
    with examinations.one_at_a_time(database) as alone:
        if not alone:
            return 0
        started, count = monotonic(), 0
        registry: Mapping[int, Registered] = {}
        while monotonic() - started < SLICE_SECONDS:
            with unit_of_work(database) as session:
                work = examinations.next_work(session)
                if work and work.work_id not in registry:
                    registry = examinations.registry(session)
            if work is None:
                break
            outcome = _examine(database, room, work, registry)
            with unit_of_work(database) as session:
                examinations.store(session, work.work_id, outcome, now=now)
            count += 1
        return count


def _is_ready(database: Database, room: EngineRoom) -> bool:
    """Whether something waits and the whole index is there to compare it with."""
    with unit_of_work(database) as session:
        if examinations.next_work(session) is None:
            return False
    room.refresh()
    with unit_of_work(database) as session:
        return not renewal.outdated_count(session, room.encoder_id)


def _examine(
    database: Database, room: EngineRoom, work: ToExamine, registry: Mapping[int, Registered]
) -> Examined:
    with unit_of_work(database) as session:
        stored = passages.of_work(
            session, work.work_id, room.encoder_id, dimension=room.encoder.dimension
        )
    room.refresh()
    own = registry[work.work_id]
    found = room.examine(
        kept_fingerprint(
            stored,
            length_chars=len(work.body),
            normalisation_changed_ppm=normalise_v1(work.body).changed_ppm,
        ),
        lambda other: other in registry and registry[other].precedes(own),
    )
    return _outcome(found, stored, own, registry)


def _outcome(
    found: Examination,
    stored: StoredFingerprint,
    own: Registered,
    registry: Mapping[int, Registered],
) -> Examined:
    """Say what is proposed, and to which earlier passage each passage belongs meanwhile.

    What a new edition keeps of its author's earlier works belongs to those, so that many editions
    are paid together what one would be; nothing is proposed, and it is original all the same. A
    work of the commons is proposed only where the whole is a copy of it: nobody is owed a part.
    """
    origins = {
        passage_id: best.passage_id
        for passage_id, best in _best_evidence(found, stored).items()
        if best.confidence >= ORIGIN_FROM_CONFIDENCE and not registry[best.work_id].commons
    }
    taken_from = set(origins.values())
    proposed = []
    of_others = [
        one for one in found.findings if not registry[one.work_id].is_of_the_same_people(own)
    ]
    is_near_copy = found.near_copy and found.findings[0] in of_others
    for at, one in enumerate(of_others):
        is_copy = at == 0 and is_near_copy
        takes = any(each.passage_id in taken_from for each in one.evidence)
        is_owed = not registry[one.work_id].commons and (
            takes or one.share_ppm >= PROPOSED_FROM_PPM
        )
        if is_copy or is_owed:
            kind = NEAR_COPY if is_copy else DERIVED
            rows = evidence_rows(one.evidence)
            proposed.append(Found(one.work_id, kind, one.share_ppm, rows))
    return Examined(
        originality_ppm=PPM - sum(one.share_ppm for one in of_others),
        flags=found.flags,
        origin_work_id=of_others[0].work_id if is_near_copy else None,
        found=proposed,
        origins=origins,
    )


def _best_evidence(found: Examination, stored: StoredFingerprint) -> dict[int, Evidence]:
    """Give the surest evidence on each passage of the work, of equals the earliest work's."""
    evidence = [each for one in found.findings for each in one.evidence]
    best: dict[int, Evidence] = {}
    spans = zip(stored.passage_ids, stored.starts.tolist(), stored.ends.tolist(), strict=True)
    for passage_id, start, end in spans:
        able = [one for one in evidence if one.output_start <= start and end <= one.output_end]
        if able:
            best[passage_id] = max(able, key=lambda one: (one.confidence, -one.work_id))
    return best
