"""Whatever stands where a format of others has a member: an item is read or refused, never more."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_any_json import SEVERAL, VALUES

from service.api.formats import cloudevents, gen_ai, litellm, openmeter, span_json
from service.api.formats.said import NoSale, Said, Unreadable
from service.api.json_body import BadJson

PAYLOAD = {
    "litellm_call_id": "b8af3ab2",
    "id": "chatcmpl-1",
    "call_type": "acompletion",
    "status": "success",
    "startTime": 1769903999,
    "model": "acme-large",
    "completion_tokens": 20,
    "request_tags": ["tier:premium"],
    "response": {"choices": [{"message": {"content": [{"type": "text", "text": "The tide."}]}}]},
}
EVENT = {
    "specversion": "1.0",
    "type": "wellspring.sale.v1",
    "source": "urn:acme:gateway",
    "id": "call-7f3a",
    "time": "2026-01-31T23:59:59Z",
    "datacontenttype": "application/json",
    "data": {"tier": "premium", "output_tokens": 1_200, "model": "acme-large"},
}
METERED = EVENT | {
    "type": "litellm_tokens",
    "subject": "customer-1",
    "data": {"model": "acme-large", "completion_tokens": 1_200, "total_tokens": 1_300},
}
SPANS = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "tier", "value": {"stringValue": "premium"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                            "spanId": "b7ad6b7169203331",
                            "startTimeUnixNano": "1769903999500000000",
                            "status": {"code": 1},
                            "attributes": [
                                {
                                    "key": "gen_ai.operation.name",
                                    "value": {"stringValue": "chat"},
                                },
                                {
                                    "key": "gen_ai.usage.output_tokens",
                                    "value": {"intValue": "20"},
                                },
                            ],
                            "events": [{"name": "gen_ai.choice", "attributes": []}],
                        }
                    ]
                }
            ],
        }
    ]
}


def places(value, before=()):
    """Yield the way to every value within."""
    yield before
    inner = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inner:
        yield from places(one, (*before, name))


def with_other(value, place, other):
    """Return a copy with another value at a place."""
    if not place:
        return other
    made = copy.deepcopy(value)
    inner = made
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = other
    return made


@pytest.mark.parametrize(
    ("module", "item"), [(litellm, PAYLOAD), (cloudevents, EVENT), (openmeter, METERED)]
)
@SEVERAL
@given(choice=st.randoms(use_true_random=False), other=VALUES)
def test_any_member_of_an_item(module, item, choice, other):
    changed = with_other(item, choice.choice(list(places(item))), other)
    assert isinstance(module.said_by(changed, "items[0]"), Said | NoSale | Unreadable)


@SEVERAL
@given(place=st.sampled_from(list(places(SPANS))), other=VALUES)
def test_any_member_of_spans(place, other):
    try:
        spans = list(span_json.spans_of(with_other(SPANS, place, other)))
    except BadJson:
        return
    for span in spans:
        if not isinstance(span, Unreadable):
            assert isinstance(gen_ai.said_by(span), Said | NoSale | Unreadable)


@pytest.mark.parametrize("member", ["resourceSpans", "scopeSpans", "spans"])
def test_what_may_hold_spans_and_is_no_array_is_refused_whole(member):
    """Passed over it would lose sales without a word."""
    places_of = [p for p in places(SPANS) if p and p[-1] == member]
    with pytest.raises(BadJson, match=f"{member}: must be an array"):
        list(span_json.spans_of(with_other(SPANS, places_of[0], {})))
