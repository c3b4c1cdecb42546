"""Events that webhooks tell of: each row is written in the commit of its fact, with who is told.

Data are identifiers and instants, never names, texts or amounts: who is told may ask the API.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from sqlmodel import Session

from service.ledger.period import Period
from service.store.database import driver

SALES_AN_EVENT = 50


class EventType(StrEnum):
    """What may have happened."""

    SALE_QUARANTINED = "sale.quarantined"
    SALE_CONFLICTED = "sale.conflicted"
    CONFLICT_OPENED = "conflict.opened"
    PERIOD_CLOSED = "period.closed"
    STATEMENT_ISSUED = "statement.issued"
    PAYOUT_RESERVED = "payout.reserved"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_CONFIRMED = "payout.confirmed"
    PAYOUT_RETURNED = "payout.returned"
    WEBHOOK_DISABLED = "webhook.disabled"
    TEST = "webhook.test"


CONCERNS = (
    "(cardinality(e.types) = 0 OR v.type = ANY (e.types)) AND v.type <> 'webhook.test' AND "
    "(e.role = 'operator' OR (v.for_vendors AND e.role = 'vendor') "
    "OR e.party_id = ANY (v.party_ids))"
)
"""Condition of an event ``v`` that an endpoint ``e`` is told of."""

_RECORD = f"""
WITH v AS (INSERT INTO webhook_event (type, party_ids, for_vendors, data, occurred_at)
    VALUES (%(type)s, %(parties)s, %(vendors)s, %(data)s, %(now)s) RETURNING *)
INSERT INTO webhook_delivery (endpoint_id, event_id, state, next_try_at, changed_at)
SELECT e.endpoint_id, v.event_id, 'waiting', %(now)s, %(now)s
FROM v JOIN webhook_endpoint e ON e.state = 'active' AND {CONCERNS} ORDER BY e.endpoint_id
"""  # noqa: S608 - a constant


def record(
    session: Session,
    kind: EventType,
    data: Mapping[str, object],
    *,
    parties: Sequence[int] = (),
    for_vendors: bool = False,
    now: datetime,
) -> None:
    """Keep that something has happened, and let it wait for everybody who wants to be told.

    parties: the vendors and holders it concerns, beside the operators. for_vendors: every vendor.
    """
    driver(session).execute(
        _RECORD,
        {
            "type": str(kind),
            "parties": list(parties),
            "vendors": for_vendors,
            "data": json.dumps(data),
            "now": now,
        },
    )


def record_sales(
    session: Session,
    kind: EventType,
    vendor_id: int,
    sale_ids: Sequence[int],
    facts: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    """Keep that something has happened to sales of a vendor, which go by the vendor's own ids.

    One event tells of at most 50, so that a batch gone wrong is neither thousands of events nor one
    of a megabyte.
    """
    rows = driver(session).execute(
        "SELECT external_id FROM sale WHERE sale_id = ANY(%s) ORDER BY sale_id", (list(sale_ids),)
    )
    names = [str(row[0]) for row in rows]
    for begin in range(0, len(names), SALES_AN_EVENT):
        part = names[begin : begin + SALES_AN_EVENT]
        data = {"vendor_id": vendor_id, "sales": part, **facts}
        record(session, kind, data, parties=[vendor_id], now=now)


def record_statement(
    session: Session,
    number: str,
    period: Period,
    *,
    holder_id: int | None = None,
    vendor_id: int | None = None,
    now: datetime,
) -> None:
    """Keep that a statement was issued to a holder or a vendor."""
    told = {
        "statement": number,
        "period": str(period),
        "holder_id": holder_id,
        "vendor_id": vendor_id,
        "issued_at": instant(now),
    }
    whose = [party for party in (holder_id, vendor_id) if party is not None]
    record(session, EventType.STATEMENT_ISSUED, told, parties=whose, now=now)


def instant(at: datetime) -> str:
    """Write an instant as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def body_of(kind: str, occurred_at: datetime, data: Mapping[str, object]) -> bytes:
    """Return the body that is signed and sent: the same bytes at each try."""
    told = {"type": kind, "timestamp": instant(occurred_at), "data": data}
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
