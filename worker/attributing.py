"""Attribution of reported sales: read, compute outside of transactions, store in short slices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from attribution.values import Attribution, Evidence, Fingerprint
from service.ledger.contract import NoContract
from service.ledger.money import PPM
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import (
    attributions,
    eligibility,
    settlement_rows,
    terms,
    unmatched,
    work_batches,
)
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import Database, unit_of_work
from service.store.eligibility import EarningWindow
from service.store.settlement_rows import PutAside
from service.store.unmatched import UnmatchedPassage
from service.store.work_batches import WorkBatch
from worker.engine_room import EngineRoom
from worker.fingerprints import FingerprintOutdated, fingerprints_of
from worker.standing import as_works, standing_at

TEXTS_A_SLICE = 16
SLICE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a batch needs: the wanted attribution of each sale that feeds a pool."""

    batch: WorkBatch
    wanted_of_sale: dict[int, Wanted]
    windows: Mapping[int, EarningWindow]


def attribute_next(
    database: Database, room: EngineRoom, *, keep_days: int, now: datetime
) -> int | None:
    """Work on the first free batch for about 2 s; return the texts attributed, None if none waits.

    keep_days: how long fingerprints of passages that nobody won are kept for late works.
    Each slice of texts is stored in its own commit, so a killed worker loses one slice. A batch
    moves on once all its sales have an attribution. Equal texts are attributed once. A sale whose
    fingerprint is of an engine that is gone is quarantined: nobody can compare it any more.
    """
    with work_batches.claim_to_attribute(database) as batch:
        if batch is None:
            return None
        room.refresh()
        plan = _plan(database, batch)
        missing = _missing(database, room, plan)
        started, count = monotonic(), 0
        while count < len(missing) and monotonic() - started < SLICE_SECONDS:
            slice_ = missing[count : count + TEXTS_A_SLICE]
            _attribute(database, room, plan, slice_, keep_days=keep_days, now=now)
            count += len(slice_)
        if count == len(missing):
            _finish(database, room, plan, now=now)
        return count


def _plan(database: Database, batch: WorkBatch) -> _Plan:
    """Sales without text or without a pool are settled unattributed, so they want nothing."""
    with unit_of_work(database) as session:
        sales = settlement_rows.sales_with_text(session, batch)
        vendor = terms.of_vendors(session, [batch.vendor_id])[batch.vendor_id]
        eras = eligibility.eras(session)
    wanted = {}
    for sale in sales:
        try:
            contract = vendor.contract_on(sale.sold_at.astimezone(UTC).date())
        except NoContract:
            continue  # settlement quarantines it
        if contract.pool_rate(Tier.numbered(sale.tier)):
            wanted[sale.sale_id] = Wanted(batch.vendor_id, sale.text_hash, *eras.of(sale.sold_at))
    return _Plan(batch, wanted, eras.windows)


def _missing(database: Database, room: EngineRoom, plan: _Plan) -> list[Wanted]:
    distinct = list(dict.fromkeys(plan.wanted_of_sale.values()))
    with unit_of_work(database) as session:
        known = attributions.known(session, distinct, engine=room.engine_id)
    return [wanted for wanted in distinct if wanted not in known]


def _attribute(
    database: Database,
    room: EngineRoom,
    plan: _Plan,
    slice_: Sequence[Wanted],
    *,
    keep_days: int,
    now: datetime,
) -> None:
    """Attribute one slice of outputs, each judged by the catalogue of its era."""
    with unit_of_work(database) as session:
        hashes = [wanted.text_hash for wanted in slice_]
        kept = attributions.outputs(session, plan.batch.vendor_id, hashes)
    prints, outdated = fingerprints_of(room, hashes, *kept)
    _put_aside(database, plan, outdated, now=now)
    slice_ = [wanted for wanted in slice_ if wanted.text_hash in prints]
    fingerprints = [prints[wanted.text_hash] for wanted in slice_]
    by_era: dict[datetime, list[int]] = defaultdict(list)
    for at, wanted in enumerate(slice_):
        by_era[wanted.catalogue_at].append(at)
    found: dict[int, Attribution] = {}
    for instant, positions in by_era.items():
        standing = standing_at(plan.windows, instant)
        made = room.attribute([fingerprints[at] for at in positions], standing)
        found |= {at: as_works(one, plan.windows) for at, one in zip(positions, made, strict=True)}
    keep_until = now + timedelta(days=keep_days)
    with unit_of_work(database) as session:
        for at, wanted in enumerate(slice_):
            number = attributions.insert(
                session,
                wanted,
                engine=room.engine_id,
                share_ppm=found[at].share_ppm,
                unmatched_ppm=found[at].unmatched_ppm,
                evidence=evidence_rows(found[at].evidence),
                now=now,
            )
            rows = _unmatched(fingerprints[at], found[at])
            if number is not None and rows:
                unmatched.keep(session, number, room.encoder_id, rows, keep_until=keep_until)


def _put_aside(
    database: Database,
    plan: _Plan,
    outdated: Mapping[bytes, FingerprintOutdated],
    *,
    now: datetime,
) -> None:
    """Quarantine the sales of these outputs; they want nothing from then on."""
    aside = [sale for sale, w in plan.wanted_of_sale.items() if w.text_hash in outdated]
    found = []
    for sale_id in aside:
        error = outdated[plan.wanted_of_sale.pop(sale_id).text_hash]
        facts = {"sentence": error.sentence, **error.facts}
        period = Period(plan.batch.period)
        found.append(PutAside(sale_id, plan.batch.vendor_id, period, error.code, facts))
    with unit_of_work(database) as session:
        settlement_rows.quarantine(session, found, now=now)


def _unmatched(fingerprint: Fingerprint, found: Attribution) -> list[UnmatchedPassage]:
    prints = fingerprint.lexical.packed() if found.unmatched_rows else []
    return [
        UnmatchedPassage(
            row,
            int(fingerprint.starts[row]),
            int(fingerprint.ends[row]),
            fingerprint.hashes[row],
            fingerprint.vectors[row],
            prints[row],
        )
        for row in found.unmatched_rows
    ]


def evidence_rows(evidence: Sequence[Evidence]) -> list[EvidenceRow]:
    """Return evidence with its confidence in ppm: no float leaves attribution."""
    return [
        EvidenceRow(
            one.output_start,
            one.output_end,
            one.work_id,
            one.passage_id,
            one.source_start,
            one.source_end,
            round(one.confidence * PPM),
            one.kind,
            one.paid,
        )
        for one in evidence
    ]


def _finish(database: Database, room: EngineRoom, plan: _Plan, *, now: datetime) -> None:
    with unit_of_work(database) as session:
        wanted = list(set(plan.wanted_of_sale.values()))
        known = attributions.known(session, wanted, engine=room.engine_id)
        assert len(known) == len(wanted), "an attribution vanished"
        if work_batches.attributed(session, plan.batch.work_batch_id, now=now):
            linked = {sale: known[w] for sale, w in plan.wanted_of_sale.items()}
            attributions.link(session, linked)
