"""Spans of OpenTelemetry's semantic conventions for generative AI, as sales.

A span is a sale where a model generated: its operation is chat, text_completion or
generate_content, or it counts output tokens and is no span around others, which would count them
twice. Its id is the attribute ``wellspring.sale.id``, else trace and span.
Conventions: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ ; shapes before 1.37,
and those of OpenLLMetry, are read too.
"""

import re
from collections.abc import Iterator, Mapping

from service.api import json_body
from service.api.formats import instants
from service.api.formats.messages import text_of_choices, text_of_messages
from service.api.formats.said import NoSale, Said, SaidItem, Unreadable, is_one_of, without_none
from service.api.formats.span import Span
from service.ledger.sale_marks import SaleFormat
from service.ledger.sale_report import FieldError

TIER, SALE_ID = "wellspring.tier", "wellspring.sale.id"
_GENERATING = frozenset({"chat", "text_completion", "generate_content", "completion"})
_AROUND = frozenset(
    {"invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "embeddings", "retrieval"}
)
_TOKENS = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
)
_INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_MODELS = ("gen_ai.request.model", "gen_ai.response.model", "llm.request.model")
_MESSAGES = "gen_ai.output.messages"
_OLD_TEXTS = ("gen_ai.completion", "gen_ai.response.text")
_NUMBERED = re.compile(r"gen_ai\.completion\.([0-9]{1,4})\.content", re.ASCII)
_CHOICE, _COMPLETION = "gen_ai.choice", "gen_ai.content.completion"
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}", re.ASCII)
_SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}", re.ASCII)


def said_by(span: Span) -> SaidItem:
    """Read one span."""
    own_id = span.attributes.get(SALE_ID)
    known_by = f"{span.trace_id}-{span.span_id}"
    if reason := _no_sale(span):
        return NoSale(span.place, known_by, reason)
    if own_id is None and not (
        _TRACE_ID.fullmatch(span.trace_id) and _SPAN_ID.fullmatch(span.span_id)
    ):
        rule = f"must have a trace id and a span id, or the attribute {SALE_ID}"
        return Unreadable(None, (FieldError(span.place, rule),))
    tokens, model = _first(span.attributes, _TOKENS), _first(span.attributes, _MODELS)
    fields = {
        "id": known_by if own_id is None else own_id,
        "tier": span.attributes.get(TIER, span.resource.get(TIER)),
        "output_tokens": span.attributes.get(tokens),
        "input_tokens": span.attributes.get(_first(span.attributes, _INPUT_TOKENS)),
        "text": _text(span),
        "sold_at": instants.of_epoch_nanoseconds(span.start_nanoseconds),
        "model": span.attributes.get(model),
    }
    names = {"id": SALE_ID, "tier": TIER, "output_tokens": tokens, "model": model}
    names |= {"text": _MESSAGES, "sold_at": "startTimeUnixNano"}
    return Said(span.place, without_none(fields), SaleFormat.OTLP, names=names)


def _no_sale(span: Span) -> str | None:
    operation = span.attributes.get("gen_ai.operation.name")
    if is_one_of(operation, _AROUND) or "traceloop.span.kind" in span.attributes:
        return "the span is not that of a model that generates"
    counts = any(name in span.attributes for name in _TOKENS)
    if not is_one_of(operation, _GENERATING) and not counts:
        return "the span is not that of a model that generates"
    return "the call failed: nothing was sold" if span.has_failed else None


def _first(attributes: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Return the first name that is given, else the newest one."""
    return next((name for name in names if attributes.get(name) is not None), names[0])


def _text(span: Span) -> str | None:
    """Return the text of the newest shape that the span has."""
    for shape in (_of_messages, _of_choices, _of_completions, _of_old_texts, _of_numbered):
        text = shape(span)
        if text is not None:
            return text
    return None


def _of_messages(span: Span) -> str | None:
    given = [span.attributes.get(_MESSAGES)]
    given += [one.attributes.get(_MESSAGES) for one in span.events]
    return text_of_messages([message for one in given for message in _listed(one)])


def _of_choices(span: Span) -> str | None:
    choices = [_choice(one.attributes) for one in span.events if one.name == _CHOICE]
    return text_of_choices(choices)


def _choice(attributes: Mapping[str, object]) -> dict[str, object]:
    message = attributes.get("message", attributes.get("content"))
    return {"index": attributes.get("index"), "message": _unpacked(message)}


def _of_completions(span: Span) -> str | None:
    given = [one.attributes.get(_OLD_TEXTS[0]) for one in span.events if one.name == _COMPLETION]
    return text_of_messages([message for one in given for message in _listed(one)])


def _of_old_texts(span: Span) -> str | None:
    given = [span.attributes.get(name) for name in _OLD_TEXTS]
    return text_of_messages([message for one in given for message in _listed(one)])


def _of_numbered(span: Span) -> str | None:
    found = [(name, _NUMBERED.fullmatch(name)) for name in span.attributes]
    ordered = sorted((int(match[1]), name) for name, match in found if match)
    return text_of_messages([span.attributes[name] for _, name in ordered])


def _listed(given: object) -> Iterator[object]:
    unpacked = _unpacked(given)
    if isinstance(unpacked, list):
        yield from unpacked
    elif unpacked is not None:
        yield unpacked


def _unpacked(given: object) -> object:
    """Read messages that are JSON in a string, as most exporters write them; a text stays one."""
    if not isinstance(given, str) or given.lstrip()[:1] not in {"[", "{"}:
        return given
    try:
        value = json_body.read(given.encode(errors="surrogatepass"), place="text")
    except (json_body.BadJson, json_body.TooManyValues):
        return given
    messages = value if isinstance(value, list) else [value]
    return value if all(_is_message(one) for one in messages) else given


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and not value.keys().isdisjoint(("role", "content", "parts"))
