"""What LiteLLM logs of a call, as a sale: which calls are sales, their ids, tiers and texts."""

import pytest

from service.api.formats import litellm
from service.api.formats.said import NoSale, Said, Unreadable
from service.api.json_body import OddNumber

CALL = {
    "id": "chatcmpl-1",
    "litellm_call_id": "b8af3ab2",
    "call_type": "acompletion",
    "status": "success",
    "startTime": OddNumber("1769903999.500001"),
    "endTime": OddNumber("1769904001.25"),
    "model": "gpt-4o-mini",
    "model_group": "",
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "response_cost": OddNumber("1.35e-05"),
    "request_tags": ["tier:premium", "team:web"],
    "messages": [{"role": "user", "content": "a prompt"}],
    "response": {"choices": [{"index": 0, "message": {"content": "The tide pays."}}]},
}


def said(**changes) -> Said:
    read = litellm.said_by(CALL | changes, "payloads[0]")
    assert isinstance(read, Said), read
    return read


def text_of(response) -> str | None:
    return said(response=response).fields.get("text")


def chat(*messages) -> dict:
    return {"choices": [{"index": at, "message": one} for at, one in enumerate(messages)]}


def test_a_call_is_a_sale_of_what_it_generated():
    assert said().fields == {
        "id": "b8af3ab2",
        "tier": "premium",
        "input_tokens": 10,
        "output_tokens": 20,
        "text": "The tide pays.",
        "sold_at": "2026-01-31T23:59:59.500001+00:00",
        "model": "gpt-4o-mini",
    }


def test_it_is_known_by_the_call_and_only_without_one_by_the_answer():
    assert said(litellm_call_id=None).fields["id"] == "chatcmpl-1"
    assert "id" not in said(litellm_call_id=None, id=None).fields


def test_the_model_is_the_one_that_was_asked_for():
    assert said(model_group="acme-large").fields["model"] == "acme-large"


@pytest.mark.parametrize(
    ("tags", "tier"),
    [
        (["tier:premium"], "premium"),
        ([" Tier: ELITE "], "elite"),
        (["tier:elite", "tier:elite"], "elite"),
        (["tier:golden"], "golden"),
        (["tiers", 7, None], None),
        (None, None),
        ("tier:premium", None),
    ],
)
def test_the_tier_comes_from_a_tag(tags, tier):
    read = said(request_tags=tags)

    assert (read.fields.get("tier"), read.tier_is_tagged) == (tier, tier is not None)


def test_two_tiers_are_none():
    read = litellm.said_by(CALL | {"request_tags": ["tier:elite", "tier:free"]}, "line 3")

    assert isinstance(read, Unreadable)
    assert read.external_id == "b8af3ab2"
    assert [(e.place, e.rule) for e in read.errors] == [
        ("line 3.request_tags", "must name one tier, not elite and free")
    ]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"status": "failure"}, "the call failed: nothing was sold"),
        ({"call_type": "aembedding", "completion_tokens": 0}, "the call generated no tokens"),
        ({"call_type": "arerank", "completion_tokens": None}, "the call generated no tokens"),
    ],
)
def test_what_generated_nothing_is_no_sale(changes, rule):
    read = litellm.said_by(CALL | changes, "payloads[0]")

    assert read == NoSale("payloads[0]", "b8af3ab2", rule)


def test_a_stream_that_goes_on_is_no_sale_yet():
    assert litellm.said_by(None, "payloads[0]") == NoSale(
        "payloads[0]", None, "nothing was logged yet"
    )


def test_a_kind_of_call_that_nobody_knows_is_a_sale_if_it_generated():
    assert said(call_type="pass_through_endpoint").fields["output_tokens"] == 20
    assert said(cache_hit=True).fields["output_tokens"] == 20
    assert said(completion_tokens=0).fields["output_tokens"] == 0


@pytest.mark.parametrize(
    ("response", "text"),
    [
        ("The tide.", "The tide."),
        ({"choices": [{"text": "The tide."}]}, "The tide."),
        (chat({"content": "One."}, {"content": "Two."}), "One.\n\nTwo."),
        (
            {
                "choices": [
                    {"index": 1, "message": {"content": "Two."}},
                    {"index": 0, "message": {"content": "One."}},
                ]
            },
            "One.\n\nTwo.",
        ),
        (chat({"content": [{"type": "text", "text": "A"}, {"type": "image_url"}]}), "A"),
        (chat({"content": None, "refusal": "I will not."}), "I will not."),
        (chat({"content": None, "audio": {"data": "UklG", "transcript": "Heard."}}), "Heard."),
        (
            chat(
                {
                    "content": None,
                    "reasoning_content": "Let me think.",
                    "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}],
                }
            ),
            None,
        ),
        (
            {"output": [{"type": "message", "content": [{"type": "output_text", "text": "R."}]}]},
            "R.",
        ),
        ({"content": [{"type": "text", "text": "An answer."}]}, "An answer."),
        (chat({"content": ""}), None),
        (chat({"content": " \n"}), None),
        (chat({"content": "redacted-by-litellm"}), None),
        (chat({"content": "redacted-by-litellm"}, {"content": "redacted-by-litellm"}), None),
        ({"choices": []}, None),
        ({"choices": [None, 7, {"message": 3}]}, None),
        ({}, None),
        (None, None),
        (7, None),
    ],
)
def test_the_text_is_what_a_reader_is_given(response, text):
    assert text_of(response) == text


@pytest.mark.parametrize("payload", [7, "x", [], True])
def test_an_item_is_an_object(payload):
    assert isinstance(litellm.said_by(payload, "payloads[0]"), Unreadable)
