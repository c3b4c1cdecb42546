"""Explain a line: what credited it, what each release passed on, who stands at what."""

from fractions import Fraction

from sqlmodel import Session

from service.ledger.money import PPM, format_nanos
from service.ledger.release import Line, standing
from service.store import lines, parties, pools, releases, works
from worker.explanation import Explanation, Table, rounding


def explain_line(session: Session, line_id: int) -> Explanation:
    """Explain a line: what credited it, and what each release passed on; raise LineNotFound."""
    stored = lines.get(session, line_id)
    one = stored.line
    title = works.titles(session, [one.rights.work_id]).get(one.rights.work_id, "")
    history = releases.of_line(session, line_id)
    credited = sum(release.credited for release in history)
    told = Explanation(f"line {line_id}: {title}")
    told.facts = {
        "work": one.rights.work_id,
        "rights version": f"{one.rights.rights_version_id}, from {one.rights.valid_from}",
        "vendor": one.vendor,
        "tier": str(one.tier),
        "credited and released": f"{format_nanos(credited)} {one.currency}",
        "waiting for release": f"{format_nanos(lines.balance(session, line_id))} {one.currency}",
    }
    told.tables.append(
        (
            "Releases",
            ("period", "month of sale", "credited before", "credited", "sales", "tokens"),
            [
                (r.period, m.month, format_nanos(r.before), format_nanos(m.nanos), m.sales_count,
                 m.output_tokens)
                for r in history
                for m in r.months
            ],
        )
    )  # fmt: skip
    from_pools: list[tuple[object, ...]] = [
        (str(c.period), f"pool of {one.vendor} of {c.month}", c.rule, format_nanos(c.nanos))
        for c in pools.of_line(session, line_id)
    ]
    if from_pools:
        columns = ("period", "from", "rule", "credited")
        told.tables.append(("Of that, from unmatched pools", columns, from_pools))
    told.tables.append(_standing_table(session, one, credited))
    return told


def _standing_table(session: Session, one: Line, credited: int) -> Table:
    holders, upstream = standing(one, credited)
    names = parties.names(session, list(holders))
    own_ppm = PPM - sum(one.rights.upstream_ppm.values())
    rows: list[tuple[object, ...]] = []
    for holder, nanos in holders.items():
        share = one.rights.shares_ppm[holder]
        exact = Fraction(credited * share * own_ppm, PPM * PPM)
        rows.append(_standing(names.get(holder, str(holder)), share, nanos, exact))
    for version, nanos in upstream.items():
        share = one.rights.upstream_ppm[version]
        exact = Fraction(credited * share, PPM)
        rows.append(_standing(f"upstream rights version {version}", share, nanos, exact))
    title = f"allocate({format_nanos(credited)}, shares, tie of the line): all periods together"
    return title, ("to", "share ppm", "stands at", "exact nanos", "nanos", "rounding"), rows


def _standing(name: str, share: int, nanos: int, exact: Fraction) -> tuple[object, ...]:
    return (name, share, format_nanos(nanos), str(exact), nanos, rounding(nanos, exact))
