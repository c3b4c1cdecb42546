"""Facts and identifiers of works over the API, and their receipts once a worker has run."""

import json
from datetime import UTC, datetime

import pytest

from service.settings import Settings
from worker import receipt_check, registering
from worker.receipt_key import signer_of

ODE = {
    "title": "Ode to the tide",
    "text": "The tide keeps no ledger, and yet it pays the shore.",
    "language": "en",
    "kind": "poem",
    "created_on": "1984-06",
    "identifiers": [
        {"scheme": "isbn", "value": "0-306-40615-2"},
        {"scheme": "orcid", "value": "https://orcid.org/0000-0002-1825-0097"},
    ],
}


@pytest.fixture
def ada(site):
    return site.creator()


def test_a_work_keeps_its_facts_and_identifiers_in_normal_form(ada):
    made = ada.post("/v1/works", json=ODE)
    assert (made.status_code, made.json()["kind"], made.json()["created_on"]) == (
        201,
        "poem",
        "1984-06",
    )
    shown = ada.get(f"/v1/works/{made.json()['work_id']}").json()
    assert shown["identifiers"] == [
        {"scheme": "isbn", "value": "9780306406157", "edition": 1},
        {"scheme": "orcid", "value": "0000-0002-1825-0097", "edition": 1},
    ]
    (edition,) = shown["editions"]
    assert (edition["edition"], edition["iscc"], edition["log_position"]) == (1, None, None)


BAD = [
    ({"kind": "ode"}, "bad-text", "kind"),
    ({"created_on": "2027"}, "bad-text", "created_on"),
    ({"identifiers": [{"scheme": "isbn", "value": "1"}]}, "bad-identifier", "identifiers.isbn"),
    ({"identifiers": [{"scheme": "iscc", "value": "1"}]}, "bad-identifier", "identifiers.iscc"),
]


@pytest.mark.parametrize(("change", "code", "place"), BAD)
def test_wrong_facts_are_refused_by_name(ada, change, code, place):
    answer = ada.post("/v1/works", json=ODE | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["place"] == place
    assert ada.get("/v1/works").json()["data"] == []


def test_an_isbn_of_another_work_is_taken(site, ada):
    ada.post("/v1/works", json=ODE)
    copy = ODE | {"text": "Another text."}
    answer = site.creator("Ben").post("/v1/works", json=copy)
    assert (answer.status_code, answer.json()["code"]) == (409, "identifier-taken")
    assert answer.json()["errors"][0]["place"] == "identifiers.isbn"


def test_a_receipt_is_there_once_the_text_is_logged(site, ada, tmp_path):
    work = ada.post("/v1/works", json=ODE).json()["work_id"]
    waits = ada.get(f"/v1/works/{work}/receipt")
    assert (waits.status_code, waits.json()["code"]) == (409, "receipt-waiting")
    signer = signer_of(Settings(home=tmp_path))
    registering.log_next(site.database, lambda: signer, now=datetime(2026, 2, 11, tzinfo=UTC))
    answer = ada.get(f"/v1/works/{work}/receipt")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('"work-1-1.receipt.json"')
    (key,) = site.anonymous().get("/v1/receipt-keys").json()["data"]
    checked = receipt_check.check(
        json.dumps(answer.json()).encode(),
        public_key=bytes.fromhex(key["public_key"]),
        body=ODE["text"],
    )
    assert checked.is_this_text
    assert checked.entry.fields["logged_at"] == "2026-02-11T00:00:00.000000Z"
    (edition,) = ada.get(f"/v1/works/{work}").json()["editions"]
    assert (edition["iscc"][:6], edition["log_position"]) == ("ISCC:K", 1)
    assert site.vendor().get("/v1/registrations").json()["data"] == [answer.json()]
    assert ada.get(f"/v1/works/{work}/receipt?edition=2").json()["code"] == "edition-not-found"


def test_a_language_that_seems_another_is_flagged(site, ada, tmp_path):
    german = (
        "Der Leuchtturm drehte seine Lampe den ganzen Winter hindurch alle elf Sekunden, und der "
        "Mann schrieb jede Flut mit violetter Tinte auf die alten Rechnungen in der Schublade. "
        "Niemand holte die Rechnungen jemals ab, und so blieben die Gezeiten von neun Jahren."
    )
    work = ada.post("/v1/works", json=ODE | {"text": german}).json()["work_id"]
    signer = signer_of(Settings(home=tmp_path))
    registering.log_next(site.database, lambda: signer, now=datetime(2026, 2, 11, tzinfo=UTC))
    (edition,) = ada.get(f"/v1/works/{work}").json()["editions"]
    assert (edition["detected_language"], edition["language_differs"]) == ("de", True)


def test_an_identifier_that_comes_later_is_given_later(site, ada):
    work = ada.post("/v1/works", json=ODE | {"identifiers": []}).json()["work_id"]
    path = f"/v1/works/{work}/identifiers"
    order = {"identifiers": [{"scheme": "isbn", "value": "0-306-40615-2"}]}
    for _ in range(2):
        answer = ada.post(path, json=order)
        assert (answer.status_code, answer.json()["identifiers"]) == (
            200,
            [{"scheme": "isbn", "value": "9780306406157", "edition": 1}],
        )
    assert ada.post(path, json=order | {"edition": 2}).json()["code"] == "edition-not-found"
    assert site.creator("Ben").post(path, json=order).status_code == 404
    other = {"title": "O", "text": "Another.", "language": "en"}
    second = ada.post("/v1/works", json=other).json()["work_id"]
    answer = ada.post(f"/v1/works/{second}/identifiers", json=order)
    assert (answer.status_code, answer.json()["code"]) == (409, "identifier-taken")
    many = [{"scheme": "url", "value": f"https://example.org/{n}"} for n in range(51)]
    assert ada.post(path, json={"identifiers": many}).status_code == 422
