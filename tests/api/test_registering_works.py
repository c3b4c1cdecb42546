"""Creators register works, see their own, withdraw them and change who owns them."""

import pytest

ODE = {"title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}


def test_a_work_is_registered_now_for_its_creator_alone(site):
    ada = site.creator("Ada")

    answer = ada.post("/v1/works", json=ODE | {"reference": "ode-1"})

    assert answer.status_code == 201
    work = answer.json()
    assert work == {
        "work_id": work["work_id"],
        "title": "Ode",
        "language": "en",
        "reference": "ode-1",
        "text_chars": 25,
        "state": "waiting for embedding",
        "registered_at": "2026-02-10T12:00:00Z",
        "withdrawn_at": None,
        "kind": "other",
        "created_on": None,
    }
    assert site.bell.rings == 1
    split = ada.get(f"/v1/works/{work['work_id']}/split").json()["versions"]
    assert [(v["valid_from"], v["holders"][0]["name"]) for v in split] == [("2026-02-10", "Ada")]
    assert split[0]["holders"][0]["share_ppm"] == 1_000_000


def test_co_authors_see_the_work_and_others_do_not(site):
    ada, bob = site.holder("Ada"), site.holder("Bob")
    holders = [{"holder_id": ada, "share_ppm": 600_000}, {"holder_id": bob, "share_ppm": 400_000}]
    work_id = site.person("creator", ada).post("/v1/works", json=ODE | {"holders": holders})
    url = f"/v1/works/{work_id.json()['work_id']}"

    assert site.person("creator", bob).get(url).status_code == 200
    assert site.operator().get(url).status_code == 200
    assert site.creator("Eve").get(url).status_code == 404
    assert site.creator("Eve").get("/v1/works").json()["data"] == []


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ([], "no-holder"),
        ([("ada", 999_999)], "split-not-whole"),
        ([("ada", 600_000), ("bob", 600_000)], "split-not-whole"),
        ([("ada", 500_000), ("ada", 500_000)], "holder-twice"),
        ([("ada", 500_000), ("nobody", 500_000)], "unknown-holder"),
        ([("ada", 500_000), ("acme", 500_000)], "unknown-holder"),
        ([("bob", 1_000_000)], "bad-text"),
        ([("ada", 0), ("bob", 1_000_000)], "invalid-input"),
        ([("ada", 1_000_001)], "invalid-input"),
        ([("ada", 1e6)], "invalid-input"),
        ([("ada", "1000000")], "invalid-input"),
        ([("ada", True)], "invalid-input"),
    ],
)
def test_a_split_that_is_not_whole_is_refused_and_nothing_is_stored(shared_site, shares, code):
    site = shared_site
    ids = {"ada": site.holder("Ada"), "bob": site.holder("Bob"), "nobody": 10**9, "acme": 5}
    ada = site.person("creator", ids["ada"])
    holders = [{"holder_id": ids[name], "share_ppm": share} for name, share in shares]

    answer = ada.post("/v1/works", json=ODE | {"holders": holders})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["place"].startswith("holders")
    assert ada.get("/v1/works").json()["data"] == []


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": None}, "title"),
        ({"title": 7}, "title"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 5_000_001}, "text"),
        ({"text": "ä" * 2_500_001}, "text"),
        ({"language": "English"}, "language"),
        ({"language": "e"}, "language"),
        ({"language": ""}, "language"),
        ({"language": "en\n"}, "language"),
        ({"language": "en" + "-abcdefgh" * 5}, "language"),
        ({"reference": ""}, "reference"),
        ({"registered_at": "2020-01-01T00:00:00Z"}, "registered_at"),
        ({"holders": {}}, "holders"),
        ({"holders": [{"holder_id": 2**63, "share_ppm": 1}]}, "holders[0].holder_id"),
    ],
)
def test_a_wrong_field_of_a_work_is_named(shared_site, fields, place):
    answer = shared_site.creator().post("/v1/works", json=ODE | fields)

    assert answer.status_code == 422
    assert [error["place"] for error in answer.json()["errors"]] == [place]


def test_the_same_text_is_registered_once(site):
    ada, eve = site.creator("Ada"), site.creator("Eve")
    work_id = ada.post("/v1/works", json=ODE).json()["work_id"]

    again = eve.post(
        "/v1/works", json=ODE | {"title": "Mine", "text": "The tide\nkeeps no ledger."}
    )

    assert (again.status_code, again.json()["code"]) == (409, "text-registered")
    assert again.json()["errors"] == [
        {"place": "text", "rule": f"this text is registered as work {work_id}"}
    ]


def test_a_withdrawn_work_says_so_and_is_withdrawn_once(site):
    ada = site.creator()
    url = f"/v1/works/{ada.post('/v1/works', json=ODE).json()['work_id']}"

    first, second = ada.post(f"{url}/withdraw"), ada.post(f"{url}/withdraw")

    assert (first.status_code, first.json()["state"]) == (200, "withdrawn")
    assert (second.status_code, second.json()["code"]) == (409, "withdrawn-already")
    assert ada.get(url).json()["withdrawn_at"] == "2026-02-10T12:00:00Z"


@pytest.mark.parametrize(
    "day", ["", "2026-02-30", "12.02.2026", "20260212", "2026-W08-1", "\uff12"]
)
def test_a_day_that_is_none_is_refused(shared_site, day):
    ada = shared_site.holder("Ada")
    client = shared_site.person("creator", ada)
    work = ODE | {"text": f"A text of its own for {day!r} and holder {ada}."}
    url = f"/v1/works/{client.post('/v1/works', json=work).json()['work_id']}/split"
    holders = [{"holder_id": ada, "share_ppm": 1_000_000}]

    answer = client.put(url, json={"valid_from": day, "holders": holders})

    assert answer.json()["errors"] == [
        {"place": "valid_from", "rule": "must be a day like 2026-12-01"}
    ]


def test_who_has_no_share_any_more_decides_nothing(site):
    ada, bob = site.holder("Ada"), site.holder("Bob")
    client = site.person("creator", ada)
    work = client.post("/v1/works", json=ODE).json()["work_id"]
    all_to_bob = [{"holder_id": bob, "share_ppm": 1_000_000}]
    operator = site.person("operator", None)
    order = {"valid_from": "2026-02-12", "holders": all_to_bob}
    assert operator.put(f"/v1/works/{work}/split", json=order).status_code == 200

    back = {"valid_from": "2026-02-13", "holders": [{"holder_id": ada, "share_ppm": 1_000_000}]}
    answers = [
        client.put(f"/v1/works/{work}/split", json=back),
        client.post(f"/v1/works/{work}/withdraw"),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "no-present-share")] * 2


def test_works_are_listed_page_by_page_newest_first(site):
    ada, eve = site.creator("Ada"), site.creator("Eve")
    for number in range(3):
        ada.post("/v1/works", json=ODE | {"title": f"W{number}", "text": f"Text {number}."})
    eve.post("/v1/works", json=ODE | {"title": "Eve's", "text": "Another."})

    first = ada.get("/v1/works?limit=2").json()
    second = ada.get("/v1/works", params={"limit": 2, "after": first["next"]}).json()

    assert [work["title"] for work in first["data"]] == ["W2", "W1"]
    assert [work["title"] for work in second["data"]] == ["W0"]
    assert (second["has_more"], second["next"]) == (False, None)
    everything = site.operator().get("/v1/works").json()["data"]
    assert [work["title"] for work in everything] == ["Eve's", "W2", "W1", "W0"]


def test_an_operator_registers_for_holders_it_names(site):
    operator, ada = site.operator(), site.holder("Ada")

    for_nobody = operator.post("/v1/works", json=ODE)
    holders = [{"holder_id": ada, "share_ppm": 1_000_000}]
    for_ada = operator.post("/v1/works", json=ODE | {"holders": holders})

    assert (for_nobody.status_code, for_nobody.json()["code"]) == (422, "no-holder")
    assert for_ada.status_code == 201


def test_a_preview_names_works_and_stores_nothing(site):
    ada = site.creator()
    site.preview.works = [ada.post("/v1/works", json=ODE).json()["work_id"]]

    answer = site.vendor().post("/v1/attribution-previews", json={"text": "The tide keeps."})

    assert answer.status_code == 200
    work_id = site.preview.works[0]
    assert answer.json() == {
        "shares": [{"work_id": work_id, "title": "Ode", "share_ppm": 600_000}],
        "unmatched_ppm": 400_000,
        "matches": [
            {
                "work_id": work_id,
                "output_start": 0,
                "output_end": 10,
                "source_start": 5,
                "source_end": 15,
                "confidence_ppm": 930_000,
                "kind": "verbatim",
            }
        ],
        "passages": [
            {
                "start": 0,
                "end": 10,
                "state": "work",
                "work_id": work_id,
                "title": "Ode",
                "source_start": 5,
                "source_end": 15,
                "confidence_ppm": 930_000,
                "kind": "verbatim",
                "reason": "paid",
            },
            {
                "start": 11,
                "end": 15,
                "state": "none",
                "work_id": None,
                "title": None,
                "source_start": None,
                "source_end": None,
                "confidence_ppm": 0,
                "kind": None,
                "reason": "no likeness",
            },
        ],
        "engine_version": "told/1",
    }
    too_long = site.vendor().post("/v1/attribution-previews", json={"text": "x" * 100_001})
    assert too_long.status_code == 422
    assert site.preview.asked == ["The tide keeps."]
