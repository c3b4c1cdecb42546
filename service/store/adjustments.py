"""Adjustment runs: what the corrections of a back-dated change make of stated statement lines."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session

from service.ledger.adjustment import Adjustment, LineOf, StatedLine, run
from service.ledger.period import Period
from service.ledger.release import Credit, Line
from service.ledger.rights import RightsVersion
from service.ledger.tiers import Tier
from service.store import derivations
from service.store.database import driver

# Sales of the period that a correction is posted into were on no statement yet: nothing is
# adjusted, the first statement says it right.
_MOVED = """
SELECT e.period, s.period, l.work_id, l.rights_version_id, v.slug, l.tier, l.currency,
    -sum(leg.nanos)
FROM correction_job j JOIN correction c USING (job_id)
JOIN journal_entry e ON e.kind = 2 AND e.source_id = c.correction_id
JOIN sale s ON s.sale_id = c.sale_id
CROSS JOIN LATERAL unnest(e.accounts, e.amounts) AS leg (account_id, nanos)
JOIN account a ON a.account_id = leg.account_id AND starts_with(a.name, 'line:')
JOIN line l ON l.line_id = substr(a.name, 6)::bigint
JOIN party v ON v.party_id = l.vendor_id
WHERE j.change_id = %s AND s.period < e.period
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


def of_change(
    session: Session, change_id: int, *, holder_id: int | None = None
) -> list[Adjustment]:
    """Return what a change of rights adjusts, by holder, work, vendor, tier and month of sale.

    Of one holder where told. What its jobs have not corrected yet is not in it.
    """
    by_period: dict[Period, dict[LineOf, list[Credit]]] = defaultdict(lambda: defaultdict(list))
    for into, month, *key, nanos in driver(session).execute(_MOVED, (change_id,)):
        credit = Credit(Period(month), int(nanos))
        by_period[Period(into)][LineOf(*key)].append(credit)
    deltas: dict[StatedLine, int] = defaultdict(int)
    for into, moved in by_period.items():
        lines = _with_upstream(session, moved)
        for line, nanos in run(moved, lines, _credited_before(session, lines, into)).items():
            deltas[line] += nanos
    wanted = {
        line: nanos
        for line, nanos in sorted(deltas.items())
        if nanos and holder_id in {None, line.holder_id}
    }
    stated = _stated(session, wanted, min(by_period)) if wanted else {}
    return [Adjustment(line, stated.get(line, 0), nanos) for line, nanos in wanted.items()]


def _with_upstream(session: Session, moved: Iterable[LineOf]) -> dict[LineOf, Line]:
    """Return these lines and all they pass royalty to, through any depth."""
    versions: dict[int, RightsVersion] = {}
    found: dict[LineOf, Line] = {}
    waiting = list(moved)
    while waiting:
        key = waiting.pop()
        if key in found:
            continue
        if key.rights_version_id not in versions:
            versions |= derivations.upstream_versions(session, key.rights_version_id)
        version = versions[key.rights_version_id]
        found[key] = Line(0, version, key.vendor, Tier.numbered(key.tier), key.currency)
        waiting += [
            LineOf(versions[upstream].work_id, upstream, key.vendor, key.tier, key.currency)
            for upstream in version.upstream_ppm
        ]
    return found


def _credited_before(
    session: Session, lines: Mapping[LineOf, Line], into: Period
) -> dict[LineOf, int]:
    """Return what each line was credited in all periods released before one."""
    rows = driver(session).execute(
        "SELECT l.work_id, l.rights_version_id, v.slug, l.tier, l.currency, sum(r.credited) "
        "FROM line l JOIN party v ON v.party_id = l.vendor_id JOIN release r USING (line_id) "
        "WHERE l.rights_version_id = ANY(%s) AND r.period < %s GROUP BY 1, 2, 3, 4, 5",
        (sorted({key.rights_version_id for key in lines}), into.number),
    )
    return {LineOf(*key): int(nanos) for *key, nanos in rows}


def _stated(
    session: Session, lines: Mapping[StatedLine, int], before: Period
) -> dict[StatedLine, int]:
    """Return what statements of periods before one said of these lines, in all."""
    keys: Sequence[StatedLine] = list(lines)
    rows = driver(session).execute(
        "SELECT s.holder_id, l.work_id, v.slug, l.tier, s.currency, l.month, sum(l.nanos) "
        "FROM statement s JOIN statement_line l USING (statement_id) "
        "JOIN party v ON v.party_id = l.vendor_id "
        "WHERE s.holder_id = ANY(%s) AND l.work_id = ANY(%s) AND s.period < %s "
        "GROUP BY 1, 2, 3, 4, 5, 6",
        (
            sorted({key.holder_id for key in keys}),
            sorted({key.work_id for key in keys}),
            before.number,
        ),
    )
    return {
        StatedLine(holder, work, vendor, tier, currency, Period(month)): int(nanos)
        for holder, work, vendor, tier, currency, month, nanos in rows
    }
