"""Restated sales: a sale keeps every version a vendor told of it, and the newest counts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.correction import RefundTooLarge
from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos
from service.ledger.sale_report import Outcome
from service.ledger.tiers import Tier
from service.store import correction_jobs, sales
from service.store.correction_jobs import NewJob
from service.store.corrections import Cause
from service.store.sales import StoredSale
from service.store.text_rules import check_text

_MOST = 32_000


class RestatementConflict(LedgerError):
    """A restatement id came again with another sale or other content."""

    def __init__(self, restatement: str) -> None:
        name = restatement[:80]
        super().__init__(f"restatement {name!r} was reported otherwise", restatement=name)


class NothingRestated(LedgerError):
    """A restatement says what is known already."""

    def __init__(self, sale: str) -> None:
        super().__init__(f"sale {sale[:80]!r} stands as restated already", sale=sale[:80])


class TooManyVersions(LedgerError):
    """A sale was restated more often than versions can be numbered."""

    def __init__(self, sale: str) -> None:
        super().__init__(f"sale {sale[:80]!r} has {_MOST} versions", sale=sale[:80])


@dataclass(frozen=True, slots=True)
class Restatement:
    """What a vendor now says of a sale; id and text, day and currency of a sale stay."""

    external_id: str
    sale: str
    tier: Tier
    output_tokens: int
    tokens_estimated: bool
    gross_nanos: int
    reason: str


@dataclass(frozen=True, slots=True)
class SaleVersion:
    """One version of a sale; ``restatement`` and ``reason`` are None for the first."""

    version: int
    restatement: str | None
    tier: Tier
    output_tokens: int
    tokens_estimated: bool
    gross_nanos: int
    reason: str | None
    told_at: datetime


def restate(
    session: Session, vendor_id: int, said: Restatement, *, now: datetime
) -> tuple[Outcome, int]:
    """Store the next version of a sale under its row's lock; return outcome and version.

    The worker corrects the books once the sale is settled. Raises SaleNotFound,
    RestatementConflict, NothingRestated, RefundTooLarge where more was given back than would be
    left, TooManyVersions, BadText.
    """
    check_text(said.external_id, place="id", max_chars=200)
    check_text(said.reason, place="reason", max_chars=500)
    sale = sales.get(session, sales.find(session, vendor_id, said.sale).sale_id, lock=True)
    known = session.execute(
        text(
            "SELECT sale_id, version, tier, output_tokens, gross_nanos FROM sale_version "
            "WHERE vendor_id = :vendor AND external_id = :id"
        ),
        {"vendor": vendor_id, "id": said.external_id},
    ).first()
    facts = (said.tier.number, said.output_tokens, said.gross_nanos)
    if known:
        if (known[0], *known[2:]) != (sale.sale_id, *facts):
            raise RestatementConflict(said.external_id)
        return Outcome.DUPLICATE, int(known[1])
    if facts == (sale.tier, sale.output_tokens, sale.gross_nanos):
        raise NothingRestated(said.sale)
    _check_left(session, sale, said)
    if sale.version >= _MOST:
        raise TooManyVersions(said.sale)
    _insert(session, sale, said, now=now)
    job = NewJob(Cause.RESTATEMENT, said.reason, f"vendor {vendor_id}", sale_id=sale.sale_id)
    correction_jobs.request(session, job, now=now)
    return Outcome.CREATED, sale.version + 1


def _check_left(session: Session, sale: StoredSale, said: Restatement) -> None:
    query = text("SELECT coalesce(sum(amount_nanos), 0) FROM refund WHERE sale_id = :sale")
    taken = int(session.execute(query, {"sale": sale.sale_id}).scalar_one())
    if taken > said.gross_nanos:
        raise RefundTooLarge(asked_nanos=taken, left_nanos=said.gross_nanos)


def _insert(session: Session, sale: StoredSale, said: Restatement, *, now: datetime) -> None:
    session.execute(
        text(
            "INSERT INTO sale_version (sale_id, version, vendor_id, external_id, tier, "
            "output_tokens, tokens_estimated, gross_nanos, reason, restated_at) VALUES (:sale, "
            ":version, :vendor, :id, :tier, :tokens, :estimated, :gross, :reason, :now)"
        ),
        {
            "sale": sale.sale_id,
            "version": sale.version + 1,
            "vendor": sale.vendor_id,
            "id": said.external_id,
            "tier": said.tier.number,
            "tokens": said.output_tokens,
            "estimated": said.tokens_estimated,
            "gross": said.gross_nanos,
            "reason": said.reason,
            "now": now,
        },
    )


def of_sale(session: Session, sale_id: int) -> list[SaleVersion]:
    """List all versions of a sale, the one first reported first."""
    rows = session.execute(
        text(
            "SELECT 1, NULL, tier, output_tokens, tokens_estimated, gross_nanos, NULL, received_at "
            "FROM sale WHERE sale_id = :sale UNION ALL "
            "SELECT version, external_id, tier, output_tokens, tokens_estimated, gross_nanos, "
            "reason, restated_at FROM sale_version WHERE sale_id = :sale ORDER BY 1"
        ),
        {"sale": sale_id},
    )
    return [
        SaleVersion(number, name, Tier.numbered(tier), *rest) for number, name, tier, *rest in rows
    ]


def told(version: SaleVersion) -> str:
    """Say a version in one line."""
    return f"{version.output_tokens} {version.tier} tokens for {format_nanos(version.gross_nanos)}"
