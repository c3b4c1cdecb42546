"""What back-dated rights adjust is told: original, corrected and delta of each line."""

import json

import pytest
from shelf_of_works import FEBRUARY, JANUARY, POOL, change, earned, rows_of_page, sells, shelf_of

from service.ledger.money import format_nanos
from service.store import adjustments, rights_changes
from service.store.database import unit_of_work


@pytest.fixture
def shelf(village, texts):
    return shelf_of(village, texts)


def told(town, change_id):
    """Tell adjustments as people read them: holder, work, month, original, corrected, delta."""
    names = dict(town.tells("SELECT party_id, name FROM party"))
    titles = {work: title for title, work in town.work.items()}
    with unit_of_work(town.database) as session:
        found = adjustments.of_change(session, change_id)
    return [
        (
            names[one.line.holder_id],
            titles[one.line.work_id],
            str(one.line.month),
            one.original_nanos,
            one.corrected_nanos,
            one.delta_nanos,
        )
        for one in found
    ]


def test_a_back_dated_change_tells_original_corrected_and_delta_of_each_line(shelf, repository):
    """The song was Eve's by half since New Year; January is stated, February is not."""
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    for month, at in (("01", JANUARY), ("02", FEBRUARY)):
        sells(shelf, shelf.texts["song"], at=at, name=f"song {month}")
        sells(shelf, shelf.texts["cover"], at=at, name=f"cover {month}")
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, song, reason="a deed of 2025", ada=500_000, eve=500_000)
    assert told(shelf, made) == []  # nothing is corrected yet
    shelf.works()

    whole = POOL + POOL * 3 // 10
    assert told(shelf, made) == [
        ("Ada", "song", "2026-01", whole, whole // 2, -whole // 2),
        ("Eve", "song", "2026-01", 0, whole // 2, whole // 2),
    ]
    with unit_of_work(shelf.database) as session:
        stored = rights_changes.get(session, made)
    assert (stored.works, stored.waiting, stored.corrected) == (2, 0, 4)
    shelf.closes("2026-02")
    assert earned(shelf, "2026-02") == {
        "Ben": POOL * 7 // 10,
        "Eve": whole,  # half of both months
    }
    assert told(shelf, made) == [
        ("Ada", "song", "2026-01", whole, whole // 2, -whole // 2),
        ("Eve", "song", "2026-01", 0, whole // 2, whole // 2),
    ]
    assert [
        (*row[:3], *(format_nanos(nanos) for nanos in row[3:])) for row in told(shelf, made)
    ] == [tuple(row) for row in rows_of_page(repository, {"Ada", "Eve"})]
    assert shelf.broken() == []


def test_a_back_dated_upstream_share_adjusts_both_works(shelf):
    song, cover, *_ = shelf.work.values()
    sells(shelf, shelf.texts["cover"])
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, cover, upstream={song: 250_000})
    shelf.works()

    part = POOL // 4
    assert told(shelf, made) == [
        ("Ada", "song", "2026-01", 0, part, part),
        ("Ben", "cover", "2026-01", POOL, POOL - part, -part),
    ]
    shelf.closes("2026-02")
    assert earned(shelf, "2026-02") == {"Ada": part, "Ben": -part}
    assert shelf.broken() == []


def test_what_a_change_adjusts_is_what_statements_then_say(shelf):
    """Thirds round: the deltas told are the adjustments stated, to the nano."""
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 333_333})
    for n in range(3):
        shelf.sells(f"s{n}", text=shelf.texts["cover"], tokens=1_000_001 + n, at=JANUARY)
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, song, ada=333_333, eve=333_333, ben=333_334)
    shelf.works()
    deltas = {}
    for holder, *_, delta in told(shelf, made):
        deltas[holder] = deltas.get(holder, 0) + delta
    shelf.closes("2026-02")

    assert sum(deltas.values()) == 0
    assert deltas == earned(shelf, "2026-02")


def test_the_command_line_tells_rights_and_adjustments(shelf, wellspring):
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    sells(shelf, shelf.texts["cover"])
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, song, reason="a deed", ada=500_000, eve=500_000)
    shelf.works()

    _, out, _ = wellspring("rights", "show", cover, "--on", "2026-01-20", "--json")
    shown = json.loads(out)
    assert [(r["holder"], r["gets"], r["ppm"]) for r in shown["reached"]] == [
        ("Ben", "7/10", 700_000),
        ("Ada", "3/20", 150_000),
        ("Eve", "3/20", 150_000),
    ]
    _, out, _ = wellspring("rights", "show", song, "--on", "2026-01-20", "--json")
    assert json.loads(out)["derivatives"] == [
        {"work": cover, "title": "cover", "part": "3/10", "ppm": 300_000}
    ]
    _, out, _ = wellspring("rights", "adjustments", made, "--json")
    assert [(r["holder"], r["original"], r["corrected"], r["delta"]) for r in json.loads(out)] == [
        ("Ada", "0.162", "0.081", "-0.081"),
        ("Eve", "0.00", "0.081", "0.081"),
    ]
    _, out, _ = wellspring("rights", "changes", "--work", song, "--json")
    assert [(r["state"], r["reason"]) for r in json.loads(out)] == [("corrected", "a deed")]
    code, _, err = wellspring(
        *("rights", "upstream", song, f"{cover}=1", "--from", "2026-01-01", "--reason", "no")
    )
    assert (code, "cannot derive from itself" in err) == (1, True)
