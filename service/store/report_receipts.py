"""Signed receipts of reports, and which numbers of a vendor's streams have not come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger import report_receipt
from service.ledger.errors import LedgerError
from service.ledger.report_receipt import AcceptedReport
from service.ledger.sale_report import ItemOutcome, Outcome, ReportedSale
from service.store import registration_log
from service.store.database import driver
from service.store.registration_log import Signer

_NOTHING = bytes(32)
_ACCEPTED = (Outcome.CREATED, Outcome.DUPLICATE)


class ReceiptNotFound(LedgerError):
    """A vendor has no receipt of this content."""

    def __init__(self, content: str) -> None:
        super().__init__(f"no receipt of {content[:64]!r}", content=content[:64])


class SequenceTaken(LedgerError):
    """Another report has this number of the stream already; nothing of this one was stored."""

    def __init__(self, stream: str, sequence: int) -> None:
        rule = f"number {sequence} of stream {stream!r} was another report"
        super().__init__(rule, place="Wellspring-Sequence", rule=rule)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which report of a vendor's stream it is; numbers count from 1."""

    stream: str
    sequence: int


@dataclass(frozen=True, slots=True)
class ReportReceipt:
    """A receipt as it was signed."""

    report_receipt_id: int
    report: AcceptedReport
    key_id: str
    signature: bytes

    def document(self) -> dict[str, object]:
        """Return the receipt as the JSON of its file."""
        return report_receipt.document(self.report.fields, self.key_id, self.signature)


def accepted(items: Sequence[ReportedSale], outcomes: Sequence[ItemOutcome]) -> dict[str, bytes]:
    """Return the payloads of what was accepted by the vendor's ids."""
    return {
        item.external_id: item.payload_hash
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome.outcome in _ACCEPTED
    }


def keep(
    session: Session,
    vendor_id: int,
    vendor: str,
    payloads: dict[str, bytes],
    signer: Signer,
    *,
    delivery: Delivery | None,
    now: datetime,
) -> ReportReceipt | None:
    """Sign what was accepted, in the transaction that stores it; None where nothing was.

    What was accepted before as a whole has the receipt it had. Raises SequenceTaken.
    """
    content = report_receipt.content_digest(payloads) if payloads else _NOTHING
    if delivery:
        _number(session, vendor_id, delivery, content, now=now)
    if not payloads:
        return None
    known = _find(session, vendor_id, content)
    if known:
        return known
    ids = report_receipt.ids_digest(payloads)
    report = AcceptedReport(vendor, len(payloads), content, ids, now)
    registration_log.keep_key(session, signer, now=now)
    signature = signer.sign(report_receipt.signed_bytes(report.fields, signer.key_id))
    driver(session).execute(
        "INSERT INTO report_receipt (vendor_id, content_hash, ids_hash, sale_count, accepted_at, "
        "key_id, signature) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (vendor_id, content, ids, len(payloads), now, signer.key_id, signature),
    )
    return _find(session, vendor_id, content)


def _number(
    session: Session, vendor_id: int, delivery: Delivery, content: bytes, *, now: datetime
) -> None:
    key = (vendor_id, delivery.stream, delivery.sequence)
    driver(session).execute(
        "INSERT INTO report_sequence (vendor_id, stream, sequence, content_hash, received_at) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (*key, content, now),
    )
    row = driver(session).execute(
        "SELECT content_hash FROM report_sequence "
        "WHERE vendor_id = %s AND stream = %s AND sequence = %s",
        key,
    ).fetchone()  # fmt: skip
    if row and bytes(row[0]) != content:
        raise SequenceTaken(delivery.stream, delivery.sequence)


_SELECT = """
SELECT r.report_receipt_id, p.slug, r.sale_count, r.content_hash, r.ids_hash, r.accepted_at,
    r.key_id, r.signature
FROM report_receipt r JOIN party p ON p.party_id = r.vendor_id
"""


def _receipt(row: Sequence[object]) -> ReportReceipt:
    number, vendor, count, content, ids, at, key, signature = row
    assert isinstance(at, datetime)
    hashes = (bytes(content), bytes(ids))  # type: ignore[call-overload]
    report = AcceptedReport(str(vendor), int(str(count)), *hashes, at)
    signed = bytes(signature)  # type: ignore[call-overload]
    return ReportReceipt(int(str(number)), report, str(key), signed)


def _find(session: Session, vendor_id: int | None, content: bytes) -> ReportReceipt | None:
    of_vendor = "" if vendor_id is None else "AND r.vendor_id = %(vendor)s "
    query = _SELECT + f"WHERE r.content_hash = %(content)s {of_vendor}ORDER BY 1 LIMIT 1"
    facts = {"vendor": vendor_id, "content": content}
    row = driver(session).execute(query.encode(), facts).fetchone()
    return _receipt(row) if row else None


def get(session: Session, vendor_id: int | None, content: str) -> ReportReceipt:
    """Return a receipt, on request of one vendor, by its content in hex; raise ReceiptNotFound."""
    try:
        found = _find(session, vendor_id, bytes.fromhex(content))
    except ValueError:
        found = None
    if found is None:
        raise ReceiptNotFound(content)
    return found


def page(session: Session, vendor_id: int | None, *, after: int, limit: int) -> list[ReportReceipt]:
    """List receipts in order of issue, on request of one vendor."""
    query = _SELECT + (
        "WHERE (%s::bigint IS NULL OR r.vendor_id = %s) AND r.report_receipt_id > %s "
        "ORDER BY r.report_receipt_id LIMIT %s"
    )
    rows = driver(session).execute(query.encode(), (vendor_id, vendor_id, after, limit))
    return [_receipt(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a stream that have not come, first and last among them."""

    vendor: str
    stream: str
    first: int
    last: int
    noticed_at: datetime


_GAPS = """
SELECT p.slug, g.stream, g.before + 1, g.sequence - 1, g.received_at FROM (
    SELECT vendor_id, stream, sequence, received_at,
        lag(sequence, 1, 0::bigint) OVER (PARTITION BY vendor_id, stream ORDER BY sequence)
            AS before
    FROM report_sequence WHERE %(vendor)s::bigint IS NULL OR vendor_id = %(vendor)s) AS g
JOIN party p ON p.party_id = g.vendor_id
WHERE g.sequence > g.before + 1 AND (p.slug, g.stream, g.before) > (%(slug)s, %(stream)s, %(first)s)
ORDER BY p.slug, g.stream, g.before LIMIT %(limit)s
"""


def gaps(
    session: Session, vendor_id: int | None, *, after: tuple[str, str, int], limit: int
) -> list[Gap]:
    """List numbers missing below the highest of each stream; what comes late closes its gap.

    after: vendor, stream and first number of the last gap seen. noticed_at: when the number that
    follows came.
    """
    slug, stream, first = after
    facts = {"vendor": vendor_id, "slug": slug, "stream": stream, "first": first - 1}
    rows = driver(session).execute(_GAPS, facts | {"limit": limit})
    return [Gap(vendor, name, int(low), int(high), at) for vendor, name, low, high, at in rows]
