"""Who may ask for what concerns one vendor: its key, its people, and operators for all."""

from typing import Annotated

from fastapi import Depends

from service.api.dependencies import CREATOR, OPERATOR, VENDOR, AnyAsker, RoleRefused


def vendor_asked_for(asked_by: AnyAsker) -> int | None:
    """Return the vendor that asks, by key or by session; None for an operator, who sees all.

    Raises KeyRefused, ScopeMissing, NotSignedIn, RoleRefused.
    """
    if asked_by.holder_id is not None:
        raise RoleRefused(CREATOR, (VENDOR, OPERATOR))
    return asked_by.vendor_id


VendorAsker = Annotated[int | None, Depends(vendor_asked_for)]
