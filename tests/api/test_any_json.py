"""Whatever JSON is sent to whatever route: a success or a problem, never a failure of ours."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.formats.native import FIELDS
from service.api.licences import LicenceOrder
from service.api.offers import OfferOrder

NAMES = st.sampled_from(
    [
        *(*FIELDS, "title", "holders", "holder_id", "share_ppm", "label", "vendor"),
        *(*LicenceOrder.model_fields, *OfferOrder.model_fields),
    ]
)
ODD = st.sampled_from(
    ["\0", "\ud800", "1e3", "-0", "2026-02-10T12:00:00Z", "premium", "en", "0.01"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | ODD
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=12,
)
SEVERAL = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def askers(shared_site):
    """Somebody who may ask, by route."""
    acme, ada = shared_site.vendor(), shared_site.creator()
    acme.post("/v1/sales", json={"id": "s", "tier": "elite", "output_tokens": 1_000})
    work = {"title": "T", "text": "A text.", "language": "en"}
    work_id = ada.post("/v1/works", json=work).json()["work_id"]
    return [
        (acme, "POST", "/v1/sales"),
        (acme, "POST", "/v1/sales/s/refunds"),
        (acme, "POST", "/v1/attribution-previews"),
        (ada, "POST", "/v1/works"),
        (ada, "PUT", f"/v1/works/{work_id}/split"),
        (ada, "PUT", f"/v1/works/{work_id}/licence"),
        (acme, "POST", "/v1/offers"),
        (ada, "POST", "/v1/offers/1/accept"),
        (shared_site.vendor_user(), "POST", "/v1/keys"),
        (shared_site.anonymous(), "POST", "/v1/session"),
        (shared_site.operator(), "POST", "/v1/periods/2026-01/close"),
    ]


@SEVERAL
@given(value=VALUES)
def test_any_json_is_answered(askers, value):
    body = json.dumps(value)

    for client, method, path in askers:
        headers = {"Content-Type": "application/json"}
        answer = client.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500, (path, body)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"]


@SEVERAL
@given(raw=st.binary(max_size=60))
def test_any_bytes_are_answered(askers, raw):
    for client, method, path in askers:
        for kind in ("application/json", "application/x-ndjson"):
            answer = client.request(method, path, content=raw, headers={"Content-Type": kind})
            assert answer.status_code < 500, (path, raw)
