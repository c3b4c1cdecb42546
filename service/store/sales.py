"""Sales: stored in one statement a request, durable before the answer; read with their state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.sale_report import POSITIONS, ItemOutcome, Outcome, ReportedSale
from service.store import sale_conflicts
from service.store.database import driver

SIGNED = 2**63


class SaleNotFound(LedgerError):
    """No such sale, or not yours."""

    def __init__(self, sale: str) -> None:
        super().__init__(f"no sale {sale[:80]!r}", sale=sale[:80])


def signed(tie: int) -> int:
    """Store an unsigned 64-bit tie in a signed column."""
    return tie - 2 * SIGNED if tie >= SIGNED else tie


def unsigned(tie: int) -> int:
    """Inverse of ``signed``."""
    return tie % (2 * SIGNED)


def report(
    session: Session,
    vendor_id: int,
    vendor: str,
    items: Sequence[ReportedSale],
    *,
    now: datetime,
    retention_days: int,
) -> list[ItemOutcome]:
    """Store the sales of one request with their texts and work batches; answer each item in order.

    The same id again is a duplicate if all that was given is equal, else a conflict; neither is
    stored, but what conflicts is kept in sight. Ids inside a request are contiguous; each period of
    it is one work batch.
    """
    firsts: dict[str, ReportedSale] = {}
    for item in items:
        firsts.setdefault(item.external_id, item)
    new = sorted(firsts.values(), key=lambda item: (item.period, item.external_id))
    created = _insert_sales(session, vendor_id, vendor, new, now=now) if new else {}
    known = _known(session, vendor_id, [i for i in firsts if i not in created])
    stored = [item for item in new if item.external_id in created]
    _insert_texts(session, vendor_id, stored, created, now=now, retention_days=retention_days)
    _insert_work_batches(session, vendor_id, stored, created, now=now)
    outcomes, seen = [], set()
    for item in items:
        key = item.external_id
        if key in created and key not in seen:
            outcomes.append(ItemOutcome(key, Outcome.CREATED, created[key]))
        else:
            sale_id, payload = known.get(key) or (created[key], firsts[key].payload_hash)
            same = payload == item.payload_hash
            outcome = Outcome.DUPLICATE if same else Outcome.CONFLICT
            outcomes.append(ItemOutcome(key, outcome, sale_id))
        seen.add(key)
    sale_conflicts.keep(session, items, outcomes, now=now)
    return outcomes


_INSERT = """
WITH r AS MATERIALIZED (SELECT nextval('request_number') AS request)
INSERT INTO sale (sale_id, vendor_id, external_id, payload_hash, tie, sold_at, period, tier,
    output_tokens, tokens_estimated, model, gross_nanos, currency, text_hash, text_chars,
    format, tier_by, flags, received_at)
SELECT r.request * %(positions)s + t.position, %(vendor)s, t.external_id, t.payload_hash, t.tie,
    t.sold_at, t.period, t.tier, t.output_tokens, t.tokens_estimated, t.model, t.gross_nanos,
    t.currency, t.text_hash, t.text_chars, t.format, t.tier_by, t.flags, %(now)s
FROM r, unnest(%(position)s::int[], %(external_id)s::text[], %(payload_hash)s::bytea[],
    %(tie)s::bigint[], %(sold_at)s::timestamptz[], %(period)s::int[], %(tier)s::smallint[],
    %(output_tokens)s::bigint[], %(tokens_estimated)s::boolean[], %(model)s::text[],
    %(gross_nanos)s::bigint[],
    %(currency)s::text[], %(text_hash)s::bytea[], %(text_chars)s::int[],
    %(format)s::smallint[], %(tier_by)s::smallint[], %(flags)s::smallint[])
    AS t (position, external_id, payload_hash, tie, sold_at, period, tier, output_tokens,
    tokens_estimated, model, gross_nanos, currency, text_hash, text_chars, format, tier_by, flags)
ORDER BY t.external_id
ON CONFLICT (vendor_id, external_id) DO NOTHING
RETURNING external_id, sale_id
"""


def _insert_sales(
    session: Session, vendor_id: int, vendor: str, items: Sequence[ReportedSale], *, now: datetime
) -> dict[str, int]:
    """Insert in order of id, so that two overlapping requests wait and never deadlock."""
    assert len(items) <= POSITIONS, "more sales than ids of a request"
    columns = {
        "positions": POSITIONS,
        "vendor": vendor_id,
        "now": now,
        "position": list(range(len(items))),
        "external_id": [i.external_id for i in items],
        "payload_hash": [i.payload_hash for i in items],
        "tie": [signed(i.tie(vendor)) for i in items],
        "sold_at": [i.sold_at for i in items],
        "period": [i.period.number for i in items],
        "tier": [i.tier.number for i in items],
        "output_tokens": [i.output_tokens for i in items],
        "tokens_estimated": [i.tokens_estimated for i in items],
        "model": [i.model for i in items],
        "gross_nanos": [i.gross_nanos for i in items],
        "currency": [i.currency for i in items],
        "text_hash": [i.text_hash for i in items],
        "text_chars": [i.text_chars for i in items],
        "format": [int(i.format) for i in items],
        "tier_by": [int(i.tier_by) for i in items],
        "flags": [int(i.flags) for i in items],
    }
    return {str(key): int(sale_id) for key, sale_id in driver(session).execute(_INSERT, columns)}


def _known(session: Session, vendor_id: int, ids: list[str]) -> dict[str, tuple[int, bytes]]:
    if not ids:
        return {}
    rows = driver(session).execute(
        "SELECT external_id, sale_id, payload_hash FROM sale "
        "WHERE vendor_id = %s AND external_id = ANY(%s)",
        (vendor_id, ids),
    )
    return {str(key): (int(sale_id), bytes(payload)) for key, sale_id, payload in rows}


def _insert_texts(
    session: Session,
    vendor_id: int,
    items: Sequence[ReportedSale],
    created: dict[str, int],
    *,
    now: datetime,
    retention_days: int,
) -> None:
    """Keep each text, or what came instead, not kept yet.

    One that another request is storing just now is kept twice.
    """
    outputs = {i.text_hash: i for i in items if i.text_hash is not None}
    if not outputs:
        return
    hashes = sorted(outputs)
    sent = [outputs[h].fingerprint for h in hashes]
    driver(session).execute(
        "INSERT INTO output_text (vendor_id, text_hash, first_sale_id, body, fingerprint, "
        "received_at, delete_after) "
        "SELECT %(vendor)s, h, %(first)s, b, f, %(now)s, %(delete_after)s FROM "
        "unnest(%(hashes)s::bytea[], %(bodies)s::text[], %(fingerprints)s::bytea[]) AS t (h, b, f) "
        "WHERE NOT EXISTS "
        "(SELECT 1 FROM output_text o WHERE o.vendor_id = %(vendor)s AND o.text_hash = h)",
        {
            "vendor": vendor_id,
            "first": min(created[item.external_id] for item in items),
            "now": now,
            "delete_after": now + timedelta(days=retention_days),
            "hashes": hashes,
            "bodies": [outputs[h].text for h in hashes],
            "fingerprints": [one.sealed if one else None for one in sent],
        },
    )


def _insert_work_batches(
    session: Session,
    vendor_id: int,
    stored: Sequence[ReportedSale],
    created: dict[str, int],
    *,
    now: datetime,
) -> None:
    by_period: dict[int, list[ReportedSale]] = {}
    for item in stored:
        by_period.setdefault(item.period.number, []).append(item)
    for period, items in by_period.items():
        ids = [created[i.external_id] for i in items]
        driver(session).execute(
            "INSERT INTO work_batch (stage, vendor_id, period, first_sale_id, last_sale_id, "
            "sale_count, text_chars, reported_at) VALUES (1, %s, %s, %s, %s, %s, %s, %s)",
            (
                vendor_id,
                period,
                min(ids),
                max(ids),
                len(ids),
                sum(i.text_chars for i in items),
                now,
            ),
        )


@dataclass(frozen=True, slots=True)
class StoredSale:
    """A sale as its newest version tells it, with its state."""

    sale_id: int
    vendor_id: int
    external_id: str
    sold_at: datetime
    period: int
    tier: int
    output_tokens: int
    tokens_estimated: bool
    model: str | None
    gross_nanos: int
    currency: str
    tie: int
    text_hash: bytes | None
    received_at: datetime
    state: str
    reason: str | None
    refunded_nanos: int
    version: int
    format: int
    tier_by: int
    flags: int
    has_conflict: bool


_SALE = """
SELECT s.sale_id, s.vendor_id, s.external_id, s.sold_at, s.period, coalesce(v.tier, s.tier),
    coalesce(v.output_tokens, s.output_tokens), coalesce(v.tokens_estimated, s.tokens_estimated),
    s.model, coalesce(v.gross_nanos, s.gross_nanos), s.currency, s.tie, s.text_hash, s.received_at,
    CASE WHEN q.sale_id IS NOT NULL THEN 'quarantined'
         ELSE (ARRAY['reported', 'attributed', 'settled'])[b.stage] END AS state, q.reason,
    coalesce((SELECT sum(amount_nanos) FROM refund f
              WHERE f.sale_id = s.sale_id AND f.applied_at IS NOT NULL), 0),
    coalesce(v.version, 1), s.format, s.tier_by, s.flags,
    EXISTS (SELECT 1 FROM sale_conflict c WHERE c.sale_id = s.sale_id)
FROM sale s
LEFT JOIN quarantine q USING (sale_id)
LEFT JOIN LATERAL (SELECT * FROM sale_version n WHERE n.sale_id = s.sale_id
                   ORDER BY version DESC LIMIT 1) v ON true
JOIN LATERAL (SELECT stage FROM work_batch WHERE first_sale_id <= s.sale_id
              ORDER BY first_sale_id DESC LIMIT 1) b ON true
"""


def find(session: Session, vendor_id: int, external_id: str) -> StoredSale:
    """Return a vendor's sale by the vendor's id; raise SaleNotFound."""
    found = find_any(session, vendor_id, external_id)
    if not found:
        raise SaleNotFound(external_id)
    return found


def find_any(session: Session, vendor_id: int, external_id: str) -> StoredSale | None:
    """Return a vendor's sale by the vendor's id, None where there is none."""
    query = text(_SALE + "WHERE s.vendor_id = :vendor AND s.external_id = :id")
    found = None
    if "\0" not in external_id:
        found = session.execute(query, {"vendor": vendor_id, "id": external_id}).first()
    return StoredSale(*found) if found else None


def get(session: Session, sale_id: int, *, lock: bool = False) -> StoredSale:
    """Return a sale by its number, on request with its row locked; raise SaleNotFound.

    Locked first and read then: what others changed while we waited is seen.
    """
    if lock:
        locking = text("SELECT 1 FROM sale WHERE sale_id = :id FOR UPDATE")
        session.execute(locking, {"id": sale_id})
    found = session.execute(text(_SALE + "WHERE s.sale_id = :id"), {"id": sale_id}).first()
    if not found:
        raise SaleNotFound(str(sale_id))
    return StoredSale(*found)


def numbered(session: Session, sale_ids: Sequence[int]) -> list[StoredSale]:
    """Return sales by number, the newest first."""
    query = text(_SALE + "WHERE s.sale_id = ANY(:ids) ORDER BY s.sale_id DESC")
    return [StoredSale(*row) for row in session.execute(query, {"ids": list(sale_ids)})]


def page(
    session: Session, *, vendor_id: int, after: int, limit: int, flagged: bool = False
) -> list[StoredSale]:
    """List a vendor's sales in order of number, after one number; on request the flagged only."""
    only = (
        "AND (s.flags <> 0 OR EXISTS (SELECT 1 FROM sale_conflict c WHERE c.sale_id = s.sale_id)) "
        if flagged
        else ""
    )
    query = text(
        _SALE + f"WHERE s.vendor_id = :vendor AND s.sale_id > :after {only}"
        "ORDER BY s.sale_id LIMIT :limit"
    )
    rows = session.execute(query, {"vendor": vendor_id, "after": after, "limit": limit})
    return [StoredSale(*row) for row in rows]
