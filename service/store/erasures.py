"""Erasure of what is a person's: names, logins, addresses, accounts and texts; money stays.

Ledger, statements, rights and the registration log hold ids, and go on holding them. Everything
that says whose they are stands in rows that are written over or deleted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos
from service.store import (
    claim_steps,
    journal,
    line_disputes,
    mail,
    parties,
    payees,
    proposals,
    webhook_states,
)
from service.store.database import driver
from service.store.text_rules import check_text

MAX_REASON_CHARS = 500


class StillOwed(LedgerError):
    """A person who is to be erased has money here, or owes it."""

    def __init__(self, holder_id: int, balances: dict[str, str]) -> None:
        listed = ", ".join(f"{amount} on {account}" for account, amount in balances.items())
        super().__init__(
            f"holder {holder_id} has balances, which nobody could be paid any more: {listed}",
            holder_id=holder_id,
            balances=balances,
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did. kept_work_ids: works that others have a share in; their texts stay."""

    holder_id: int
    erased_work_ids: tuple[int, ...]
    kept_work_ids: tuple[int, ...]
    reason: str
    erased_by: str
    erased_at: datetime


def erase(
    session: Session, holder_id: int, *, reason: str, by: str, even_owed: bool, now: datetime
) -> Erasure:
    """Erase a holder; works that are theirs alone are withdrawn and lose their texts.

    Run again it erases what has come since, as after a restore. Raises UnknownHolder, StillOwed.
    even_owed: although money is left, which then stays where it is.
    """
    check_text(reason, place="reason", max_chars=MAX_REASON_CHARS)
    parties.check_holders(session, [holder_id])
    owed = _balances(session, holder_id)
    if owed and not even_owed:
        raise StillOwed(holder_id, owed)
    alone, shared = _works(session, holder_id)
    _erase_works(session, alone, now=now)
    _erase_person(session, holder_id, now=now)
    _erase_printed(session, holder_id, alone)
    made = Erasure(holder_id, tuple(alone), tuple(shared), reason, by, now)
    session.execute(
        text(
            "INSERT INTO erasure (holder_id, erased_work_ids, kept_work_ids, reason, erased_by, "
            "erased_at) VALUES (:holder, :erased, :kept, :reason, :by, :now)"
        ),
        {
            "holder": holder_id,
            "erased": alone,
            "kept": shared,
            "reason": reason,
            "by": by,
            "now": now,
        },
    )
    return made


def listing(session: Session) -> list[Erasure]:
    """List all erasures in order: what is to be done again after an older backup is restored."""
    rows = session.execute(
        text(
            "SELECT holder_id, erased_work_ids, kept_work_ids, reason, erased_by, erased_at "
            "FROM erasure ORDER BY erasure_id"
        )
    )
    return [
        Erasure(holder, tuple(erased), tuple(kept), reason, by, at)
        for holder, erased, kept, reason, by, at in rows
    ]


def _balances(session: Session, holder_id: int) -> dict[str, str]:
    found = journal.balances(session, prefix=f"holder:{holder_id}:")
    return {
        f"{one.account} {one.currency}": format_nanos(abs(one.nanos)) for one in found if one.nanos
    }


def _works(session: Session, holder_id: int) -> tuple[list[int], list[int]]:
    """Return the works that are the holder's alone from now on, and those that others share."""
    rows = session.execute(
        text(
            "SELECT work_id, bool_and(holder_ids <@ ARRAY[CAST(:holder AS bigint)]) "
            "FROM rights_version WHERE superseded_at IS NULL AND upper_inf(days) "
            "AND work_id IN (SELECT work_id FROM rights_version "
            "WHERE holder_ids @> ARRAY[CAST(:holder AS bigint)]) GROUP BY work_id ORDER BY work_id"
        ),
        {"holder": holder_id},
    ).all()
    alone = [int(work_id) for work_id, is_alone in rows if is_alone]
    return alone, [int(work_id) for work_id, is_alone in rows if not is_alone]


_OF_TEXTS = (
    (
        "UPDATE work SET title = 'erased work ' || coalesce(edition_of, work_id), "
        "reference = NULL, edition_note = NULL, source_type = NULL, source_hash = NULL, "
        "source_bytes = NULL, detected_language = NULL, created_on = NULL, "
        "withdrawn_at = coalesce(withdrawn_at, greatest(%(now)s, registered_at)), "
        "embedded_at = coalesce(embedded_at, %(now)s), "
        "examined_at = coalesce(examined_at, %(now)s), "
        "late_searched_at = coalesce(late_searched_at, %(now)s), "
        "erased_at = coalesce(erased_at, %(now)s) WHERE work_id = ANY(%(texts)s)"
    ),
    "DELETE FROM work_text WHERE work_id = ANY(%(texts)s)",
    (
        "UPDATE embedding SET vector = decode(repeat('00', length(vector)), 'hex') FROM passage p "
        "WHERE p.passage_id = embedding.passage_id AND p.work_id = ANY(%(texts)s)"
    ),
    (
        "UPDATE passage SET lexical = decode(repeat('00', 8), 'hex') "
        "WHERE lexical IS NOT NULL AND work_id = ANY(%(texts)s)"
    ),
    "DELETE FROM identifier WHERE work_id = ANY(%(texts)s)",
)
_NAMED = (
    "SET name = CASE subject WHEN 'holder' THEN 'erased holder ' ELSE 'erased work ' END "
    "|| subject_id WHERE (subject = 'holder' AND subject_id = %(holder)s) "
    "OR (subject = 'work' AND subject_id = ANY(%(works)s))"
)


def _erase_works(session: Session, work_ids: Sequence[int], *, now: datetime) -> None:
    """Withdraw works and take texts, titles, vectors and hashed words away, of every edition.

    A text's own hash stays: it is in the registration log, and no text comes out of it. Vectors
    become zeros and stay in the count by which an index is checked.
    """
    connection = driver(session)
    rows = connection.execute(
        "SELECT work_id FROM work WHERE work_id = ANY(%(works)s) OR edition_of = ANY(%(works)s) "
        "ORDER BY work_id FOR UPDATE",
        {"works": list(work_ids)},
    )
    texts = [int(row[0]) for row in rows]
    for statement in _OF_TEXTS:
        connection.execute(statement, {"texts": texts, "now": now})


_OF_ACCOUNTS = (
    (
        "DELETE FROM second_factor WHERE user_id IN "
        "(SELECT user_id FROM portal_user WHERE party_id = %(holder)s)"
    ),
    (
        "DELETE FROM recovery_code WHERE user_id IN "
        "(SELECT user_id FROM portal_user WHERE party_id = %(holder)s)"
    ),
    (
        "DELETE FROM account_letter WHERE party_id = %(holder)s OR address IN "
        "(SELECT login FROM portal_user WHERE party_id = %(holder)s) OR user_id IN "
        "(SELECT user_id FROM portal_user WHERE party_id = %(holder)s)"
    ),
)


def _erase_person(session: Session, holder_id: int, *, now: datetime) -> None:
    connection = driver(session)
    values = {"holder": holder_id}
    connection.execute(
        "UPDATE party SET name = 'erased holder ' || party_id WHERE party_id = %(holder)s", values
    )
    connection.execute(
        "DELETE FROM portal_session WHERE user_id IN "
        "(SELECT user_id FROM portal_user WHERE party_id = %(holder)s)",
        values,
    )
    for statement in _OF_ACCOUNTS:
        connection.execute(statement, values)
    connection.execute("DELETE FROM portal_user WHERE party_id = %(holder)s", values)
    payees.erase(session, holder_id, now=now)
    mail.remove_address(session, holder_id)
    claim_steps.erase(session, holder_id, now=now)
    proposals.erase(session, holder_id, now=now)
    line_disputes.erase(session, holder_id, now=now)
    webhook_states.erase(session, holder_id)
    connection.execute(
        "UPDATE mail SET answer = '' FROM statement s WHERE s.statement_id = mail.statement_id "
        "AND s.holder_id = %(holder)s AND answer <> ''",
        values,
    )


def _erase_printed(session: Session, holder_id: int, work_ids: Sequence[int]) -> None:
    """Write over the names that statements are printed with; their figures stay."""
    values = {"holder": holder_id, "works": list(work_ids)}
    driver(session).execute("UPDATE printed_name " + _NAMED, values)
    driver(session).execute("UPDATE reissued_name " + _NAMED, values)
