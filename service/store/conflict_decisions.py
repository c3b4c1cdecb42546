"""Reports that say something else of a sale: which wait for an operator, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.tiers import Tier
from service.store import sale_versions, sales
from service.store.sale_versions import Restatement
from service.store.text_rules import check_text

MAX_REASON_CHARS = 500


class ConflictNotFound(LedgerError):
    """No report said something else of this sale under this hash."""

    def __init__(self, sale_id: int) -> None:
        super().__init__(f"no such conflict of sale {sale_id}", sale_id=sale_id)


class ConflictDecided(LedgerError):
    """A conflict was to be decided twice."""

    def __init__(self, sale_id: int) -> None:
        super().__init__(f"the conflict of sale {sale_id} is decided already", sale_id=sale_id)


@dataclass(frozen=True, slots=True)
class Conflict:
    """What else was said of a sale, and what was decided of it. payload_hash: in hex."""

    sale_id: int
    payload_hash: str
    vendor_id: int
    vendor: str
    external_id: str
    tier: Tier
    output_tokens: int
    gross_nanos: int
    model: str | None
    sold_at: datetime
    same_text: bool
    received_at: datetime
    restated: bool | None
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None


_SELECT = """
SELECT c.sale_id, encode(c.payload_hash, 'hex'), c.vendor_id, v.name, s.external_id, c.tier,
    c.output_tokens, c.gross_nanos, c.model, c.sold_at, c.same_text, c.received_at,
    d.restated, d.reason, d.decided_by, d.decided_at
FROM sale_conflict c JOIN sale s USING (sale_id) JOIN party v ON v.party_id = c.vendor_id
LEFT JOIN conflict_decision d ON d.sale_id = c.sale_id AND d.payload_hash = c.payload_hash
"""


def waiting(session: Session, *, limit: int) -> list[Conflict]:
    """List the conflicts nobody has decided, the oldest first."""
    query = f"{_SELECT} WHERE d.sale_id IS NULL ORDER BY c.received_at, c.sale_id LIMIT :limit"
    return _conflicts(session, query, limit=limit)


def waiting_count(session: Session) -> int:
    """Count the conflicts nobody has decided."""
    query = text(
        "SELECT count(*) FROM sale_conflict c WHERE NOT EXISTS (SELECT 1 FROM conflict_decision d "
        "WHERE d.sale_id = c.sale_id AND d.payload_hash = c.payload_hash)"
    )
    return int(session.execute(query).scalar_one())


def of_sale(session: Session, sale_id: int) -> list[Conflict]:
    """List what else was said of a sale, in the order it came."""
    query = f"{_SELECT} WHERE c.sale_id = :sale ORDER BY c.received_at, c.payload_hash"
    return _conflicts(session, query, sale=sale_id)


def decide(
    session: Session,
    sale_id: int,
    payload_hash: str,
    *,
    restated: bool,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Let a sale stay as it is, or restate it as a report says; decided once.

    Raises ConflictNotFound, ConflictDecided, BadText, and what restating raises.
    """
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    sale = sales.get(session, sale_id, lock=True)
    found = next((c for c in of_sale(session, sale_id) if c.payload_hash == payload_hash), None)
    if found is None:
        raise ConflictNotFound(sale_id)
    if found.decided_at:
        raise ConflictDecided(sale_id)
    if restated:
        said = Restatement(
            f"conflict-{payload_hash[:16]}",
            sale.external_id,
            found.tier,
            found.output_tokens,
            sale.tokens_estimated,
            found.gross_nanos,
            reason,
        )
        sale_versions.restate(session, sale.vendor_id, said, now=now)
    values = {"sale": sale_id, "hash": payload_hash, "restated": restated, "reason": reason}
    session.execute(text(_DECIDE), values | {"by": by, "now": now})


_DECIDE = """
INSERT INTO conflict_decision VALUES
    (:sale, decode(:hash, 'hex'), :restated, :reason, :by, :now)
"""


def _conflicts(session: Session, query: str, **values: object) -> list[Conflict]:
    rows: Sequence[Sequence[Any]] = session.execute(text(query), values).all()
    return [Conflict(*[*row[:5], Tier.numbered(row[5]), *row[6:]]) for row in rows]
