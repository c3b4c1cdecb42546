"""Holders set terms of works over HTTP, alone or together, and see the uses against them."""

import pytest
from licence_room import FROM, code, room_of

from service.store import against_terms
from service.store.against_terms import UseAgainstTerms
from service.store.database import unit_of_work


@pytest.fixture
def room(site):
    return room_of(site)


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
