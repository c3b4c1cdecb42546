"""Royalty runs upstream at every close through any depth."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from shelf_of_works import (
    ALL,
    FEBRUARY,
    POOL,
    change,
    earned,
    number,
    rows_of_page,
    sells,
    shelf_of,
)
from worker_process import waits_until

from service.ledger.derivation import Change
from service.ledger.money import parse_nanos
from service.store import consent, dilutions, examinations, owners, proposals, works
from service.store.database import unit_of_work
from service.store.proposals import Proposer


@pytest.fixture
def shelf(village, texts):
    return shelf_of(village, texts)


def test_three_levels_and_a_diamond_are_released_in_one_close(shelf):
    """Medley passes to cover and remix, remix to cover, cover to song."""
    song, cover, remix, medley = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, remix, upstream={cover: 500_000})
    change(shelf, medley, upstream={remix: 400_000, cover: 200_000})
    sells(shelf, shelf.texts["medley"])
    shelf.works()
    shelf.closes("2026-01")

    assert earned(shelf) == {
        "Dee": POOL * 40 // 100,  # what the medley keeps
        "Cleo": POOL * 20 // 100,  # half of the 40 % that come to the remix
        "Ben": POOL * 28 // 100,  # 70 % of 20 % + 20 % that come to the cover
        "Ada": POOL * 12 // 100,
    }
    assert shelf.broken() == []


def test_sales_settled_while_rights_change_come_to_what_counts(shelf):
    """One thread settles, another changes two ancestors for days gone by, again and again."""
    song, cover, remix, _ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, remix, upstream={cover: 500_000})

    def settles():
        for n in range(12):
            sells(shelf, shelf.texts["remix"], name=f"sale {n}")
            shelf.works()

    def changes():
        for n in range(6):
            change(shelf, song, day=date(2026, 1, 2 + n), ada=1 + n, eve=ALL - 1 - n)
            change(shelf, cover, day=date(2026, 1, 2 + n), ben=1 + n, eve=ALL - 1 - n)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(settles), pool.submit(changes)]:
            done.result()
    shelf.works()
    shelf.closes("2026-01")

    whole = 12 * POOL
    said = earned(shelf)
    assert sum(said.values()) == whole
    assert said["Cleo"] == whole // 2
    assert said["Ada"] == whole * 15 // 100 * 6 // ALL
    assert shelf.broken() == []


def test_an_examination_and_a_change_of_rights_wait_and_do_not_deadlock(shelf):
    """The change has noted an owner and notes another; the examination has locked that work."""
    song, cover, *_ = shelf.work.values()

    def examines():
        with unit_of_work(shelf.database) as session:
            outcome = examinations.Examined(ALL, (), None, (), {})
            return examinations.store(session, cover, outcome, now=shelf.clock())

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(shelf.database) as session:
            owners.changed(session, song)
            examining = pool.submit(examines)
            waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            assert waits_until(lambda: shelf.tells(waits))
            owners.changed(session, cover)
        assert examining.result()
    assert len(shelf.tells("SELECT work_id FROM owner_change WHERE work_id = :w", w=cover)) == 2


def test_the_page_on_rights_says_where_a_unit_goes(shelf, repository):
    """The example of the page, told to the product: dilution and what a close releases."""
    song, cover, remix, medley = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, remix, upstream={cover: 500_000})
    change(shelf, medley, upstream={remix: 400_000, cover: 200_000})
    sells(shelf, shelf.texts["medley"])
    shelf.works()
    shelf.closes("2026-01")
    with unit_of_work(shelf.database) as session:
        reached = dilutions.of_work(session, medley, day=date(2026, 1, 20))
    parts = {one.work_id: (str(one.received), str(one.kept)) for one in reached}
    paid = earned(shelf)
    page = {row[0]: row[1:] for row in rows_of_page(repository, set(shelf.work))}

    for (title, work), holder in zip(
        shelf.work.items(), ("Ada", "Ben", "Cleo", "Dee"), strict=True
    ):
        received, kept, dollars = page[title]
        assert (received.partition(" ")[0], kept) == parts[work]
        assert parse_nanos(dollars) == paid[holder]


def test_a_chain_of_nine_passes_all_it_gets_down_to_the_last_nano(shelf, texts):
    chain = [shelf.work["song"]]
    for n in range(8):
        body = f"Chapter {n}: " + " ".join(f"word{n}x{i}" for i in range(40)) + "."
        chain.append(shelf.registers(f"link {n}", body, {f"Heir {n}": ALL}))
        change(shelf, chain[-1], upstream={chain[-2]: 999_999})
    sells(shelf, body)
    shelf.works()
    shelf.closes("2026-01")

    said = earned(shelf)
    assert sum(said.values()) == POOL
    assert said == {**{f"Heir {n}": 540 for n in range(8)}, "Ada": POOL - 8 * 540}
    assert shelf.broken() == []


def test_a_withdrawn_upstream_work_goes_on_getting_its_share(shelf):
    """It earns nothing from outputs any more; what was agreed of derivatives stays agreed."""
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    with unit_of_work(shelf.database) as session:
        works.withdraw(session, song, now=datetime(2026, 1, 10, tzinfo=UTC))
    sells(shelf, shelf.texts["cover"])
    shelf.works()
    shelf.closes("2026-01")
    assert earned(shelf) == {"Ada": POOL * 3 // 10, "Ben": POOL * 7 // 10}


def test_a_sale_pays_upstream_by_the_version_of_its_day(shelf):
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, song, day=date(2026, 2, 1), eve=ALL)
    sells(shelf, shelf.texts["cover"], name="january")
    sells(shelf, shelf.texts["cover"], at=FEBRUARY, name="february")
    shelf.works()
    shelf.closes("2026-01")
    shelf.closes("2026-02")

    assert earned(shelf) == {"Ada": POOL * 3 // 10, "Ben": POOL * 7 // 10}
    assert earned(shelf, "2026-02") == {"Ben": POOL * 7 // 10, "Eve": POOL * 3 // 10}
    assert shelf.broken() == []


def test_registration_proposes_that_a_work_derives_from_what_it_takes(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    half = texts.ode[: len(texts.ode) // 2]
    mixed = village.registers(
        "Mixed", f"{half} {texts.essay}", {"Ben": ALL}, on=datetime(2026, 2, 1, tzinfo=UTC)
    )
    village.works()

    with unit_of_work(village.database) as session:
        (made,) = proposals.listing(session, holder_id=None, work_id=mixed, limit=5)
        waits = consent.waits_for(session, made)
    (finding,) = village.tells("SELECT finding_id, share_ppm FROM finding")
    assert made.proposal.change == Change(date(2026, 2, 1), None, {ode: finding[1]})
    assert (made.finding_id, made.proposer) == (finding[0], Proposer(None, "registration"))
    assert sorted(waits) == sorted([number(village, "Ada"), number(village, "Ben")])
