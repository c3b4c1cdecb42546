"""docs/webhooks.md says what is so: its receiver runs, its examples are those of the API."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from service.api.webhook_events import example_of
from service.store.webhook_events import EventType
from service.store.webhook_schedule import MOST_TRIES, WAITS

SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ=="


@pytest.fixture(scope="module")
def document(repository_path):
    return (repository_path / "docs/webhooks.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def repository_path(request):
    return request.config.rootpath


@pytest.fixture
def receiver(document, monkeypatch):
    """The receiver of the quick start, as it stands there."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    (code,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    names = {"__name__": "receiver"}
    exec(code, names)
    return TestClient(names["app"])


def signed(body, *, number="msg_1", at=None, secret=SECRET):
    at = at or datetime.now(UTC)
    return {
        "webhook-id": number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(number, at, body),
    }


def test_the_receiver_takes_what_is_ours_once_and_refuses_the_rest(receiver, capsys):
    body = json.dumps(example_of(EventType.STATEMENT_ISSUED))
    old = datetime.now(UTC) - timedelta(minutes=6)
    foreign = "whsec_" + "YW5vdGhlciBzZWNyZXQgb2Ygc29tZWJvZHkgZWxzZQ=="

    def posts(body, headers):
        return receiver.post("/wellspring", content=body, headers=headers).status_code

    assert posts(body, signed(body)) == 204
    assert posts(body, signed(body)) == 204
    assert capsys.readouterr().out.count("statement.issued") == 1
    assert posts(body.replace("H8", "H9"), signed(body)) == 401
    assert posts(body, signed(body) | {"webhook-id": "msg_2"}) == 401
    assert posts(body, signed(body, at=old)) == 401
    assert posts(body, signed(body, secret=foreign)) == 401
    assert posts(body, {}) == 401
    assert posts(b"\xff", signed("x")) == 401


def test_the_examples_are_those_of_the_api(document):
    (block,) = re.findall(r"```json\n(.*?)```", document, re.DOTALL)
    told = [json.loads(line) for line in block.splitlines()]
    assert told == [example_of(kind) for kind in EventType]
    assert all(f"| `{kind}` |" in document for kind in EventType)


def test_the_waits_are_those_of_the_schedule(document):
    (row,) = re.findall(r"\| after \| (.*) \|", document)
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    written = [text.split() for text in row.split(" | ")]
    assert [timedelta(**{units[unit]: int(n)}) for n, unit in written] == list(WAITS)
    assert len(WAITS) + 1 == MOST_TRIES == 10
