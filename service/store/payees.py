"""Payees as rows: profiles, dated and erasable; the newest of a party counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.payee import MAX_LINES, Profile
from service.ledger.tax import PayeeKind
from service.store import parties
from service.store.database import driver
from service.store.text_rules import BadText, check_text

_MAX_NAME, _MAX_LINE, _MAX_TAX_NUMBER = 140, 70, 40


class ProfileErased(LedgerError):
    """A profile was to be read that has been erased."""

    def __init__(self, payee_id: int) -> None:
        super().__init__(f"the profile of payee {payee_id} has been erased", payee_id=payee_id)


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


def profiles(session: Session, payee_ids: Sequence[int]) -> dict[int, StoredProfile]:
    """Return the newest profile of each party that has one."""
    rows = driver(session).execute(
        "SELECT DISTINCT ON (party_id) party_id, profile_id, legal_name, country, kind, currency, "
        "address, tax_number, invoice, made_by, made_at, erased_at IS NOT NULL "
        "FROM payee_profile WHERE party_id = ANY(%s) ORDER BY party_id, profile_id DESC",
        (list(payee_ids),),
    )
    return {
        row[0]: StoredProfile(
            row[1],
            row[0],
            Profile(row[2], row[3], PayeeKind(row[4]), row[5], tuple(row[6]), row[7], row[8]),
            row[9],
            row[10],
            row[11],
        )
        for row in rows
    }
