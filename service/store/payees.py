"""Payees as rows: profiles, dated and erasable; the newest of a party counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.payee import MAX_LINES, Payee, Profile, obstacles
from service.ledger.succession import parts_of
from service.ledger.tax import PayeeKind
from service.store import parties, payee_accounts, payee_assignments, payee_checks
from service.store.database import driver
from service.store.text_rules import BadText, check_text

_MAX_NAME, _MAX_LINE, _MAX_TAX_NUMBER = 140, 70, 40


class PayeeNotFound(LedgerError):
    """No such payee, or not yours."""

    def __init__(self, payee_id: int) -> None:
        super().__init__(f"no payee {payee_id}", payee_id=payee_id)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """The newest profile of a party. ``erased``: name, address and tax number are blank."""

    profile_id: int
    payee_id: int
    profile: Profile
    made_by: str
    made_at: datetime
    erased: bool


def add(session: Session, payee_id: int, profile: Profile, *, by: str, now: datetime) -> int:
    """Keep a profile of a party; return its number. Raises UnknownHolder, BadText."""
    parties.check_holders(session, [payee_id])
    check_text(profile.legal_name, place="legal_name", max_chars=_MAX_NAME)
    check_text(profile.tax_number, place="tax_number", max_chars=_MAX_TAX_NUMBER, empty=True)
    if len(profile.address) > MAX_LINES:
        raise BadText("address", f"has {len(profile.address)} lines, at most {MAX_LINES} are taken")
    for line in profile.address:
        check_text(line, place="address", max_chars=_MAX_LINE)
    row = (
        driver(session)
        .execute(
            "INSERT INTO payee_profile (party_id, legal_name, country, kind, currency, address, "
            "tax_number, invoice, made_by, made_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING profile_id",
            (
                payee_id,
                profile.legal_name,
                profile.country,
                str(profile.kind),
                profile.currency,
                list(profile.address),
                profile.tax_number,
                profile.invoice,
                by,
                now,
            ),
        )
        .fetchone()
    )
    assert row
    return int(row[0])


def profile_numbered(session: Session, profile_id: int) -> StoredProfile:
    """Return a profile by its number: who a payee was when something was issued to it."""
    rows = driver(session).execute(_PROFILE + "WHERE profile_id = %s", (profile_id,))
    (found,) = map(_stored, rows)
    return found


_PROFILE = (
    "SELECT party_id, profile_id, legal_name, country, kind, currency, address, tax_number, "
    "invoice, made_by, made_at, erased_at IS NOT NULL FROM payee_profile "
)


def _stored(row: Sequence[Any]) -> StoredProfile:
    kind = PayeeKind(row[4])
    profile = Profile(row[2], row[3], kind, row[5], tuple(row[6]), row[7], row[8])
    return StoredProfile(row[1], row[0], profile, row[9], row[10], row[11])


def profiles(
    session: Session, payee_ids: Sequence[int], *, at: datetime | None = None
) -> dict[int, StoredProfile]:
    """Return the newest profile of each party that has one, or the newest by an instant."""
    rows = driver(session).execute(
        "SELECT DISTINCT ON (party_id) "
        + _PROFILE.removeprefix("SELECT ")
        + "WHERE party_id = ANY(%s) AND (%s::timestamptz IS NULL OR made_at <= %s) "
        "ORDER BY party_id, profile_id DESC",
        (list(payee_ids), at, at),
    )
    return {row[0]: _stored(row) for row in rows}


def known(session: Session, payee_ids: Sequence[int]) -> dict[int, Payee]:
    """Return all that decides whether these parties may be paid; erased profiles are none."""
    numbers = sorted(set(payee_ids))
    who = profiles(session, numbers)
    where = payee_accounts.accounts_of(session, numbers)
    checks = payee_checks.counting(session, numbers)
    dead = payee_assignments.deaths(session, numbers)
    found = {}
    for number in numbers:
        stored = who.get(number)
        profile = stored.profile if stored and not stored.erased else None
        found[number] = Payee(number, profile, where.get(number), checks[number], dead.get(number))
    return found


def waiting(session: Session, *, now: datetime) -> list[Payee]:
    """Return the payees of newest statements with something payable that cannot be paid now."""
    rows = driver(session).execute(
        "SELECT DISTINCT holder_id FROM (SELECT DISTINCT ON (holder_id, currency) holder_id, "
        "payable_nanos FROM statement ORDER BY holder_id, currency, period DESC) AS newest "
        "WHERE payable_nanos > 0 ORDER BY holder_id"
    )
    numbers = [int(row[0]) for row in rows]
    assigned = payee_assignments.everything(session)
    payees = {
        part.payee_id
        for number in numbers
        for part in parts_of(number, assigned, issued_on=now.date(), day=now.date())
    }
    found = known(session, sorted(payees))
    return [found[number] for number in sorted(payees) if obstacles(found[number], now=now)]


def erase(session: Session, payee_id: int, *, now: datetime) -> int:
    """Erase name, address, tax number and account data of a payee; money records stay.

    Returns how many profiles and accounts were erased; run twice it is none.
    """
    blanked = driver(session).execute(
        "UPDATE payee_profile SET legal_name = '', address = '{}', tax_number = '', "
        "erased_at = %s WHERE party_id = %s AND erased_at IS NULL",
        (now, payee_id),
    )
    return blanked.rowcount + payee_accounts.erase(session, payee_id, now=now)
