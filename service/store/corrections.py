"""Why sales were corrected, and what to: the facts beside correction entries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session


class Cause(StrEnum):
    """What changed under a sale."""

    REFUND = "refund"
    RESTATEMENT = "restatement"
    ATTRIBUTION = "attribution"
    CONTRACT = "contract"
    RIGHTS = "rights"
    LICENCE = "licence"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a sale is settled by: its version, attribution and contract, and what was given back."""

    sale_version: int
    attribution_id: int | None
    contract_id: int
    refunded_nanos: int


@dataclass(frozen=True, slots=True)
class StoredCorrection:
    """A correction; ``basis`` is what the sale was corrected to, None where it was not kept."""

    correction_id: int
    cause: Cause
    reason: str
    basis: Basis | None
    corrected_at: datetime


def insert(
    session: Session,
    sale_id: int,
    *,
    cause: Cause,
    reason: str,
    basis: Basis,
    refund_id: int | None,
    now: datetime,
    job_id: int | None = None,
) -> int:
    """Keep why a sale is corrected; return the correction's number, the source of its entry."""
    query = text(
        "INSERT INTO correction (sale_id, cause, reason, refund_id, corrected_at, sale_version, "
        "attribution_id, contract_id, refunded_nanos, job_id) VALUES (:sale, :cause, :reason, "
        ":refund, :now, :version, :attribution, :contract, :refunded, :job) "
        "RETURNING correction_id"
    )
    fields = {
        "sale": sale_id,
        "cause": str(cause),
        "reason": reason,
        "refund": refund_id,
        "now": now,
        "version": basis.sale_version,
        "attribution": basis.attribution_id,
        "contract": basis.contract_id,
        "refunded": basis.refunded_nanos,
        "job": job_id,
    }
    return int(session.execute(query, fields).scalar_one())


def of_sale(session: Session, sale_id: int) -> list[StoredCorrection]:
    """List the corrections of a sale in order."""
    rows = session.execute(
        text(
            "SELECT correction_id, cause, reason, corrected_at, sale_version, attribution_id, "
            "contract_id, refunded_nanos FROM correction WHERE sale_id = :sale "
            "ORDER BY correction_id"
        ),
        {"sale": sale_id},
    )
    return [
        StoredCorrection(
            number, Cause(cause), reason, None if basis[2] is None else Basis(*basis), at
        )
        for number, cause, reason, at, *basis in rows
    ]
