"""CloudEvents as sales, those of our own type and those that meter tokens."""

import pytest

from service.api.formats import cloudevents, openmeter
from service.api.formats.said import NoSale, Said, Unreadable
from service.api.json_body import OddNumber

EVENT = {
    "specversion": "1.0",
    "type": "wellspring.sale.v1",
    "source": "urn:acme:gateway",
    "id": "7f3a",
    "time": "2026-01-31T23:59:59Z",
    "data": {"tier": "premium", "output_tokens": 1_200, "model": "acme-large"},
}
METERED = EVENT | {
    "type": "litellm_tokens",
    "source": "litellm-proxy",
    "subject": "customer-1",
    "data": {
        "model": "m",
        "cost": OddNumber("1e-5"),
        "completion_tokens": 20,
        "prompt_tokens": 10,
    },
}


def without(event, name) -> dict:
    return {key: value for key, value in event.items() if key != name}


def test_data_is_the_sale_and_source_and_id_name_it():
    said = cloudevents.said_by(EVENT, "events[0]")

    assert said.fields == {
        "id": "urn:acme:gateway#7f3a",
        "sold_at": "2026-01-31T23:59:59Z",
        "tier": "premium",
        "output_tokens": 1_200,
        "model": "acme-large",
    }
    assert (said.within, said.names) == ("data.", {"id": "id", "sold_at": "time"})


def test_data_may_have_an_id_and_a_time_of_its_own():
    own = {"id": "call-1", "sold_at": "2026-01-01T00:00:00Z"}

    said = cloudevents.said_by(EVENT | {"data": EVENT["data"] | own}, "events[0]")

    assert (said.fields["id"], said.fields["sold_at"]) == ("call-1", "2026-01-01T00:00:00Z")
    assert said.names == {}


def test_the_same_id_of_another_source_is_another_sale():
    one, other = (
        cloudevents.said_by(EVENT | {"source": source}, "event").fields["id"]
        for source in ("/a", "/b")
    )

    assert one != other


def test_events_of_other_types_are_no_sales():
    read = cloudevents.said_by(EVENT | {"type": "com.example.ping", "data": 7}, "events[4]")

    assert read == NoSale("events[4]", "7f3a", "events of sales have the type wellspring.sale.v1")


WRONG_ENVELOPES = [
    (7, ["event"]),
    ({}, ["event.id", "event.source", "event.type", "event.specversion"]),
    (EVENT | {"specversion": "0.3"}, ["event.specversion"]),
    (without(EVENT, "source"), ["event.source"]),
    (EVENT | {"id": ""}, ["event.id"]),
    (EVENT | {"id": 7}, ["event.id"]),
    (EVENT | {"data": [1]}, ["event.data"]),
    (without(EVENT, "data"), ["event.data"]),
    (without(EVENT, "data") | {"data_base64": "e30="}, ["event.data_base64"]),
    (EVENT | {"datacontenttype": "text/xml"}, ["event.datacontenttype"]),
    (EVENT | {"datacontenttype": 7}, ["event.datacontenttype"]),
    (EVENT | {"source": "x" * 200}, ["event.id"]),
]


@pytest.mark.parametrize("said_by", [cloudevents.said_by, openmeter.said_by])
@pytest.mark.parametrize(("event", "places"), WRONG_ENVELOPES)
def test_an_envelope_that_is_wrong_is_named_by_its_places(said_by, event, places):
    read = said_by(event, "event")

    assert isinstance(read, Unreadable), read
    assert [error.place for error in read.errors] == places


@pytest.mark.parametrize("kind", [None, "application/json", "application/json; charset=utf-8"])
def test_data_is_json(kind):
    assert isinstance(cloudevents.said_by(EVENT | {"datacontenttype": kind}, "event"), Said)


def test_an_event_of_litellm_counts_tokens_and_its_time_is_not_compared():
    said = openmeter.said_by(METERED, "event")

    assert said.fields == {
        "id": "litellm-proxy#7f3a",
        "output_tokens": 20,
        "model": "m",
        "sold_at": "2026-01-31T23:59:59Z",
    }
    assert said.uncompared == {"sold_at"}


@pytest.mark.parametrize(
    ("carried", "tokens"),
    [
        ({"tokens": 7, "type": "output"}, 7),
        ({"tokens": "7"}, 7),
        ({"output_tokens": 7, "completion_tokens": 8}, 7),
        ({"tokens": "7.5"}, "7.5"),
        ({"tokens": "\uff17"}, "\uff17"),
        ({"tokens": "9" * 400}, "9" * 400),
        ({}, None),
    ],
)
def test_tokens_are_counted_under_several_names(carried, tokens):
    assert (
        openmeter.said_by(METERED | {"data": carried}, "event").fields.get("output_tokens")
        == tokens
    )


@pytest.mark.parametrize("kind", ["input", "system", 7])
def test_tokens_that_were_not_generated_are_not_sold(kind):
    read = openmeter.said_by(METERED | {"data": {"tokens": 7, "type": kind}}, "event")

    assert isinstance(read, NoSale)
    assert read.external_id == "litellm-proxy#7f3a"
