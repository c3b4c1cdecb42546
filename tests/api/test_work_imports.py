"""Many works at once: every line is told what becomes of it, and all are stored or none."""

import csv
import io
import json

import pytest

from service.ledger.hold import HoldReason
from service.store import holds
from service.store.database import unit_of_work

ODE = {"id": "ode", "title": "Ode", "text": "The tide keeps no ledger.", "kind": "poem"}
ELEGY = {
    "id": "elegy",
    "title": "Elegy",
    "text": 'Nobody counted\nthe gulls, "but" they came.',
    "language": "en",
    "created_on": "1984",
    "identifiers": [{"scheme": "isbn", "value": "0-306-40615-2"}],
}
PATH = "/v1/works/imports"


@pytest.fixture
def ada(site):
    return site.creator()


def as_csv(*rows, columns=None):
    buffer = io.StringIO()
    names = columns or sorted({name for row in rows for name in row})
    writer = csv.DictWriter(buffer, names)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def send_csv(client, content, **query):
    return client.post(PATH, content=content, headers={"Content-Type": "text/csv"}, params=query)


def titles(client):
    return sorted(one["title"] for one in client.get("/v1/works").json()["data"])


def test_an_array_is_registered_line_by_line(site, ada):
    answer = ada.post(PATH, json=[ODE, ELEGY])
    assert answer.status_code == 201
    told = answer.json()
    assert (told["registered"], told["duplicate"], told["rejected"]) == (2, 0, 0)
    assert [(one["place"], one["id"], one["outcome"]) for one in told["items"]] == [
        ("works[0]", "ode", "registered"),
        ("works[1]", "elegy", "registered"),
    ]
    work = told["items"][1]["work_id"]
    shown = ada.get(f"/v1/works/{work}").json()
    assert (shown["created_on"], shown["identifiers"][0]["value"]) == ("1984", "9780306406157")
    assert site.bell.rings == 1
    again = ada.post(PATH, json=[ODE, ELEGY]).json()
    assert (again["registered"], again["duplicate"]) == (0, 2)
    assert again["items"][1]["work_id"] == work


def test_lines_of_json_are_taken_too(ada):
    body = "\n".join(json.dumps(one) for one in (ODE, ELEGY)) + "\n\n"
    headers = {"Content-Type": "application/x-ndjson"}
    told = ada.post(PATH, content=body, headers=headers).json()
    assert [one["place"] for one in told["items"]] == ["line 1", "line 2"]
    assert titles(ada) == ["Elegy", "Ode"]


def test_csv_has_a_column_for_each_fact_and_each_scheme(site, ada):
    rows = [
        ODE | {"orcid": "0000-0002-1825-0097|0000-0002-1694-233X", "doi": "10.1000/182"},
        {"id": "b", "title": "Long", "text": "gulls " * 100_000},
    ]
    told = send_csv(ada, as_csv(*rows)).json()
    assert (told["registered"], told["rejected"]) == (2, 0), told
    shown = ada.get(f"/v1/works/{told['items'][0]['work_id']}").json()
    assert [one["scheme"] for one in shown["identifiers"]] == ["doi", "orcid", "orcid"]
    semicolons = b"\xef\xbb\xbfid;title;text\r\nc;Semi;one, two\r\n"
    assert send_csv(ada, semicolons).json()["registered"] == 1
    operator = site.operator()
    named = as_csv({"id": "d", "title": "D", "text": "d", "holders": "Ada:600000|Ben Old:400000"})
    assert send_csv(operator, named).json()["registered"] == 1


def test_a_dry_run_says_what_would_be_and_keeps_nothing(site, ada):
    assert ada.post(PATH, json=[ODE]).status_code == 201
    answer = ada.post(f"{PATH}?dry_run=true", json=[ODE, ELEGY, ODE | {"id": "x"}, {"id": "y"}, 7])
    told = answer.json()
    assert (answer.status_code, told["dry_run"]) == (200, True)
    assert (told["registered"], told["duplicate"], told["rejected"]) == (1, 1, 3)
    assert {one["place"]: (one["outcome"], one["rule"]) for one in told["items"]} == {
        "works[0]": ("duplicate", None),
        "works[1]": ("registered", None),
        "works[2]": ("rejected", "this text is registered as work 1"),
        "works[3]": ("rejected", "title: must be a text"),
        "works[4]": ("rejected", "must be a JSON object"),
    }
    assert titles(ada) == ["Ode"]
    assert site.bell.rings == 1


def test_one_wrong_line_and_nothing_is_stored(site, ada):
    answer = ada.post(PATH, json=[ODE, ELEGY | {"kind": "song"}, ODE | {"id": "z"}])
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "batch-refused")
    assert [one["place"] for one in problem["errors"]] == ["works[1]", "works[2]"]
    assert titles(ada) == []
    assert site.bell.rings == 0


def test_a_refused_line_is_not_the_reason_why_another_is(ada):
    """The first claims a number that is taken, the second has its text: that one may come in."""
    ada.post(PATH, json=[ELEGY])
    isbn = [{"scheme": "isbn", "value": "9780306406157"}]
    answer = ada.post(PATH, json=[ODE | {"id": "a", "identifiers": isbn}, ODE | {"id": "b"}])
    (error,) = answer.json()["errors"]
    assert error == {"place": "works[0]", "rule": "isbn 9780306406157 names work 1 already"}


BAD_CSV = {
    "an unknown column": (b"id,title,text,colour\n", "line 1", "unknown column 'colour'"),
    "a column twice": (b"id,title,text,text\n", "line 1", "column 'text' is there twice"),
    "a field too many": (b"id,title,text\na,b,c,d\n", "line 2", "has 4 fields"),
    "an open quote": (b'id,title,text\na,b,"c\n', "line 2", "unexpected end of data"),
    "no UTF-8": (b"id,title,text\na,b,\xff\n", "file, byte 18", "is not UTF-8"),
    "no title": (b"id,title,text\na,,c\n", "line 2", "title: must be a text"),
    "a NUL": (b"id,title,text\na,b,c\0\n", "line 2", "has a NUL"),
    "holders": (b"id,title,text,holders\na,b,c,Ada\n", "line 2", "written as Ada:600000"),
    "an id twice": (b"id,title,text\na,b,c\na,b,d\n", "line 3", "id 'a' is that of line 2"),
}


@pytest.mark.parametrize(("content", "place", "rule"), BAD_CSV.values(), ids=BAD_CSV)
def test_a_bad_line_of_csv_is_named(site, content, place, rule):
    answer = send_csv(site.creator(), content)
    assert answer.status_code == 422
    first = answer.json()["errors"][0]
    assert (first["place"], rule in first["rule"]) == (place, True), first


def test_a_creator_names_holders_by_number_and_is_one_of_them(site, ada):
    ben = site.holder("Ben")
    me = ada.get("/v1/session").json()["party_id"]
    half = [{"holder_id": one, "share_ppm": 500_000} for one in (me, ben)]
    work = ada.post(PATH, json=[ODE | {"holders": half}]).json()["items"][0]["work_id"]
    with unit_of_work(site.database) as session:
        held = holds.active_of(session, work_ids=[work])
    assert [(one.hold.holder_id, one.hold.reason) for one in held] == [
        (ben, HoldReason.UNCONFIRMED)
    ]
    for holders in (
        [{"name": "Ada", "share_ppm": 1_000_000}],
        [{"holder_id": ben, "share_ppm": 1_000_000}],
        [{"holder_id": me, "share_ppm": 1}],
        [{"holder_id": 999, "share_ppm": 500_000}, {"holder_id": me, "share_ppm": 500_000}],
    ):
        answer = ada.post(PATH, json=[ELEGY | {"holders": holders}])
        assert (answer.status_code, answer.json()["code"]) == (422, "batch-refused"), holders


def test_an_operator_names_the_holders(site):
    operator = site.operator()
    answer = operator.post(PATH, json=[ODE])
    assert answer.json()["errors"][0]["rule"] == "holders: are missing"


def test_a_batch_has_its_limits(ada):
    many = [{"id": str(n), "title": "t", "text": f"text {n}"} for n in range(10_001)]
    answer = ada.post(PATH, json=many)
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "body")
    assert ada.post(PATH, json={"id": "x"}).status_code == 422
    assert (
        ada.post(PATH, content=b"<xml/>", headers={"Content-Type": "text/xml"}).status_code == 415
    )
