"""A creator takes everything that is kept about them."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from service.api import creator_export
from service.api.body import StrictRoute
from service.api.dependencies import Context, Creator
from service.api.documented import problems
from service.store.database import unit_of_work

router = APIRouter(tags=["works"], route_class=StrictRoute)
_STEP = 262_144


@router.get(
    "/v1/own-data",
    summary="Everything about me",
    responses=problems(401, 403) | {200: {"content": {"application/zip": {}}}},
    response_class=StreamingResponse,
)
def get_own_data(context: Context, person: Creator) -> StreamingResponse:
    """Return one zip with all rows about you, the texts of your works and a manifest of hashes."""
    assert person.party_id is not None
    file = TemporaryFile()  # noqa: SIM115 - closed by who streams it
    try:
        with unit_of_work(context.database) as session:
            creator_export.write(session, person.party_id, file, now=context.clock())
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="wellspring-H{person.party_id}.zip"',
        "Content-Length": str(file.tell()),
        "Cache-Control": "no-store",
    }
    file.seek(0)
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_STEP):
            yield piece
