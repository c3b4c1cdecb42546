"""Editions: a new text under the same work, paid as the work, from its own registration on."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from service.ledger.tiers import Tier
from service.store import editions, embeddings, holdings, owners, works
from service.store.database import unit_of_work
from service.store.editions import NewEdition
from service.store.works import TextRegistered, WithdrawnAlready, WorkNotFound
from worker import drain, reattributing

DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
MARCH = datetime(2026, 3, 5, tzinfo=UTC)
ALL = 1_000_000


def adds(town, work, body, *, on, note=None):
    """Register an edition as of a day; return the number of its text."""
    with unit_of_work(town.database) as session:
        row = editions.add(
            session, work, NewEdition(body, note), registered_at=on, now=town.clock()
        )
        return row.work_id


@pytest.fixture
def two(village, texts):
    """Ada's work, and since 20 February an edition that keeps the Ode and adds the Essay."""
    work = village.registers("Ode", texts.ode, {"Ada": 600_000, "Ben": 400_000}, on=DECEMBER)
    second = adds(village, work, f"{texts.ode} {texts.essay}", on=FEBRUARY, note="With an essay")
    village.works()
    return village, work, second


def passages(town, text_id):
    return town.tells("SELECT count(*) FROM passage WHERE work_id = :text", text=text_id)[0][0]


def test_what_an_edition_keeps_is_in_the_index_once(two):
    town, work, second = two
    assert (passages(town, work), passages(town, second)) == (4, 4)
    ((twice,),) = town.tells("SELECT count(*) - count(DISTINCT content_hash) FROM passage")
    assert twice == 0
    with unit_of_work(town.database) as session:
        assert embeddings.count_up_to(session, town.room.encoder_id, 10**9) == 8


def test_both_texts_and_their_history_stay(two, texts):
    town, work, second = two
    with unit_of_work(town.database) as session:
        first, later = editions.of_work(session, work)
        assert editions.body_of(session, work, 1) == texts.ode
        assert editions.body_of(session, work, 2) == f"{texts.ode} {texts.essay}"
        assert editions.body_of(session, work, 3) is None
        assert [
            one.work_id for one in works.page(session, holder_id=None, before=None, limit=9)
        ] == [work]
        with pytest.raises(WorkNotFound):
            works.get(session, second)
    assert (first.text_id, first.registered_at, first.note) == (work, DECEMBER, None)
    assert (later.text_id, later.registered_at, later.note) == (second, FEBRUARY, "With an essay")
    assert (first.position, later.position) == (1, 2)


def test_an_edition_is_paid_as_the_work_by_its_split(two, texts):
    town, work, second = two
    town.sells("kept", text=texts.ode, at=MARCH)
    town.sells("new", text=texts.essay, at=MARCH)
    town.works()
    assert town.tells("SELECT DISTINCT work_ids, shares_ppm FROM attribution") == [([work], [ALL])]
    evidence = town.tells(
        "SELECT DISTINCT (e -> 2)::bigint FROM attribution, jsonb_array_elements(evidence) AS e "
        "ORDER BY 1"
    )
    assert evidence == [(work,), (second,)]
    town.closes("2026-03", early=True)
    # two sales of 1,000,000 premium tokens: $6 each, pool 10 %, fee 10 %: 1.08
    assert town.balances("holder:") == {
        "holder:7:held": 648_000_000,
        "holder:8:held": 432_000_000,
    }
    assert town.broken() == []


def test_what_is_new_earns_nothing_from_sales_before_the_edition(two, texts):
    """Else an output could be registered as an edition after its sale and collect."""
    town, work, _ = two
    town.sells("early", text=f"{texts.ode} {texts.essay}", at=JANUARY)
    town.works()
    ((works_, shares, unmatched),) = town.tells(
        "SELECT work_ids, shares_ppm, unmatched_ppm FROM attribution"
    )
    assert works_ == [work]
    assert 450_000 < shares[0] < 550_000
    assert shares[0] + unmatched == ALL
    assert town.broken() == []


def test_an_edition_claims_no_earlier_sales(village, texts):
    village.sells("early", text=texts.essay, at=JANUARY)
    work = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    village.works()
    adds(village, work, texts.essay, on=FEBRUARY)
    village.works()
    assert village.tells("SELECT count(*) FROM late_match") == [(0,)]


def test_a_withdrawn_work_earns_by_none_of_its_editions(two, texts):
    town, work, _ = two
    with unit_of_work(town.database) as session:
        works.withdraw(session, work, now=town.clock())
    town.clock.now = datetime(2026, 3, 20, tzinfo=UTC)
    town.sells("late", text=f"{texts.ode} {texts.essay}", at=datetime(2026, 3, 15, tzinfo=UTC))
    town.works()
    assert town.tells("SELECT unmatched_ppm FROM attribution") == [(ALL,)]
    with unit_of_work(town.database) as session, pytest.raises(WithdrawnAlready):
        editions.add(session, work, NewEdition("new"), registered_at=MARCH, now=town.clock())


def test_a_text_is_taken_once_in_whatever_edition(two, texts):
    town, work, _ = two
    for body in (texts.ode, f"{texts.ode}\r\n {texts.essay}"):
        with pytest.raises(TextRegistered, match=f"work {work}"):
            adds(town, work, body, on=MARCH)
        with pytest.raises(TextRegistered, match=f"work {work}"):
            town.registers("Copy", body, {"Bo": ALL})


def test_a_third_edition_stores_what_neither_before_it_has(two, texts):
    town, work, _ = two
    third = adds(town, work, f"{texts.essay} {texts.ode} {texts.nothing}", on=MARCH)
    town.works()
    assert passages(town, third) == 3
    fourth = adds(town, work, f"{texts.nothing} {texts.ode}", on=MARCH)
    town.works()
    assert passages(town, fourth) == 0
    assert town.tells(
        "SELECT embedded_at IS NULL, examined_at IS NULL FROM work WHERE work_id = :w", w=fourth
    ) == [(False, False)]


def test_an_edition_waits_for_the_earlier_one_to_be_embedded(village, texts):
    work = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    second = adds(village, work, f"{texts.ode} {texts.essay}", on=FEBRUARY)
    with embeddings.claim_unembedded(village.database, most_chars=10**6) as claimed:
        assert [number for number, _ in claimed] == [work]
        with embeddings.claim_unembedded(village.database, most_chars=10**6) as others:
            assert others == []
    village.works()
    assert passages(village, second) == 4


def test_an_edition_of_ones_own_is_no_finding_and_a_stolen_one_is(village, texts):
    work = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    theirs = village.registers("Essay", texts.essay, {"Bo": ALL}, on=JANUARY)
    second = adds(village, work, f"{texts.essay} The end.", on=FEBRUARY)
    village.works()
    assert village.tells("SELECT work_id, of_work_id, kind FROM finding") == [
        (second, theirs, "near-copy")
    ]
    village.sells("one", text=texts.essay, at=MARCH)
    village.works()
    assert village.tells("SELECT work_ids FROM attribution") == [([theirs],)]


def test_who_copies_what_is_new_in_an_edition_meets_the_holders_of_the_work(two, texts):
    town, work, second = two
    copy = town.registers("Copy", texts.essay + " The end.", {"Bo": ALL}, on=MARCH)
    part = town.registers("Part", f"{texts.nothing} {texts.essay}", {"Mallory": ALL}, on=MARCH)
    town.works()
    found = town.tells("SELECT work_id, of_work_id, kind FROM finding ORDER BY work_id")
    assert found == [(copy, second, "near-copy"), (part, second, "derived")]
    proposed = town.tells("SELECT work_id, upstream_work_ids FROM proposal")
    assert proposed == [(part, [work])]
    assert town.tells(
        "SELECT work_id, holder_id FROM claim JOIN claim_party USING (claim_id) "
        "WHERE side = 'claimant' ORDER BY holder_id"
    ) == [(copy, 7), (copy, 8)]


def test_an_edition_counts_for_the_owner_of_its_work(two):
    town, work, second = two
    with unit_of_work(town.database) as session:
        owner = owners.owner_of_works(session, [work, second])
    assert owner[work] == owner[second] != owners.NOBODY


def test_attributing_anew_gives_an_edition_to_its_work_too(two, texts):
    town, work, _ = two
    sale = town.sells("new", text=texts.essay, at=MARCH, tier=Tier.STANDARD)
    town.works()
    with psycopg.connect(town.database.url) as connection:
        assert connection.execute("SELECT count(*) FROM sale_attribution").fetchone() == (0,)
    made = reattributing.reattribute(
        town.database, town.room, [sale], only_lacking=False, now=town.clock()
    )
    assert made == {}  # a tier without a pool is attributed to nobody
    premium = town.sells("premium", text=texts.essay, at=MARCH)
    town.works()
    assert town.tells("SELECT work_ids FROM attribution") == [([work],)]
    assert (
        reattributing.reattribute(
            town.database, town.room, [premium], only_lacking=False, now=town.clock()
        )
        == {}
    )


def test_two_at_once_get_different_numbers(village, texts):
    work = village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    threads = [
        threading.Thread(target=adds, args=(village, work, f"text {n}"), kwargs={"on": MARCH})
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with unit_of_work(village.database) as session:
        assert [one.edition_no for one in editions.of_work(session, work)] == list(range(1, 8))
        assert holdings.page(session, 7, search="", before=None, limit=9)[0].work_id == work


def test_verify_finds_an_edition_that_is_paid_by_itself(two, urls):
    town, _, second = two
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO line (work_id, rights_version_id, vendor_id, tier, currency) "
            "VALUES (%s, 1, 5, 2, 'USD')",
            (second,),
        )
    assert any("edition" in fact for fact in town.broken())


def test_the_real_engine_pays_an_edition_as_its_work(town, texts):
    work = town.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    adds(town, work, f"{texts.ode} {texts.essay}", on=FEBRUARY)
    drain.drain(town.place)
    town.sells("one", text=texts.essay, at=MARCH)
    town.works()
    ((found, unmatched),) = town.tells("SELECT work_ids, unmatched_ppm FROM attribution")
    assert (found, unmatched < 100_000) == ([work], True)
