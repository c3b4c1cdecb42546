"""What the tasks do: short steps over waiting rows, each safe to run by several at once."""

from collections.abc import Callable
from time import monotonic, sleep

from service.store import attributions, embeddings, periods, refunds, seals, work_batches
from service.store.database import only_one, unit_of_work
from worker import close
from worker.attributing import attribute_next
from worker.embedding import embed_next
from worker.refunds import apply_next
from worker.settlement import settle_batch
from worker.workplace import Workplace

STEP_SECONDS = 2.0
HELD_SECONDS = 0.1
_CLOSING = 7_800_000

Progress = Callable[[str, int, int], None]


def silent(_step: str, _done: int, _of: int) -> None:
    """Tell nobody."""


def embed(workplace: Workplace) -> bool:
    """Embed waiting works for one step; whether there may be more."""
    with workplace.room.alone() as alone:
        if not alone:
            return False  # who is at it rings again
        return any(embed_next(workplace.database, workplace.room, now=workplace.clock()))


def attribute(workplace: Workplace) -> bool:
    """Attribute for one step, once no work waits for embedding; whether more sales may wait."""
    with unit_of_work(workplace.database) as session:
        if embeddings.unembedded_count(session):
            return False  # whoever embeds the last one rings
    with workplace.room.alone() as alone:
        if not alone:
            return False
        done = attribute_next(workplace.database, workplace.room, now=workplace.clock())
        return done is not None


def settle(workplace: Workplace) -> bool:
    """Settle, apply refunds, finish what closes and seal, for one step; whether more waits."""
    database, started = workplace.database, monotonic()
    while settle_batch(database, now=workplace.clock()) or apply_next(
        database, now=workplace.clock()
    ):
        if monotonic() - started > STEP_SECONDS:
            return True
    finish_closing(workplace, silent)
    with unit_of_work(database) as session:
        seals.seal_waiting(session, now=workplace.clock())
    return False


def tidy(workplace: Workplace) -> int:
    """Delete texts of outputs whose retention has ended; return how many."""
    with unit_of_work(workplace.database) as session:
        return attributions.delete_old_texts(session, now=workplace.clock())


def waits(workplace: Workplace) -> bool:
    """Whether any row waits for a worker."""
    with unit_of_work(workplace.database) as session:
        waiting = work_batches.waiting(session)
        return bool(
            waiting.to_attribute
            or waiting.to_settle
            or embeddings.unembedded_count(session)
            or refunds.any_waiting(session)
            or periods.closing(session)
            or seals.unsealed_count(session)
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
            close.finish(
                workplace.database,
                period,
                threshold=workplace.threshold_nanos,
                now=workplace.clock(),
                progress=progress,
            )


def drain(workplace: Workplace, progress: Progress = silent) -> int:
    """Embed, attribute, settle and seal until nothing waits; return the passages embedded.

    What another process holds is waited for only as long as it is the last thing left.
    """
    passages = _embed_all(workplace, progress)
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
    with unit_of_work(workplace.database) as session:
        total = embeddings.unembedded_count(session)
    done = passages = 0
    while done < total or total == 0:
        works, count = embed_next(workplace.database, workplace.room, now=workplace.clock())
        if not works and not count:
            break
        done, passages = done + works, passages + count
        progress("embedding works", done, max(total, done))
    workplace.room.refresh(progress)
    return passages
