"""What the release of a pool rests on: fees, interest and claims, kept and read back."""

from sqlmodel import Session

from service.ledger.interest import Accrual
from service.ledger.period import Period
from service.ledger.pool_release import Claimant, PoolContent, PoolPlan, plan
from service.ledger.tiers import Tier
from service.store import pool_rules
from service.store.database import driver
from service.store.pool_releases import StoredRelease


def insert(session: Session, release_id: int, made: PoolPlan) -> None:
    """Keep what a plan was made of, in the commit of its release."""
    connection = driver(session)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO pool_fee_basis (pool_release_id, fee_ppm, nanos) VALUES (%s, %s, %s)",
            [(release_id, ppm, nanos) for ppm, nanos in made.content.by_fee_ppm.items()],
        )
        cursor.executemany(
            "INSERT INTO pool_accrual (pool_release_id, month, balance_nanos, annual_ppm, nanos) "
            "VALUES (%s, %s, %s, %s, %s)",
            [
                (release_id, one.month.number, one.balance_nanos, one.annual_ppm, one.nanos)
                for one in made.content.accruals
            ],
        )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY pool_weight (pool_release_id, work_id, rights_version_id, valid_from, tier, "
            "credited_nanos) FROM STDIN"
        ) as copy,
    ):
        for one in made.able.values():
            copy.write_row(
                (
                    *(release_id, one.work_id, one.rights_version_id, one.valid_from),
                    *(one.tier.number, one.credited_nanos),
                )
            )


def planned_again(session: Session, stored: StoredRelease) -> PoolPlan:
    """Make the plan of a release again from what it rests on; it has the same digest."""
    rules = {one.rule_id: one for one in pool_rules.rules(session)}
    step = pool_rules.read_step(stored.step)
    claimants = _claimants(session, stored.release_id)
    return plan(
        stored.key,
        rules[stored.rule_id],
        _content(session, stored.release_id),
        lambda each: claimants if each == step else [],
    )


def _content(session: Session, release_id: int) -> PoolContent:
    connection = driver(session)
    fees = connection.execute(
        "SELECT fee_ppm, nanos FROM pool_fee_basis WHERE pool_release_id = %s ORDER BY fee_ppm",
        (release_id,),
    ).fetchall()
    accruals = connection.execute(
        "SELECT month, balance_nanos, annual_ppm, nanos FROM pool_accrual "
        "WHERE pool_release_id = %s ORDER BY month",
        (release_id,),
    ).fetchall()
    return PoolContent(
        {int(ppm): int(nanos) for ppm, nanos in fees},
        tuple(Accrual(Period(month), int(lay), ppm, int(n)) for month, lay, ppm, n in accruals),
    )


def _claimants(session: Session, release_id: int) -> list[Claimant]:
    rows = driver(session).execute(
        "SELECT work_id, rights_version_id, valid_from, tier, credited_nanos FROM pool_weight "
        "WHERE pool_release_id = %s ORDER BY work_id, valid_from, tier",
        (release_id,),
    )
    return [
        Claimant(work, version, day.isoformat(), Tier.numbered(tier), int(nanos))
        for work, version, day, tier, nanos in rows
    ]
