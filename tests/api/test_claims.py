"""Claims over the web: parties see and answer their own, strangers see none, operators decide."""

from dataclasses import dataclass

import pytest

ODE = {"title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}
PROOF = {"text": "Our letters.", "url": "https://example.org/a", "sha256": "ab" * 32}


@dataclass
class Scene:
    """Ada's Ode; Bo claims 30 % of it, Cy has nothing to do with it."""

    ada: object
    bo: object
    cy: object
    operator: object
    ode: int
    claim: int

    def post(self, who, step, **body):
        body = {"reason": "Because."} | body
        return getattr(self, who).post(f"/v1/claims/{self.claim}/{step}", json=body)


@pytest.fixture
def scene(site):
    ada, bo, cy = (site.creator(name) for name in ("Ada", "Bo", "Cy"))
    ode = ada.post("/v1/works", json=ODE).json()["work_id"]
    order = {"work_id": ode, "claimed_ppm": 300_000, "reason": "A third.", "evidence": PROOF}
    made = bo.post("/v1/claims", json=order)
    assert made.status_code == 201
    return Scene(ada, bo, cy, site.operator(), ode, made.json()["claim_id"])


def test_a_claim_says_everything_and_when_it_may_change(scene, site):
    told = scene.ada.get(f"/v1/claims/{scene.claim}").json()
    steps = told.pop("steps")
    (bo,), (ada,) = told.pop("claimants"), told.pop("respondents")
    assert (bo["name"], bo["share_ppm"], ada["name"], ada["share_ppm"]) == (
        *("Bo", 300_000),
        *("Ada", 300_000),
    )
    assert told == {
        "claim_id": scene.claim,
        "work_id": scene.ode,
        "work_title": "Ode",
        "state": "claimed",
        "claimed_ppm": 300_000,
        "over_claimed_ppm": 300_000,
        "reason": "A third.",
        "filed_at": "2026-02-10T12:00:00Z",
        "held_from": "2026-02-10",
        "from_first_day": True,
        "due_at": "2026-03-12T12:00:00Z",
        "outcome": None,
        "granted_ppm": 0,
        "counters": None,
        "finding_id": None,
        "settled_at": None,
        "why_not_paid": f"30 % of work {scene.ode} is claimed by claim {scene.claim}: "
        "its answer is awaited until 2026-03-12",
        "may_change_on": "2026-03-12",
    }
    assert steps == [
        {
            "step_no": 1,
            "action": "claim",
            "side": "claimant",
            "holder_id": bo["holder_id"],
            "holder_name": "Bo",
            "taken_by": None,
            "taken_at": "2026-02-10T12:00:00Z",
            "reason": "A third.",
            "evidence": PROOF,
            "state": "claimed",
            "outcome": None,
            "granted_ppm": 0,
        }
    ]
    assert site.bell.rings > 0


def test_who_took_a_step_is_told_to_operators_only(scene):
    def logins(who):
        told = getattr(scene, who).get(f"/v1/claims/{scene.claim}").json()
        return [step["taken_by"] for step in told["steps"]]

    assert logins("bo") == logins("ada") == [None]
    (login,) = logins("operator")
    assert login.startswith("holder ")


def test_a_stranger_finds_neither_the_claim_nor_a_step_of_it(scene):
    assert scene.cy.get(f"/v1/claims/{scene.claim}").status_code == 404
    assert scene.cy.get("/v1/claims").json()["data"] == []
    for step, body in (
        ("evidence", {"evidence": PROOF}),
        ("answer", {"answer": "accept"}),
        ("withdraw", {}),
        ("appeal", {}),
    ):
        answer = scene.post("cy", step, **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "claim-not-found")
    for who in ("ada", "bo", "operator"):
        (listed,) = getattr(scene, who).get("/v1/claims?state=open").json()["data"]
        assert listed["claim_id"] == scene.claim


def test_a_claim_is_contested_decided_appealed_and_decided_again(scene, site):
    assert scene.post("ada", "answer", answer="contest").json()["state"] == "contested"
    decided = scene.post("operator", "decide", outcome="partly", granted_ppm=100_000).json()
    assert (decided["state"], decided["granted_ppm"], decided["due_at"]) == (
        "decided",
        100_000,
        "2026-02-17T12:00:00Z",
    )
    assert scene.post("ada", "appeal").json()["state"] == "appealed"
    other = site.operator()
    again = scene.post("operator", "decide", outcome="rejected")
    assert (again.status_code, again.json()["code"]) == (409, "same-operator")
    url = f"/v1/claims/{scene.claim}/decide"
    ended = other.post(url, json={"outcome": "upheld", "reason": "All of it."}).json()
    assert (ended["state"], ended["granted_ppm"], ended["settled_at"]) == (
        "verified",
        300_000,
        None,
    )
    split = scene.ada.get(f"/v1/works/{scene.ode}/split").json()["versions"][-1]
    assert [one["share_ppm"] for one in split["holders"]] == [700_000, 300_000]


def test_an_operator_claims_for_a_third_person_and_acts_for_it(scene):
    order = {"work_id": scene.ode, "claimed_ppm": 1, "reason": "A letter came."}
    answer = scene.operator.post("/v1/claims", json=order)
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "claimant")
    made = scene.operator.post("/v1/claims", json=order | {"claimant": {"name": "Dora"}}).json()
    (dora,) = made["claimants"]
    assert (dora["name"], made["steps"][0]["side"]) == ("Dora", "operator")
    url = f"/v1/claims/{made['claim_id']}/withdraw"
    assert scene.operator.post(url, json={"reason": "She asked."}).status_code == 403
    body = {"reason": "She asked.", "holder_id": dora["holder_id"]}
    assert scene.operator.post(url, json=body).json()["state"] == "withdrawn"
    assert scene.operator.post(url, json=body | {"holder_id": 99}).status_code == 404


def test_a_creator_claims_and_acts_for_nobody_else(scene):
    order = {"work_id": scene.ode, "claimed_ppm": 1, "reason": "His."}
    answer = scene.cy.post("/v1/claims", json=order | {"claimant": {"name": "Dora"}})
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "claimant")
    answer = scene.post("bo", "withdraw", holder_id=99)
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "holder_id")


def test_a_counter_claim_is_a_claim_of_its_own(scene):
    own = {"title": "Bo's", "text": "Nor does the moon.", "language": "en"}
    work = scene.bo.post("/v1/works", json=own).json()["work_id"]
    body = {"answer": "counter-claim", "work_id": work, "claimed_ppm": 500_000}
    assert scene.post("ada", "answer", **body).json()["state"] == "contested"
    newest, first = scene.ada.get("/v1/claims").json()["data"]
    assert (first["claim_id"], newest["counters"]) == (scene.claim, scene.claim)
    assert [one["name"] for one in newest["respondents"]] == ["Bo"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"claimed_ppm": 0}, "claimed_ppm"),
        ({"claimed_ppm": 1_000_001}, "claimed_ppm"),
        ({"claimed_ppm": 1.5}, "claimed_ppm"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"evidence": {}}, "evidence"),
        ({"evidence": {"url": "javascript:alert(1)"}}, "evidence.url"),
        ({"evidence": {"url": "https://"}}, "evidence.url"),
        ({"evidence": {"url": "https://a b.example/\n"}}, "evidence.url"),
        ({"evidence": {"sha256": "ab"}}, "evidence.sha256"),
        ({"evidence": {"text": "x" * 20_001}}, "evidence.text"),
        ({"claimant": {}}, "claimant"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_claim_that_breaks_a_rule_names_the_place(scene, change, place):
    order = {"work_id": scene.ode, "claimed_ppm": 5, "reason": "Mine."} | change
    answer = scene.cy.post("/v1/claims", json=order)
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, place)
    assert scene.cy.get("/v1/claims").json()["data"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"answer": "maybe"},
        {"answer": "counter-claim"},
        {"answer": "contest", "work_id": 1},
        {"answer": "counter-claim", "work_id": 1},
    ],
)
def test_an_answer_that_is_none_is_refused(scene, body):
    assert scene.post("ada", "answer", **body).status_code == 422


@pytest.mark.parametrize(
    "body",
    [{"outcome": "partly"}, {"outcome": "upheld", "granted_ppm": 5}, {"outcome": "maybe"}],
)
def test_a_decision_that_is_none_is_refused(scene, body):
    scene.post("ada", "answer", answer="contest")
    assert scene.post("operator", "decide", **body).status_code == 422
    assert scene.ada.get(f"/v1/claims/{scene.claim}").json()["state"] == "contested"


def test_what_cannot_be_claimed_is_refused_by_name(scene):
    def ask(who, **order):
        order = {"work_id": scene.ode, "claimed_ppm": 1, "reason": "Mine."} | order
        answer = getattr(scene, who).post("/v1/claims", json=order)
        return answer.status_code, answer.json()["code"]

    assert ask("ada") == (409, "nothing-to-claim")
    assert ask("bo") == (409, "claim-open")
    assert ask("cy", work_id=99) == (404, "work-not-found")
    assert ask("cy", against=[99]) == (409, "nothing-to-claim")
    scene.post("bo", "withdraw")
    assert ask("bo") == (409, "claimed-before")


def test_nobody_keeps_everybodys_money_back_with_twenty_one_claims(scene):
    for n in range(21):
        body = ODE | {"title": f"Ode {n}", "text": f"Tide {n} keeps no ledger."}
        work = scene.ada.post("/v1/works", json=body).json()["work_id"]
        order = {"work_id": work, "claimed_ppm": 1, "reason": "Mine."}
        answer = scene.cy.post("/v1/claims", json=order)
    assert (answer.status_code, answer.json()["code"]) == (409, "too-many-claims")
