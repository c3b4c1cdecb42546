"""OTLP over HTTP: spans of models that generated are sales, all other spans are passed over.

Protocol: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from service.api import json_body, reporting_documented, sales_request
from service.api.body import StrictRoute, content_encoding, media_type
from service.api.body_limit import REPORT_BYTES
from service.api.compressed import ENCODINGS, inflated
from service.api.delivery import ReportDelivery
from service.api.dependencies import Context, ReportingKey
from service.api.documented import problems
from service.api.formats import gen_ai, span_json, span_protobuf
from service.api.formats.said import SaidItem, Unreadable
from service.api.formats.span import Span
from service.api.reporting import take
from service.api.sales_request import JSON, Checking, SalesRequest
from service.ledger.sale_report import ItemOutcome, Outcome

router = APIRouter(tags=["sales"], route_class=StrictRoute)
PROTOBUF = "application/x-protobuf"
_REFUSED = (Outcome.REJECTED, Outcome.CONFLICT)
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class _Traces:
    """A request's media type, bytes and how they are compressed."""

    kind: str
    raw: bytes
    encoding: str


async def _traces(request: Request) -> _Traces:
    kind = media_type(request, (PROTOBUF, JSON), encodings=ENCODINGS)
    return _Traces(kind, await request.body(), content_encoding(request))


@router.post(
    "/v1/traces",
    summary="Report spans of generative AI",
    responses=reporting_documented.TRACED | problems(400, 401, 403, 408, 413, 415),
    openapi_extra=reporting_documented.TRACES,
)
def report_traces(
    context: Context,
    key: ReportingKey,
    traces: Annotated[_Traces, Depends(_traces)],
    delivery: ReportDelivery,
) -> Response:
    """Take an `ExportTraceServiceRequest` in protobuf or JSON, gzip or deflate.

    Spans of models that generated are sales; other spans are passed over and not counted as
    rejected. `partial_success` counts the spans that were rejected or conflict, and names the first
    of them.
    """
    body = inflated(traces.raw, traces.encoding, most_bytes=REPORT_BYTES)

    def read(checking: Checking) -> SalesRequest:
        return sales_request.of_items(_said(_spans(traces.kind, body)), checking)

    taken = take(context, key, read, delivery)
    refused = [one for one in taken.outcomes if one.outcome in _REFUSED]
    return taken.receipted(_answer(traces.kind, refused))


def _spans(kind: str, body: bytes) -> Iterable[Span | Unreadable]:
    if kind == PROTOBUF:
        return span_protobuf.spans_of(body)
    return span_json.spans_of(json_body.read(body))


def _said(spans: Iterable[Span | Unreadable]) -> Iterable[SaidItem]:
    return (one if isinstance(one, Unreadable) else gen_ai.said_by(one) for one in spans)


def _answer(kind: str, refused: Sequence[ItemOutcome]) -> Response:
    """Say how many spans were refused; nothing of a success that is whole."""
    answer = ExportTraceServiceResponse()
    if refused:
        answer.partial_success.rejected_spans = len(refused)
        answer.partial_success.error_message = "; ".join(map(_told, refused[:_MOST_TOLD]))
    if kind == PROTOBUF:
        return Response(answer.SerializeToString(), media_type=PROTOBUF)
    if not refused:
        return JSONResponse({})
    told = answer.partial_success
    partial = {"rejectedSpans": str(told.rejected_spans), "errorMessage": told.error_message}
    return JSONResponse({"partialSuccess": partial})


def _told(one: ItemOutcome) -> str:
    if one.outcome is Outcome.CONFLICT:
        return f"{one.external_id}: was reported with other content"
    return ", ".join(f"{error.place}: {error.rule}" for error in one.errors)
