"""After an upgrade works get what they lack before anything is compared."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from service.store import embeddings, renewal
from service.store.database import unit_of_work
from worker import drain

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def old(village, texts):
    """An installation of before lexical prints: embedded, and not a print among its passages."""
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    village.works()
    with unit_of_work(village.database) as session:
        session.execute(text("UPDATE passage SET lexical = NULL"))
        session.execute(
            text("UPDATE work SET encoder_id = NULL, examined_at = NULL, late_searched_at = NULL")
        )
    return village


def outdated(town):
    with unit_of_work(town.database) as session:
        return renewal.outdated_count(session, town.room.encoder_id)


def lacking(town):
    return town.tells("SELECT count(*) FROM passage WHERE lexical IS NULL")[0][0]


def test_missing_prints_are_made_without_the_encoder(old, texts, monkeypatch):
    (before,) = old.tells("SELECT count(*) FROM embedding")
    monkeypatch.setattr(old.room.encoder, "encode", None)
    old.works()
    assert (outdated(old), lacking(old)) == (0, 0)
    assert old.tells("SELECT count(*) FROM embedding") == [before]
    assert old.tells("SELECT originality_ppm FROM work") == [(1_000_000,)]


def test_prints_made_later_are_those_of_the_day(old, texts):
    old.works()
    (fresh,) = old.room.fingerprint([texts.ode])
    stored = old.tells("SELECT lexical FROM passage ORDER BY ordinal")
    assert [bytes(one) for (one,) in stored] == fresh.lexical.packed()


def test_the_index_takes_no_passage_without_its_print(old):
    old.room.watermark, old.room.known = 0, []
    assert old.room.refresh() == 0
    old.works()
    assert old.room.refresh() > 0


def test_another_encoder_has_all_vectors_before_a_sale_is_attributed(village, texts):
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    village.works()
    first = village.room
    with unit_of_work(village.database) as session:
        another = embeddings.encoder_id(session, "ef" * 32, first.encoder.dimension)
    first.encoder_id, first.watermark, first.known = another, 0, []
    village.sells("one", text=texts.ode, at=JANUARY)
    assert outdated(village) == 1
    assert drain.attribute(village.place) is False
    assert drain.embed(village.place) is True
    assert outdated(village) == 0
    village.works()
    assert village.tells("SELECT work_ids FROM attribution") == [([1],)]
    assert village.tells("SELECT count(DISTINCT encoder_id) FROM embedding") == [(2,)]


def test_passages_an_older_cutter_made_get_their_own_texts(old, texts):
    with unit_of_work(old.database) as session:
        session.execute(text("DELETE FROM embedding"))
        session.execute(
            text(
                "INSERT INTO passage (work_id, ordinal, start_char, end_char, content_hash) "
                "VALUES (1, 99, 5, 70, '\\x00')"
            )
        )
    old.room.watermark, old.room.known = 0, []
    old.works()
    assert (outdated(old), lacking(old)) == (0, 0)
    (fresh,) = old.room.fingerprint([texts.ode[5:70]])
    stored = old.tells("SELECT lexical FROM passage WHERE ordinal = 99")
    assert bytes(stored[0][0]) == fresh.lexical.packed()[0]
