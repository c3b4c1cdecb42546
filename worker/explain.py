"""Explain: the whole arithmetic of one amount, recomputed from what it rests on."""

from dataclasses import dataclass, field

from sqlmodel import Session

from service.ledger.contract import Basis, Contract, Step
from service.ledger.journal import Kind, summed
from service.ledger.money import PPM, format_nanos
from service.ledger.release import Line, standing
from service.ledger.settlement import StepLegs, waterfall
from service.store import (
    corrections,
    entries,
    lines,
    parties,
    releases,
    sale_versions,
    sales,
    works,
)
from service.store.entries import StoredEntry
from worker import settled_sale
from worker.settled_sale import SettledSale

Table = tuple[str, tuple[str, ...], list[tuple[object, ...]]]
"""Heading, columns, rows."""


@dataclass(slots=True)
class Explanation:
    """Facts about one amount: a heading, named facts, and tables of (heading, columns, rows)."""

    heading: str
    facts: dict[str, object] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)


def sale(session: Session, name: str) -> Explanation:
    """Explain a sale named by its number or as VENDOR/ID; raise SaleNotFound or UnknownVendor."""
    vendor, slash, external_id = name.partition("/")
    if slash:
        party = parties.vendor_named(session, vendor)
        assert party.party_id is not None
        stored = sales.find(session, party.party_id, external_id)
    else:
        number = (
            int(name) if name.isascii() and name.isdigit() and len(name) < len(str(2**63)) else 0
        )
        stored = sales.get(session, number)
    told = Explanation(f"sale {stored.sale_id} ({stored.external_id})")
    told.facts = {
        "vendor": settled_sale.vendor_name(session, stored.vendor_id),
        "sold at": stored.sold_at.isoformat(),
        "state": stored.state + (f": {stored.reason}" if stored.reason else ""),
        "output tokens": f"{stored.output_tokens}{' (estimated)' * stored.tokens_estimated}",
        "gross": f"{format_nanos(stored.gross_nanos)} {stored.currency}",
        "refunded": f"{format_nanos(int(stored.refunded_nanos))} {stored.currency}",
    }
    if stored.state == "settled":
        facts = settled_sale.load(session, stored)
        told.facts["tier"] = str(facts.sale.tier)
        told.facts["contract"] = f"{facts.contract.contract_id}, from {facts.contract.valid_from}"
        _explain_attribution(session, told, facts)
        _explain_waterfall(told, facts)
        _explain_pool(session, told, facts)
    _explain_versions(session, told, stored.sale_id)
    _explain_entries(session, told, stored.sale_id)
    return told


def _explain_versions(session: Session, told: Explanation, sale_id: int) -> None:
    versions = sale_versions.of_sale(session, sale_id)
    if len(versions) > 1:
        rows: list[tuple[object, ...]] = [
            (
                v.version,
                sale_versions.told(v),
                v.reason or "as first reported",
                v.told_at.isoformat(),
            )
            for v in versions
        ]
        told.tables.append(("Versions", ("version", "sale", "reason", "told at"), rows))


def _explain_entries(session: Session, told: Explanation, sale_id: int) -> None:
    """Show the sale's entry, and of each correction why, original, corrected and delta."""
    why = {one.correction_id: one for one in corrections.of_sale(session, sale_id)}
    standing: dict[str, int] = {}
    for entry in entries.about_sale(session, sale_id):
        before = standing
        standing = summed([*before.items(), *entry.legs])
        if entry.kind is not Kind.CORRECTION:
            told.tables.append(_entry_table(entry))
            continue
        rows: list[tuple[object, ...]] = [
            (
                account,
                *(format_nanos(n) for n in (before.get(account, 0), standing.get(account, 0))),
                format_nanos(nanos),
                nanos,
            )
            for account, nanos in entry.legs
        ]
        one = why[entry.source_id]
        title = f"Correction {one.correction_id} in {entry.period}, {one.cause}: {one.reason}"
        told.tables.append((title, ("account", "original", "corrected", "delta", "nanos"), rows))


def _explain_attribution(session: Session, told: Explanation, facts: SettledSale) -> None:
    if not facts.attribution:
        told.facts["attribution"] = "none: no text, or no pool at this tier"
        return
    told.facts["engine"] = facts.attribution.engine_version
    named = {one.work_id for one in facts.attribution.evidence}
    titles = works.titles(session, sorted(named | set(facts.attribution.share_ppm)))
    told.tables.append(
        (
            f"Attribution {facts.attribution.attribution_id}: evidence",
            ("output", "work", "title", "source", "kind", "confidence ppm", "paid"),
            [
                (
                    f"{e.output_start}-{e.output_end}",
                    e.work_id,
                    titles.get(e.work_id, ""),
                    f"{e.source_start}-{e.source_end}",
                    e.kind,
                    e.confidence_ppm,
                    "yes" if e.paid else "commons",
                )
                for e in facts.attribution.evidence
            ],
        )
    )


def _explain_waterfall(told: Explanation, facts: SettledSale) -> None:
    steps = waterfall(facts.sale, facts.matched, facts.contract)
    rows: list[tuple[object, ...]] = [
        (
            legs.step,
            _claim(step, facts),
            format_nanos(legs.taken_nanos),
            format_nanos(legs.shortfall_nanos),
            _credits(legs),
        )
        for step, legs in zip(facts.contract.steps, steps, strict=True)
    ]
    rows.append(("sum", "= gross", format_nanos(sum(s.taken_nanos for s in steps)), "", ""))
    told.tables.append(("Waterfall", ("step", "claim", "taken", "shortfall", "credited to"), rows))


def _claim(step: Step, facts: SettledSale) -> str:
    tier = facts.sale.tier
    told = _basis(step, facts)
    if tier in step.at_least:
        told += f", at least {step.at_least[tier]} nanos a token"
    if tier in step.at_most:
        told += f", at most {step.at_most[tier]} nanos a token"
    return told


def _basis(step: Step, facts: SettledSale) -> str:
    rate = step.rates.get(facts.sale.tier, 0)
    match step.basis:
        case Basis.PER_TOKEN:
            return f"{facts.sale.output_tokens} tokens x {rate} nanos"
        case Basis.OF_GROSS:
            return f"{rate} ppm of gross"
        case Basis.OF_REST:
            return f"{rate} ppm of what remains"
        case Basis.REST:
            return "what remains"


def _credits(legs: StepLegs) -> str:
    return ", ".join(f"{account} {format_nanos(n)}" for account, n in legs.credits.items())


def _pool_step(contract: Contract) -> Step | None:
    return next((step for step in contract.steps if step.pool), None)


def _explain_pool(session: Session, told: Explanation, facts: SettledSale) -> None:
    step = _pool_step(facts.contract)
    if not step or not step.pool:
        return
    steps = waterfall(facts.sale, facts.matched, facts.contract)
    parts = next(s.pool_parts for s in steps if s.step == step.name)
    titles = works.titles(session, list(facts.matched.share_ppm))
    rows: list[tuple[object, ...]] = []
    for key, nanos in parts.items():
        work = int(key.partition(":")[2]) if ":" in key else None
        share = facts.matched.share_ppm[work] if work else facts.matched.unmatched_ppm
        line = facts.matched.line_ids[work] if work else None
        rows.append((key, titles.get(work, "") if work else "", share, format_nanos(nanos), line))
    told.tables.append(
        (
            f"IP pool: one allocate over {PPM} ppm, fee {step.pool.fee_ppm} ppm of matched parts",
            ("key", "title", "share ppm", "part before fee", "line"),
            rows,
        )
    )


def _entry_table(entry: StoredEntry) -> Table:
    rows: list[tuple[object, ...]] = [
        (account, format_nanos(nanos), nanos) for account, nanos in entry.legs
    ]
    rows.append(("sum", format_nanos(sum(n for _, n in entry.legs)), sum(n for _, n in entry.legs)))
    title = f"Entry {entry.kind}/{entry.source_id} in {entry.period}, batch {entry.batch_id}"
    return title, ("account", entry.currency, "nanos"), rows


def line(session: Session, line_id: int) -> Explanation:
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
    told.tables.append(_standing_table(session, one, credited))
    return told


def _standing_table(session: Session, one: Line, credited: int) -> Table:
    holders, upstream = standing(one, credited)
    names = parties.names(session, list(holders))
    rows: list[tuple[object, ...]] = [
        (names.get(holder, holder), one.rights.shares_ppm[holder], format_nanos(nanos), nanos)
        for holder, nanos in holders.items()
    ]
    rows += [
        (f"upstream rights version {version}", one.rights.upstream_ppm[version],
         format_nanos(nanos), nanos)
        for version, nanos in upstream.items()
    ]  # fmt: skip
    title = f"allocate({format_nanos(credited)}, shares, tie of the line): all periods together"
    return title, ("to", "share ppm", "stands at", "nanos"), rows
