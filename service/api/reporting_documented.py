"""How the OpenAPI document shows reports in the formats of others, with examples."""

from typing import Any

from service.ledger.sale_report import MAX_SALES

_EVENT_EXAMPLE = {
    "specversion": "1.0",
    "type": "wellspring.sale.v1",
    "source": "urn:acme:gateway",
    "id": "call-7f3a",
    "time": "2026-01-31T23:59:59Z",
    "data": {"tier": "premium", "output_tokens": 1200, "model": "acme-large"},
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "type", "source", "id", "data"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "id": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
    "example": _EVENT_EXAMPLE,
}
_EVENT_BATCH: dict[str, Any] = {"type": "array", "items": _EVENT, "maxItems": MAX_SALES}
CLOUDEVENTS: dict[str, Any] = {
    "application/cloudevents+json": {"schema": _EVENT},
    "application/cloudevents-batch+json": {"schema": _EVENT_BATCH},
}
"""Content of a body, by media type."""
_METERED = _EVENT | {
    "example": _EVENT_EXAMPLE
    | {
        "type": "litellm_tokens",
        "subject": "customer-1",
        "data": {"model": "acme-large", "completion_tokens": 1200},
    }
}
EVENTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": _METERED},
            "application/cloudevents-batch+json": {"schema": _EVENT_BATCH | {"items": _METERED}},
            "application/json": {"schema": {"oneOf": [_METERED, {"type": "array"}]}},
        },
    }
}
_PAYLOAD: dict[str, Any] = {
    "type": ["object", "null"],
    "description": "LiteLLM's StandardLoggingPayload; other fields are passed over.",
    "properties": {
        "litellm_call_id": {"type": ["string", "null"], "description": "The sale's id."},
        "id": {"type": ["string", "null"], "description": "The sale's id, without the other."},
        "status": {"type": "string", "description": "Only `success` is a sale."},
        "model_group": {"type": ["string", "null"]},
        "model": {"type": ["string", "null"]},
        "completion_tokens": {"type": "integer", "minimum": 0},
        "request_tags": {"type": "array", "description": "`tier:premium` names the tier."},
        "startTime": {"type": "number", "description": "Time of sale: seconds since 1970."},
        "response": {"description": "What was generated, as the API answered it."},
    },
    "example": {
        "litellm_call_id": "b8af3ab2-ff91-4050-b77d-41e1ad1b17a8",
        "status": "success",
        "call_type": "acompletion",
        "model": "acme-large",
        "completion_tokens": 20,
        "request_tags": ["tier:premium"],
        "startTime": 1769903999.5,
        "response": {"choices": [{"message": {"content": "The tide keeps no ledger."}}]},
    },
}
_PAYLOADS: dict[str, Any] = {"type": "array", "items": _PAYLOAD, "maxItems": MAX_SALES}
LITELLM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_PAYLOAD, _PAYLOADS]}},
            "application/x-ndjson": {
                "schema": _PAYLOADS | {"description": "A payload a line; shown as one array."},
            },
        },
    }
}
_SPANS: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
_OF_SCOPE: dict[str, Any] = {"type": "object", "properties": {"spans": _SPANS}}
_OF_RESOURCE: dict[str, Any] = {
    "type": "object",
    "properties": {"scopeSpans": {"type": "array", "items": _OF_SCOPE}},
}
TRACES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"resourceSpans": {"type": "array", "items": _OF_RESOURCE}},
                }
            },
        },
    }
}
TRACED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Stored; `partialSuccess` counts spans that were not",
        "content": {
            "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "partialSuccess": {
                            "type": "object",
                            "properties": {
                                "rejectedSpans": {"type": "string"},
                                "errorMessage": {"type": "string"},
                            },
                        }
                    },
                }
            },
        },
    }
}
