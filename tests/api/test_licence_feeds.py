"""Feeds of licences that everybody reads: RSL, TDMRep and robots.txt."""

import json

import pytest
from licence_room import code, room_of
from lxml import etree

from service.store import works
from service.store.database import unit_of_work

RSL = "{https://rslstandard.org/rsl}"


@pytest.fixture
def room(site):
    return room_of(site)


def test_the_catalogue_is_published_without_texts_or_withdrawn_works(room):
    room.sets(room.ada, room.ode, uses=["output", "training"], uri="https://ada.example/ode")
    room.day(12)
    answer = room.site.anonymous().get("/v1/licences/rsl")
    assert answer.headers["content-type"].startswith("application/rsl+xml")
    root = etree.fromstring(answer.content)
    assert [content.get("url") for content in root] == [
        "https://ada.example/ode",
        f"http://testserver/works/{room.shared}",
    ]
    assert [each.text for each in root.iter(f"{RSL}permits")] == ["ai-input ai-train", "ai-input"]
    assert "tide" not in answer.text
    room.site.operator().post(f"/v1/works/{room.ode}/withdraw")
    assert len(etree.fromstring(room.site.anonymous().get("/v1/licences/rsl").content)) == 1


def test_a_catalogue_of_many_pages_names_every_work_once(room, monkeypatch):
    monkeypatch.setattr("service.store.licence_catalogue.PAGE", 2)
    with unit_of_work(room.site.database) as session:
        for n in range(5):
            new = works.NewWork(f"Leaf {n}", f"Leaf {n} of the tree.", "en")
            now = room.site.clock.now
            works.register(session, new, registered_at=now, now=now)
    root = etree.fromstring(room.site.anonymous().get("/v1/licences/rsl").content)
    assert len({content.get("url") for content in root}) == len(root) == 7


@pytest.mark.parametrize("path", ["/v1/licences/rsl", "/.well-known/tdmrep.json"])
def test_a_copy_that_is_as_new_is_not_sent_again(room, path):
    anybody = room.site.anonymous()
    first = anybody.get(path)
    known = {"If-None-Match": first.headers["ETag"]}
    again = anybody.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    room.sets(room.ada, room.ode, valid_from="2026-02-13")
    changed = anybody.get(path, headers=known)
    assert (changed.status_code, len(changed.content)) == (200, len(first.content))
    known = {"If-None-Match": changed.headers["ETag"]}
    room.day(13)
    assert anybody.get(path, headers=known).status_code == 200
    known = {"If-None-Match": anybody.get(path).headers["ETag"]}
    room.site.operator().post(f"/v1/works/{room.ode}/withdraw")
    assert anybody.get(path, headers=known).status_code == 200


def test_crawlers_find_the_licences_by_robots_txt(room):
    answer = room.site.anonymous().get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.splitlines() == [
        "User-agent: *",
        "Disallow: /v1/",
        "Allow: /v1/licences/",
        "License: http://testserver/v1/licences/rsl",
    ]


def test_one_work_is_published_by_itself(room):
    room.sets(room.ada, room.ode, embargo_until="2026-02-13")
    anybody = room.site.anonymous()
    room.day(12)
    early = anybody.get(f"/v1/licences/rsl/{room.ode}")
    assert "<permits" not in early.text
    assert '<prohibits type="usage">ai-all</prohibits>' in early.text
    room.day(13)
    assert '<permits type="usage">ai-input</permits>' in (
        anybody.get(f"/v1/licences/rsl/{room.ode}").text
    )
    assert code(anybody.get("/v1/licences/rsl/99")) == (404, "work-not-found")


def test_mining_reservations_are_where_tdmrep_looks_for_them(room):
    room.sets(room.ada, room.ode, uses=["training"], uri="https://ada.example/ode")
    room.sets(room.site.operator(), room.shared, uses=[])
    room.day(12)
    anybody = room.site.anonymous()
    ours = anybody.get("/.well-known/tdmrep.json").json()
    assert [rule["location"] for rule in ours] == [f"/works/{room.shared}$", "/"]
    theirs = anybody.get("/.well-known/tdmrep.json", params={"host": "Ada.example"}).json()
    assert [rule["location"] for rule in theirs] == ["/ode$", "/"]
    assert {rule["tdm-reservation"] for rule in [*ours, *theirs]} == {1}
    policies = [anybody.get(rule["tdm-policy"]) for rule in theirs]
    assert {one.headers["content-type"] for one in policies} == {"application/ld+json"}
    permission, obligation = (json.loads(one.content) for one in policies)
    assert permission["permission"][0]["target"] == "https://ada.example/ode"
    assert obligation["obligation"] == [{"action": "obtainConsent"}]


def test_a_public_address_that_is_set_is_what_feeds_say(room, monkeypatch):
    settings = room.site.app.state.context.settings
    monkeypatch.setattr(settings, "public_url", "https://royalties.example/")
    monkeypatch.setattr(settings, "licence_price", "0.50 EUR")
    text = room.site.anonymous().get(f"/v1/licences/rsl/{room.ode}").text
    assert 'url="https://royalties.example/works/1"' in text
    assert '<amount currency="EUR">0.50</amount>' in text
    assert 'endpoint="https://royalties.example/v1/sales"' in text
