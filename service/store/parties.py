"""Parties: rights holders, vendors and chain parties."""

import re
from datetime import datetime

from sqlmodel import Session, col, func, select

from service.ledger.errors import LedgerError
from service.store.rows import PartyRow
from service.store.text_rules import check_text

_SLUG = re.compile(r"[^a-z0-9]+")
_MAX_SLUG, _MAX_NAME = 63, 200


class UnknownVendor(LedgerError):
    """No vendor has this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        sentence = f"unknown vendor {name[:80]!r}; known are: {', '.join(known) or 'none'}"
        super().__init__(sentence, name=name[:80])


class UnknownHolder(LedgerError):
    """No holder has this id."""

    def __init__(self, holder_id: int) -> None:
        super().__init__(f"unknown holder {holder_id}", holder_id=holder_id)


class NoHolderNamed(LedgerError):
    """No holder has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no holder is named {name[:80]!r}", name=name[:80])


class HolderAmbiguous(LedgerError):
    """More than one holder has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"several holders are named {name[:80]!r}: name one by id", name=name[:80])


class VendorExists(LedgerError):
    """A vendor of this name exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"vendor {name[:80]!r} exists already", name=name[:80])


def slug_of(name: str) -> str:
    """Return the public id of a company: ``Acme Power`` -> ``acme-power``."""
    return _SLUG.sub("-", name.casefold()).strip("-")[:_MAX_SLUG].strip("-") or "party"


def add_company(
    session: Session,
    kind: str,
    name: str,
    *,
    now: datetime,
    slug: str | None = None,
    is_sample: bool = False,
) -> PartyRow:
    """Add a vendor or chain party; raise VendorExists where its public id is taken."""
    check_text(name, place="name", max_chars=_MAX_NAME)
    slug = slug or slug_of(name)
    if session.exec(select(PartyRow).where(PartyRow.slug == slug)).first():
        raise VendorExists(name)
    row = PartyRow(kind=kind, slug=slug, name=name, is_sample=is_sample, created_at=now)
    session.add(row)
    session.flush()
    return row


def vendor_named(session: Session, name: str) -> PartyRow:
    """Find a vendor by name or public id, whatever the case; raise UnknownVendor."""
    query = select(PartyRow).where(PartyRow.kind == "vendor")
    same = (func.lower(PartyRow.name) == name.lower()) | (PartyRow.slug == name.lower())
    found = session.exec(query.where(same)).first() if "\0" not in name else None
    if not found:
        raise UnknownVendor(name, [vendor.name for vendor in vendors(session)])
    return found


def vendors(session: Session) -> list[PartyRow]:
    """List all vendors by name."""
    query = select(PartyRow).where(PartyRow.kind == "vendor").order_by(PartyRow.name)
    return list(session.exec(query))


def chain(session: Session) -> list[PartyRow]:
    """List all chain parties by name."""
    query = select(PartyRow).where(PartyRow.kind == "chain").order_by(PartyRow.name)
    return list(session.exec(query))


def by_slug(session: Session, slug: str) -> PartyRow | None:
    """Return the company of a public id, if there is one."""
    return session.exec(select(PartyRow).where(PartyRow.slug == slug)).first()


def vendor_ids(session: Session) -> dict[str, int]:
    """Return the number of each vendor by its public id, in order of name."""
    return {
        vendor.slug: vendor.party_id
        for vendor in vendors(session)
        if vendor.slug and vendor.party_id
    }


def holder_named(
    session: Session, name: str, *, now: datetime, is_sample: bool = False
) -> PartyRow:
    """Find the holder of this name or add it; raise HolderAmbiguous where several have it."""
    check_text(name, place="holder", max_chars=_MAX_NAME)
    query = select(PartyRow).where(PartyRow.kind == "holder", PartyRow.name == name).limit(2)
    found = session.exec(query).all()
    if len(found) > 1:
        raise HolderAmbiguous(name)
    return found[0] if found else add_holder(session, name, now=now, is_sample=is_sample)


def known_holder(session: Session, name: str) -> int:
    """Return the number of the one holder of this name; raise NoHolderNamed, HolderAmbiguous."""
    query = select(PartyRow.party_id).where(PartyRow.kind == "holder", PartyRow.name == name)
    found = session.exec(query.limit(2)).all() if "\0" not in name else []
    if len(found) > 1:
        raise HolderAmbiguous(name)
    if not found or found[0] is None:
        raise NoHolderNamed(name)
    return found[0]


def add_holder(session: Session, name: str, *, now: datetime, is_sample: bool = False) -> PartyRow:
    """Add a rights holder; names of people need not be unique."""
    check_text(name, place="name", max_chars=_MAX_NAME)
    row = PartyRow(kind="holder", name=name, is_sample=is_sample, created_at=now)
    session.add(row)
    session.flush()
    return row


def check_holders(session: Session, holder_ids: list[int]) -> None:
    """Raise UnknownHolder for the first id that is no holder."""
    query = select(PartyRow.party_id).where(
        col(PartyRow.party_id).in_(holder_ids), PartyRow.kind == "holder"
    )
    found = set(session.exec(query))
    for holder_id in holder_ids:
        if holder_id not in found:
            raise UnknownHolder(holder_id)


def names(session: Session, party_ids: list[int]) -> dict[int, str]:
    """Return the names of these parties."""
    query = select(PartyRow.party_id, PartyRow.name).where(col(PartyRow.party_id).in_(party_ids))
    return {int(party_id): name for party_id, name in session.exec(query) if party_id is not None}


def slugs(session: Session, party_ids: list[int]) -> dict[int, str]:
    """Return the public ids of these companies."""
    query = select(PartyRow.party_id, PartyRow.slug).where(col(PartyRow.party_id).in_(party_ids))
    return {party_id: slug for party_id, slug in session.exec(query) if party_id and slug}
