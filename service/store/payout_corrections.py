"""Corrections of payouts as rows, and what else moves the bank: tax handed over, charges."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.payout_correction import Corrected, CorrectionKind, NewCorrection
from service.ledger.period import Period
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class StoredCorrection:
    """A correction as it was made."""

    correction_id: int
    correction: NewCorrection


def insert(
    session: Session, new: NewCorrection, moved_nanos: int, *, into: Period, by: str, now: datetime
) -> int:
    """Keep a correction; return its number."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO payout_correction (payout_id, kind, period, nanos, moved_nanos, note, "
            "made_by, made_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING correction_id",
            (
                *(new.payout_id, str(new.kind), into.number, new.nanos, moved_nanos, new.note),
                *(by, now),
            ),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def of_payouts(session: Session, payout_ids: Sequence[int]) -> dict[int, list[StoredCorrection]]:
    """Return the corrections of these payouts in the order they were made."""
    found: dict[int, list[StoredCorrection]] = {}
    for number, payout, kind, nanos, note in driver(session).execute(
        "SELECT correction_id, payout_id, kind, nanos, note FROM payout_correction "
        "WHERE payout_id = ANY(%s) ORDER BY correction_id",
        (list(payout_ids),),
    ):
        made = StoredCorrection(number, NewCorrection(payout, CorrectionKind(kind), nanos, note))
        found.setdefault(payout, []).append(made)
    return found


def before(session: Session, payout_id: int) -> Corrected:
    """Sum what was corrected of a payout."""
    sums = dict.fromkeys(CorrectionKind, 0)
    for one in of_payouts(session, [payout_id]).get(payout_id, []):
        sums[one.correction.kind] += one.correction.nanos
    astray = sums[CorrectionKind.MISDIRECTED]
    left = astray - sums[CorrectionKind.RECOVERED] - sums[CorrectionKind.LOST]
    return Corrected(sums[CorrectionKind.AMOUNT], astray > 0, left)


def insert_remittance(
    session: Session,
    code: str,
    currency: str,
    nanos: int,
    *,
    reference: str,
    by: str,
    now: datetime,
) -> int:
    """Keep what was handed over to an authority; return its number."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO tax_remittance (code, currency, amount_nanos, reference, made_by, "
            "made_at) VALUES (%s, %s, %s, %s, %s, %s) RETURNING remittance_id",
            (code, currency, nanos, reference, by, now),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def insert_charge(
    session: Session, currency: str, nanos: int, *, reference: str, by: str, now: datetime
) -> int:
    """Keep what the bank took for its services; return its number."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO bank_charge (currency, amount_nanos, reference, made_by, made_at) "
            "VALUES (%s, %s, %s, %s, %s) RETURNING charge_id",
            (currency, nanos, reference, by, now),
        )
        .fetchone()
    )
    assert row
    return int(row[0])
