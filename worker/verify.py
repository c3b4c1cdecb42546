"""Verify: every invariant of the books, recomputed from the rows; failures carry their facts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.store import audit, seals
from service.store.database import Database, unit_of_work
from service.store.question import Question
from worker.payout_recompute import payouts_unlike_their_entries
from worker.period_sealing import periods_unlike_their_seal
from worker.pool_recompute import pools_unlike_their_release
from worker.recompute import batches_unlike_their_hash, sales_unlike_their_target
from worker.registering import log_broken
from worker.report_receipt_check import receipts_not_signed
from worker.vendor_stating import statements_unlike_the_books

Progress = Callable[[str, int, int], None]
MOST_FACTS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how many things were looked at, and the facts that break it."""

    invariant: str
    looked_at: int
    facts: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.facts


def verify(database: Database, progress: Progress) -> list[Check]:
    """Check all invariants; each question sees one snapshot, so the books may be worked on."""
    steps = [*_from_rows(), *_recomputed()]
    checks = []
    for at, (invariant, look) in enumerate(steps):
        progress("verifying", at, len(steps))
        count, facts = look(database)
        checks.append(Check(invariant, count, tuple(facts[:MOST_FACTS])))
    progress("verifying", len(steps), len(steps))
    return checks


Look = Callable[[Database], tuple[int, list[str]]]


def _from_rows() -> Iterator[tuple[str, Look]]:
    for question in audit.QUESTIONS:

        def look(database: Database, question: Question = question) -> tuple[int, list[str]]:
            with unit_of_work(database) as session:
                return audit.ask(session, question)

        yield question.invariant, look


def _seals(database: Database) -> tuple[int, list[str]]:
    with unit_of_work(database) as session:
        return seals.broken(session)


def _recomputed() -> Iterator[tuple[str, Look]]:
    yield "each batch has the content it was hashed with", batches_unlike_their_hash
    yield "the hash chain of seals is whole", _seals
    yield "posted = target for every sale", sales_unlike_their_target
    yield "each step of a payout posted what it says", payouts_unlike_their_entries
    yield "each pool stays divided as it was released", pools_unlike_their_release
    yield "each vendor's statement says what the books say", statements_unlike_the_books
    yield "each sealed period has the root of its rows", periods_unlike_their_seal
    yield "the registration log is whole and signed", log_broken
    yield "each receipt of a report is signed by a key of ours", receipts_not_signed
