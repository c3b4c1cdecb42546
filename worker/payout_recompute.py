"""Payouts recomputed: what each step must have posted beside what the journal holds of it."""

from collections.abc import Sequence

from sqlmodel import Session

from service.ledger.journal import Kind, summed
from service.ledger.payout import PayoutState
from service.ledger.payout_correction import legs
from service.ledger.transfer import entries as legs_of
from service.store import entries, payout_corrections, payouts
from service.store.database import Database, unit_of_work
from service.store.payouts import StoredPayout, StoredStep

_PAYOUTS_A_STEP = 1_000

Posted = dict[tuple[int, int], tuple[str, dict[str, int]]]
"""Currency and legs by kind and payout."""


def payouts_unlike_their_entries(database: Database) -> tuple[int, list[str]]:
    """Return how many payouts there are, and which entries differ from what their steps say."""
    count, facts, last = 0, list[str](), 0
    while True:
        with unit_of_work(database) as session:
            some = payouts.listing(session, after=last, limit=_PAYOUTS_A_STEP)
            if not some:
                return count, facts + _strays(database)
            last = some[-1].payout_id
            count += len(some)
            facts += _unlike(session, some)


def _unlike(session: Session, some: Sequence[StoredPayout]) -> list[str]:
    numbers = [one.payout_id for one in some]
    posted = {
        (one.kind.number, one.source_id): (one.currency, dict(one.legs))
        for one in entries.of_payouts(session, numbers)
    }
    steps = payouts.steps(session, numbers)
    corrected = payout_corrections.of_payouts(session, numbers)
    due: Posted = {}
    for one in some:
        due |= _due(one, steps.get(one.payout_id, []))
        for made in corrected.get(one.payout_id, []):
            key = (Kind.PAYOUT_CORRECTION.number, made.correction_id)
            due[key] = (one.currency, summed(legs(made.correction, one.transfer).items()))
    wanted = [made.correction_id for each in corrected.values() for made in each]
    posted |= {
        (one.kind.number, one.source_id): (one.currency, dict(one.legs))
        for one in entries.of_kind(session, Kind.PAYOUT_CORRECTION, wanted)
    }
    return [
        f"entry {key[0]}/{key[1]} posted {posted.get(key)}, its payout says {due.get(key)}"
        for key in sorted(due.keys() | posted.keys())
        if due.get(key) != posted.get(key)
    ]


def _due(one: StoredPayout, steps: Sequence[StoredStep]) -> Posted:
    """Return what the steps of a payout must have posted, in the order they were taken."""
    due: Posted = {}
    before: PayoutState | None = None
    for step in steps:
        said = legs_of(one.transfer, wanted=step.state, state=before, bank_nanos=step.bank_nanos)
        for kind, (currency, each) in said.items():
            if whole := summed(each.items()):
                due[kind.number, one.payout_id] = (currency, whole)
        before = step.state
    return due


def _strays(database: Database) -> list[str]:
    with unit_of_work(database) as session:
        strays = entries.sources_without_payout(session)
    return [f"entry {kind}/{source} is of no payout" for kind, source in strays]
