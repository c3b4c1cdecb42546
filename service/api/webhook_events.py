"""The bodies that webhooks are sent, one form a type: identifiers and instants, nothing else.

They stand in the OpenAPI document under ``webhooks``, each with an example.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from service.store.webhook_events import EventType
from service.store.webhooks import Cause


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class QuarantinedSales(_Told):
    """Sales that could not be attributed or settled, for one reason; at most 50 an event."""

    vendor_id: int
    sales: list[str] = Field(description="The vendor's own ids.")
    period: str
    reason: str = Field(description="Code of the rule that they break.")
    quarantined_at: datetime


class ConflictedSales(_Told):
    """Sales whose ids were reported again with other content; at most 50 an event."""

    vendor_id: int
    sales: list[str] = Field(description="The vendor's own ids.")
    reported_at: datetime


class OpenedConflict(_Told):
    """A claim over shares of a work, filed by somebody or by a finding of near copies."""

    claim_id: int
    work_id: int
    finding_id: int | None = Field(description="Null: somebody filed it.")
    claimants: list[int]
    respondents: list[int]
    opened_at: datetime


class ClosedPeriod(_Told):
    """A month whose books do not change any more."""

    period: str
    closed_at: datetime


class IssuedStatement(_Told):
    """A statement of a holder or of a vendor; the other is null."""

    statement: str = Field(description="Its number.")
    period: str
    holder_id: int | None
    vendor_id: int | None
    issued_at: datetime


class PayoutStep(_Told):
    """A step that a payout took."""

    payout_id: int
    statement: str = Field(description="Number of the statement that is paid.")
    holder_id: int
    payee_id: int
    state: str
    taken_at: datetime


class DisabledWebhook(_Told):
    """A webhook that is sent nothing any more, and nobody wished it."""

    webhook_id: int
    cause: Cause
    disabled_at: datetime


class TriedOut(_Told):
    """Nothing has happened: somebody tries a webhook out."""

    webhook_id: int


_AT = "2026-02-01T06:00:00Z"
_SALES = {"vendor_id": 5, "sales": ["out-50-000", "out-50-001"]}
_STEP = {"payout_id": 31, "statement": "2026-01-H8-USD", "holder_id": 8, "payee_id": 8}
EXAMPLES: Mapping[EventType, tuple[type[BaseModel], Mapping[str, object]]] = {
    EventType.SALE_QUARANTINED: (
        QuarantinedSales,
        {**_SALES, "period": "2026-01", "reason": "no-contract", "quarantined_at": _AT},
    ),
    EventType.SALE_CONFLICTED: (ConflictedSales, {**_SALES, "reported_at": _AT}),
    EventType.CONFLICT_OPENED: (
        OpenedConflict,
        {
            "claim_id": 12,
            "work_id": 7,
            "finding_id": 3,
            "claimants": [8],
            "respondents": [9],
            "opened_at": _AT,
        },
    ),
    EventType.PERIOD_CLOSED: (ClosedPeriod, {"period": "2026-01", "closed_at": _AT}),
    EventType.STATEMENT_ISSUED: (
        IssuedStatement,
        {
            "statement": "2026-01-H8-USD",
            "period": "2026-01",
            "holder_id": 8,
            "vendor_id": None,
            "issued_at": _AT,
        },
    ),
    **{
        EventType(f"payout.{state}"): (PayoutStep, {**_STEP, "state": state, "taken_at": _AT})
        for state in ("reserved", "sent", "confirmed", "returned")
    },
    EventType.WEBHOOK_DISABLED: (
        DisabledWebhook,
        {"webhook_id": 4, "cause": "failing", "disabled_at": _AT},
    ),
    EventType.TEST: (TriedOut, {"webhook_id": 4}),
}
"""What each type tells, with an example."""


def example_of(kind: EventType) -> dict[str, Any]:
    """Return a whole body of a type."""
    return {"type": str(kind), "timestamp": _AT, "data": dict(EXAMPLES[kind][1])}


def model_of(kind: EventType) -> type[BaseModel]:
    """Return the form of a whole body of a type."""
    words = "".join(word.capitalize() for word in str(kind).replace(".", "_").split("_"))
    fields: dict[str, Any] = {
        "type": (Literal[str(kind)], ...),
        "timestamp": (datetime, Field(description="When it happened.")),
        "data": (EXAMPLES[kind][0], ...),
    }
    config = ConfigDict(extra="forbid", json_schema_extra={"examples": [example_of(kind)]})
    return create_model(f"{words}Event", __config__=config, **fields)


def describe(app: FastAPI) -> None:
    """Let the document say what webhooks are sent; nothing is served."""
    for kind in EventType:
        _describe(app.webhooks, kind)


def _describe(told: APIRouter, kind: EventType) -> None:
    form, data = model_of(kind), EXAMPLES[kind][0]

    def send(event: BaseModel) -> None:
        """Do nothing: it is described, not called."""

    send.__annotations__["event"] = form
    told.add_api_route(
        str(kind),
        send,
        methods=["POST"],
        operation_id=f"send_{str(kind).replace('.', '_')}",
        summary=str(kind),
        description=data.__doc__,
        status_code=204,
        response_class=Response,
        response_description="Any 2xx: it was taken.",
        responses={"4XX": {"description": "It is sent again later; 410 disables the webhook."}},
    )
