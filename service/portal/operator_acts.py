"""Who did what, when: every change that a person, the command line or a worker made."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, require_role
from service.portal import pages
from service.store import acts
from service.store.acts import Wanted
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

Short = Annotated[str, Query(max_length=100, pattern="^[^\0]*$")]


@router.get("/operator/acts")
def acts_page(
    request: Request,
    context: Context,
    what: Short = "",
    subject: Short = "",
    role: Short = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List acts, newest first; on request of one kind, about one thing, or of one role."""
    wanted = Wanted(what=what.strip(), subject=subject.strip(), role=role.strip())
    with unit_of_work(context.database) as session:
        found = acts.listing(session, wanted, before=before, limit=pages.PAGE_SIZE + 1)
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "operator_acts.html",
        title="Audit log",
        acts=shown,
        asked={"what": what, "subject": subject, "role": role},
        before=before,
        more=shown[-1].act_id if len(found) > len(shown) else None,
    )
