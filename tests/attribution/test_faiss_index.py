import threading
from pathlib import Path

import numpy as np
import pytest

from attribution.faiss_index import FaissIndex
from attribution.snapshot import Snapshot, SnapshotRefused, write_snapshot

EAST, NORTH, WEST = np.eye(4, dtype=np.float32)[:3]
ENCODER, OTHER_ENCODER = "ab" * 32, "cd" * 32


def ids(*numbers):
    return np.array(numbers, dtype=np.int64)


def rows(*vectors):
    return np.array(vectors, dtype=np.float32).reshape(-1, 4)


@pytest.fixture
def index():
    index = FaissIndex(4)
    index.add(ids(70, 30, 50), rows(EAST, NORTH, WEST))
    return index


@pytest.fixture
def folder(index, tmp_path):
    index.save(tmp_path / "index", ENCODER, 70)
    return tmp_path / "index"


def found(index, vector, k=1):
    _, names = index.search(rows(vector), k)
    return names[0].tolist()


def loaded(folder, **asked):
    return FaissIndex.load(folder, **{"encoder_digest": ENCODER, "dimension": 4, **asked})


def refusal(folder, **asked):
    with pytest.raises(SnapshotRefused) as refused:
        loaded(folder, **asked)
    return refused.value.reason


def index_file(folder):
    return next(folder.rglob("*.faiss"))


def test_passages_are_found_under_their_own_ids(index):
    scores, names = index.search(rows(NORTH * 0.8 + WEST * 0.6, EAST), 2)
    assert names.tolist()[0] == [30, 50]
    assert names.tolist()[1][0] == 70
    assert scores[0] == pytest.approx([0.8, 0.6], abs=5e-3)
    assert scores.dtype == np.float32
    assert names.dtype == np.int64


def test_what_is_not_there_is_minus_one(index):
    assert found(index, EAST, k=5)[3:] == [-1, -1]
    assert found(FaissIndex(4), EAST, k=2) == [-1, -1]
    assert index.search(rows(), 2)[1].shape == (0, 2)


def test_an_id_added_again_moves(index):
    index.add(ids(70), rows(WEST))
    index.add(ids(50, 50), rows(WEST, EAST))
    assert len(index) == 3
    assert found(index, EAST) == [50]
    assert found(index, WEST) == [70]


def test_a_removed_id_is_gone_and_the_rest_stay(index):
    index.remove(ids(30, 999))
    assert sorted(index.passage_ids().tolist()) == [50, 70]
    assert len(index) == 2
    assert found(index, NORTH, k=3)[2] == -1
    assert found(index, WEST) == [50]


def unit_rows(count, *, dimension=32, seed=1, centres=20):
    """Draw unit vectors that lie in groups, as texts about one thing do."""
    rng = np.random.default_rng(seed)
    around = rng.standard_normal((centres, dimension))[rng.integers(0, centres, count)]
    drawn = around + 0.5 * rng.standard_normal((count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def nearest(passage_ids, vectors, queries, k):
    order = np.lexsort((np.broadcast_to(passage_ids, (len(queries), len(vectors))),
                        -(queries @ vectors.T)), axis=-1)[:, :k]  # fmt: skip
    return passage_ids[order]


def recall(found, wanted):
    pairs = zip(found.tolist(), wanted.tolist(), strict=True)
    return sum(len({*one} & {*other}) for one, other in pairs) / wanted.size


def test_a_vector_comes_back_as_it_is_kept(index):
    index.remove(ids(50))
    kept = index.vectors_of(ids(30, 999, 70, 50, 30))
    came = index.turned(rows(NORTH, [0] * 4, EAST, [0] * 4, NORTH))
    assert kept == pytest.approx(came, abs=1e-2)
    assert np.linalg.norm(kept, axis=1) == pytest.approx([1, 0, 1, 0, 1])
    assert kept.dtype == np.float32
    assert index.vectors_of(ids()).shape == (0, 4)


def test_cosines_are_those_of_the_vectors_within_a_250th():
    vectors, queries = unit_rows(500, dimension=384), unit_rows(40, dimension=384)
    index = FaissIndex(384)
    index.add(np.arange(500), vectors)
    cosines, names = index.search(queries, 500)
    exact = np.take_along_axis(queries @ vectors.T, names, 1)
    assert np.abs(cosines - exact).max() < 0.004
    assert (np.abs(cosines) <= 1).all()


def test_a_component_that_stands_out_is_no_harm():
    """An encoder may put much of every vector into one component."""
    vectors = unit_rows(200, dimension=384)
    vectors[:, 7] += 2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = FaissIndex(384)
    index.add(np.arange(200), vectors)
    cosines, names = index.search(vectors, 200)
    assert np.abs(cosines - np.take_along_axis(vectors @ vectors.T, names, 1)).max() < 0.004


def test_what_is_found_depends_on_neither_order_nor_grouping():
    vectors = unit_rows(40)[np.random.default_rng(5).integers(0, 40, 3_000)]  # full of equal ones
    queries, names = unit_rows(40), np.arange(3_000) * 7
    whole = FaissIndex(32)
    whole.add(names, vectors)
    expected = whole.search(queries, 100)
    shuffled = np.random.default_rng(6).permutation(3_000)
    for step in (1_700, 333):
        index = FaissIndex(32)
        index.add(ids(3, 4), vectors[:2])
        for start in range(0, 3_000, step):
            some = shuffled[start : start + step]
            index.add(names[some], vectors[some])
        index.remove(ids(3, 4))
        found = index.search(queries, 100)
        assert (found[0] == expected[0]).all()
        assert (found[1] == expected[1]).all()


def test_equal_cosines_come_in_the_order_of_ids(index):
    index.add(ids(5, 90, 20), rows(NORTH, NORTH, NORTH))
    assert found(index, NORTH, k=3) == [5, 20, 30]


def grown(*, count, step):
    vectors = unit_rows(count)
    index = FaissIndex(32, exact_up_to=1_000)
    for start in range(0, count, step):
        index.add(np.arange(start, min(count, start + step)), vectors[start : start + step])
    return index, vectors


def test_many_passages_are_searched_in_cells_and_hardly_missed():
    vectors = unit_rows(9_000, dimension=384, centres=200)
    queries, names = unit_rows(200, dimension=384, seed=2, centres=200), np.arange(9_000)
    exact, index = FaissIndex(384), FaissIndex(384, exact_up_to=1_000)
    exact.add(names, vectors)
    for start in range(0, 9_000, 700):
        index.add(names[start : start + 700], vectors[start : start + 700])
    assert (
        index._held.old.cell_count == 253
    )  # 4 roots of 4,000: it was 7,700 when last put in order
    found_in_cells = index.search(queries, 10)[1]
    assert recall(found_in_cells, exact.search(queries, 10)[1]) >= 0.99  # what cells miss
    assert recall(found_in_cells, nearest(names, vectors, queries, 10)) >= 0.96  # rounding too


def test_an_index_built_anew_finds_what_the_one_that_grew_does(tmp_path):
    queries, (slow, vectors) = unit_rows(50, seed=2), grown(count=9_000, step=700)
    fast = FaissIndex(32, exact_up_to=1_000)
    fast.add(np.arange(9_000), vectors)
    slow.save(tmp_path / "slow", ENCODER, 1)
    fast.save(tmp_path / "fast", ENCODER, 1)
    assert (slow.search(queries, 10)[1] == fast.search(queries, 10)[1]).all()
    assert index_file(tmp_path / "slow").read_bytes() == index_file(tmp_path / "fast").read_bytes()


def test_what_is_removed_from_cells_is_not_found_again(tmp_path):
    index, vectors = grown(count=4_000, step=4_000)
    index.save(tmp_path, ENCODER, 1)
    index, _ = loaded(tmp_path, dimension=32, exact_up_to=1_000)
    gone = np.arange(0, 4_000, 5)
    index.remove(gone)
    assert len(index) == 3_200
    assert sorted(index.passage_ids().tolist()) == np.setdiff1d(np.arange(4_000), gone).tolist()
    assert not np.isin(index.search(vectors[gone], 20)[1], gone).any()
    assert not index.vectors_of(gone).any()
    index.remove(np.arange(3_500))
    assert len(index) == 400  # of the last 500 every fifth is gone too
    assert index._held.old.cell_count == 1
    came = index.turned(vectors[3_501:3_502])
    assert index.vectors_of(ids(3_501)) == pytest.approx(came, abs=0.02)


def test_searching_and_changing_at_once_does_no_harm():
    index, vectors = grown(count=1_500, step=1_500)
    stop, wrong = threading.Event(), []

    def search():
        while not stop.is_set():
            _, names = index.search(vectors[:50], 3)
            wrong.extend(set(np.arange(50)) - set(names[:, 0].tolist()))

    searchers = [threading.Thread(target=search) for _ in range(2)]
    for searcher in searchers:
        searcher.start()
    for turn in range(20):
        index.add(np.arange(2_000, 2_400), unit_rows(400, seed=turn + 10))
        index.remove(np.arange(2_000, 2_400))
    stop.set()
    for searcher in searchers:
        searcher.join()
    assert wrong == []
    assert len(index) == 1_500


def test_a_snapshot_comes_back_as_it_was(folder):
    index, watermark = loaded(folder)
    assert watermark == 70
    assert sorted(index.passage_ids().tolist()) == [30, 50, 70]
    assert found(index, NORTH) == [30]
    index.remove(ids(30))
    index.add(ids(71, 70), rows(NORTH, WEST))
    assert found(index, NORTH) == [71]
    assert found(index, WEST, k=2) == [50, 70]
    assert len(index) == 3


def test_what_is_saved_is_mapped_and_shared(index, folder):
    for one in (index, loaded(folder)[0]):
        assert str(index_file(folder)) in Path("/proc/self/maps").read_text()
        assert isinstance(one._held.old.ids, np.memmap)


def test_a_later_snapshot_takes_the_place_of_the_earlier(index, folder):
    reader, _ = loaded(folder)
    index.remove(ids(50))
    index.save(folder, ENCODER, 71)
    assert found(reader, WEST) == [50]  # whoever has the earlier one mapped keeps it
    later, watermark = loaded(folder)
    assert (len(later), watermark) == (2, 71)
    assert [path.suffix for path in sorted((folder / "vectors").iterdir())].count(".faiss") == 1


def test_what_came_after_the_load_is_saved_with_the_rest(folder):
    reader, _ = loaded(folder)
    reader.remove(ids(70))
    reader.add(ids(71), rows(EAST))
    reader.save(folder, ENCODER, 71)
    for index in (reader, loaded(folder)[0]):
        assert index.passage_ids().tolist() == [30, 50, 71]
        assert found(index, EAST) == [71]


def test_an_empty_index_can_be_kept(tmp_path):
    FaissIndex(4).save(tmp_path, ENCODER, 0)
    index, watermark = loaded(tmp_path)
    assert (len(index), watermark) == (0, 0)
    index.add(ids(1), rows(EAST))
    assert found(index, EAST) == [1]


def test_a_load_that_races_saves_takes_a_later_one(index, folder, monkeypatch):
    from attribution import faiss_index

    opened, saves = faiss_index.open_snapshot, [73, 72]

    def opened_before_a_save(*asked, **how):
        snapshot, files = opened(*asked, **how)
        if saves:
            index.add(ids(saves[-1]), rows(NORTH))
            index.save(folder, ENCODER, saves.pop())
        return snapshot, files

    monkeypatch.setattr(faiss_index, "open_snapshot", opened_before_a_save)
    later, watermark = loaded(folder)
    assert (len(later), watermark) == (5, 73)


def test_a_missing_snapshot_is_refused(tmp_path):
    assert refusal(tmp_path) == "no manifest can be read: No such file or directory"


def test_a_missing_index_file_is_refused(folder):
    index_file(folder).unlink()
    assert refusal(folder) == "a file cannot be read: No such file or directory"


def test_a_truncated_index_file_is_refused(folder):
    whole = index_file(folder).read_bytes()
    index_file(folder).write_bytes(whole[:-1])
    assert refusal(folder) == "passages.faiss is not what its manifest says"


def test_a_flipped_bit_anywhere_is_refused(folder):
    whole = index_file(folder).read_bytes()
    for at in range(len(whole)):
        index_file(folder).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert refusal(folder) == "passages.faiss is not what its manifest says"


def test_a_snapshot_of_another_encoder_is_refused(folder):
    assert refusal(folder, encoder_digest=OTHER_ENCODER) == "of another encoder"


def test_a_snapshot_of_another_dimension_is_refused(folder):
    assert refusal(folder, dimension=8) == "of dimension 4, not 8"


def test_a_snapshot_newer_than_the_rows_is_refused(folder):
    assert refusal(folder, newest=69) == "has seen row 70, the last is 69"


def kept_under(folder, **claims):
    """Write the files of a snapshot under a manifest that says something else of them."""
    files = {
        name: next(folder.rglob(f"*-{name}")).read_bytes() for name in ("passages.faiss", "ids.npy")
    }
    files |= claims.pop("files", {})
    said = {
        "kind": "vectors", "digest": f"{ENCODER}/rotated-int8-v1",
        "dimension": 4, "count": 3, "watermark": 70,
    }  # fmt: skip
    write_snapshot(folder, Snapshot(**said | claims), files)


def test_what_is_no_index_is_refused_though_its_checksum_fits(folder):
    kept_under(folder, files={"passages.faiss": b"not an index"})
    assert refusal(folder).startswith("faiss cannot read it: ")


def test_another_index_than_the_manifest_says_is_refused(folder):
    kept_under(folder, count=4)
    assert refusal(folder) == "the index is another than its manifest says"
    kept_under(folder, dimension=8)
    assert refusal(folder, dimension=8) == "the index is another than its manifest says"
