"""Who owns a work, as it is and as it was known, and who may change it."""

import pytest

ALL = 1_000_000
ODE = {"title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}


@pytest.fixture
def ode(site):
    """A work of Ada's, with her, Ben and an operator at the door."""
    site.ada, site.ben = site.holder("Ada"), site.holder("Ben")
    site.as_ada, site.as_ben = site.person("creator", site.ada), site.person("creator", site.ben)
    site.op = site.operator()
    site.work = site.as_ada.post("/v1/works", json=ODE).json()["work_id"]
    return f"/v1/works/{site.work}/split"


def holders(site, *, ada=0, ben=0):
    shares = ((site.ada, ada), (site.ben, ben))
    return [{"holder_id": holder, "share_ppm": ppm} for holder, ppm in shares if ppm]


def order(site, day, **shares):
    return {"valid_from": day, "holders": holders(site, **shares)}


def test_a_new_split_starts_on_a_day_that_no_settled_sale_can_have(site, ode):
    early = site.op.put(ode, json=order(site, "2026-02-11", ada=500_000, ben=500_000))
    taken = site.op.put(ode, json=order(site, "2026-02-12", ada=500_000, ben=500_000))
    twice = site.op.put(ode, json=order(site, "2026-02-12", ada=500_000, ben=500_000))

    assert (early.status_code, early.json()["errors"][0]["place"]) == (422, "valid_from")
    assert taken.status_code == 200
    assert [(v["valid_from"], len(v["holders"])) for v in taken.json()["versions"]] == [
        ("2026-02-10", 1),
        ("2026-02-12", 2),
    ]
    assert (twice.status_code, twice.json()["code"]) == (409, "split-starts-too-early")


def test_a_creator_changes_alone_only_what_concerns_nobody_else(site, ode):
    given = site.as_ada.put(ode, json=order(site, "2026-02-12", ada=1, ben=ALL - 1))
    alone = site.as_ada.put(ode, json=order(site, "2026-02-12", ada=ALL))
    site.op.put(ode, json=order(site, "2026-03-01", ada=500_000, ben=500_000))
    shared = site.as_ada.put(ode, json=order(site, "2026-03-02", ada=ALL))

    assert (given.status_code, given.json()["code"]) == (403, "co-holders-must-agree")
    assert given.json()["detail"] == (
        f"the split of work {site.work} concerns others (holders {site.ben}): propose it, and they "
        "accept or decline"
    )
    assert alone.status_code == 200
    assert (shared.status_code, shared.json()["code"]) == (403, "co-holders-must-agree")


def test_a_split_is_changed_by_whoever_has_seen_it_last(site, ode):
    seen = site.op.get(ode).headers["ETag"]
    first = site.op.put(ode, json=order(site, "2026-03-01", ben=ALL), headers={"If-Match": seen})
    late = site.op.put(ode, json=order(site, "2026-03-02", ada=ALL), headers={"If-Match": seen})
    again = first.headers["ETag"]
    fresh = site.op.put(ode, json=order(site, "2026-03-02", ada=ALL), headers={"If-Match": again})

    assert first.status_code == 200
    assert (late.status_code, late.json()["code"]) == (412, "split-changed")
    assert fresh.status_code == 200
    bad = site.op.put(ode, json=order(site, "2026-03-03", ada=ALL), headers={"If-Match": "x"})
    assert (bad.status_code, bad.json()["errors"][0]["place"]) == (422, "If-Match")


def test_what_was_known_of_a_split_on_a_day_is_told_later(site, ode):
    site.clock.now = site.clock.now.replace(day=20)
    site.as_ada, site.as_ben = (site.person("creator", one) for one in (site.ada, site.ben))
    half = {**order(site, "2026-02-15", ada=500_000, ben=500_000), "message": "Late."}
    proposal = site.as_ada.post(f"/v1/works/{site.work}/proposals", json=half).json()
    site.as_ben.post(f"/v1/proposals/{proposal['proposal_id']}/accept")

    def told(**asked):
        versions = site.as_ben.get(ode, params=asked).json()["versions"]
        return [(v["valid_from"], [h["share_ppm"] for h in v["holders"]]) for v in versions]

    before, since = ("2026-02-10", [ALL]), ("2026-02-15", [500_000, 500_000])
    assert told() == [before, since]
    assert told(valid_on="2026-02-15") == [since]
    assert told(valid_on="2026-02-15", known_on="2026-02-20") == [since]
    assert told(valid_on="2026-02-15", known_on="2026-02-19") == [before]
    assert told(valid_on="2026-02-09") == []
    assert site.as_ben.get(ode, params={"known_on": "now"}).status_code == 422
