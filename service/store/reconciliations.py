"""Reconciliations as rows: kept as they stood, with what was decided of the accrual."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.reconciliation import (
    AccrualDecided,
    Compared,
    NothingToAccrue,
    Reported,
    UsageKey,
)
from service.ledger.tiers import Tier
from service.store.database import driver
from service.store.text_rules import check_text


class ReconciliationNotFound(LedgerError):
    """No such reconciliation, or not yours."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no reconciliation {number}", number=number)


@dataclass(frozen=True, slots=True)
class NewReconciliation:
    """A file that was read: days from the first to the last, rows counted and passed over."""

    vendor_id: int
    file_hash: bytes
    first_day: date
    last_day: date
    row_count: int
    ignored_count: int


@dataclass(frozen=True, slots=True)
class StoredReconciliation:
    """What a list shows. approved: None while nothing was decided; sums in tokens and nanos."""

    reconciliation_id: int
    vendor_id: int
    vendor: str
    first_day: date
    last_day: date
    row_count: int
    ignored_count: int
    made_by: str
    made_at: datetime
    missing_tokens: int
    surplus_tokens: int
    due_nanos: int
    approved: bool | None
    reason: str | None


_REPORTED = """
SELECT (s.sold_at AT TIME ZONE 'UTC')::date AS day, coalesce(s.model, '') AS model, s.currency,
    coalesce(n.tier, s.tier) AS tier, sum(coalesce(n.output_tokens, s.output_tokens)),
    sum(coalesce(n.gross_nanos, s.gross_nanos))
FROM work_batch b
JOIN sale s ON s.sale_id BETWEEN b.first_sale_id AND b.last_sale_id
LEFT JOIN LATERAL (SELECT tier, output_tokens, gross_nanos FROM sale_version v
    WHERE v.sale_id = s.sale_id ORDER BY version DESC LIMIT 1) AS n ON true
WHERE b.vendor_id = %s AND b.period BETWEEN %s AND %s
    AND s.sold_at >= %s::date AND s.sold_at < %s::date + 1
GROUP BY 1, 2, 3, 4 ORDER BY 5, 4
"""


def reported(
    session: Session, vendor_id: int, first: date, last: date
) -> tuple[dict[UsageKey, Reported], dict[str, Tier]]:
    """Return what a vendor reported of these days, and the tier most of each model is of."""
    months = (first.year * 100 + first.month, last.year * 100 + last.month)
    found: dict[UsageKey, Reported] = {}
    by_model: dict[str, dict[Tier, int]] = {}
    rows = driver(session).execute(_REPORTED, (vendor_id, *months, first, last))
    for day, model, currency, number, tokens, gross in rows:
        key, tier = UsageKey(day, model, currency), Tier.numbered(number)
        before = found.get(key, Reported(0, 0, tier))
        found[key] = Reported(before.tokens + int(tokens), before.gross_nanos + int(gross), tier)
        of_model = by_model.setdefault(model, {})
        of_model[tier] = of_model.get(tier, 0) + int(tokens)
    tiers = {model: max(sums, key=lambda tier: sums[tier]) for model, sums in by_model.items()}
    return found, tiers


def insert(
    session: Session, made: NewReconciliation, rows: Sequence[Compared], *, by: str, now: datetime
) -> int:
    """Keep a reconciliation; return its number."""
    connection = driver(session)
    row = connection.execute(
        "INSERT INTO reconciliation (vendor_id, file_hash, first_day, last_day, row_count, "
        "ignored_count, made_by, made_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
        "RETURNING reconciliation_id",
        (
            *(made.vendor_id, made.file_hash, made.first_day, made.last_day),
            *(made.row_count, made.ignored_count, by, now),
        ),
    ).fetchone()
    assert row
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY reconciliation_row FROM STDIN") as copy,
    ):
        for at, one in enumerate(rows):
            key = one.key
            copy.write_row(
                (
                    *(row[0], at, key.day, key.model, key.currency),
                    *(one.billed_tokens, one.reported_tokens),
                    *(one.billed_nanos, one.reported_nanos),
                    None if one.tier is None else one.tier.number,
                    *(one.accrual_gross_nanos, one.accrual_due_nanos),
                )
            )
    return int(row[0])


_LISTING = """
SELECT r.reconciliation_id, r.vendor_id, p.slug, r.first_day, r.last_day, r.row_count,
    r.ignored_count, r.made_by, r.made_at, coalesce(w.missing, 0), coalesce(w.surplus, 0),
    coalesce(w.due, 0), d.approved, d.reason
FROM reconciliation r JOIN party p ON p.party_id = r.vendor_id
LEFT JOIN accrual_decision d USING (reconciliation_id)
LEFT JOIN LATERAL (SELECT sum(greatest(billed_tokens - reported_tokens, 0)) AS missing,
        sum(greatest(reported_tokens - billed_tokens, 0)) AS surplus,
        sum(accrual_due_nanos) AS due
    FROM reconciliation_row w WHERE w.reconciliation_id = r.reconciliation_id) AS w ON true
WHERE (%(vendor)s::bigint IS NULL OR r.vendor_id = %(vendor)s)
    AND r.reconciliation_id > %(after)s
    AND (%(only)s::bigint IS NULL OR r.reconciliation_id = %(only)s)
ORDER BY r.reconciliation_id LIMIT %(limit)s
"""


def listing(
    session: Session,
    vendor_id: int | None,
    *,
    after: int = 0,
    only: int | None = None,
    limit: int = 1,
) -> list[StoredReconciliation]:
    """List reconciliations in order, on request of one vendor."""
    facts = {"vendor": vendor_id, "after": after, "only": only, "limit": limit}
    return [
        StoredReconciliation(
            *(number, whose, slug, first, last, count, ignored, by, at),
            *(int(missing), int(surplus), int(due)),
            approved,
            reason,
        )
        for (number, whose, slug, first, last, count, ignored, by, at,
             missing, surplus, due, approved, reason) in driver(session).execute(_LISTING, facts)
    ]  # fmt: skip


def get(session: Session, number: int, vendor_id: int | None) -> StoredReconciliation:
    """Return one, on request of one vendor; raise ReconciliationNotFound."""
    found = listing(session, vendor_id, only=number)
    if not found:
        raise ReconciliationNotFound(number)
    return found[0]


def rows_of(session: Session, number: int, *, after: int, limit: int) -> list[Compared]:
    """Return rows in order of day and model, after the first so many."""
    rows = driver(session).execute(
        "SELECT day, model, currency, billed_tokens, reported_tokens, billed_nanos, "
        "reported_nanos, tier, accrual_gross_nanos, accrual_due_nanos FROM reconciliation_row "
        "WHERE reconciliation_id = %s AND ordinal >= %s ORDER BY ordinal LIMIT %s",
        (number, after, limit),
    )
    return [
        Compared(
            UsageKey(day, model, currency),
            int(billed),
            int(told),
            int(billed_nanos),
            int(told_nanos),
            None if tier is None else Tier.numbered(tier),
            int(gross),
            int(due),
        )
        for (day, model, currency, billed, told, billed_nanos, told_nanos,
             tier, gross, due) in rows
    ]  # fmt: skip


def decide(
    session: Session, number: int, *, approved: bool, reason: str, by: str, now: datetime
) -> None:
    """Approve or dismiss what a reconciliation proposes; nothing is posted.

    Raises ReconciliationNotFound, NothingToAccrue, AccrualDecided, BadText.
    """
    check_text(reason, place="reason", max_chars=500)
    if not get(session, number, None).due_nanos:
        raise NothingToAccrue(number)
    made = driver(session).execute(
        "INSERT INTO accrual_decision (reconciliation_id, approved, reason, decided_by, "
        "decided_at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (number, approved, reason, by, now),
    )
    if not made.rowcount:
        raise AccrualDecided(number)
