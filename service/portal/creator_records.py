"""What is kept about a creator: taking it all along, and what an erasure does."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.api.dependencies import Context, Creator
from service.portal import pages
from service.store import journal
from service.store.database import unit_of_work

router = APIRouter()


@router.get("/records")
def records_page(request: Request, person: Creator, context: Context) -> Response:
    """Offer the whole record as a file, and say what erasure would do and what stands against."""
    with unit_of_work(context.database) as session:
        found = journal.balances(session, prefix=f"holder:{person.party_id}:")
    return pages.render(
        request,
        "records.html",
        title="Your data",
        owed=[one for one in found if one.nanos],
        holder_id=person.party_id,
    )
