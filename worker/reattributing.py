"""Attributing settled sales anew: by a new engine, after a dispute, or for the first time."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from attribution.values import Attribution, Standing
from service.ledger.tiers import Tier
from service.store import attributions, back_pay, eligibility, sales, terms
from service.store.attributions import StoredAttribution, Wanted
from service.store.database import Database, unit_of_work
from service.store.eligibility import EarningWindow, Eras
from service.store.sales import StoredSale
from worker.attributing import evidence_rows
from worker.engine_room import EngineRoom
from worker.fingerprints import fingerprints_of
from worker.standing import as_works, standing_at


@dataclass(frozen=True, slots=True)
class _Again:
    """A sale whose output is judged anew; ``late``: works that earn by approved evidence."""

    sale: StoredSale
    wanted: Wanted
    known: StoredAttribution | None
    late: frozenset[int]


def reattribute(
    database: Database,
    room: EngineRoom,
    sale_ids: Sequence[int],
    *,
    only_lacking: bool,
    now: datetime,
) -> dict[int, int]:
    """Attribute the outputs of sales as the engine and the catalogue's works are today.

    Returns new attributions by sale, not linked yet; a sale whose shares stay as they are has none,
    nor one whose text is kept no more or whose tier feeds no pool. ``only_lacking``: just sales
    that were never attributed, where their tier feeds a pool now.
    """
    with unit_of_work(database) as session:
        again = [
            one
            for one in _again(session, [sales.get(session, each) for each in sale_ids])
            if not (only_lacking and one.known)
        ]
    if not again:
        return {}
    room.refresh()
    with unit_of_work(database) as session:
        windows = eligibility.eras(session).windows
    found = _attributed(database, room, again, windows)
    with unit_of_work(database) as session:
        return _kept(session, again, found, engine=room.engine_id, now=now)


def _kept(
    session: Session,
    again: Sequence[_Again],
    found: Mapping[int, Attribution],
    *,
    engine: int,
    now: datetime,
) -> dict[int, int]:
    """Keep what differs, once for sales of one text, era and evidence; by sale."""
    made: dict[int, int] = {}
    kept: dict[tuple[Wanted, frozenset[int]], int] = {}
    for one in again:
        judged = found.get(one.sale.sale_id)
        if judged is None or _is_same(one.known, judged):
            continue
        key = (one.wanted, one.late)
        if key not in kept:
            kept[key] = attributions.insert_again(
                session,
                one.wanted,
                engine=engine,
                share_ppm=judged.share_ppm,
                unmatched_ppm=judged.unmatched_ppm,
                evidence=evidence_rows(judged.evidence),
                now=now,
            )
        made[one.sale.sale_id] = kept[key]
    return made


def _again(session: Session, stored: Sequence[StoredSale]) -> list[_Again]:
    known = terms.of_vendors(session, sorted({sale.vendor_id for sale in stored}))
    eras: Eras = eligibility.eras(session)
    late = back_pay.works_of(session, [sale.sale_id for sale in stored])
    again = []
    for sale in stored:
        contract = known[sale.vendor_id].contract_on(sale.sold_at.astimezone(UTC).date())
        if sale.text_hash is None or not contract.pool_rate(Tier.numbered(sale.tier)):
            continue
        wanted = Wanted(sale.vendor_id, bytes(sale.text_hash), *eras.of(sale.sold_at))
        before = attributions.of_sale(session, sale.sale_id)
        again.append(_Again(sale, wanted, before, late.get(sale.sale_id, frozenset())))
    return again


def _attributed(
    database: Database,
    room: EngineRoom,
    again: Sequence[_Again],
    windows: Mapping[int, EarningWindow],
) -> dict[int, Attribution]:
    """Judge every output that is still kept, outside of transactions; by sale."""
    texts: dict[bytes, str] = {}
    sealed: dict[bytes, bytes] = {}
    hashes = list(dict.fromkeys(one.wanted.text_hash for one in again))
    with unit_of_work(database) as session:
        for vendor_id in sorted({one.wanted.vendor_id for one in again}):
            more_texts, more_sealed = attributions.outputs(session, vendor_id, hashes)
            texts |= more_texts
            sealed |= more_sealed
    prints, _ = fingerprints_of(
        room, [h for h in hashes if h in texts or h in sealed], texts, sealed
    )
    groups: dict[tuple[datetime, frozenset[int]], list[_Again]] = defaultdict(list)
    for one in again:
        if one.wanted.text_hash in prints:
            groups[one.wanted.catalogue_at, one.late].append(one)
    found: dict[int, Attribution] = {}
    for (instant, late), group in groups.items():
        judged = room.attribute(
            [prints[one.wanted.text_hash] for one in group],
            _with_late(standing_at(windows, instant), late),
        )
        for one, each in zip(group, judged, strict=True):
            found[one.sale.sale_id] = as_works(each, windows)
    return found


def _with_late(
    standing: Callable[[int], Standing], late: frozenset[int]
) -> Callable[[int], Standing]:
    return lambda work: Standing.EARNS if work in late else standing(work)


def _is_same(known: StoredAttribution | None, found: Attribution) -> bool:
    return known is not None and dict(known.share_ppm) == dict(found.share_ppm)
