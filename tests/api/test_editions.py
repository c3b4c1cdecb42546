"""Editions over the API: who may add one, and what is said of it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "intake"))

import intake_files as files
from intake_files import ELEGY, ODE


@pytest.fixture
def ada(site):
    return site.creator()


@pytest.fixture
def work(ada):
    order = {"title": "Ode", "text": ODE, "language": "en"}
    return ada.post("/v1/works", json=order).json()["work_id"]


def test_an_edition_by_json_and_one_by_file(site, ada, work):
    order = {
        "text": f"{ODE} {ELEGY}",
        "note": "With an elegy",
        "created_on": "2025",
        "identifiers": [{"scheme": "isbn", "value": "9780306406157"}],
    }
    made = ada.post(f"/v1/works/{work}/editions", json=order)
    assert (made.status_code, made.json()["edition"], made.json()["note"]) == (
        201,
        2,
        "With an elegy",
    )
    path = f"/v1/works/{work}/editions/files"
    sent = ada.post(
        path,
        data={"note": "Printed", "identifiers": '[{"scheme": "isbn", "value": "9780804429573"}]'},
        files={"file": ("ode.docx", files.word(ODE, ELEGY, "And more."))},
    )
    assert (sent.status_code, sent.json()["edition"], sent.json()["source"]["type"]) == (
        201,
        3,
        "docx",
    )
    shown = ada.get(f"/v1/works/{work}").json()
    assert [one["edition"] for one in shown["editions"]] == [1, 2, 3]
    assert [(one["value"], one["edition"]) for one in shown["identifiers"]] == [
        ("9780306406157", 2),
        ("9780804429573", 3),
    ]
    assert [one["work_id"] for one in ada.get("/v1/works").json()["data"]] == [work]
    assert [one["work_id"] for one in site.operator().get("/v1/works").json()["data"]] == [work]
    assert site.bell.rings == 3


def test_a_text_that_is_there_is_no_edition(ada, work):
    answer = ada.post(f"/v1/works/{work}/editions", json={"text": f" {ODE}\n"})
    assert (answer.status_code, answer.json()["code"]) == (409, "text-registered")
    same = {"file": ("ode.txt", ODE.encode("utf-16"))}
    answer = ada.post(f"/v1/works/{work}/editions/files", files=same)
    assert (answer.status_code, answer.json()["code"]) == (409, "text-registered")


def test_a_stranger_adds_nothing_and_a_withdrawn_work_gets_nothing(site, ada, work):
    ben = site.creator("Ben")
    answer = ben.post(f"/v1/works/{work}/editions", json={"text": ELEGY})
    assert (answer.status_code, answer.json()["code"]) == (404, "work-not-found")
    ada.post(f"/v1/works/{work}/withdraw")
    answer = ada.post(f"/v1/works/{work}/editions", json={"text": ELEGY})
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawn-already")


def test_the_text_of_an_edition_is_no_work_of_its_own(site, ada, work):
    ada.post(f"/v1/works/{work}/editions", json={"text": ELEGY})
    other = site.operator().get(f"/v1/works/{work + 1}")
    assert (other.status_code, other.json()["code"]) == (404, "work-not-found")
    answer = site.operator().post(f"/v1/works/{work + 1}/editions", json={"text": "more"})
    assert answer.status_code == 404


BAD = [
    ({"text": ELEGY, "note": ""}, "note"),
    ({"text": ELEGY, "note": "x" * 201}, "note"),
    ({"text": ELEGY, "created_on": "2030"}, "created_on"),
    ({"text": " "}, "text"),
    ({"text": ELEGY, "identifiers": [{"scheme": "isbn", "value": "1"}]}, "identifiers.isbn"),
]


@pytest.mark.parametrize(("order", "place"), BAD)
def test_what_is_wrong_is_said_and_nothing_is_stored(ada, work, order, place):
    answer = ada.post(f"/v1/works/{work}/editions", json=order)
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, place)
    assert len(ada.get(f"/v1/works/{work}").json()["editions"]) == 1
