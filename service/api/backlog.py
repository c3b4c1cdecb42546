"""How far behind the workers are: told to vendors, and no reason to refuse their sales."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, anyone_known
from service.api.documented import problems
from service.store import work_batches
from service.store.database import unit_of_work

router = APIRouter(tags=["sales"], route_class=StrictRoute)


class Backlog(BaseModel):
    """Sales of all vendors that wait for a worker."""

    to_attribute: int = Field(description="Their sources are not looked for yet.")
    to_settle: int = Field(description="Attributed, not in the books yet.")
    oldest_reported_at: datetime | None = Field(description="Since when the oldest waits.")


@router.get(
    "/v1/backlog",
    summary="How far behind attribution is",
    dependencies=[Depends(anyone_known)],
    responses=problems(401),
)
def get_backlog(context: Context) -> Backlog:
    """Tell how many sales wait and since when; each counts at its time of sale whenever it is done.

    A small machine may be hours behind a busy vendor. Sales are taken all the same.
    """
    with unit_of_work(context.database) as session:
        found = work_batches.waiting(session)
    return Backlog(
        to_attribute=found.to_attribute,
        to_settle=found.to_settle,
        oldest_reported_at=found.oldest_reported_at,
    )
