"""Offers over HTTP: a vendor offers, every holder answers, and the deal is licensed."""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest
from fastapi.testclient import TestClient

ALL = 1_000_000
TEXT = "The tide keeps no ledger, and yet it pays the shore."
TERM = {"starts_on": "2026-03-01", "ends_on": "2026-09-01"}


@dataclass
class Room:
    """Acme offers; Ada has an ode alone and shares a duet with Ben."""

    site: object
    acme: TestClient
    ada: TestClient
    ben: TestClient
    ids: tuple[int, int]
    ode: int
    duet: int

    def offers(self, *, vendor=None, **order):
        body = {"currency": "USD", "multiplier_ppm": 1_500_000} | TERM | order
        return (vendor or self.acme).post("/v1/offers", json=body)

    def makes(self, **order):
        answer = self.offers(**order)
        assert answer.status_code == 201, answer.json()
        return answer.json()["offer_id"]

    def answers(self, client, offer, said, **body):
        return client.post(f"/v1/offers/{offer}/{said}", json=body or None)

    def state(self, offer):
        return self.acme.get(f"/v1/offers/{offer}").json()["state"]

    def day(self, month, day):
        self.site.clock.now = datetime(2026, month, day, 12, tzinfo=UTC)

    def deals(self):
        with psycopg.connect(self.site.database.url) as connection:
            return connection.execute(
                "SELECT work_id, days::text, multiplier_ppm, offer_id FROM licence_deal ORDER BY 1"
            ).fetchall()


@pytest.fixture
def room(site):
    ids = site.holder("Ada"), site.holder("Ben")
    ada, ben = (site.person("creator", each) for each in ids)
    works = []
    for title, parts in (("Ode", (ALL, 0)), ("Duet", (600_000, 400_000))):
        holders = [
            {"holder_id": each, "share_ppm": ppm}
            for each, ppm in zip(ids, parts, strict=True)
            if ppm
        ]
        work = {"title": title, "text": f"{title}. {TEXT}", "language": "en", "holders": holders}
        works.append(ada.post("/v1/works", json=work).json()["work_id"])
    return Room(site, site.vendor("Acme"), ada, ben, ids, *works)


def code(answer):
    return answer.status_code, answer.json()["code"]


# Making offers


def test_an_offer_is_told_as_it_was_made(room):
    answer = room.offers(
        work_id=room.duet, advance="500.00", guarantee="2000", message="For our poetry assistant."
    )
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "offer_id": 1,
            "state": "offered",
            "vendor": "acme",
            "work_id": room.duet,
            "holder_id": None,
            "work_ids": [room.duet],
            "currency": "USD",
            "advance": "500.00",
            "guarantee": "2000.00",
            "multiplier_ppm": 1_500_000,
            "starts_on": "2026-03-01",
            "ends_on": "2026-09-01",
            "open_until": "2026-02-28",
            "message": "For our poetry assistant.",
            "made_at": "2026-02-10T12:00:00Z",
            "agreed_by": [],
            "waits_for": list(room.ids),
            "steps": [],
        },
    )


def test_a_catalogue_is_what_one_holder_owns_alone(room):
    made = room.offers(holder_id=room.ids[0]).json()
    assert (made["work_ids"], made["waits_for"]) == ([room.ode], [room.ids[0]])
    assert code(room.offers(holder_id=room.ids[1])) == (409, "nothing-to-license")


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ({}, "work_id"),
        ({"work_id": 1, "holder_id": 1}, "work_id"),
        ({"work_id": 0}, "work_id"),
        ({"work_id": 1, "advance": "-1"}, "advance"),
        ({"work_id": 1, "advance": "1e3"}, "advance"),
        ({"work_id": 1, "guarantee": "1.0000000001"}, "guarantee"),
        ({"work_id": 1, "currency": "EUR"}, "currency"),
        ({"work_id": 1, "multiplier_ppm": 15}, "multiplier_ppm"),
        ({"work_id": 1, "starts_on": "2026-02-11"}, "open_until"),
        ({"work_id": 1, "starts_on": "0001-01-01", "ends_on": "0001-02-01"}, "open_until"),
        ({"work_id": 1, "starts_on": "9999-12-30", "ends_on": "9999-12-31"}, None),
        ({"work_id": 1, "ends_on": "2026-03-01"}, "ends_on"),
        ({"work_id": 1, "open_until": "2026-02-10"}, "open_until"),
        ({"work_id": 1, "open_until": "2026-03-01"}, "open_until"),
        ({"work_id": 1, "message": "x" * 2_001}, "message"),
    ],
)
def test_what_is_wrong_with_an_offer_is_named(room, order, place):
    answer = room.offers(**order)
    if place is None:
        assert answer.status_code == 201
        return
    assert answer.status_code == 422, answer.json()
    assert [error["place"] for error in answer.json()["errors"]] == [place]
    assert room.acme.get("/v1/offers").json()["data"] == []


def test_nobody_offers_for_what_is_not_there(room):
    assert code(room.offers(work_id=99)) == (404, "work-not-found")
    room.ada.post(f"/v1/works/{room.ode}/withdraw")
    assert code(room.offers(work_id=room.ode)) == (404, "work-not-found")


# Answers


def test_a_holder_alone_accepts_and_the_vendor_has_a_deal(room):
    offer = room.makes(work_id=room.ode)
    answer = room.answers(room.ada, offer, "accept", note="Gladly.").json()
    assert (answer["state"], answer["waits_for"]) == ("accepted", [])
    assert [(step["said"], step["holder_id"], step["note"]) for step in answer["steps"]] == [
        ("agreed", room.ids[0], "Gladly."),
        ("accepted", None, "Gladly."),
    ]
    assert room.deals() == [(room.ode, "[2026-03-01,2026-09-01)", 1_500_000, offer)]
    (deal,) = room.ada.get(f"/v1/works/{room.ode}/licence").json()["deals"]
    assert (deal["vendor"], deal["offer_id"]) == ("acme", offer)
    assert room.site.bell.rings > 0


def test_a_shared_work_takes_the_word_of_every_holder(room):
    offer = room.makes(work_id=room.duet)
    first = room.answers(room.ada, offer, "accept").json()
    assert (first["state"], first["waits_for"]) == ("offered", [room.ids[1]])
    assert room.deals() == []
    assert code(room.answers(room.ada, offer, "accept")) == (409, "agreed-already")
    assert room.answers(room.ben, offer, "accept").json()["state"] == "accepted"
    assert [row[0] for row in room.deals()] == [room.duet]


def test_one_holder_declines_for_all(room):
    offer = room.makes(work_id=room.duet)
    room.answers(room.ada, offer, "accept")
    assert (
        room.answers(room.ben, offer, "decline", note="Too little.").json()["state"] == "declined"
    )
    for said in ("accept", "decline"):
        assert code(room.answers(room.ada, offer, said)) == (409, "no-longer-open")
    assert code(room.acme.post(f"/v1/offers/{offer}/withdraw")) == (409, "no-longer-open")
    assert room.deals() == []


def test_a_vendor_takes_an_offer_back_while_it_is_open(room):
    offer = room.makes(work_id=room.duet)
    room.answers(room.ada, offer, "accept")
    assert room.acme.post(f"/v1/offers/{offer}/withdraw").json()["state"] == "withdrawn"
    assert code(room.answers(room.ben, offer, "accept")) == (409, "no-longer-open")


def test_an_offer_expires_by_the_clock_at_midnight_utc(room):
    offer = room.makes(work_id=room.ode, open_until="2026-02-20")
    room.site.clock.now = datetime(2026, 2, 19, 23, 59, 59, tzinfo=UTC)
    assert room.state(offer) == "offered"
    room.site.clock.now = datetime(2026, 2, 20, tzinfo=UTC)
    assert room.state(offer) == "expired"
    ada = room.site.person("creator", room.ids[0])
    assert code(room.answers(ada, offer, "accept")) == (409, "no-longer-open")
    assert room.deals() == []


def test_who_has_no_share_any_more_is_not_asked_and_who_came_in_is(room):
    offer = room.makes(work_id=room.duet)
    room.answers(room.ada, offer, "accept")
    split = {"holders": [{"holder_id": room.ids[1], "share_ppm": ALL}], "valid_from": "2026-02-12"}
    assert room.site.operator().put(f"/v1/works/{room.duet}/split", json=split).status_code == 200
    assert code(room.answers(room.ada, offer, "decline")) == (403, "not-asked")
    assert room.acme.get(f"/v1/offers/{offer}").json()["waits_for"] == [room.ids[1]]
    assert room.answers(room.ben, offer, "accept").json()["state"] == "accepted"


def test_a_catalogue_is_licensed_as_far_as_it_is_still_the_holders_alone(room):
    more = {"title": "Song", "text": "Song of the shore.", "language": "en"}
    song = room.ada.post("/v1/works", json=more).json()["work_id"]
    offer = room.makes(holder_id=room.ids[0])
    room.ada.post(f"/v1/works/{room.ode}/withdraw")
    assert code(room.answers(room.ben, offer, "accept")) == (404, "offer-not-found")
    assert room.answers(room.ada, offer, "accept").json()["state"] == "accepted"
    assert [row[0] for row in room.deals()] == [song]


def test_a_catalogue_of_which_nothing_is_left_is_not_accepted(room):
    offer = room.makes(holder_id=room.ids[0])
    room.ada.post(f"/v1/works/{room.ode}/withdraw")
    assert code(room.answers(room.ada, offer, "accept")) == (409, "nothing-to-license")
    assert room.state(offer) == "offered"


def test_a_vendor_has_one_deal_for_a_work_at_a_time(room):
    first, second = (room.makes(work_id=room.ode) for _ in range(2))
    borealis = room.site.vendor("Borealis")
    third = room.makes(vendor=borealis, work_id=room.ode)
    room.answers(room.ada, first, "accept")
    assert code(room.answers(room.ada, second, "accept")) == (409, "deal-overlaps")
    assert room.state(second) == "offered"
    assert code(room.offers(work_id=room.ode)) == (409, "deal-overlaps")
    assert room.answers(room.ada, third, "accept").json()["state"] == "accepted"
    later = {"starts_on": "2026-09-01", "ends_on": "2026-10-01"}
    assert room.offers(work_id=room.ode, **later).status_code == 201


# Lists


def test_everybody_sees_the_offers_that_concern_them(room):
    borealis = room.site.vendor("Borealis")
    room.makes(work_id=room.ode)
    room.makes(vendor=borealis, work_id=room.duet)
    room.makes(holder_id=room.ids[0])

    def numbers(client, **query):
        return [one["offer_id"] for one in client.get("/v1/offers", params=query).json()["data"]]

    assert numbers(room.acme) == [3, 1]
    assert numbers(borealis) == [2]
    assert numbers(room.site.vendor_user("Borealis")) == [2]
    assert numbers(room.ada) == [3, 2, 1]
    assert numbers(room.ben) == [2]
    operator = room.site.operator()
    assert numbers(operator) == [3, 2, 1]
    room.answers(room.ben, 2, "decline")
    room.acme.post("/v1/offers/3/withdraw")
    states = ("offered", "accepted", "declined", "withdrawn", "expired")
    assert [numbers(operator, state=state) for state in states] == [[1], [], [2], [3], []]
    room.day(2, 28)
    operator = room.site.operator()
    assert [numbers(operator, state=state) for state in states] == [[], [], [2], [3], [1]]
    page = operator.get("/v1/offers", params={"limit": 2}).json()
    assert (page["next"], numbers(operator, after=page["next"])) == ("2", [1])
