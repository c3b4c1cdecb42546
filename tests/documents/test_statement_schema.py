"""The published schema says all that a statement as JSON has, and that is what it has."""

import json

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from stated import a_document, a_long_one

from service.documents.statement_json import SCHEMA_NAME, STATEMENT_SCHEMA, statement_json
from service.ledger.statement import Closing


def closed(schema):
    """Return a schema that allows no member it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    return made | {"additionalProperties": False} if made.get("type") == "object" else made


SCHEMA = json.loads(STATEMENT_SCHEMA)
STRICT = Draft202012Validator(closed(SCHEMA))


def test_the_schema_is_one_and_has_the_name_statements_give():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == SCHEMA_NAME == statement_json(a_document())["schema"]


@pytest.mark.parametrize(
    "document",
    [a_document(), a_long_one(3), a_document(lines=(), opening=0, closing=Closing(0, 0, 0))],
    ids=["usual", "long", "empty"],
)
def test_a_statement_has_what_the_schema_names_and_nothing_else(document):
    STRICT.validate(json.loads(json.dumps(statement_json(document))))


@pytest.mark.parametrize(
    ("member", "value"),
    [("closing_balance", 7.29), ("closing_balance", "7,29"), ("currency", "usd"), ("period", "1")],
)
def test_the_schema_refuses_what_would_be_wrong(member, value):
    with pytest.raises(ValidationError):
        STRICT.validate(statement_json(a_document()) | {member: value})
