"""Import of a vendor's sales by an operator: all lines are checked, then stored in one commit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.api.doors import FingerprintCheck
from service.api.formats.native import FIELDS, SaleDefaults, parse_sale
from service.ledger.sale_report import MAX_SALES, FieldError, Outcome, ReportedSale
from service.store import parties, sales, terms
from service.store.database import Database, unit_of_work
from service.store.rows import PartyRow
from service.store.terms import Terms
from worker import import_lines
from worker.import_lines import BadFile


@dataclass(frozen=True, slots=True)
class SalesImported:
    """How many sales were created, and how many were stored before or conflict with such."""

    vendor: str
    created: int
    duplicate: int
    conflict: tuple[str, ...]
    tokens_estimated: int
    fields_ignored: tuple[str, ...]


def import_sales(
    database: Database,
    path: Path,
    *,
    vendor: str,
    defaults: SaleDefaults,
    fingerprints: FingerprintCheck,
    now: datetime,
    retention_days: int,
) -> SalesImported:
    """Store the sales of a file; raise BadFile with every bad line, storing nothing.

    Fields that are none of a sale's are ignored and named. A known id is a duplicate where all else
    is equal, else a conflict; neither is stored.
    """
    with unit_of_work(database) as session:
        party = parties.vendor_named(session, vendor)
        assert party.party_id is not None
        of_vendor = terms.of_vendors(session, [party.party_id])[party.party_id]
    items, ignored = _checked(path, of_vendor, defaults, fingerprints, now=now)
    return store(database, party, items, ignored=ignored, now=now, retention_days=retention_days)


def store(
    database: Database,
    party: PartyRow,
    items: Sequence[ReportedSale],
    *,
    ignored: Sequence[str] = (),
    now: datetime,
    retention_days: int,
) -> SalesImported:
    """Store checked sales in one commit, 10,000 a request."""
    assert party.party_id is not None
    assert party.slug is not None
    outcomes = []
    with unit_of_work(database) as session:
        for start in range(0, len(items), MAX_SALES):
            outcomes += sales.report(
                session,
                party.party_id,
                party.slug,
                items[start : start + MAX_SALES],
                now=now,
                retention_days=retention_days,
            )
    counts = Counter(outcome.outcome for outcome in outcomes)
    return SalesImported(
        party.name,
        counts[Outcome.CREATED],
        counts[Outcome.DUPLICATE],
        tuple(str(o.external_id) for o in outcomes if o.outcome is Outcome.CONFLICT),
        sum(item.tokens_estimated for item in items),
        tuple(ignored),
    )


def _checked(
    path: Path,
    of_vendor: Terms,
    defaults: SaleDefaults,
    fingerprints: FingerprintCheck,
    *,
    now: datetime,
) -> tuple[list[ReportedSale], list[str]]:
    items: list[ReportedSale] = []
    errors: list[FieldError] = []
    ignored: set[str] = set()
    for line in import_lines.read(path):
        if isinstance(line, FieldError):
            errors.append(line)
            continue
        known = {name: value for name, value in line.value.items() if name in FIELDS}
        ignored |= set(line.value) - set(FIELDS)
        parsed = parse_sale(
            known,
            line.place,
            terms=of_vendor,
            now=now,
            defaults=defaults,
            fingerprints=fingerprints,
        )
        if isinstance(parsed, ReportedSale):
            items.append(parsed)
        else:
            errors += parsed
    if errors:
        raise BadFile(path, errors)
    return items, sorted(ignored)
