"""Operators see which works win a little in many outputs, and how often the commons do."""

import hashlib

import pytest

from service.store import attributions, presence, works
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import unit_of_work

ALL = 1_000_000


@pytest.fixture
def counted(site):
    """300 outputs of February: "Regards" wins a tenth of 30, "Salt" of 15, the commons of all."""
    ada = site.creator("Ada")
    regards, salt = (
        ada.post("/v1/works", json={"title": t, "text": t, "language": "en"}).json()["work_id"]
        for t in ("Regards", "Salt")
    )
    now = site.clock.now
    with unit_of_work(site.database) as session:
        commons = works.register(
            session,
            works.NewWork("Boilerplate", "Boilerplate", "en"),
            registered_at=now,
            now=now,
            commons=True,
        ).work_id
        engine = attributions.engine_id(session, "told/1")
        for number in range(300):
            paid = {work: 100_000 for work, most in ((regards, 30), (salt, 15)) if number < most}
            won = [EvidenceRow(0, 20, commons, 1, 0, 20, 990_000, "verbatim", paid=False)]
            won += [EvidenceRow(30, 130, work, 1, 0, 100, 990_000, "verbatim") for work in paid]
            if not paid:  # then only what is kept of the rest could say how long the output is
                won.append(EvidenceRow(30, 830, 99, 1, 0, 800, 990_000, "verbatim"))
                paid = {99: 800_000}
            attributions.insert(
                session,
                Wanted(1, hashlib.sha256(str(number).encode()).digest(), now, 0),
                engine=engine,
                share_ppm=paid,
                unmatched_ppm=ALL - sum(paid.values()),
                evidence=won,
                now=now,
            )
        presence.count_next(session, limit=300)
    return regards, salt, commons


def listed(site, query=""):
    answer = site.operator().get(f"/v1/widespread-works{query}")
    assert answer.status_code == 200
    return answer.json()


def test_a_work_above_five_percent_is_listed_with_its_counts(site, counted):
    regards, _, _ = counted
    assert listed(site) == {
        "data": [
            {
                "month": "2026-02",
                "work_id": regards,
                "title": "Regards",
                "holders": ["Ada"],
                "commons": False,
                "withdrawn_at": None,
                "output_count": 30,
                "of_output_count": 300,
                "part_ppm": 100_000,
                "finding_id": None,
            }
        ],
        "has_more": False,
        "next": None,
    }


def test_the_commons_are_listed_when_asked_for(site, counted):
    (shown,) = listed(site, "?commons=true")["data"]
    assert (shown["title"], shown["commons"], shown["holders"]) == ("Boilerplate", True, [])
    assert (shown["output_count"], shown["part_ppm"]) == (300, ALL)


def test_the_list_goes_on_where_a_page_ended(site, counted, monkeypatch):
    regards, salt, _ = counted
    monkeypatch.setattr("service.store.widespread.OFTEN_PPM", 10_000)
    page = listed(site, "?limit=1")
    assert ([one["work_id"] for one in page["data"]], page["has_more"]) == ([regards], True)
    assert page["next"] == f"2026-02/30/{regards}"
    page = listed(site, f"?limit=1&after={page['next']}")
    assert ([one["work_id"] for one in page["data"]], page["next"]) == ([salt], None)


@pytest.mark.parametrize("after", ["7", "2026-13/1/1", "2026-02/1", "2026-02/-1/1", "x" * 300])
def test_a_cursor_no_list_gave_is_refused(shared_site, after):
    answer = shared_site.operator().get("/v1/widespread-works", params={"after": after})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def test_metrics_count_what_an_operator_should_look_at(site, counted):
    read = site.anonymous().get("/metrics").text
    assert "wellspring_widespread_works 1.0" in read
