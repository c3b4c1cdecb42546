"""Who looks at a vendor's pages: somebody of one vendor, and of nobody else."""

from datetime import date
from typing import Annotated

from fastapi import Depends

from service.api.dependencies import VENDOR, require_role
from service.store.people import Person

VendorPerson = Annotated[Person, Depends(require_role(VENDOR))]


def vendor_of(person: Person) -> int:
    """Return the vendor of a person; who has the role has one."""
    assert person.party_id is not None
    return person.party_id


def day_of(typed: str) -> date | None:
    """Return the day that was typed as YYYY-MM-DD, None for nothing or no day."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None
