"""Licences over HTTP: holders set terms, vendors ask before use, everybody reads the feeds."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from fastapi.testclient import TestClient
from lxml import etree

from service.ledger.licence import Deal
from service.store import against_terms, deals, parties, works
from service.store.against_terms import UseAgainstTerms
from service.store.database import unit_of_work

RSL = "{https://rslstandard.org/rsl}"
TEXT = "The tide keeps no ledger, and yet it pays the shore."
FROM = "2026-02-12"
"""Two days ahead: the tenth is today, and a sale may be of tomorrow."""


@dataclass
class Room:
    """Ada with an ode of her own, and one she shares with Ben."""

    site: object
    ada: TestClient
    ben: TestClient
    ids: list[int]
    ode: int
    shared: int

    def sets(self, client, work, *, seen='"0"', **terms):
        body = {"valid_from": FROM, "uses": ["output"]} | terms
        headers = {} if seen is None else {"If-Match": seen}
        return client.put(f"/v1/works/{work}/licence", json=body, headers=headers)

    def order(self, client, *, seen='"0"', **terms):
        body = {"valid_from": FROM, "uses": ["output"]} | terms
        headers = {} if seen is None else {"If-Match": seen}
        path = f"/v1/works/{self.shared}/licence-proposals"
        return client.post(path, json=body, headers=headers)

    def proposes(self, client, **terms):
        answer = self.order(client, **terms)
        assert answer.status_code == 201, answer.json()
        return answer.json()

    def answers(self, client, proposal, said, **body):
        path = f"/v1/licence-proposals/{proposal['proposal_id']}/{said}"
        return client.post(path, json=body or None)

    def asks(self, uri, vendor="Acme"):
        return self.site.vendor(vendor).get("/v1/licences", params={"uri": uri})

    def day(self, day):
        self.site.clock.now = datetime(2026, 2, day, 12, tzinfo=UTC)


@pytest.fixture
def room(site):
    ada, ben = site.holder("Ada"), site.holder("Ben")
    clients = site.person("creator", ada), site.person("creator", ben)
    numbers = []
    for title, holders in (("Ode", {ada: 1_000_000}), ("Duet", {ada: 500_000, ben: 500_000})):
        order = {
            "title": title,
            "text": f"{title}. {TEXT}",
            "language": "en",
            "reference": title.lower(),
            "holders": [{"holder_id": each, "share_ppm": ppm} for each, ppm in holders.items()],
        }
        numbers.append(clients[0].post("/v1/works", json=order).json()["work_id"])
    return Room(site, *clients, [ada, ben], *numbers)


def code(answer):
    return answer.status_code, answer.json()["code"]


# Setting terms


def test_a_work_nobody_set_terms_for_has_none(room):
    answer = room.ada.get(f"/v1/works/{room.ode}/licence")
    assert answer.headers["ETag"] == '"0"'
    assert answer.json() == {"work_id": room.ode, "versions": [], "deals": []}


def test_terms_are_told_with_who_set_them_and_when(room):
    answer = room.sets(
        room.ada,
        room.ode,
        uses=["training", "output"],
        multiplier_ppm=1_500_000,
        embargo_until="2026-03-01",
        excluded_vendors=["Borealis"],
        uri="HTTPS://Ada.example/Ode#top",
        reason="Spring edition.",
    )
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    (version,) = answer.json()["versions"]
    assert version == {
        "licence_id": 1,
        "valid_from": FROM,
        "uses": ["output", "training"],
        "multiplier_ppm": 1_500_000,
        "embargo_until": "2026-03-01",
        "excluded_vendors": ["borealis"],
        "uri": "https://ada.example/Ode",
        "reason": "Spring edition.",
        "set_by": f"holder {room.ids[0]}",
        "known_at": "2026-02-10T12:00:00Z",
    }


def test_terms_are_set_over_what_was_seen(room):
    assert code(room.sets(room.ada, room.ode, seen=None)) == (428, "if-match-missing")
    assert code(room.sets(room.ada, room.ode, seen='"7"')) == (412, "licence-changed")
    assert code(room.sets(room.ada, room.ode, seen="*")) == (422, "bad-text")
    assert room.sets(room.ada, room.ode).headers["ETag"] == '"1"'
    assert code(room.sets(room.ada, room.ode)) == (412, "licence-changed")
    assert room.sets(room.ada, room.ode, seen='"1"', uses=[]).headers["ETag"] == '"2"'
    versions = room.ada.get(f"/v1/works/{room.ode}/licence").json()["versions"]
    assert [one["uses"] for one in versions] == [[]]


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"valid_from": "1 March"}, "valid_from"),
        ({"uses": ["output", "resale"]}, "uses[1]"),
        ({"uses": [7]}, "uses[0]"),
        ({"multiplier_ppm": 1_005_000}, "multiplier_ppm"),
        ({"multiplier_ppm": 0}, "multiplier_ppm"),
        ({"multiplier_ppm": 2_010_000}, "multiplier_ppm"),
        ({"embargo_until": "soon"}, "embargo_until"),
        ({"excluded_vendors": ["Nobody"]}, "vendor"),
        ({"uri": "javascript:alert(1)"}, "uri"),
        ({"uri": "https://ada.example/ode\u0000"}, "uri"),
        ({"reason": "x" * 501}, "reason"),
        ({"price": "1.00"}, "price"),
    ],
)
def test_bad_terms_are_refused_by_place(room, terms, place):
    answer = room.sets(room.ada, room.ode, **terms)
    assert answer.status_code == 422
    assert [error["place"] for error in answer.json()["errors"]] == [place]
    assert room.ada.get(f"/v1/works/{room.ode}/licence").json()["versions"] == []


def test_terms_count_from_a_day_without_sales_on(room):
    answer = room.sets(room.ada, room.ode, valid_from="2026-02-11")
    assert code(answer) == (409, "licence-starts-too-early")
    assert answer.json()["errors"][0]["place"] == "valid_from"


def test_one_of_several_holders_may_only_tighten(room):
    assert code(room.sets(room.ben, room.ode)) == (404, "work-not-found")
    looser = ({"uses": ["output", "training"]}, {"multiplier_ppm": 1_100_000})
    for terms in looser:
        assert code(room.sets(room.ben, room.shared, **terms)) == (
            403,
            "co-holders-may-only-tighten",
        )
    assert room.sets(room.ben, room.shared, excluded_vendors=["acme"]).status_code == 200
    opening = room.sets(room.ada, room.shared, seen='"1"')
    assert code(opening) == (403, "co-holders-may-only-tighten")
    assert room.sets(room.site.operator(), room.shared, seen='"1"').status_code == 200


# Terms that holders of a shared work agree on


def test_the_last_holder_to_accept_sets_the_terms(room):
    made = room.proposes(room.ada, uses=["output", "training"], multiplier_ppm=1_500_000)
    assert (made["state"], made["open_until"]) == ("open", "2026-02-11")
    assert (made["agreed_by"], made["waits_for"]) == (room.ids[:1], room.ids[1:])
    assert room.ada.get(f"/v1/works/{room.shared}/licence").json()["versions"] == []
    told = room.answers(room.ben, made, "accept", note="Fine.").json()
    assert (told["state"], told["waits_for"]) == ("accepted", [])
    assert [(step["said"], step["holder_id"]) for step in told["steps"]] == [
        ("agreed", room.ids[0]),
        ("agreed", room.ids[1]),
        ("accepted", None),
    ]
    (version,) = room.ben.get(f"/v1/works/{room.shared}/licence").json()["versions"]
    assert (version["uses"], version["multiplier_ppm"]) == (["output", "training"], 1_500_000)
    assert version["set_by"] == "all holders, proposal 1"


def test_one_holder_declines_and_only_the_proposer_withdraws(room):
    first, second = (room.proposes(room.ada, uses=["training"]) for _ in range(2))
    assert code(room.answers(room.ada, first, "accept")) == (409, "agreed-already")
    assert code(room.answers(room.ben, first, "withdraw")) == (403, "not-proposer")
    assert room.answers(room.ben, first, "decline").json()["state"] == "declined"
    assert room.answers(room.ada, second, "withdraw").json()["state"] == "withdrawn"
    for made in (first, second):
        assert code(room.answers(room.ben, made, "accept")) == (409, "no-longer-open")
    listed = room.ben.get(f"/v1/works/{room.shared}/licence-proposals").json()["data"]
    assert [(one["proposal_id"], one["state"]) for one in listed] == [
        (2, "withdrawn"),
        (1, "declined"),
    ]
    assert room.ada.get(f"/v1/works/{room.shared}/licence").json()["versions"] == []


def test_terms_set_meanwhile_overtake_a_proposal(room):
    made = room.proposes(room.ada, uses=["training"])
    assert room.sets(room.ben, room.shared, uses=[]).status_code == 200
    (listed,) = room.ben.get(f"/v1/works/{room.shared}/licence-proposals").json()["data"]
    assert (listed["state"], listed["waits_for"]) == ("overtaken", [])
    assert code(room.answers(room.ben, made, "accept")) == (409, "no-longer-open")
    again = room.order(room.ada, uses=["training"])
    assert code(again) == (412, "licence-changed")


def test_a_proposal_expires_before_its_day_can_have_sales(room):
    made = room.proposes(room.ada, valid_from="2026-02-12")
    room.day(11)
    ben = room.site.person("creator", room.ids[1])
    assert code(room.answers(ben, made, "accept")) == (409, "no-longer-open")


def test_what_cannot_be_proposed_is_refused(room):
    assert code(room.order(room.ada, seen=None)) == (428, "if-match-missing")
    assert code(room.order(room.ada, valid_from="2026-02-11")) == (409, "licence-starts-too-early")
    assert code(room.order(room.ada, multiplier_ppm=2_010_000)) == (422, "multiplier-out-of-range")
    assert code(room.order(room.site.creator("Cleo"))) == (404, "work-not-found")
    assert room.ada.get(f"/v1/works/{room.shared}/licence-proposals").json()["data"] == []


def test_who_has_no_share_is_not_asked_and_hears_nothing(room):
    made = room.proposes(room.ada)
    cleo = room.site.creator("Cleo")
    assert code(room.answers(cleo, made, "accept")) == (404, "work-not-found")
    assert code(room.answers(cleo, {"proposal_id": 9}, "accept")) == (404, "proposal-not-found")
    room.site.operator().post(f"/v1/works/{room.shared}/withdraw")
    assert code(room.answers(room.ben, made, "accept")) == (403, "not-asked")
    (listed,) = room.ben.get(f"/v1/works/{room.shared}/licence-proposals").json()["data"]
    assert (listed["state"], listed["waits_for"]) == ("open", [])


def test_an_operator_sets_what_holders_may_not_ask_alone(room):
    assert room.sets(room.site.operator(), room.ode, multiplier_ppm=10_000_000).status_code == 200
    again = {"seen": '"1"', "multiplier_ppm": 10_000_000}
    assert room.sets(room.ada, room.ode, **again, uses=[]).status_code == 200


# Asking before use


def test_a_vendor_asks_by_address_reference_or_number_and_hears_terms_and_price(room):
    room.sets(room.ada, room.ode, multiplier_ppm=1_500_000, uri="https://ada.example/ode")
    room.day(12)
    names = ("ode", f"urn:wellspring:work:{room.ode}", "https://ada.example/ode")
    spellings = ("http://ADA.example/ode", "https://ada.example/ode/#top")
    for uri in (*names, *spellings):
        (work,) = room.asks(uri).json()["works"]
        assert work["work_id"] == room.ode, uri
    prices = work.pop("prices")
    assert work == {
        "work_id": room.ode,
        "reference": "ode",
        "title": "Ode",
        "uri": "https://ada.example/ode",
        "may_output": True,
        "against": None,
        "is_excluded": False,
        "uses": ["output"],
        "embargo_until": None,
        "multiplier_ppm": 1_500_000,
        "deal_until": None,
        "valid_from": FROM,
        "holder_ids": room.ids[:1],
    }
    told = {one["tier"]: (one["gross"], one["ip_pool"], one["royalty"]) for one in prices}
    assert told == {
        "free": ("0.00", "0.00", "0.00"),
        "standard": ("3.00", "0.00", "0.00"),
        "premium": ("6.00", "0.60", "0.90"),
        "high-speed": ("45.00", "4.50", "6.75"),
        "elite": ("150.00", "22.50", "33.75"),
    }


def test_before_their_day_the_terms_are_the_usual_ones(room):
    room.sets(room.ada, room.ode, uses=[], excluded_vendors=["acme"])
    (work,) = room.asks("ode").json()["works"]
    assert (work["may_output"], work["multiplier_ppm"], work["valid_from"]) == (
        True,
        1_000_000,
        None,
    )


@pytest.mark.parametrize(
    ("terms", "against"),
    [
        ({"excluded_vendors": ["Acme"]}, "vendor excluded"),
        ({"uses": ["training"]}, "output not allowed"),
        ({"embargo_until": "2026-02-13"}, "under embargo"),
    ],
)
def test_a_vendor_without_licence_hears_why_and_no_price(room, terms, against):
    room.sets(room.ada, room.ode, **terms)
    room.day(12)
    (work,) = room.asks("ode").json()["works"]
    assert (work["may_output"], work["against"], work["prices"]) == (False, against, [])
    assert work["multiplier_ppm"] is None
    (other,) = room.asks("ode", vendor="Borealis").json()["works"]
    assert other["may_output"] is (against == "vendor excluded")
    assert not other["is_excluded"]


def test_a_deal_is_told_to_its_vendor_and_to_the_holder(room):
    room.sets(room.ada, room.ode, uses=[])
    with unit_of_work(room.site.database) as session:
        acme = parties.vendor_named(session, "Acme").party_id
        deal = Deal(acme, date(2026, 2, 12), date(2026, 3, 1), 800_000)
        deals.insert(session, [room.ode], deal, offer_id=None, now=room.site.clock.now)
    room.day(12)
    (mine,) = room.asks("ode").json()["works"]
    assert (mine["multiplier_ppm"], mine["deal_until"]) == (800_000, "2026-03-01")
    assert (mine["may_output"], mine["uses"]) == (True, ["output"])
    (theirs,) = room.asks("ode", vendor="Borealis").json()["works"]
    assert (theirs["may_output"], theirs["deal_until"]) == (False, None)
    assert room.site.operator().get(f"/v1/works/{room.ode}/licence").json()["deals"] == [
        {
            "vendor": "acme",
            "starts_on": "2026-02-12",
            "ends_on": "2026-03-01",
            "multiplier_ppm": 800_000,
            "offer_id": None,
        }
    ]


@pytest.mark.parametrize(
    "uri",
    [
        *("nothing", "https://ada.example/other", "urn:wellspring:work:99"),
        *("urn:wellspring:work:0", "urn:wellspring:work:99999999999999999999", "o\0de", "http://"),
    ],
)
def test_what_nobody_knows_is_not_licensed(room, uri):
    assert code(room.asks(uri)) == (404, "licence-unknown")


def test_an_address_that_was_corrected_is_no_name_of_the_work_any_more(room):
    room.sets(room.ada, room.ode, uri="https://ada.example/wrong")
    room.sets(room.ada, room.ode, seen='"1"', uri="https://ada.example/right")
    assert room.asks("https://ada.example/wrong").status_code == 404
    assert room.asks("https://ada.example/right").status_code == 200


def test_a_withdrawn_work_is_not_licensed(room):
    room.ada.post(f"/v1/works/{room.ode}/withdraw")
    assert code(room.asks("ode")) == (404, "licence-unknown")


# Uses against terms


def test_holders_see_the_uses_against_their_terms_and_operators_all(room):
    acme = room.site.vendor("Acme")
    sales = [{"id": f"s{n}", "tier": "elite", "output_tokens": 10} for n in range(3)]
    told = acme.post("/v1/sales", json=sales).json()["items"]
    with unit_of_work(room.site.database) as session:
        uses = [UseAgainstTerms(one["sale_id"], room.ode, 3, 400_000) for one in told[:2]]
        against_terms.keep(session, [*uses, UseAgainstTerms(told[2]["sale_id"], room.shared, 1, 1)])
    row = {
        "work_id": room.ode,
        "title": "Ode",
        "vendor": "Acme",
        "month": "2026-02",
        "tier": "elite",
        "against": "vendor excluded",
        "sale_count": 2,
        "output_tokens": 20,
    }
    shared = row | {"work_id": room.shared, "title": "Duet", "against": "under embargo"}
    shared |= {"sale_count": 1, "output_tokens": 10}
    url = "/v1/uses-against-terms"
    assert room.ada.get(url).json()["data"] == [row, shared]
    assert room.ben.get(url).json()["data"] == [shared]
    assert room.site.creator("Cleo").get(url).json()["data"] == []
    operator = room.site.operator()
    first = operator.get(url, params={"limit": 1}).json()
    assert (first["data"], first["has_more"], first["next"]) == ([row], True, "1")
    rest = operator.get(url, params={"limit": 1, "after": first["next"]}).json()
    assert (rest["data"], rest["has_more"]) == ([shared], False)


# Feeds for everybody


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
