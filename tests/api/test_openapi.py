"""What the OpenAPI document says: names that stay, examples to begin with, nothing left untold."""

import json

import pytest

NO_EXAMPLE = {"application/x-protobuf", "multipart/form-data", "text/csv", "application/x-ndjson"}
"""Of these an example in JSON says nothing, or stands beside in JSON."""


@pytest.fixture(scope="module")
def document(shared_site):
    return shared_site.anonymous().get("/openapi.json").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_that_is_published_is_the_one_that_is_served(document, repository):
    """A change of the API is seen in a review: `wellspring openapi > docs/openapi.json`."""
    published = json.loads((repository / "docs/openapi.json").read_text(encoding="utf-8"))
    for part in ("paths", "components", "tags", "info"):
        assert published[part] == document[part], f"{part}: run wellspring openapi"
    assert published.keys() == document.keys()


def test_each_operation_has_a_name_of_its_own_that_a_client_may_call_it_by(document):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name.islower() for name in names)
    assert {"report_sales", "list_sales", "get_sale", "rotate_key"} <= set(names)


def test_each_operation_says_what_it_does(document):
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("description"), name


def test_each_body_of_json_has_an_example(document):
    def whole(schema):
        if "$ref" in schema:
            return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return [whole(one) for one in schema.get("anyOf", [])] or schema

    for name, operation in operations(document):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind not in NO_EXAMPLE and (name, kind) != ("POST /v1/traces", "application/json"):
                told = json.dumps([content, whole(content["schema"])])
                assert '"example' in told, (name, kind)


def test_each_problem_is_of_one_form(document):
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert "application/problem+json" in answer["content"], (name, status)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/sales", "GET, POST"),
        ("PATCH", "/v1/works/7/split", "GET, PUT"),
        ("GET", "/v1/works/files", "POST"),
        ("GET", "/v1/works/imports", "POST"),
    ],
)
def test_what_a_path_does_not_take_is_told_with_all_that_it_takes(
    shared_site, method, path, allowed
):
    answer = shared_site.operator().request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["code"] == "method-not-allowed"
