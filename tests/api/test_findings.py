"""What works owe to earlier ones: creators see what is found in theirs, operators decide."""

from dataclasses import dataclass

import pytest

from service.store import examinations, works
from service.store.attributions import EvidenceRow
from service.store.database import unit_of_work
from service.store.examinations import Examined, Found

ODE = {"title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}
COPY = {"title": "Copy", "text": "The tide keeps no ledger. Nor do I.", "language": "en"}
SPAN = EvidenceRow(0, 25, 1, 1, 0, 25, 990_000, "verbatim")


@dataclass
class Conflict:
    """Ada's Ode, and Bo's near copy of it, found at its registration."""

    ada: object
    bo: object
    operator: object
    ode: int
    copy: int
    finding: int


@pytest.fixture
def conflict(site):
    ada, bo, operator = site.creator("Ada"), site.creator("Bo"), site.operator()
    ode = ada.post("/v1/works", json=ODE).json()["work_id"]
    copy = bo.post("/v1/works", json=COPY).json()["work_id"]
    found = Found(ode, "near-copy", 700_000, [SPAN])
    outcome = Examined(300_000, ("evasive",), ode, [found], {})
    with unit_of_work(site.database) as session:
        examinations.store(session, copy, outcome, now=site.clock.now)
    finding = operator.get("/v1/operator/findings").json()["data"][0]["finding_id"]
    return Conflict(ada, bo, operator, ode, copy, finding)


def test_a_creator_sees_what_was_found_in_their_work(conflict):
    shown = conflict.bo.get(f"/v1/works/{conflict.copy}").json()
    assert (shown["originality_ppm"], shown["flags"], shown["commons"]) == (
        300_000,
        ["evasive"],
        False,
    )
    assert shown["findings"] == [
        {
            "finding_id": conflict.finding,
            "kind": "near-copy",
            "state": "open",
            "of_work_id": conflict.ode,
            "of_title": "Ode",
            "share_ppm": 700_000,
            "found_at": "2026-02-10T12:00:00Z",
            "decided_at": None,
            "spans": [
                {
                    "start": 0,
                    "end": 25,
                    "source_start": 0,
                    "source_end": 25,
                    "confidence_ppm": 990_000,
                    "kind": "verbatim",
                }
            ],
        }
    ]
    own = conflict.ada.get(f"/v1/works/{conflict.ode}").json()
    assert (own["originality_ppm"], own["flags"], own["findings"]) == (None, [], [])


def test_an_operator_confirms_once_and_says_why(conflict):
    url = f"/v1/findings/{conflict.finding}"
    answer = conflict.operator.post(f"{url}/confirm", json={"reason": "Word for word."})
    assert answer.status_code == 200
    decided = conflict.operator.get(url).json()
    assert decided == answer.json()
    assert (decided["state"], decided["reason"], decided["work_id"], decided["title"]) == (
        "confirmed",
        "Word for word.",
        conflict.copy,
        "Copy",
    )
    assert decided["decided_by"].startswith("operator-")
    again = conflict.operator.post(f"{url}/dismiss", json={"reason": "Or not."})
    assert (again.status_code, again.json()["code"]) == (409, "finding-decided")


def test_a_dismissal_frees_the_work(conflict, site):
    url = f"/v1/findings/{conflict.finding}/dismiss"
    conflict.operator.post(url, json={"reason": "A licence."})
    with unit_of_work(site.database) as session:
        assert works.get(session, conflict.copy).origin_work_id is None


def test_the_list_of_what_waits(conflict):
    def listed(query):
        answer = conflict.operator.get(f"/v1/operator/findings?{query}")
        return [one["finding_id"] for one in answer.json()["data"]]

    assert listed("state=open&least_ppm=700000") == [conflict.finding]
    assert listed("least_ppm=700001") == []
    conflict.operator.post(f"/v1/findings/{conflict.finding}/confirm", json={"reason": "Yes."})
    assert listed("state=open") == []
    assert listed("state=all") == [conflict.finding]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2_001, "NUL \0"])
def test_a_reason_that_is_none_is_refused(conflict, reason):
    url = f"/v1/findings/{conflict.finding}/confirm"
    answer = conflict.operator.post(url, json={"reason": reason})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-text")


def test_a_finding_nobody_knows_is_not_found(conflict):
    for path in ("", "/confirm", "/dismiss"):
        url = f"/v1/findings/{2**62}{path}"
        method = "POST" if path else "GET"
        body = {"reason": "Why."} if path else None
        assert conflict.operator.request(method, url, json=body).status_code == 404
