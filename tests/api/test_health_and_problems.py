"""Every answer has an id and safe headers; every error is a problem; health says what is true."""

import dataclasses
import importlib
import pkgutil
import re

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from service import ledger, store
from service.api.problems import STATUS
from service.ledger.errors import LedgerError
from service.store.database import Database, unit_of_work

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def unreachable() -> Database:
    return Database.connect("postgresql://nobody@127.0.0.1:1/nothing")


def on(site, database: Database) -> TestClient:
    """Let the application meet another database."""
    context = site.app.state.context
    site.app.state.context = dataclasses.replace(context, database=database)
    return site.anonymous()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/v1/", 404, "not-found"),
        ("GET", "/v1/works/", 404, "not-found"),
        ("GET", "/v1/../../etc/passwd", 404, "not-found"),
        ("PUT", "/v1/sales", 405, "method-not-allowed"),
        ("PATCH", "/healthz", 405, "method-not-allowed"),
        ("GET", "/v1/works", 401, "not-signed-in"),
        ("GET", "/docs", 404, "not-found"),
    ],
)
def test_every_refusal_is_a_problem_with_the_id_of_the_request(
    shared_site, method, path, status, code
):
    answer = shared_site.anonymous().request(method, path, headers={"X-Request-ID": "mine"})

    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) == MEMBERS
    assert problem["code"] == code
    assert problem["type"] == f"urn:wellspring:problem:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"] != "mine"
    assert re.fullmatch("[0-9a-f]{16}", problem["request_id"])


def test_a_method_not_taken_is_answered_with_those_that_are(shared_site):
    assert shared_site.anonymous().put("/healthz").headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/v1/works", "/openapi.json"])
def test_every_answer_has_safe_headers(shared_site, path):
    headers = shared_site.anonymous().get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_an_unexpected_failure_tells_nothing_of_the_inside(site):
    ada = site.creator()
    site.preview.attribute = lambda _: 1 / 0

    answer = ada.post("/v1/attribution-previews", json={"text": "x"})

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal-error"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "ZeroDivision" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_database_the_answer_is_503_and_health_still_answers(site):
    client = on(site, unreachable())
    client.cookies.set("wellspring_session", "x")
    client.headers["Authorization"] = "Bearer ws_live_x"

    for path in ("/v1/works", "/v1/sales", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "127.0.0.1" not in answer.text
    assert client.get("/healthz").json() == {"status": "alive"}


def test_when_all_connections_are_lent_the_answer_is_503(site, urls):
    small = Database.connect(urls.app, pool_size=1)
    small.engine.pool._timeout = 0.1
    client = on(site, small)
    client.headers["Authorization"] = "Bearer ws_live_x"

    with unit_of_work(small) as session:
        session.execute(text("SELECT 1"))
        answer = client.get("/v1/sales")

    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    small.close()


def test_a_database_without_schema_is_not_ready(site, urls, postgres):
    name = urls.app.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_empty")
    empty = Database.connect(urls.app.replace(f"/{name}?", f"/{name}_empty?"))

    answer = on(site, empty).get("/readyz")

    assert (answer.status_code, answer.json()["code"]) == (503, "schema-missing")
    empty.close()
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name}_empty WITH (FORCE)")


def test_ready_where_the_schema_is(site):
    assert site.anonymous().get("/readyz").json() == {"status": "ready"}


def test_metrics_count_by_route_and_say_what_waits(site):
    acme, ada = site.vendor(), site.creator()
    acme.post(
        "/v1/sales", json=[{"id": f"s{i}", "tier": "elite", "output_tokens": 1} for i in "ab"]
    )
    ada.post("/v1/works", json={"title": "T", "text": "x", "language": "en"})
    acme.get("/v1/sales/secret-id")
    acme.get("/secret-path")

    read = site.anonymous().get("/metrics").text

    assert (
        'wellspring_requests_total{method="POST",mode="live",route="/v1/sales",status="200"} 1.0'
        in read
    )
    missing = '{method="GET",mode="live",route="/v1/sales/{sale}",status="404"} 1.0'
    assert missing in read
    assert 'route="unmatched",status="404"} 1.0' in read
    assert 'wellspring_waiting_sales{stage="attribute"} 2.0' in read
    assert 'wellspring_waiting_sales{stage="settle"} 0.0' in read
    assert "wellspring_unembedded_works 1.0" in read
    assert "wellspring_open_findings 0.0" in read
    assert "wellspring_widespread_works 0.0" in read
    assert "wellspring_unsealed_batches 0.0" in read
    assert "wellspring_database_up 1.0" in read
    assert "secret" not in read


def test_the_openapi_document_shows_examples_problems_and_schemes(shared_site):
    document = shared_site.app.openapi()

    assert document["info"]["title"] == "Wellspring"
    assert set(document["components"]["securitySchemes"]) == {"session", "vendorKey"}
    report = document["paths"]["/v1/sales"]["post"]
    assert set(report["requestBody"]["content"]) == {
        "application/json",
        "application/x-ndjson",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
    }
    assert report["requestBody"]["content"]["application/json"]["examples"]
    refusal = report["responses"]["401"]["content"]["application/problem+json"]
    assert refusal["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["summary"], (method, path)
            assert "HTTPValidationError" not in str(route), (method, path)
            names = {tag["name"] for tag in document["tags"]}
            assert set(route["tags"]) <= names


OUR_OWN_FAULT = {
    "CurrencyMixed",
    "EmptyPosting",
    "NothingToDivideBy",
    "PoolNotWhole",
    "Unbalanced",
}


def subclasses(kind: type) -> list[type]:
    return [each for one in kind.__subclasses__() for each in (one, *subclasses(one))]


def test_every_refusal_of_the_domain_has_a_status_or_is_our_own_fault():
    for package in (ledger, store):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    refusals = [
        kind
        for kind in subclasses(LedgerError)
        if kind.__module__.startswith(("service.ledger.", "service.store.", "service.api."))
    ]

    without = {kind.__name__ for kind in refusals if kind not in STATUS}

    assert without == OUR_OWN_FAULT
