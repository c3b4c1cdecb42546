"""Sums that pages show are kept by month; added or not, they say what the books say."""

import psycopg

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import audit, holdings, summaries, summary_questions
from service.store.database import unit_of_work

JANUARY = Period(202601)


def of(world, holder):
    with unit_of_work(world.database) as session:
        return [
            (one.tier, one.nanos, one.estimated, one.uses_count, one.output_tokens)
            for one in summaries.of_holder(session, holder)
        ]


def add(world):
    with unit_of_work(world.database) as session:
        return summaries.add_next(session)


def broken(world):
    with unit_of_work(world.database) as session:
        return [fact for one in summary_questions.QUESTIONS for fact in audit.ask(session, one)[1]]


def found(world, holder, search):
    with unit_of_work(world.database) as session:
        works = holdings.page(session, holder, search=search, before=None, limit=9)
        return [work.title for work in works]


def test_what_is_posted_counts_before_it_is_added_and_once_after(world, catalogue):
    world.sale("s1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 1_000_000})
    ada = [(Tier.ELITE, 12_150_000, True, 1, 1_000)]
    assert of(world, catalogue.ada) == ada
    assert add(world) == 1
    assert of(world, catalogue.ada) == ada
    world.sale("s2", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 1_000_000})
    assert of(world, catalogue.ada) == [(Tier.ELITE, 24_300_000, True, 2, 2_000)]
    assert of(world, catalogue.bo) == [(Tier.ELITE, 16_200_000, True, 2, 2_000)]
    assert add(world) == 1
    assert add(world) == 0
    assert of(world, catalogue.bo) == [(Tier.ELITE, 16_200_000, True, 2, 2_000)]
    assert broken(world) == []


def test_a_close_turns_the_estimate_into_what_was_released(world, catalogue):
    world.sale("s1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 1_000_000})
    add(world)
    world.close("2026-01")
    released = [(Tier.ELITE, 12_150_000, False, 1, 1_000)]
    assert of(world, catalogue.ada) == released
    while add(world):
        pass
    assert of(world, catalogue.ada) == released
    with unit_of_work(world.database) as session:
        assert summaries.released_by_vendor(session, catalogue.ada) == {"USD": {"acme": 12_150_000}}
    assert broken(world) == []


def test_a_sum_that_was_changed_is_found(world, catalogue):
    world.sale("s1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 1_000_000})
    add(world)
    with psycopg.connect(world.database.url, autocommit=True) as connection:
        connection.execute("UPDATE line_month SET nanos = nanos + 1")
        connection.execute("UPDATE holder_month SET sales_count = 7 WHERE holder_id = %s", (1,))
        connection.execute("UPDATE holder_month SET open_parts = 0")
    assert [fact.split(":")[0] for fact in broken(world)] == [
        "line 1 in 202601",
        f"holder {catalogue.ada} in 202601, vendor {world.vendor_id()}, tier 4, USD",
        f"holder {catalogue.bo} in 202601, vendor {world.vendor_id()}, tier 4, USD",
    ]


def test_a_title_is_found_by_how_its_words_begin(world, catalogue):
    assert found(world, catalogue.ada, "tid od") == ["Ode to Tides"]
    assert found(world, catalogue.ada, "ides") == []
    assert found(world, catalogue.bo, "essay") == []
    world.work("O'Hara's sea-green: a \\life", {catalogue.bo: 1_000_000})
    for search in ("hara", "GREEN life", "sea-gr", "o'h", "\\life", "a:b | !life"):
        assert found(world, catalogue.bo, search) == (
            ["O'Hara's sea-green: a \\life"] if search != "a:b | !life" else []
        ), search
    assert found(world, catalogue.bo, "%") == []
