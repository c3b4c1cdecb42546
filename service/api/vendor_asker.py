"""Who may ask for what concerns one vendor: its key, its people, and operators for all."""

from typing import Annotated

from fastapi import Depends, Query
from sqlmodel import Session

from service.api.dependencies import CREATOR, OPERATOR, VENDOR, AnyAsker, RoleRefused
from service.store import parties


def vendor_asked_for(asked_by: AnyAsker) -> int | None:
    """Return the vendor that asks, by key or by session; None for an operator, who sees all.

    Raises KeyRefused, ScopeMissing, NotSignedIn, RoleRefused.
    """
    if asked_by.holder_id is not None:
        raise RoleRefused(CREATOR, (VENDOR, OPERATOR))
    return asked_by.vendor_id


VendorAsker = Annotated[int | None, Depends(vendor_asked_for)]
VendorNamed = Annotated[
    str, Query(max_length=200, description="Name of the vendor; an operator gives it.")
]


def vendor_of(session: Session, asked_by: int | None, named: str) -> int:
    """Return the vendor that asks, for an operator the one that is named; raise UnknownVendor.

    What a vendor names is not looked at: it sees its own.
    """
    if asked_by is not None:
        return asked_by
    number = parties.vendor_named(session, named).party_id
    assert number is not None
    return number
