"""One-time codes (TOTP, RFC 6238) as a second factor, and codes for whoever lost the device.

The secret is sealed with the keys of account data; of recovery codes only hashes are kept. No code
is taken twice.
"""

import hashlib
import secrets
from datetime import datetime

import pyotp
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.database import driver
from service.store.key_ring import KeyRing, Sealed

RECOVERY_CODES = 10
_STEP_SECONDS = 30
_ISSUER = "Wellspring"


class SecondFactorMissing(LedgerError):
    """Login and password are right; a one-time code is needed beside them."""

    def __init__(self) -> None:
        super().__init__("give a one-time code, or one of the recovery codes, too")


class CodeRefused(LedgerError):
    """A one-time code is wrong, or was used before."""

    def __init__(self) -> None:
        super().__init__("the code is wrong, has ended or was used before")


class NoSecondFactor(LedgerError):
    """Nothing waits to be confirmed, or there is no second factor."""

    def __init__(self) -> None:
        super().__init__("no second factor is set up")


def begin(session: Session, user_id: int, ring: KeyRing, *, now: datetime) -> str:
    """Make a new secret that counts once a code confirms it; return it in base32."""
    secret = pyotp.random_base32()
    sealed = ring.seal(secret.encode(), about=_about(user_id))
    driver(session).execute(
        "INSERT INTO second_factor (user_id, key_id, nonce, sealed, made_at) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (user_id) DO UPDATE SET key_id = excluded.key_id, "
        "nonce = excluded.nonce, sealed = excluded.sealed, made_at = excluded.made_at, "
        "last_step = 0 WHERE second_factor.confirmed_at IS NULL",
        (user_id, sealed.key_id, sealed.nonce, sealed.content, now),
    )
    return secret


def waiting(session: Session, user_id: int, ring: KeyRing) -> str | None:
    """Return the secret that waits to be confirmed."""
    found = _row(session, user_id)
    return None if found is None or found[1] is not None else _opened(user_id, ring, found[0])


def uri_of(secret: str, login: str) -> str:
    """Return what programs for one-time codes read."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)


def is_on(session: Session, user_id: int) -> bool:
    """Whether a confirmed second factor guards a login."""
    found = _row(session, user_id)
    return found is not None and found[1] is not None


def confirm(
    session: Session, user_id: int, ring: KeyRing, code: str, *, now: datetime
) -> list[str]:
    """Switch the second factor on with its first code; return recovery codes, seen this once.

    Raises NoSecondFactor, CodeRefused.
    """
    found = _row(session, user_id)
    if found is None or found[1] is not None:
        raise NoSecondFactor
    _take(session, user_id, ring, code, now=now)
    driver(session).execute(
        "UPDATE second_factor SET confirmed_at = %s WHERE user_id = %s", (now, user_id)
    )
    return make_recovery_codes(session, user_id)


def check(session: Session, user_id: int, ring: KeyRing, code: str, *, now: datetime) -> None:
    """Take a one-time code or a recovery code; raise CodeRefused."""
    plain = "".join(code.split()).replace("-", "").lower()
    if plain.isascii() and plain.isdigit():
        _take(session, user_id, ring, plain, now=now)
        return
    used = driver(session).execute(
        "UPDATE recovery_code SET used_at = %s "
        "WHERE user_id = %s AND code_hash = %s AND used_at IS NULL",
        (now, user_id, _hash(plain)),
    )
    if not used.rowcount:
        raise CodeRefused


def make_recovery_codes(session: Session, user_id: int) -> list[str]:
    """Replace all recovery codes of a user; return the new ones, the only time they are seen."""
    made = [secrets.token_hex(5) for _ in range(RECOVERY_CODES)]
    connection = driver(session)
    connection.execute("DELETE FROM recovery_code WHERE user_id = %s", (user_id,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO recovery_code (user_id, code_hash) VALUES (%s, %s)",
            [(user_id, _hash(code)) for code in made],
        )
    return [f"{code[:5]}-{code[5:]}" for code in made]


def recovery_codes_left(session: Session, user_id: int) -> int:
    """Count the recovery codes that were not used."""
    query = "SELECT count(*) FROM recovery_code WHERE user_id = %s AND used_at IS NULL"
    row = driver(session).execute(query, (user_id,)).fetchone()
    assert row
    return int(row[0])


def switch_off(session: Session, user_id: int) -> None:
    """Take the second factor and the recovery codes away."""
    driver(session).execute("DELETE FROM second_factor WHERE user_id = %s", (user_id,))
    driver(session).execute("DELETE FROM recovery_code WHERE user_id = %s", (user_id,))


def _take(session: Session, user_id: int, ring: KeyRing, code: str, *, now: datetime) -> None:
    """Take a code of this step or the one beside it, each once; raise CodeRefused."""
    connection = driver(session)
    row = connection.execute(
        "SELECT key_id, nonce, sealed, last_step FROM second_factor WHERE user_id = %s FOR UPDATE",
        (user_id,),
    ).fetchone()
    if not row:
        raise CodeRefused
    codes = pyotp.TOTP(_opened(user_id, ring, Sealed(*row[:3])))
    step = int(now.timestamp()) // _STEP_SECONDS
    plain = "".join(code.split()).encode("utf-8", "replace")
    for one in (step - 1, step, step + 1):
        if one > row[3] and secrets.compare_digest(codes.generate_otp(one).encode(), plain):
            connection.execute(
                "UPDATE second_factor SET last_step = %s WHERE user_id = %s", (one, user_id)
            )
            return
    raise CodeRefused


def _row(session: Session, user_id: int) -> tuple[Sealed, datetime | None] | None:
    row = (
        driver(session)
        .execute(
            "SELECT key_id, nonce, sealed, confirmed_at FROM second_factor WHERE user_id = %s",
            (user_id,),
        )
        .fetchone()
    )
    return (Sealed(*row[:3]), row[3]) if row else None


def _opened(user_id: int, ring: KeyRing, sealed: Sealed) -> str:
    return ring.open(sealed, about=_about(user_id)).decode()


def _about(user_id: int) -> str:
    return f"second factor of {user_id}"


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()
