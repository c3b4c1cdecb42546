"""How the OpenAPI document shows a report of sales and its answer, with examples."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.api.formats.native import MAX_TOKENS
from service.api.formats.sale_output import MAX_FINGERPRINT_CHARS, MAX_TEXT_CHARS
from service.api.reporting_documented import CLOUDEVENTS
from service.ledger.sale_report import MAX_SALES
from service.ledger.tiers import Tier

_SALE_EXAMPLE = {
    "id": "call-7f3a",
    "tier": "premium",
    "output_tokens": 1200,
    "text": "The tide keeps no ledger, and yet it pays the shore.",
    "sold_at": "2026-01-31T23:59:59Z",
    "gross": "0.0072",
    "currency": "USD",
    "model": "acme-large",
}
_TIERS = [str(tier) for tier in Tier]
_SALE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "tier"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Your own id."},
        "tier": {"type": "string", "enum": _TIERS},
        "output_tokens": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_TOKENS,
            "description": "Absent: estimated from the text, and the sale says so.",
        },
        "input_tokens": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_TOKENS,
            "description": "Taken, not counted: what is sold are output tokens.",
        },
        "text": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT_CHARS,
            "description": "What was generated. Absent: the whole IP pool is unmatched.",
        },
        "fingerprint": {
            "type": "string",
            "contentEncoding": "base64",
            "minLength": 1,
            "maxLength": MAX_FINGERPRINT_CHARS,
            "description": "Instead of the text, as `wellspring fingerprint` makes it.",
        },
        "sold_at": {"type": "string", "format": "date-time", "description": "Absent: now."},
        "gross": {
            "type": "string",
            "pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?$",
            "description": "Checked against tier and tokens.",
        },
        "currency": {"type": "string", "description": "Must be the rate card's."},
        "model": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "example": _SALE_EXAMPLE,
}
_SALES: dict[str, Any] = {"type": "array", "items": _SALE, "maxItems": MAX_SALES}
REPORT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_SALE, _SALES]},
                "examples": {
                    "one": {"value": _SALE_EXAMPLE},
                    "several": {
                        "value": [
                            _SALE_EXAMPLE,
                            {"id": "call-7f3b", "tier": "free", "output_tokens": 80},
                        ]
                    },
                },
            },
            "application/x-ndjson": {
                "schema": _SALES | {"description": "A sale a line; shown as one array."},
                "example": [_SALE_EXAMPLE],
            },
            **CLOUDEVENTS,
        },
    }
}


class ItemFault(BaseModel):
    """One thing wrong with one field of an item."""

    place: str
    rule: str


class ItemAnswer(BaseModel):
    """What became of one item. ``id`` is null where none could be read."""

    id: str | None
    outcome: str = Field(description="created, duplicate, conflict, rejected or ignored")
    sale_id: int | None = None
    errors: list[ItemFault] = []


class ReportAnswer(BaseModel):
    """What became of a report, item by item in its order. Accepted: created and duplicate."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "accepted": 1,
                    "counts": {
                        "created": 1,
                        "duplicate": 0,
                        "conflict": 0,
                        "rejected": 1,
                        "ignored": 0,
                    },
                    "items": [
                        {"id": "call-7f3a", "outcome": "created", "sale_id": 16384},
                        {
                            "id": "call-7f3b",
                            "outcome": "rejected",
                            "errors": [
                                {"place": "sales[1].tier", "rule": "must be one of free, ..."}
                            ],
                        },
                    ],
                }
            ]
        }
    )
    accepted: int
    counts: dict[str, int]
    items: list[ItemAnswer]


REPORTED: dict[int | str, dict[str, Any]] = {
    200: {"model": ReportAnswer, "description": "Stored: what became of each item"}
}
