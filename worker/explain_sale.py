"""Explain a sale: the whole arithmetic from gross to nano, recomputed from what it rests on."""

from collections.abc import Mapping
from fractions import Fraction

from sqlmodel import Session

from service.ledger.allocation import allocate
from service.ledger.contract import Basis, Contract, Step
from service.ledger.correction import target
from service.ledger.journal import Kind, summed
from service.ledger.money import PPM, format_nanos
from service.ledger.settlement import (
    FEE_KEY,
    LINE_KEY,
    UNMATCHED_KEY,
    StepLegs,
    waterfall,
    work_key,
)
from service.ledger.settlement import legs as settlement_legs
from service.store import (
    corrections,
    entries,
    parties,
    sale_versions,
    sales,
    works,
)
from service.store.entries import StoredEntry
from worker import settled_sale
from worker.explain_terms import explain_terms
from worker.explanation import Explanation, Table, divided, rounding
from worker.settled_sale import SettledSale


def explain_sale(session: Session, name: str) -> Explanation:
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
        explain_terms(session, told, facts)
        _explain_waterfall(told, facts)
        _explain_pool(session, told, facts)
        _explain_divisions(told, facts)
        _explain_refunded(told, facts, int(stored.refunded_nanos))
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


def _explain_divisions(told: Explanation, facts: SettledSale) -> None:
    """List each division of money a step makes, with what it rounded."""
    rows: list[tuple[object, ...]] = []
    legs_of = waterfall(facts.sale, facts.matched, facts.contract)
    rest = facts.sale.gross_nanos
    for step, legs in zip(facts.contract.steps, legs_of, strict=True):
        base = {Basis.OF_GROSS: facts.sale.gross_nanos, Basis.OF_REST: rest}.get(step.basis)
        rest -= legs.taken_nanos
        if base is not None and not (step.at_least or step.at_most or legs.shortfall_nanos):
            exact = Fraction(base * step.rates.get(facts.sale.tier, 0), PPM)
            rows.append(_division(f"{step.name}: claim", "rounded down", legs.taken_nanos, exact))
        if step.parties:
            parts = allocate(legs.taken_nanos, step.parties, tie=facts.sale.tie)
            rows += _divisions(step.name, legs.taken_nanos, step.parties, parts)
        if step.pool:
            rows += _pool_divisions(step, legs, facts)
    columns = ("division", "part", "exact nanos", "nanos", "rounding")
    told.tables.append(("Every division, and what it rounded", columns, rows))


def _pool_divisions(step: Step, legs: StepLegs, facts: SettledSale) -> list[tuple[object, ...]]:
    assert step.pool
    weights = {work_key(work): share for work, share in facts.matched.share_ppm.items()}
    weights[UNMATCHED_KEY] = facts.matched.unmatched_ppm
    rows = _divisions(step.name, legs.taken_nanos, weights, legs.pool_parts)
    fee = {FEE_KEY: step.pool.fee_ppm, LINE_KEY: PPM - step.pool.fee_ppm}
    for work in facts.matched.share_ppm:
        amount = legs.pool_parts[work_key(work)]
        parts = allocate(amount, fee, tie=facts.sale.tie)
        rows += _divisions(f"{step.name}: {work_key(work)}", amount, fee, parts)
    return rows


def _divisions(
    name: str, amount: int, weights: Mapping[str, int], parts: Mapping[str, int]
) -> list[tuple[object, ...]]:
    exact = divided(amount, weights)
    return [_division(name, key, parts[key], exact[key]) for key in weights]


def _division(name: str, key: str, nanos: int, exact: Fraction) -> tuple[object, ...]:
    return (name, key, str(exact), nanos, rounding(nanos, exact))


def _explain_refunded(told: Explanation, facts: SettledSale, refunded_nanos: int) -> None:
    """Show what every account of a refunded sale must hold, and what the refund rounded."""
    if not refunded_nanos:
        return
    whole = settlement_legs(facts.sale, facts.matched, facts.contract)
    left = target(whole, refunded_nanos, tie=facts.sale.tie)
    rows: list[tuple[object, ...]] = []
    for account, nanos in whole.items():
        stays = left.get(account, 0)
        exact = Fraction(nanos * (facts.sale.gross_nanos - refunded_nanos), facts.sale.gross_nanos)
        figures = (format_nanos(nanos), str(exact), stays)
        rows.append((account, *figures, rounding(stays, exact)))
    title = f"Target: whole less {format_nanos(refunded_nanos)} that was given back"
    told.tables.append((title, ("account", "whole", "exact nanos", "nanos", "rounding"), rows))


def _entry_table(entry: StoredEntry) -> Table:
    rows: list[tuple[object, ...]] = [
        (account, format_nanos(nanos), nanos) for account, nanos in entry.legs
    ]
    rows.append(("sum", format_nanos(sum(n for _, n in entry.legs)), sum(n for _, n in entry.legs)))
    title = f"Entry {entry.kind}/{entry.source_id} in {entry.period}, batch {entry.batch_id}"
    return title, ("account", entry.currency, "nanos"), rows
