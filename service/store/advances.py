"""Advances as rows: what vendors agreed to pay early, and what became of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from service.ledger.advance import Advance, AdvanceStep
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.ledger.statement import AdvanceStanding, BalanceMove
from service.store.database import driver
from service.store.statement_facts import Recipient


class AdvanceNotFound(LedgerError):
    """No advance has this number."""

    def __init__(self, advance_id: int) -> None:
        super().__init__(f"no advance {advance_id}", advance_id=advance_id)


@dataclass(frozen=True, slots=True)
class NewAdvance:
    """What a vendor and a holder agreed; fields as of ``Advance``."""

    vendor_id: int
    holder_id: int
    currency: str
    amount_nanos: int
    work_ids: tuple[int, ...] | None
    guarantee_nanos: int = 0
    until: date | None = None
    offer_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredAdvance:
    """An advance with its parties, and what its steps come to."""

    advance: Advance
    vendor_id: int
    holder_name: str
    agreed_at: datetime
    paid_nanos: int
    recouped_nanos: int
    made_up_nanos: int


def insert(session: Session, new: NewAdvance, *, now: datetime) -> int:
    """Keep an advance; return its number. It is paid once the vendor's money has come.

    Raises BadAdvance.
    """
    works = None if new.work_ids is None else frozenset(new.work_ids)
    Advance(
        0, "", new.holder_id, new.currency, new.amount_nanos, works, new.guarantee_nanos, new.until
    )
    row = (
        driver(session)
        .execute(
            "INSERT INTO advance (vendor_id, holder_id, currency, amount_nanos, work_ids, "
            "guarantee_nanos, until, offer_id, agreed_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING advance_id",
            (
                new.vendor_id,
                new.holder_id,
                new.currency,
                new.amount_nanos,
                None if works is None else sorted(works),
                new.guarantee_nanos,
                new.until,
                new.offer_id,
                now,
            ),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


_LISTED = """
SELECT a.advance_id, v.slug, a.holder_id, a.currency, a.amount_nanos, a.work_ids, a.guarantee_nanos,
    a.until, a.vendor_id, h.name, a.agreed_at,
    coalesce(sum(s.nanos) FILTER (WHERE s.kind = 'advance'), 0),
    coalesce(sum(s.nanos) FILTER (WHERE s.kind = 'recoupment'), 0),
    coalesce(sum(s.nanos) FILTER (WHERE s.kind = 'guarantee'), 0)
FROM advance a JOIN party v ON v.party_id = a.vendor_id JOIN party h ON h.party_id = a.holder_id
LEFT JOIN advance_step s USING (advance_id)
WHERE (%(advance)s::bigint IS NULL OR a.advance_id = %(advance)s)
    AND (%(holder)s::bigint IS NULL OR a.holder_id = %(holder)s)
    AND (%(vendor)s::bigint IS NULL OR a.vendor_id = %(vendor)s)
GROUP BY a.advance_id, v.slug, h.name ORDER BY a.advance_id
"""


def listing(
    session: Session, *, holder_id: int | None = None, vendor_id: int | None = None
) -> list[StoredAdvance]:
    """List advances in order, on request of one holder or of one vendor."""
    asked = {"advance": None, "holder": holder_id, "vendor": vendor_id}
    return [_stored(row) for row in driver(session).execute(_LISTED, asked)]


def get(session: Session, advance_id: int) -> StoredAdvance:
    """Return an advance; raise AdvanceNotFound."""
    asked = {"advance": min(advance_id, 2**63 - 1), "holder": None, "vendor": None}
    row = driver(session).execute(_LISTED, asked).fetchone()
    if not row:
        raise AdvanceNotFound(advance_id)
    return _stored(row)


def _stored(row: Sequence[Any]) -> StoredAdvance:
    number, vendor, holder, currency, amount, works, guarantee, until, *rest = row
    advance = Advance(
        number,
        vendor,
        holder,
        currency,
        amount,
        None if works is None else frozenset(works),
        guarantee,
        until,
    )
    vendor_id, name, agreed_at, *sums = rest
    return StoredAdvance(advance, vendor_id, name, agreed_at, *(int(nanos) for nanos in sums))


def add_step(
    session: Session,
    advance_id: int,
    kind: AdvanceStep,
    nanos: int,
    *,
    period: Period,
    reference: str,
    by: str,
    now: datetime,
) -> int:
    """Keep a step of an advance; return its number, the source of its entry."""
    row = (
        driver(session)
        .execute(
            "INSERT INTO advance_step (advance_id, kind, period, nanos, reference, taken_by, "
            "taken_at) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING step_id",
            (advance_id, str(kind), period.number, nanos, reference, by, now),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step of an advance, as it was posted."""

    kind: AdvanceStep
    period: Period
    nanos: int
    reference: str
    taken_by: str


def steps_of(session: Session, advance_id: int) -> list[StoredStep]:
    """List the steps of an advance in order."""
    rows = driver(session).execute(
        "SELECT kind, period, nanos, reference, taken_by FROM advance_step "
        "WHERE advance_id = %s ORDER BY step_id",
        (advance_id,),
    )
    return [StoredStep(AdvanceStep(kind), Period(p), n, r, by) for kind, p, n, r, by in rows]


def earned_besides(
    session: Session, vendor_id: int, currency: str
) -> dict[tuple[Period, int], tuple[int, int]]:
    """Return by (period, holder) what guarantees made up, and what advances recouped, of a vendor.

    The first is owed and earned like royalty; of the second the vendor owes nothing any more.
    """
    rows = driver(session).execute(
        "SELECT s.period, a.holder_id, "
        "coalesce(sum(s.nanos) FILTER (WHERE s.kind = 'guarantee'), 0), "
        "coalesce(sum(s.nanos) FILTER (WHERE s.kind = 'recoupment'), 0) "
        "FROM advance_step s JOIN advance a USING (advance_id) "
        "WHERE a.vendor_id = %s AND a.currency = %s AND s.kind <> 'advance' GROUP BY 1, 2",
        (vendor_id, currency),
    )
    return {(Period(period), holder): (int(made), int(back)) for period, holder, made, back in rows}


def net_of_vendors(
    session: Session, holder_ids: Sequence[int], until: Period | None = None
) -> dict[Recipient, Mapping[str, int]]:
    """Return by vendor what guarantees made up for these holders less what was recouped."""
    found: dict[Recipient, dict[str, int]] = defaultdict(dict)
    for holder, currency, vendor, nanos in driver(session).execute(
        "SELECT a.holder_id, a.currency, v.slug, "
        "sum(CASE s.kind WHEN 'guarantee' THEN s.nanos ELSE -s.nanos END) "
        "FROM advance_step s JOIN advance a USING (advance_id) "
        "JOIN party v ON v.party_id = a.vendor_id WHERE s.kind <> 'advance' "
        "AND a.holder_id = ANY(%(holders)s) "
        "AND (%(until)s::integer IS NULL OR s.period <= %(until)s) GROUP BY 1, 2, 3",
        {"holders": list(holder_ids), "until": until.number if until else None},
    ):
        found[Recipient(holder, currency)][vendor] = int(nanos)
    return dict(found)


def moves_of(
    session: Session, period: Period, holder_ids: Sequence[int]
) -> dict[Recipient, list[BalanceMove]]:
    """Return what steps of advances moved in a period, by whom it belongs to, in order."""
    found: dict[Recipient, list[BalanceMove]] = defaultdict(list)
    for holder, currency, number, kind, vendor, nanos, at in driver(session).execute(
        "SELECT a.holder_id, a.currency, a.advance_id, s.kind, v.slug, s.nanos, s.taken_at "
        "FROM advance_step s JOIN advance a USING (advance_id) "
        "JOIN party v ON v.party_id = a.vendor_id "
        "WHERE s.period = %s AND a.holder_id = ANY(%s) ORDER BY s.step_id",
        (period.number, list(holder_ids)),
    ):
        step = AdvanceStep(kind)
        signed = -int(nanos) if step is AdvanceStep.RECOUPMENT else int(nanos)
        found[Recipient(holder, currency)].append(
            BalanceMove(step, f"advance {number}", vendor, signed, at)
        )
    return found


def standings(
    session: Session, period: Period, holder_ids: Sequence[int]
) -> dict[Recipient, AdvanceStanding]:
    """Return what was paid early to holders and is not earned back, before a period and in it."""
    rows = driver(session).execute(
        "SELECT a.holder_id, a.currency, "
        "sum(CASE WHEN s.period >= %(p)s THEN 0 WHEN s.kind = 'advance' THEN s.nanos "
        "ELSE -s.nanos END), "
        "sum(s.nanos) FILTER (WHERE s.period = %(p)s AND s.kind = 'advance'), "
        "sum(s.nanos) FILTER (WHERE s.period = %(p)s AND s.kind = 'recoupment') "
        "FROM advance_step s JOIN advance a USING (advance_id) WHERE s.kind <> 'guarantee' "
        "AND s.period <= %(p)s AND a.holder_id = ANY(%(holders)s) GROUP BY 1, 2",
        {"p": period.number, "holders": list(holder_ids)},
    )
    return {
        Recipient(holder, currency): AdvanceStanding(*(int(nanos or 0) for nanos in sums))
        for holder, currency, *sums in rows
    }
