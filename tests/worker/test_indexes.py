"""The indexes are caches: whatever happens to their files, the rows decide."""

import psycopg
import pytest

from service.store import findings
from service.store.database import unit_of_work
from worker.embedding import embed_next
from worker.indexes import StoredIndexes

ALL = 1_000_000


def opened(town):
    """Open both indexes as a new process would, and take in the rows."""
    indexes = StoredIndexes(
        town.database,
        town.settings.home,
        encoder_id=town.room.encoder_id,
        encoder_digest=town.room.encoder.digest,
        dimension=town.room.encoder.dimension,
        threads=1,
        milvus_uri=None,
    )
    indexes.top_up()
    return indexes


@pytest.fixture
def indexed(village, texts):
    """A village with one work and the snapshots of both indexes."""
    village.registers("Ode", texts.ode, {"Ada": ALL})
    village.works()
    opened(village).save()
    return village


def passage_ids(town):
    return [row[0] for row in town.tells("SELECT passage_id FROM passage ORDER BY passage_id")]


def held(indexes):
    vectors, words = indexes.vectors.passage_ids(), indexes.words.passage_ids()
    return sorted(vectors.tolist()), sorted(words.tolist())


def test_both_hold_every_passage_under_its_own_number(indexed):
    ids = passage_ids(indexed)
    indexes = opened(indexed)
    assert held(indexes) == (ids, ids)
    assert indexes.watermark == len(ids)
    assert indexes.rebuilt_because is None


def test_snapshots_are_topped_up_with_what_came_since(indexed, texts):
    before = opened(indexed).watermark
    indexed.registers("Essay", texts.essay, {"Bo": ALL})
    indexed.works()
    after = opened(indexed)
    assert after.rebuilt_because is None
    assert after.watermark > before
    assert held(after) == (passage_ids(indexed),) * 2


def test_words_are_found_with_their_work_and_owner(indexed, texts):
    ((ada,),) = indexed.tells("SELECT party_id FROM party WHERE name = 'Ada'")
    indexes = opened(indexed)
    ids = indexes.words.passage_ids()
    assert set(indexes.words.works_of(ids).tolist()) == {1}
    assert set(indexes.words.owners_of(ids).tolist()) == {ada}
    (fresh,) = indexed.room.fingerprint([texts.ode])
    _, candidates = indexes.words.candidates(fresh.lexical, 3, allowed=lambda _work: True)
    assert set(candidates.tolist()) == set(passage_ids(indexed))


def files(town, kind):
    folder = next((town.settings.home / "index").iterdir()) / kind
    return folder, sorted(path for path in folder.iterdir() if path.name != "manifest.json")


def kinds(town):
    return sorted(path.name for path in next((town.settings.home / "index").iterdir()).iterdir())


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "one bit flipped": flip,
    "no manifest": lambda path: path.with_name("manifest.json").unlink(),
}


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_snapshot_is_refused_and_rebuilt_from_the_rows(indexed, damage, kind):
    _, found = files(indexed, kinds(indexed)[kind])
    DAMAGE[damage](found[0])
    indexes = opened(indexed)
    assert indexes.rebuilt_because is not None
    assert held(indexes) == (passage_ids(indexed),) * 2


def test_a_snapshot_that_does_not_fit_the_rows_is_refused(indexed, urls):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("DELETE FROM embedding WHERE embedding_no = 1")
    assert "the rows have" in opened(indexed).rebuilt_because


def test_asking_for_it_rebuilds_both(indexed):
    indexes = opened(indexed)
    assert indexes.rebuild() == len(passage_ids(indexed))
    assert held(indexes) == (passage_ids(indexed),) * 2


def test_a_copy_counts_for_the_owner_of_what_it_copies(indexed, texts):
    copy = indexed.registers("Copy", texts.ode + " The end.", {"Bo": ALL})
    indexed.works()
    indexes = opened(indexed)
    words = indexes.words
    assert (words.work_count, words.owner_count) == (2, 1)
    with unit_of_work(indexed.database) as session:
        (found,) = findings.of_work(session, copy)
        findings.dismiss(session, found.finding_id, by="op", reason="No.", now=indexed.clock())
    indexes.top_up()
    assert (words.work_count, words.owner_count) == (2, 2)


def test_works_not_examined_yet_count_for_one_owner_whoever_registered_them(indexed, texts):
    indexed.registers("Essay", texts.essay, {"Bo": ALL})
    indexed.registers("News", texts.nothing, {"Cy": ALL})
    embed_next(indexed.database, indexed.room, now=indexed.clock())
    waiting = opened(indexed)
    assert (waiting.words.work_count, waiting.words.owner_count) == (3, 2)
    waiting.save()
    indexed.works()
    for indexes in (waiting, opened(indexed)):
        indexes.top_up()
        assert indexes.rebuilt_because is None
        assert (indexes.words.work_count, indexes.words.owner_count) == (3, 3)


def test_an_index_built_anew_knows_the_owners_of_today(indexed, texts):
    indexed.registers("Essay", texts.essay, {"Bo": ALL})
    indexed.works()
    indexes = opened(indexed)
    indexes.rebuild()
    assert indexes.words.owner_count == 2
    assert indexes.words.owner_change == 2
