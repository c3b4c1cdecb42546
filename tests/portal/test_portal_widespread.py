"""Works that win a little in many outputs: beside the findings, and on a page of their own."""

import hashlib

import pytest

from service.store import attributions, examinations, presence, works
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import unit_of_work
from service.store.examinations import Examined, Found

ALL = 1_000_000


def attributed(session, number, work, *, now, paid=True):
    """Attribute an output: a tenth goes to the work, the rest to one nobody asks about."""
    won = [EvidenceRow(0, 100, work, 1, 0, 100, 990_000, "verbatim", paid)]
    won += [EvidenceRow(100, 1_000, 9_999, 2, 0, 900, 990_000, "verbatim")]
    shares = {9_999: 900_000} | ({work: 100_000} if paid else {})
    attributions.insert(
        session,
        Wanted(1, hashlib.sha256(f"{work} {number}".encode()).digest(), now, 0),
        engine=attributions.engine_id(session, "fake-1"),
        share_ppm=shares,
        unmatched_ppm=ALL - sum(shares.values()),
        evidence=won,
        now=now,
    )


@pytest.fixture
def counted(world, catalogue):
    """240 outputs of February, of which Ode wins a little in 24 and the commons in the others."""
    with unit_of_work(world.database) as session:
        new = works.NewWork("Boilerplate", "Boilerplate", "en")
        commons = works.register(
            session, new, registered_at=world.now, now=world.now, commons=True
        ).work_id
        for number in range(240):
            if number < 24:
                attributed(session, number, catalogue.ode, now=world.now)
            else:
                attributed(session, number, commons, now=world.now, paid=False)
        presence.count_next(session, limit=240)
    return catalogue


ROW = "Ode to Tides Ada, Bo 24 240 10 %"


def test_an_operator_sees_them_beside_the_findings(world, counted):
    browser = world.browser("operator")
    health = browser.text("/operator")
    assert "Widespread works 1 look They win a little in many outputs" in health
    said = browser.text("/operator/findings")
    assert "in more than 5 % of a month's outputs" in said
    assert f"2026-02 {counted.ode} {ROW}" in said


def test_the_page_of_their_own_tells_of_the_commons_too(world, counted):
    browser = world.browser("operator")
    said = browser.text("/operator/widespread")
    assert ROW in said
    assert "Boilerplate" not in said
    said = browser.text("/operator/widespread?show=commons")
    assert "Boilerplate commons 216 240 90 %" in said
    assert ROW not in said


def test_a_finding_about_the_work_is_linked(world, counted):
    found = Found(counted.essay, "derived", 300_000, [])
    with unit_of_work(world.database) as session:
        outcome = Examined(700_000, (), None, [found], {})
        examinations.store(session, counted.ode, outcome, now=world.now)
    page = world.browser("operator").get("/operator/widespread").text
    assert '<a href="/operator/findings/1">1</a></td>' in page


def test_a_long_list_goes_on_on_the_next_page(world, counted, monkeypatch):
    holder = counted.ada
    more = [world.work(f"Phrase {n:02}", {holder: ALL}) for n in range(30)]
    with unit_of_work(world.database) as session:
        for work in more:
            for number in range(20):
                attributed(session, number, work, now=world.now)
        presence.count_next(session, limit=1_000)
    monkeypatch.setattr("service.store.widespread.OFTEN_PPM", 10_000)
    browser = world.browser("operator")
    first = browser.get("/operator/widespread").text
    assert first.count("Phrase") == 24  # and Ode
    url = f"/operator/widespread?show=&amp;month=2026-02&amp;outputs=20&amp;work={more[6]}"
    assert f'href="{url}"' in first
    second = browser.get(url.replace("&amp;", "&")).text
    assert second.count("Phrase") == 6
    assert 'rel="next"' not in second
    assert browser.text("/operator/findings").count("Phrase") == 9


def test_without_any_the_page_says_so(world, catalogue):
    browser = world.browser("operator")
    assert "Widespread works 0 ok None." in browser.text("/operator")
    assert "No work wins a little in more than 5 %" in browser.text("/operator/findings")
    assert "No work wins a little in many outputs." in browser.text("/operator/widespread")
    assert browser.get("/operator/widespread?month=yesterday").status_code == 422


def test_only_operators_come_here(world, catalogue):
    for login in ("ada", "acme"):
        assert world.browser(login).get("/operator/widespread").status_code == 403
