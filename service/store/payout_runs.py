"""Payout runs as rows: what is to be paid, its digest, and who approved it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store.database import driver
from service.store.payouts import NewPayout


class RunNotFound(LedgerError):
    """No payout run has this number."""

    def __init__(self, run_id: int) -> None:
        super().__init__(f"no payout run {run_id}", run_id=run_id)


class DigestDiffers(LedgerError):
    """Something else was to be approved than what the run pays."""

    def __init__(self, run_id: int, *, digest: str, given: str) -> None:
        super().__init__(
            f"payout run {run_id} has digest {digest}, not {given}",
            run_id=run_id,
            digest=digest,
            given=given,
        )


class OwnRun(LedgerError):
    """Who made a run was to approve it too."""

    def __init__(self, run_id: int, by: str) -> None:
        super().__init__(
            f"payout run {run_id} was made by {by}: somebody else must approve it",
            run_id=run_id,
            by=by,
        )


class RunNotApproved(LedgerError):
    """A run waits for operators to approve what it pays."""

    def __init__(self, run_id: int, *, digest: str, given: int, needed: int) -> None:
        super().__init__(
            f"payout run {run_id} waits for approval of digest {digest}: {given} of {needed} "
            "operators beside its maker have given it",
            run_id=run_id,
            digest=digest,
            given=given,
            needed=needed,
        )


@dataclass(frozen=True, slots=True)
class RunItem:
    """One transfer of a run: figures in nanos, everything by which it could become another."""

    statement_id: int
    statement: str
    part: int
    payee_id: int
    account_id: int
    method: str
    currency: str
    gross_nanos: int
    tax_rule_id: int | None
    tax_nanos: int
    fee_nanos: int
    to_currency: str
    paid_nanos: int
    fx_rate_id: int | None


@dataclass(frozen=True, slots=True)
class PayoutRun:
    """A list of transfers with its digest. ``day``: of the terms they were computed by."""

    run_id: int
    period: Period
    day: date
    digest: str
    item_count: int
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class RunApproval:
    """One operator's approval of a run."""

    approved_by: str
    approved_at: datetime


def item_of(new: NewPayout) -> RunItem:
    """Return what a planned payout says in a run."""
    one, said = new.transfer, new.statement
    assert new.account_id is not None, "a planned payout has an account"
    return RunItem(
        said.statement_id,
        said.number,
        new.part,
        new.payee_id,
        new.account_id,
        new.method,
        said.currency,
        one.gross_nanos,
        new.tax_rule_id,
        one.tax_nanos,
        one.fee_nanos,
        one.to_currency,
        one.paid_nanos,
        new.rate.rate_id if new.rate else None,
    )


def digest_of(period: Period, day: date, items: Sequence[RunItem]) -> str:
    """Hash a run: period and day, then a line of JSON an item, in order of statement and part."""
    digest = hashlib.sha256(f"{period} {day}\n".encode())
    for item in sorted(items, key=lambda each: (each.statement_id, each.part)):
        facts = {name: getattr(item, name) for name in RunItem.__slots__}
        digest.update(json.dumps(facts, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def insert(
    session: Session, period: Period, day: date, items: Sequence[RunItem], *, by: str, now: datetime
) -> PayoutRun:
    """Keep a run with its items."""
    digest, connection = digest_of(period, day, items), driver(session)
    row = connection.execute(
        "INSERT INTO payout_run (period, day, digest, item_count, made_by, made_at) "
        "VALUES (%s, %s, %s, %s, %s, %s) RETURNING run_id",
        (period.number, day, bytes.fromhex(digest), len(items), by, now),
    ).fetchone()
    assert row
    number = int(row[0])
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY payout_run_item (run_id, statement_id, part, payee_id, account_id, method, "
            "currency, gross_nanos, tax_rule_id, tax_nanos, fee_nanos, to_currency, paid_nanos, "
            "fx_rate_id) FROM STDIN"
        ) as copy,
    ):
        for item in items:
            fields = [getattr(item, name) for name in RunItem.__slots__ if name != "statement"]
            copy.write_row((number, *fields))
    return PayoutRun(number, period, day, digest, len(items), by, now)


_RUN = "run_id, period, day, encode(digest, 'hex'), item_count, made_by, made_at"


def get(session: Session, run_id: int) -> PayoutRun:
    """Return a run by its number; raise RunNotFound."""
    row = (
        driver(session)
        .execute(f"SELECT {_RUN} FROM payout_run WHERE run_id = %s", (min(run_id, 2**63 - 1),))  # noqa: S608
        .fetchone()
    )
    if not row:
        raise RunNotFound(run_id)
    return _run(row)


def listing(session: Session, *, after: int = 0, limit: int = 1_000) -> list[PayoutRun]:
    """List runs in order."""
    rows = driver(session).execute(
        f"SELECT {_RUN} FROM payout_run WHERE run_id > %s ORDER BY run_id LIMIT %s",  # noqa: S608
        (after, limit),
    )
    return [_run(row) for row in rows]


def _run(row: Sequence[Any]) -> PayoutRun:
    number, period, day, digest, count, by, at = row
    return PayoutRun(number, Period(period), day, digest, count, by, at)


def items(
    session: Session,
    run_id: int,
    *,
    after: tuple[int, int] = (0, -1),
    skip: int = 0,
    limit: int = 100_000,
) -> list[RunItem]:
    """Return the items of a run in order of statement and part, after one or past some."""
    rows = driver(session).execute(
        "SELECT statement_id, number, part, payee_id, account_id, method, i.currency, gross_nanos, "
        "tax_rule_id, tax_nanos, fee_nanos, to_currency, i.paid_nanos, fx_rate_id "
        "FROM payout_run_item i JOIN statement USING (statement_id) "
        "WHERE run_id = %s AND (statement_id, part) > (%s, %s) "
        "ORDER BY statement_id, part OFFSET %s LIMIT %s",
        (run_id, *after, skip, limit),
    )
    return [RunItem(*row) for row in rows]


def approve(session: Session, run_id: int, digest: bytes, *, by: str, now: datetime) -> None:
    """Keep an operator's approval of a run; a second one changes nothing.

    Raises RunNotFound, DigestDiffers, OwnRun.
    """
    run = get(session, run_id)
    if digest.hex() != run.digest:
        raise DigestDiffers(run_id, digest=run.digest, given=digest.hex())
    if by == run.made_by:
        raise OwnRun(run_id, by)
    driver(session).execute(
        "INSERT INTO payout_run_approval (run_id, approved_by, digest, approved_at) "
        "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (run_id, by, digest, now),
    )


def approvals(session: Session, run_id: int) -> list[RunApproval]:
    """List the approvals of a run, oldest first."""
    rows = driver(session).execute(
        "SELECT approved_by, approved_at FROM payout_run_approval WHERE run_id = %s "
        "ORDER BY approved_at, approved_by",
        (run_id,),
    )
    return [RunApproval(*row) for row in rows]


def check_approved(session: Session, run: PayoutRun, *, needed: int) -> None:
    """Raise RunNotApproved unless so many operators beside its maker approved a run."""
    given = len(approvals(session, run.run_id))
    if given < needed:
        raise RunNotApproved(run.run_id, digest=run.digest, given=given, needed=needed)
