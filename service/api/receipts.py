"""Receipts of registrations, the log they stand in, and the keys they are signed with."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator, anyone_known
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.api.splits import get_seen
from service.store import registration_log
from service.store.database import unit_of_work
from service.store.registration_log import Receipt

router = APIRouter(tags=["works"], route_class=StrictRoute)


class ShownReceipt(BaseModel):
    """A signed receipt, as ``wellspring verify-receipt`` takes it; bytes are hexadecimal."""

    format: str
    position: int
    leaf: dict[str, str]
    path: list[str]
    root: str
    key: str
    signature: str


class ReceiptKeyShown(BaseModel):
    """An Ed25519 public key; ``key`` is the SHA-256 of its 32 bytes."""

    key: str
    public_key: str
    first_used_at: datetime


class ReceiptKeys(BaseModel):
    """All keys that receipts were ever signed with, oldest first."""

    data: list[ReceiptKeyShown]


def _shown(receipt: Receipt) -> ShownReceipt:
    document: dict[str, Any] = receipt.document()
    return ShownReceipt(**document)


@router.get(
    "/v1/works/{work_id}/receipt",
    summary="The signed receipt of a registration",
    response_model=ShownReceipt,
    responses=problems(401, 403, 404, 409),
)
def get_receipt(
    context: Context,
    person: CreatorOrOperator,
    work_id: Number,
    edition: Annotated[int, Query(ge=1, le=1_000, description="Number of the edition.")] = 1,
) -> JSONResponse:
    """Return the receipt of an edition; 409 for the moment until a worker has logged it."""
    with unit_of_work(context.database) as session:
        get_seen(session, person, work_id)
        found = registration_log.of_edition(session, work_id, edition)
    name = f"work-{work_id}-{edition}.receipt.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JSONResponse(_shown(found).model_dump(), headers=headers)


@router.get(
    "/v1/registrations",
    summary="The registration log",
    dependencies=[Depends(anyone_known)],
    responses=problems(401, 403),
)
def list_registrations(
    context: Context, limit: Limit = 20, after: After = ""
) -> Page[ShownReceipt]:
    """List all entries of the log in order: who keeps them sees that it only grows."""
    position = paging.number_of(after)
    with unit_of_work(context.database) as session:
        found = registration_log.after(session, position, limit=limit + 1)
    return paging.page_of(found, limit, shown=_shown, cursor=lambda one: one.entry.position)


@router.get("/v1/receipt-keys", summary="Public keys of receipts", responses=problems())
def list_receipt_keys(context: Context) -> ReceiptKeys:
    """List the public keys, for anybody; compare them with where else they are published."""
    with unit_of_work(context.database) as session:
        found = registration_log.keys(session)
    return ReceiptKeys(
        data=[
            ReceiptKeyShown(
                key=one.key_id,
                public_key=one.public_key.hex(),
                first_used_at=one.first_used_at,
            )
            for one in found
        ]
    )
