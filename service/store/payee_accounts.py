"""Accounts of payees: sealed at rest, one counts at a time, a changed one waits first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.payee import Account
from service.store import parties
from service.store.account_details import AccountDetails, read_bytes
from service.store.database import driver
from service.store.key_ring import KeyRing, Sealed

_ERASED = "erased"


class AccountErased(LedgerError):
    """Account data is not there any more."""

    def __init__(self, account_id: int) -> None:
        super().__init__(f"account {account_id} has been erased", account_id=account_id)


def set_account(
    session: Session,
    payee_id: int,
    details: AccountDetails,
    ring: KeyRing,
    *,
    by: str,
    now: datetime,
    cooling_days: int,
) -> Account:
    """Keep where a payee is paid from now on; the account before it ends.

    The first is paid at once, every later one only after the cooling period. The caller has made
    sure that the payee itself asks. Raises UnknownHolder.
    """
    parties.check_holders(session, [payee_id])
    connection = driver(session)
    connection.execute("SELECT 1 FROM party WHERE party_id = %s FOR NO KEY UPDATE", (payee_id,))
    changed = connection.execute(
        "UPDATE payee_account SET ended_at = %s WHERE party_id = %s AND ended_at IS NULL "
        "RETURNING account_id",
        (now, payee_id),
    ).fetchone()
    usable = now + timedelta(days=cooling_days) if changed else now
    sealed = ring.seal(details.as_bytes(), about=_about(payee_id, details.method, details.masked))
    row = connection.execute(
        "INSERT INTO payee_account (party_id, method, masked, key_id, nonce, sealed, made_by, "
        "made_at, usable_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING account_id",
        (
            *(payee_id, details.method, details.masked, sealed.key_id, sealed.nonce),
            *(sealed.content, by, now, usable),
        ),
    ).fetchone()
    assert row
    return Account(int(row[0]), details.method, details.masked, usable)


def accounts_of(session: Session, payee_ids: Sequence[int]) -> dict[int, Account]:
    """Return the account that counts of each payee that has one, without its number."""
    rows = driver(session).execute(
        "SELECT party_id, account_id, method, masked, usable_at FROM payee_account "
        "WHERE party_id = ANY(%s) AND ended_at IS NULL",
        (list(payee_ids),),
    )
    return {row[0]: Account(row[1], row[2], row[3], row[4]) for row in rows}


def opened(
    session: Session, account_ids: Sequence[int], ring: KeyRing
) -> dict[int, AccountDetails]:
    """Return account data in the clear: for the bank's file only. Raises KeyMissing, AccountErased.

    An account that has ended since is opened too: what was reserved for it was approved.
    """
    found = {}
    for number, payee, method, masked, key, nonce, content, erased in driver(session).execute(
        "SELECT account_id, party_id, method, masked, key_id, nonce, sealed, erased_at "
        "FROM payee_account WHERE account_id = ANY(%s)",
        (list(account_ids),),
    ):
        if erased:
            raise AccountErased(number)
        sealed = Sealed(key, bytes(nonce), bytes(content))
        found[number] = read_bytes(ring.open(sealed, about=_about(payee, method, masked)))
    return found


def reseal(session: Session, ring: KeyRing, *, limit: int) -> int:
    """Seal some accounts anew that another than the current key seals; return how many."""
    connection = driver(session)
    rows = connection.execute(
        "SELECT account_id, party_id, method, masked, key_id, nonce, sealed FROM payee_account "
        "WHERE key_id <> %s AND erased_at IS NULL ORDER BY account_id LIMIT %s "
        "FOR UPDATE SKIP LOCKED",
        (ring.current, limit),
    ).fetchall()
    for number, payee, method, masked, key, nonce, content in rows:
        about = _about(payee, method, masked)
        again = ring.seal(
            ring.open(Sealed(key, bytes(nonce), bytes(content)), about=about), about=about
        )
        connection.execute(
            "UPDATE payee_account SET key_id = %s, nonce = %s, sealed = %s WHERE account_id = %s",
            (again.key_id, again.nonce, again.content, number),
        )
    return len(rows)


def erase(session: Session, payee_id: int, *, now: datetime) -> int:
    """Erase a payee's account data for good; return of how many accounts. What was paid stays."""
    return (
        driver(session)
        .execute(
            "UPDATE payee_account SET masked = %s, sealed = '', erased_at = %s, "
            "ended_at = coalesce(ended_at, %s) WHERE party_id = %s AND erased_at IS NULL",
            (_ERASED, now, now, payee_id),
        )
        .rowcount
    )


def _about(payee_id: int, method: str, masked: str) -> str:
    """Name what account data belongs to: moved to another payee's row it does not open."""
    return f"payee-account:{payee_id}:{method}:{masked}"
