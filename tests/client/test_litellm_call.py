"""What LiteLLM logs of a call, as a sale."""

from dataclasses import asdict
from datetime import UTC, datetime

import httpx
import pytest

from wellspring_client.litellm_call import Call, call_of, tier_of

START = 1_767_225_600.25
"""2026-01-01 00:00 UTC and a quarter of a second."""


def logged(**fields):
    """A payload as LiteLLM 1.103 logs it, as far as it is looked at."""
    return {
        "id": "chatcmpl-1",
        "litellm_call_id": "call-1",
        "status": "success",
        "call_type": "acompletion",
        "completion_tokens": 20,
        "prompt_tokens": 10,
        "request_tags": ["tier:premium", "User-Agent: x"],
        "model": "gpt-4o",
        "model_group": "",
        "startTime": START,
        "endTime": START + 2,
        "response": {"choices": [{"index": 0, "message": {"content": "An ode."}}]},
    } | fields


A_CALL = Call(
    "call-1",
    "premium",
    20,
    10,
    "An ode.",
    "gpt-4o",
    datetime(2026, 1, 1, microsecond=250_000, tzinfo=UTC),
)


def test_a_call_is_a_sale():
    assert call_of(logged()) == A_CALL


@pytest.mark.parametrize(
    ("field", "given", "name", "expected"),
    [
        ("litellm_call_id", None, "id", "chatcmpl-1"),
        ("model_group", "tide-large", "model", "tide-large"),
        ("request_tags", [], "tier", None),
        ("request_tags", None, "tier", None),
        ("response", "An ode.", "text", "An ode."),
        ("response", {"choices": [{"message": {"content": ""}}]}, "text", None),
        ("response", {"choices": [{"message": {"content": "redacted-by-litellm"}}]}, "text", None),
        ("response", None, "text", None),
        ("startTime", None, "sold_at", None),
        ("completion_tokens", 0, "output_tokens", 0),
        ("call_type", "responses", "text", "An ode."),
        ("cache_hit", True, "output_tokens", 20),
    ],
)
def test_what_a_call_says_otherwise(field, given, name, expected):
    assert getattr(call_of(logged(**{field: given})), name) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "failure"},
        {"call_type": "aembedding", "completion_tokens": 0},
        {"call_type": "image_generation", "completion_tokens": 0},
    ],
)
def test_where_nothing_was_generated_nothing_was_sold(fields):
    assert call_of(logged(**fields)) is None


@pytest.mark.parametrize(
    ("tags", "tier"),
    [
        (["tier:premium"], "premium"),
        (["a", " Tier: High-Speed "], "high-speed"),
        (["tier:elite", "tier:elite"], "elite"),
        (["tier:elite", "tier:free"], "elite and free"),
        (["stories:premium", 7, None], None),
        ("tier:premium", None),
        (None, None),
    ],
)
def test_a_tag_names_the_tier(tags, tier):
    assert tier_of(tags) == tier


def test_a_call_that_the_server_was_told_of_by_litellm_itself_is_the_same_sale(shop, clients):
    """Whoever moves from LiteLLM's own logger to the callback doubles nothing, nor the reverse."""
    calls = {f"call-{n}": START + n / 7 for n in range(20)}
    payloads = [logged(litellm_call_id=name, startTime=at) for name, at in calls.items()]
    told = httpx.post(
        f"{shop.address}/v1/sales/litellm",
        json=payloads,
        headers={"Authorization": f"Bearer {shop.key}"},
    )
    assert told.json()["counts"]["created"] == 20
    client = clients(interval_seconds=60)
    for payload in payloads:
        client.record(**asdict(call_of(payload)))
    assert client.flush(20)
    assert (client.stats().duplicates, client.stats().conflicts) == (20, 0)
    assert shop.ids() == sorted(calls)
