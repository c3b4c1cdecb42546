"""Vendors ask before use: by which name, and what they hear of terms and price."""

from datetime import date

import pytest
from licence_room import FROM, code, room_of

from service.ledger.licence import Deal
from service.store import deals, parties
from service.store.database import unit_of_work


@pytest.fixture
def room(site):
    return room_of(site)


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
