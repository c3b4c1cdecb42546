"""Spans of generative AI as sales: which spans are sales, and where their texts are."""

import json

import pytest

from service.api.formats import gen_ai
from service.api.formats.said import NoSale, Said, Unreadable
from service.api.formats.span import Span, SpanEvent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "acme",
    "gen_ai.request.model": "acme-large",
    "gen_ai.response.model": "acme-large-2026-01",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 20,
    "wellspring.tier": "premium",
}


def span(attributes, *events, **changes) -> Span:
    facts = {
        "place": "spans[0]",
        "trace_id": TRACE,
        "span_id": SPAN,
        "start_nanoseconds": 1_769_903_999_500_001_999,
        "has_failed": False,
        "resource": {},
    }
    return Span(**(facts | changes), attributes=attributes, events=tuple(events))


def said(attributes=CHAT, *events, **changes) -> Said:
    read = gen_ai.said_by(span(attributes, *events, **changes))
    assert isinstance(read, Said), read
    return read


def test_a_chat_is_a_sale():
    assert said().fields == {
        "id": f"{TRACE}-{SPAN}",
        "tier": "premium",
        "output_tokens": 20,
        "input_tokens": 10,
        "sold_at": "2026-01-31T23:59:59.500001+00:00",
        "model": "acme-large",
    }


def test_the_tier_may_be_that_of_the_whole_resource():
    rest = {name: value for name, value in CHAT.items() if name != "wellspring.tier"}

    assert said(rest, resource={"wellspring.tier": "elite"}).fields["tier"] == "elite"
    assert said(CHAT, resource={"wellspring.tier": "elite"}).fields["tier"] == "premium"
    assert "tier" not in said(rest).fields


def test_an_id_may_be_given():
    assert said(CHAT | {"wellspring.sale.id": "call-1"}, trace_id="").fields["id"] == "call-1"


@pytest.mark.parametrize("ids", [("", SPAN), (TRACE, ""), ("0" * 32, SPAN), (TRACE, "0" * 16)])
def test_a_span_without_ids_cannot_be_told_from_others(ids):
    read = gen_ai.said_by(span(CHAT, trace_id=ids[0], span_id=ids[1]))

    assert isinstance(read, Unreadable)
    assert read.errors[0].place == "spans[0]"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"http.request.method": "POST"},
        {"gen_ai.operation.name": "embeddings", "gen_ai.usage.output_tokens": 5},
        {"gen_ai.operation.name": "execute_tool"},
        CHAT | {"gen_ai.operation.name": "invoke_agent"},
        CHAT | {"traceloop.span.kind": "workflow"},
    ],
)
def test_other_spans_and_spans_around_are_no_sales(attributes):
    assert isinstance(gen_ai.said_by(span(attributes)), NoSale)


def test_a_call_that_failed_is_no_sale():
    read = gen_ai.said_by(span(CHAT, has_failed=True))

    assert isinstance(read, NoSale)
    assert read.rule == "the call failed: nothing was sold"


@pytest.mark.parametrize(
    ("attributes", "tokens", "model"),
    [
        ({"gen_ai.system": "openai", "gen_ai.usage.completion_tokens": 7}, 7, None),
        ({"llm.usage.completion_tokens": 7, "llm.request.model": "m"}, 7, "m"),
        ({"gen_ai.operation.name": "text_completion", "gen_ai.response.model": "n"}, None, "n"),
        ({"gen_ai.operation.name": "acompletion", "gen_ai.usage.output_tokens": 7}, 7, None),
    ],
)
def test_older_names_are_read(attributes, tokens, model):
    fields = said(attributes).fields

    assert (fields.get("output_tokens"), fields.get("model")) == (tokens, model)


MESSAGES = [
    {"role": "assistant", "parts": [{"type": "text", "content": "One."}], "finish_reason": "stop"},
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "Let me think."},
            {"type": "text", "content": "Two."},
            {"type": "tool_call", "name": "f", "arguments": {"a": 1}},
        ],
    },
]


@pytest.mark.parametrize(
    ("attributes", "events", "text"),
    [
        ({"gen_ai.output.messages": json.dumps(MESSAGES)}, (), "One.\n\nTwo."),
        ({"gen_ai.output.messages": MESSAGES}, (), "One.\n\nTwo."),
        (
            {},
            (
                SpanEvent(
                    "gen_ai.client.inference.operation.details",
                    {"gen_ai.output.messages": json.dumps(MESSAGES)},
                ),
            ),
            "One.\n\nTwo.",
        ),
        (
            {},
            (
                SpanEvent("gen_ai.choice", {"index": 1, "message": '{"content": "Two."}'}),
                SpanEvent("gen_ai.choice", {"index": 0, "message": "One."}),
                SpanEvent("gen_ai.user.message", {"content": "A prompt."}),
            ),
            "One.\n\nTwo.",
        ),
        (
            {},
            (
                SpanEvent(
                    "gen_ai.content.completion",
                    {"gen_ai.completion": '[{"role": "assistant", "content": "One."}]'},
                ),
            ),
            "One.",
        ),
        ({"gen_ai.completion": "One."}, (), "One."),
        (
            {"gen_ai.completion.1.content": "Two.", "gen_ai.completion.0.content": "One."},
            (),
            "One.\n\nTwo.",
        ),
        ({"gen_ai.completion": '{"answer": 42}'}, (), '{"answer": 42}'),
        ({"gen_ai.completion": "[not json"}, (), "[not json"),
        ({"gen_ai.output.messages": "[]"}, (), None),
        ({"gen_ai.output.messages": 7}, (), None),
        ({}, (), None),
    ],
)
def test_the_text_is_found_in_every_shape(attributes, events, text):
    assert said(CHAT | attributes, *events).fields.get("text") == text
