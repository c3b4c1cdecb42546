"""Proposals by JSON: proposed, accepted, declined, withdrawn, decided; who sees them."""

import pytest

from service.store import holds
from service.store.database import unit_of_work

ALL = 1_000_000
ODE = {"title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}
COVER = {"title": "Cover", "text": "The ebb keeps no ledger either.", "language": "en"}


class Hall:
    """Ada, Ben and Cleo at the door, and what they propose."""

    def __init__(self, site):
        self.site = site
        self.holder = {name: site.holder(name) for name in ("ada", "ben", "cleo")}
        self.client = {name: site.person("creator", number) for name, number in self.holder.items()}
        self.client["op"] = site.operator()

    def shares(self, **ppm):
        return [{"holder_id": self.holder[name], "share_ppm": one} for name, one in ppm.items()]

    def registers(self, name, work, **ppm):
        order = work | ({"holders": self.shares(**ppm)} if ppm else {})
        return self.client[name].post("/v1/works", json=order).json()["work_id"]

    def proposes(self, name, work, *, day="2026-03-01", upstream=(), **ppm):
        order = {"valid_from": day, "upstream": list(upstream)}
        order |= {"holders": self.shares(**ppm)} if ppm else {}
        return self.client[name].post(f"/v1/works/{work}/proposals", json=order)

    def posts(self, name, proposal, verb, **order):
        return self.client[name].post(f"/v1/proposals/{proposal}/{verb}", json=order or None)

    def held(self, work):
        with unit_of_work(self.site.database) as session:
            return [one.hold.holder_id for one in holds.active_of(session, work_ids=[work])]


@pytest.fixture
def hall(site):
    return Hall(site)


def names(people):
    return [one["name"] for one in people]


def test_a_registered_split_waits_for_those_it_names(hall):
    work = hall.registers("ada", ODE, ada=600_000, ben=400_000)

    (asked,) = hall.client["ben"].get("/v1/proposals").json()["data"]
    assert (asked["in_force"], asked["state"], asked["title"]) == (True, "open", "Ode")
    assert (asked["proposer"]["name"], names(asked["waits_for"])) == ("ada", ["ben"])
    assert asked["expires_at"] == "2026-03-12T12:00:00Z"
    assert hall.held(work) == [hall.holder["ben"]]

    ended = hall.posts("ben", asked["proposal_id"], "accept").json()
    assert (ended["state"], ended["waits_for"]) == ("accepted", [])
    assert hall.held(work) == []
    assert hall.client["ben"].get("/v1/proposals").json()["data"] == []


def test_works_of_a_batch_wait_for_those_they_name_too(hall):
    """However a work is registered: what its registrant says of others is their word alone."""
    rows = [ODE | {"id": "ode", "holders": hall.shares(ada=500_000, ben=500_000)}]
    answer = hall.client["ada"].post("/v1/works/imports", json=rows)
    work = answer.json()["items"][0]["work_id"]

    assert hall.held(work) == [hall.holder["ben"]]
    assert len(hall.client["ben"].get("/v1/proposals").json()["data"]) == 1
    by_operator = COVER | {"id": "cover", "holders": hall.shares(ada=500_000, ben=500_000)}
    imported = hall.client["op"].post("/v1/works/imports", json=[by_operator])
    assert hall.held(imported.json()["items"][0]["work_id"]) == []


def test_a_change_is_agreed_by_all_and_told_to_all(hall):
    work = hall.registers("ada", ODE)
    proposal = hall.proposes("ada", work, ada=500_000, cleo=500_000)
    number = proposal.json()["proposal_id"]

    assert proposal.status_code == 201
    assert names(proposal.json()["waits_for"]) == ["cleo"]
    assert hall.client["ben"].get(f"/v1/proposals/{number}").status_code == 404
    ended = hall.posts("cleo", number, "accept").json()

    assert (ended["state"], ended["reason"]) == ("accepted", "everybody has accepted")
    assert [(a["name"], a["accepted"], a["answered_at"]) for a in ended["answers"]] == [
        ("ada", True, "2026-02-10T12:00:00Z"),
        ("cleo", True, "2026-02-10T12:00:00Z"),
    ]
    split = hall.client["cleo"].get(f"/v1/works/{work}/split").json()["versions"]
    assert [(v["valid_from"], names(v["holders"])) for v in split] == [
        ("2026-02-10", ["ada"]),
        ("2026-03-01", ["ada", "cleo"]),
    ]
    again = hall.posts("cleo", number, "accept")
    assert (again.status_code, again.json()["code"]) == (409, "proposal-ended")


def test_what_is_declined_ends_with_the_reason_given(hall):
    number = hall.proposes("ada", hall.registers("ada", ODE), ada=1, ben=ALL - 1).json()[
        "proposal_id"
    ]
    silent = hall.posts("ben", number, "decline", reason=" ")
    ended = hall.posts("ben", number, "decline", reason="Not mine.").json()

    assert (silent.status_code, silent.json()["errors"][0]["place"]) == (422, "reason")
    why = f"holder {hall.holder['ben']}: Not mine."
    assert (ended["state"], ended["reason"]) == ("declined", why)


def test_the_proposer_withdraws_and_the_operator_decides(hall):
    work = hall.registers("ada", ODE)
    one, two = (
        hall.proposes("ada", work, ada=1, ben=ALL - 1).json()["proposal_id"] for _ in range(2)
    )
    refused = hall.posts("ben", one, "withdraw", reason="")
    taken = hall.posts("ada", one, "withdraw", reason="")
    decided = hall.posts("op", two, "decide", takes_effect=True, reason="Signed on paper.")

    assert (refused.status_code, refused.json()["code"]) == (403, "not-proposer")
    assert (taken.json()["state"], taken.json()["reason"]) == (
        "withdrawn",
        "withdrawn by its proposer",
    )
    assert (decided.json()["state"], decided.json()["reason"]) == ("imposed", "Signed on paper.")
    versions = hall.client["op"].get(f"/v1/works/{work}/split").json()["versions"]
    assert len(versions) == 2


def test_upstream_shares_are_agreed_by_both_sides(hall):
    ode, cover = hall.registers("ada", ODE), hall.registers("cleo", COVER)
    named = [{"work_id": ode, "share_ppm": 300_000}]
    stranger = hall.proposes("ben", cover, upstream=named)
    number = hall.proposes("ada", cover, upstream=named).json()["proposal_id"]
    ended = hall.posts("cleo", number, "accept").json()

    assert (stranger.status_code, stranger.json()["code"]) == (404, "work-not-found")
    assert ended["state"] == "accepted"
    assert ended["upstream"] == [{"work_id": ode, "title": "Ode", "share_ppm": 300_000}]
    newest = hall.client["cleo"].get(f"/v1/works/{cover}/split").json()["versions"][-1]
    assert [(u["work_id"], u["title"], u["share_ppm"]) for u in newest["upstream"]] == [
        (ode, "Ode", 300_000)
    ]


def test_a_cycle_is_refused_with_its_path(hall):
    ode, cover = hall.registers("ada", ODE), hall.registers("ada", COVER)
    hall.proposes("ada", cover, upstream=[{"work_id": ode, "share_ppm": 1}])
    answer = hall.proposes("ada", ode, upstream=[{"work_id": cover, "share_ppm": 1}])

    assert (answer.status_code, answer.json()["code"]) == (422, "upstream-cycle")
    assert answer.json()["errors"] == [
        {
            "place": "upstream",
            "rule": f"a work cannot derive from itself: work {ode} derives from work {cover} "
            f"derives from work {ode}",
        }
    ]


@pytest.mark.parametrize(
    ("order", "code", "place"),
    [
        ({}, "nothing-proposed", None),
        ({"holders": []}, "no-holder", "holders"),
        ({"upstream": [{"work_id": 2**62, "share_ppm": 1}]}, "nobodys-work", "upstream"),
        ({"upstream": [{"work_id": 1, "share_ppm": 1}] * 2}, "bad-text", "upstream"),
        ({"valid_from": "2026-02-09", "holders": None}, "bad-text", "valid_from"),
        ({"valid_from": "soon"}, "bad-text", "valid_from"),
        ({"upstream": [{"work_id": 1, "share_ppm": -1}]}, "invalid-input", "upstream[0].share_ppm"),
    ],
)
def test_a_proposal_that_is_none_is_refused_by_place(hall, order, code, place):
    work = hall.registers("ada", ODE)
    url = f"/v1/works/{work}/proposals"
    answer = hall.client["ada"].post(url, json={"valid_from": "2026-03-01"} | order)
    places = [error["place"] for error in answer.json()["errors"]]
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert places == ([place] if place else [])


def test_proposals_are_listed_page_by_page_newest_first(hall):
    work = hall.registers("ada", ODE)
    made = [hall.proposes("ada", work, ada=1, ben=ALL - 1).json()["proposal_id"] for _ in range(3)]
    first = hall.client["ben"].get("/v1/proposals?limit=2").json()
    rest = hall.client["ben"].get("/v1/proposals", params={"after": first["next"]}).json()
    of_work = hall.client["ada"].get(f"/v1/works/{work}/proposals").json()

    assert [one["proposal_id"] for one in first["data"]] == made[:0:-1]
    assert [one["proposal_id"] for one in rest["data"]] == made[:1]
    assert [one["proposal_id"] for one in of_work["data"]] == made[::-1]
