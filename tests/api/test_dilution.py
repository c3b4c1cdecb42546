"""Who gets which part of what is credited to a work, shown to everybody it concerns."""

import pytest

ALL = 1_000_000
TEXTS = {
    "Song": "The tide keeps no ledger.",
    "Cover": "The ebb keeps no ledger either.",
    "Remix": "Neither of them counts the shells.",
}


@pytest.fixture
def chain(site):
    """Ada's song, Ben's cover (30 % to the song), Cleo's remix (half to the cover); Dee."""
    site.at_door, site.work = {}, {}
    operator = site.operator()
    for title, name in (("Song", "Ada"), ("Cover", "Ben"), ("Remix", "Cleo")):
        site.at_door[name] = site.creator(name)
        order = {"title": title, "text": TEXTS[title], "language": "en"}
        site.work[title] = site.at_door[name].post("/v1/works", json=order).json()["work_id"]
    site.at_door["Dee"] = site.creator("Dee")
    for work, upstream, ppm in (("Cover", "Song", 300_000), ("Remix", "Cover", 500_000)):
        named = [{"work_id": site.work[upstream], "share_ppm": ppm}]
        url = f"/v1/works/{site.work[work]}/proposals"
        made = operator.post(url, json={"valid_from": "2026-02-10", "upstream": named}).json()
        decided = operator.post(
            f"/v1/proposals/{made['proposal_id']}/decide",
            json={"takes_effect": True, "reason": "On paper."},
        )
        assert decided.json()["state"] == "imposed"
    site.at_door["operator"] = operator
    return site


def told(answer):
    return [
        (one["title"], one["received"]["exact"], one["kept"]["ppm"], part["name"], part["exact"])
        for one in answer.json()["reached"]
        for part in one["holders"]
    ]


@pytest.mark.parametrize("who", ["Ada", "Ben", "Cleo", "operator"])
def test_a_unit_of_the_remix_is_followed_by_all_it_reaches(chain, who):
    answer = chain.at_door[who].get(f"/v1/works/{chain.work['Remix']}/dilution")

    assert told(answer) == [
        ("Remix", "1", 500_000, "Cleo", "1/2"),
        ("Cover", "1/2", 350_000, "Ben", "7/20"),
        ("Song", "3/20", 150_000, "Ada", "3/20"),
    ]
    assert answer.json()["derivatives"] == []


def test_a_work_tells_what_comes_to_it_from_works_that_derive_from_it(chain):
    answer = chain.at_door["Cleo"].get(f"/v1/works/{chain.work['Song']}/dilution").json()
    assert [(one["title"], one["part"]) for one in answer["derivatives"]] == [
        ("Cover", {"exact": "3/10", "ppm": 300_000}),
        ("Remix", {"exact": "3/20", "ppm": 150_000}),
    ]


def test_who_has_nothing_to_do_with_it_finds_nothing(chain):
    answer = chain.at_door["Dee"].get(f"/v1/works/{chain.work['Cover']}/dilution")
    assert (answer.status_code, answer.json()["code"]) == (404, "work-not-found")


def test_a_day_before_the_first_split_reaches_nobody(chain):
    url = f"/v1/works/{chain.work['Cover']}/dilution"
    assert chain.at_door["Ben"].get(url, params={"valid_on": "2026-02-09"}).json()["reached"] == []
    wrong = chain.at_door["Ben"].get(url, params={"valid_on": "today"})
    assert (wrong.status_code, wrong.json()["errors"][0]["place"]) == (422, "valid_on")


def test_changes_are_told_to_those_whose_works_they_change(chain):
    """The cover's upstream share changes the remix, too: Cleo reads of it, Ada does not."""
    cover, remix = ({"work_id": chain.work[title]} for title in ("Cover", "Remix"))

    def listed(who, asked):
        return chain.at_door[who].get("/v1/rights-changes", params=asked).json()["data"]

    (made,) = listed("Ben", cover)
    assert (made["title"], made["valid_from"], made["back_dated"]) == ("Cover", "2026-02-10", True)
    assert (made["state"], made["reason"]) == ("waiting", "proposal 1")
    assert listed("Ada", cover) == []
    assert [one["title"] for one in listed("Cleo", remix)] == ["Remix"]
    url = f"/v1/rights-changes/{made['change_id']}/adjustments"
    assert chain.at_door["Ben"].get(url).json() == {"data": [], "has_more": False, "next": None}
    assert chain.at_door["Dee"].get(url).status_code == 404
