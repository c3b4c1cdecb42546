"""Who would gain by the release of a pool: by work, and by holder through all upstream shares."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from sqlmodel import Session

from service.ledger.pool_release import PoolPlan
from service.ledger.release import Line, standing
from service.ledger.rights import RightsVersion
from service.ledger.tiers import Tier
from service.store import rights
from service.store.database import driver
from service.store.pools import StoredPool


@dataclass(frozen=True, slots=True)
class Gains:
    """Nanos by work, before it passes anything on, and by holder; each sums to what is given."""

    by_work: Mapping[int, int]
    by_holder: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Place:
    """A line that may not be opened yet: rights version and tier."""

    rights_version_id: int
    tier: int


def gains(session: Session, stored: StoredPool, plan: PoolPlan) -> Gains:
    """Return what the next close passes on of a release, beyond what it passes on without it.

    Of a line that derivatives pay into, what they pass it in that close comes beside; its holders
    may then stand a nano away from what is said here. Opens no line.
    """
    by_work: Counter[int] = Counter()
    given: Counter[_Place] = Counter()
    for name, nanos in plan.parts.by_name.items():
        one = plan.claimants[name]
        by_work[one.work_id] += nanos
        given[_Place(one.rights_version_id, one.tier.number)] += nanos
    versions = _versions(session, given)
    before = _credited(session, stored, versions)
    by_holder: Counter[int] = Counter()
    for version_id in _derivatives_first(versions):
        rights_version = versions[version_id]
        for tier in Tier:
            place = _Place(version_id, tier.number)
            if not given[place]:
                continue
            line = Line(0, rights_version, stored.key.vendor, tier, stored.key.currency)
            stood = before.get(place, 0)
            were, were_up = standing(line, stood)
            are, are_up = standing(line, stood + given[place])
            for holder in are:
                by_holder[holder] += are[holder] - were[holder]
            for upstream in are_up:
                up = _Place(upstream, tier.number)
                given[up] += are_up[upstream] - were_up[upstream]
    return Gains(dict(by_work), {h: n for h, n in sorted(by_holder.items()) if n})


def _versions(session: Session, given: Mapping[_Place, int]) -> dict[int, RightsVersion]:
    """Load the rights versions of lines and of all works they pass royalty to."""
    found: dict[int, RightsVersion] = {}
    pending = {place.rights_version_id for place in given}
    while pending:
        loaded = rights.versions(session, sorted(pending))
        found |= loaded
        pending = {up for one in loaded.values() for up in one.upstream_ppm} - found.keys()
    return found


def _derivatives_first(versions: Mapping[int, RightsVersion]) -> list[int]:
    graph: dict[int, set[int]] = {number: set() for number in versions}
    for number, one in versions.items():
        for up in one.upstream_ppm:
            graph[up].add(number)
    return list(TopologicalSorter(graph).static_order())


def _credited(
    session: Session, stored: StoredPool, versions: Mapping[int, RightsVersion]
) -> dict[_Place, int]:
    """Return all that the vendor's lines of these versions were credited, released or not."""
    rows = driver(session).execute(
        "SELECT l.rights_version_id, l.tier, "
        "coalesce((SELECT sum(r.credited) FROM release r WHERE r.line_id = l.line_id), 0) "
        "- coalesce((SELECT sum(d.delta) FROM account a JOIN balance_delta d USING (account_id) "
        "WHERE a.name = 'line:' || l.line_id AND a.currency = l.currency), 0) "
        "FROM line l WHERE l.vendor_id = %s AND l.currency = %s AND l.rights_version_id = ANY(%s)",
        (stored.vendor_id, stored.key.currency, sorted(versions)),
    )
    return {_Place(version, tier): int(nanos) for version, tier, nanos in rows}
