"""What the tasks do: short steps over waiting rows, each safe to run by several at once."""

from collections.abc import Callable
from contextlib import nullcontext
from time import monotonic, sleep

import structlog

from service.ledger.period import Period
from service.store import (
    attributions,
    correction_jobs,
    embeddings,
    examinations,
    holds,
    late_matches,
    period_seals,
    periods,
    presence,
    proposals,
    receipts,
    refunds,
    registration_log,
    renewal,
    seals,
    summaries,
    unmatched,
    work_batches,
)
from service.store.approvals import ApprovalsMissing
from service.store.database import only_one, unit_of_work
from worker import claims, close, holding, period_sealing, pools, proposing, summing
from worker.approving import check_approved, may_be_approved
from worker.attributing import attribute_next
from worker.correcting import work_off_next
from worker.embedding import embed_next, renew_next
from worker.examining import examine_next
from worker.late_search import search_next
from worker.receipt_key import signer_of
from worker.refunds import apply_next, unpark_next
from worker.registering import log_next
from worker.settlement import Memory, settle_batch
from worker.workplace import Workplace

STEP_SECONDS = 2.0
HELD_SECONDS = 0.1
COUNTED_AT_ONCE = 500
_CLOSING = 7_800_000
log = structlog.get_logger()

Progress = Callable[[str, int, int], None]


def silent(_step: str, _done: int, _of: int) -> None:
    """Tell nobody."""


def embed(workplace: Workplace) -> bool:
    """Log, embed, examine and look up late claims of waiting works for one step; whether more wait.

    What an upgrade left without prints or vectors comes first: nothing is compared before.
    """
    logged = log_texts(workplace)
    database, room, now = workplace.database, workplace.room, workplace.clock()
    with room.alone() as alone:
        if not alone:
            return logged  # who is at it rings again
        embedded = any(renew_next(database, room)) or any(embed_next(database, room, now=now))
        examined = examine_next(database, room, now=now)
        return bool(logged or embedded or examined) or any(_search(workplace))


def log_texts(workplace: Workplace) -> bool:
    """Give waiting texts their receipts for one step; whether any got one."""
    database, now = workplace.database, workplace.clock()
    return bool(log_next(database, lambda: signer_of(workplace.settings), now=now))


def _search(workplace: Workplace) -> tuple[int, int]:
    return search_next(
        workplace.database,
        workplace.room,
        window_days=workplace.settings.claim_window_days,
        now=workplace.clock(),
    )


def attribute(workplace: Workplace) -> bool:
    """Attribute, and count where works win a little, for one step each; whether more may wait."""
    more = _attribute(workplace)
    return _count_presence(workplace) or more


def _attribute(workplace: Workplace) -> bool:
    """Attribute for one step; whether more sales may wait.

    Not before every work is embedded, under the encoder in use, and examined: a sale must not pay a
    copy of what was registered before.
    """
    with unit_of_work(workplace.database) as session:
        if not work_batches.waiting(session).to_attribute or examinations.unready_count(session):
            return False  # whoever examines the last one rings
    workplace.room.refresh()
    with unit_of_work(workplace.database) as session:
        if renewal.outdated_count(session, workplace.room.encoder_id):
            return False
    with workplace.room.alone() as alone:
        if not alone:
            return False
        done = attribute_next(
            workplace.database,
            workplace.room,
            keep_days=workplace.settings.fingerprint_retention_days,
            now=workplace.clock(),
        )
        return done is not None


def _count_presence(workplace: Workplace) -> bool:
    """Count attributions in short transactions for one step; whether more may wait."""
    started = monotonic()
    while _counted(workplace):
        if monotonic() - started > STEP_SECONDS:
            return True
    return False  # nothing waits, or who is at it rings again


def _counted(workplace: Workplace) -> int:
    with unit_of_work(workplace.database) as session:
        return presence.count_next(session, limit=COUNTED_AT_ONCE)


def settle(workplace: Workplace) -> bool:
    """Settle, correct, finish what closes and seal, for one step; whether more waits."""
    database, started, memory = workplace.database, monotonic(), Memory()
    while settle_batch(database, now=workplace.clock(), memory=memory) or _correct(workplace):
        if monotonic() - started > STEP_SECONDS:
            return True
    finish_closing(workplace, silent)
    needed = workplace.settings.pool_approvals
    if needed:
        pools.release_approved(database, needed=needed, now=workplace.clock())
    with unit_of_work(database) as session:
        seals.seal_waiting(session, now=workplace.clock())
    period_sealing.seal_waiting(database, now=workplace.clock())
    return summing.add_for(database, seconds=STEP_SECONDS)


def _correct(workplace: Workplace) -> bool:
    """Take out one refund to its sale, work off changed facts, post a refund, claims or holds."""
    database, now = workplace.database, workplace.clock()
    return (
        unpark_next(database, now=now)
        or work_off_next(database, workplace.room, now=now)
        or apply_next(database, now=now)
        or claims.step(database, now=now)
        or proposing.step(database, now=now)
        or holding.post_next(database, now=now)
    )


def tidy(workplace: Workplace) -> int:
    """Delete texts and fingerprints of outputs whose retention has ended; return how many."""
    with unit_of_work(workplace.database) as session:
        presence.forget_texts(session, now=workplace.clock())
        texts = attributions.delete_old_texts(session, now=workplace.clock())
        return texts + unmatched.delete_old(session, now=workplace.clock())


def waits(workplace: Workplace) -> bool:
    """Whether any row waits for a worker."""
    with unit_of_work(workplace.database) as session:
        waiting = work_batches.waiting(session)
        return bool(
            waiting.to_attribute
            or waiting.to_settle
            or examinations.unready_count(session)
            or registration_log.any_waiting(session)
            or late_matches.unsearched(session, limit=1)
            or presence.any_waiting(session)
            or summaries.any_waiting(session)
            or refunds.any_waiting(session)
            or correction_jobs.waiting_count(session)
            or claims.waits(session, now=workplace.clock())
            or proposals.due(session, now=workplace.clock()) is not None
            or holds.waiting_holders(session, limit=1)
            or periods.closing(session)
            or seals.unsealed_count(session)
            or period_seals.next_waiting(session) is not None
        )


def finish_closing(workplace: Workplace, progress: Progress) -> None:
    """Finish a closing period if it waits for no sale any more; one process at a time."""
    with unit_of_work(workplace.database) as session:
        if not periods.closing(session):
            return
    with only_one(workplace.database, _CLOSING) as alone:
        with unit_of_work(workplace.database) as session:
            period = periods.closing(session)
        if alone and period and not close.waits_for(workplace.database, period):
            _finish(workplace, period, progress)


def _finish(workplace: Workplace, period: Period, progress: Progress) -> None:
    """Post a close; where operators approve it, exactly what they approved."""
    database, needed = workplace.database, workplace.settings.close_approvals
    if not may_be_approved(database, period, needed=needed):
        return
    with receipts.stopped(database) if needed else nullcontext():
        if _is_approved(workplace, period, progress):
            close.finish(
                database,
                period,
                threshold=workplace.threshold,
                payment_days=workplace.settings.vendor_payment_days,
                now=workplace.clock(),
                progress=progress,
            )


def _is_approved(workplace: Workplace, period: Period, progress: Progress) -> bool:
    try:
        check_approved(
            workplace.database,
            period,
            needed=workplace.settings.close_approvals,
            threshold=workplace.threshold,
            now=workplace.clock(),
            progress=progress,
        )
    except ApprovalsMissing as missing:
        log.info("close.not_approved", **missing.facts)
        return False
    return True


def drain(workplace: Workplace, progress: Progress = silent) -> int:
    """Embed, examine, attribute, settle and seal until nothing waits; return passages embedded.

    What another process holds is waited for only as long as it is the last thing left.
    """
    _repeat(lambda: (int(log_texts(workplace)), 0), "logging works", 0, progress)
    passages = _embed_all(workplace, progress)
    _examine_all(workplace, progress)
    total = 0
    while True:
        busy = embed(workplace) or attribute(workplace) or settle(workplace)
        with unit_of_work(workplace.database) as session:
            waits = work_batches.waiting(session)
        left = waits.to_attribute + waits.to_settle
        total = max(total, left)
        if total:
            progress("attributing and settling sales", total - left, total)
        if not left and not busy:
            break
        if not busy:
            sleep(HELD_SECONDS)  # another process holds what is left
    workplace.room.save()
    return passages


def _embed_all(workplace: Workplace, progress: Progress) -> int:
    database, room = workplace.database, workplace.room
    room.refresh(progress)
    with unit_of_work(database) as session:
        outdated = renewal.outdated_count(session, room.encoder_id)
        unembedded = embeddings.unembedded_count(session)
    passages = _repeat(lambda: renew_next(database, room), "renewing works", outdated, progress)
    passages += _repeat(
        lambda: embed_next(database, room, now=workplace.clock()),
        "embedding works",
        unembedded,
        progress,
    )
    room.refresh(progress)
    return passages


def _examine_all(workplace: Workplace, progress: Progress) -> None:
    with unit_of_work(workplace.database) as session:
        unexamined = examinations.unready_count(session)
    _repeat(
        lambda: (examine_next(workplace.database, workplace.room, now=workplace.clock()), 0),
        "examining works",
        unexamined,
        progress,
    )
    _repeat(lambda: _search(workplace), "looking for late claims", 0, progress)


def _repeat(step: Callable[[], tuple[int, int]], name: str, total: int, progress: Progress) -> int:
    """Repeat a step (works, passages) until it does nothing; return the passages."""
    done = passages = 0
    while True:
        works, count = step()
        if not works and not count:
            return passages
        done, passages = done + works, passages + count
        progress(name, done, max(total, done))
