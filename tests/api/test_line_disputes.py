"""Readers dispute lines of their statements until the day these name; operators answer."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from service.ledger.period import Period
from service.ledger.statement import LineKind, StatementLine, make
from service.ledger.tiers import Tier
from service.store import parties, statements
from service.store.database import unit_of_work


@dataclass
class Reader:
    """Ada's statement of January: Ode by Acme 0.54, then Essay, which is Bo's as well, 0.27."""

    site: object
    ada: object
    bo: object
    operator: object
    number: str
    holder: int

    def dispute(self, line, *, who="ada", **body):
        url = f"/v1/statements/{self.number}/lines/{line}/dispute"
        body = {"reason": "My half of March is missing.", "expected": "0.54"} | body
        return getattr(self, who).post(url, json=body)

    def look(self, line, *, who="ada"):
        url = f"/v1/statements/{self.number}/lines/{line}/dispute"
        return getattr(self, who).get(url)

    def answer(self, number, **body):
        url = f"/v1/line-disputes/{number}/answer"
        return self.operator.post(url, json={"reason": "We looked."} | body)

    def issue(self, period, *lines):
        said = make(
            *(self.holder, "USD", Period.parse(period)),
            opening_nanos=0, lines=lines, held_nanos=0, threshold=0,
        )  # fmt: skip
        with unit_of_work(self.site.database) as session:
            slugs = parties.vendor_ids(session)
            statements.insert(session, said, slugs, now=self.site.clock.now)
        return statements.number_of(said)


def line(work, nanos, *, kind=LineKind.EARNED, month="2026-01"):
    facts = (kind, work, work, "acme", Tier.PREMIUM, Period.parse(month))
    return StatementLine(*facts, 1, 1_000, 2 * nanos, 500_000, nanos)


@pytest.fixture
def reader(site):
    holder = site.holder("Ada")
    bo = site.holder("Bo")
    ada, operator = site.person("creator", holder), site.operator()
    shares = [{"holder_id": one, "share_ppm": 500_000} for one in (holder, bo)]
    for title, body in (("Ode", "The tide keeps no ledger."), ("Essay", "Nor do bakers.")):
        order = {"title": title, "text": body, "language": "en", "holders": shares}
        assert operator.post("/v1/works", json=order).status_code == 201
    made = Reader(site, ada, site.person("creator", bo), operator, "", holder)
    made.number = made.issue("2026-01", line(1, 540_000_000), line(2, 270_000_000))
    return made


def test_a_line_is_disputed_by_its_number_with_what_was_expected(reader):
    before = reader.look(2).json()
    assert before == {
        "statement": reader.number,
        "line": 2,
        "may_be_disputed_until": "2026-05-11",
        "dispute": None,
    }
    made = reader.dispute(2)
    assert made.status_code == 201
    told = made.json()
    assert (told["work_title"], told["stated"], told["expected"], told["state"]) == (
        "Essay",
        "0.27",
        "0.54",
        "open",
    )
    assert reader.look(2).json()["dispute"] == told
    assert reader.look(1).json()["dispute"] is None
    assert reader.ada.get("/v1/line-disputes?state=open").json()["data"] == [told]
    assert reader.operator.get("/v1/line-disputes").json()["data"] == [told]
    assert reader.bo.get("/v1/line-disputes").json()["data"] == []


def test_the_number_of_a_document_issued_again_is_that_of_its_statement(reader):
    number, reader.number = reader.number, f"{reader.number}-R1"
    assert reader.dispute(2).json()["statement"] == number
    assert reader.look(2).json()["statement"] == number


def test_it_holds_nothing_by_itself(reader):
    reader.dispute(1)
    with unit_of_work(reader.site.database) as session:
        assert session.execute(text("SELECT count(*) FROM hold")).scalar_one() == 0


def test_a_share_of_the_work_is_claimed_with_it(reader):
    told = reader.dispute(2, claimed_ppm=500_000, evidence={"text": "Our contract."}).json()
    claim = reader.bo.get(f"/v1/claims/{told['claim_id']}").json()
    assert (claim["state"], claim["claimed_ppm"], claim["work_title"]) == (
        "claimed",
        500_000,
        "Essay",
    )
    assert claim["reason"].startswith(f"line 2 of statement {reader.number}: My half")
    with unit_of_work(reader.site.database) as session:
        held = session.execute(text("SELECT share_ppm FROM hold")).scalars().all()
    assert held == [1_000_000]


def test_a_claim_that_is_refused_keeps_the_dispute_out_too(reader):
    refused = reader.dispute(2, claimed_ppm=500_001)
    assert (refused.status_code, refused.json()["code"]) == (422, "claim-out-of-range")
    assert reader.look(2).json()["dispute"] is None


def test_the_last_day_is_the_ninetieth(reader):
    reader.site.clock.now += timedelta(days=90, hours=11)
    reader.ada, reader.operator = reader.site.person("creator", reader.holder), None
    assert reader.dispute(1).status_code == 201
    reader.site.clock.now += timedelta(hours=1)
    refused = reader.dispute(2)
    assert (refused.status_code, refused.json()["code"]) == (409, "dispute-too-late")
    assert "until 2026-05-11" in refused.json()["detail"]


def a_correction(reader):
    with unit_of_work(reader.site.database) as session:
        query = (
            "INSERT INTO correction_job (cause, reason, requested_by, requested_at, work_id) "
            "VALUES ('rights', 'agreed late', 'op', now(), 2) RETURNING job_id"
        )
        return session.execute(text(query)).scalar_one()


def test_what_is_accepted_links_the_correction_and_the_later_line(reader):
    number = reader.dispute(2).json()["line_dispute_id"]
    job = a_correction(reader)
    reader.site.clock.now += timedelta(hours=1)
    told = reader.answer(number, answer="accepted", correction=job).json()
    assert (told["state"], told["correction"], told["corrected_by"]) == ("accepted", job, [])
    reader.site.clock.now += timedelta(hours=1)
    later = reader.issue(
        "2026-02",
        line(2, 5, month="2026-02"),
        line(1, 7, kind=LineKind.ADJUSTMENT),
        line(2, 270_000_000, kind=LineKind.ADJUSTMENT),
    )
    told = reader.look(2).json()["dispute"]
    assert told["corrected_by"] == [{"statement": later, "line": 3}]


def test_what_is_rejected_has_a_reason_and_is_answered_once(reader):
    number = reader.dispute(2).json()["line_dispute_id"]
    told = reader.answer(number, answer="rejected").json()
    assert (told["state"], told["answer_reason"]) == ("rejected", "We looked.")
    again = reader.answer(number, answer="rejected")
    assert (again.status_code, again.json()["code"]) == (409, "line-dispute-answered")
    assert reader.operator.get("/v1/line-disputes?state=open").json()["data"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"answer": "accepted"}, "correction-missing"),
        ({"answer": "rejected", "correction": 1}, "correction-missing"),
        ({"answer": "accepted", "correction": 99}, "unknown-correction"),
        ({"answer": "rejected", "reason": ""}, "bad-text"),
    ],
)
def test_an_answer_that_breaks_a_rule(reader, body, code):
    number = reader.dispute(2).json()["line_dispute_id"]
    refused = reader.answer(number, **body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert reader.look(2).json()["dispute"]["state"] == "open"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"expected": "1e3"}, "bad-amount"),
        ({"expected": "NaN"}, "bad-amount"),
        ({"expected": 1}, "invalid-input"),
        ({"reason": "NUL \0"}, "bad-text"),
    ],
)
def test_a_dispute_that_breaks_a_rule(reader, body, code):
    refused = reader.dispute(1, **body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_line_is_disputed_once_and_only_by_whom_it_is_for(reader):
    assert reader.dispute(1).status_code == 201
    again = reader.dispute(1)
    assert (again.status_code, again.json()["code"]) == (409, "line-disputed")
    for answer in (reader.dispute(2, who="bo"), reader.look(2, who="bo")):
        assert (answer.status_code, answer.json()["code"]) == (404, "statement-not-found")
    for number in (3, 2**62):
        answer = reader.dispute(number)
        assert (answer.status_code, answer.json()["code"]) == (404, "statement-line-not-found")
    assert reader.look(0).status_code == 422
    assert reader.answer(99, answer="rejected").status_code == 404
