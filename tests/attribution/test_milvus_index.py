"""The same index on Milvus; milvus-lite keeps it in a file here."""

from hashlib import sha256

import numpy as np
import pytest

from attribution.faiss_index import FaissIndex
from attribution.index_choice import IndexPlace, empty_index, open_index
from attribution.milvus_index import IVF_SQ8, MilvusIndex
from attribution.snapshot import SnapshotRefused

pytest.importorskip("pymilvus", reason="pymilvus is not installed")
pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")

ENCODER = "ab" * 32
EAST, NORTH, WEST = np.eye(4, dtype=np.float32)[:3]


def ids(*numbers):
    return np.array(numbers, dtype=np.int64)


def rows(*vectors):
    return np.array(vectors, dtype=np.float32).reshape(-1, 4)


def unit_rows(count, *, seed, dimension):
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("milvus") / "lite.db")
    try:
        MilvusIndex(path, "first", 4)
    except Exception as error:  # noqa: BLE001  # whatever keeps a server from starting
        pytest.skip(f"milvus-lite cannot start here: {error}")
    return path


@pytest.fixture
def index(uri, request):
    name = "t" + sha256(request.node.name.encode()).hexdigest()[:12]
    index = MilvusIndex(uri, name, 4)
    index.add(ids(70, 30, 50), rows(EAST, NORTH, WEST))
    return index


def found(index, vector, k=1):
    _, names = index.search(rows(vector), k)
    return names[0].tolist()


def test_passages_are_found_under_their_own_ids(index):
    cosines, names = index.search(rows(NORTH * 0.8 + WEST * 0.6, EAST), 2)
    assert names[0].tolist() == [30, 50]
    assert names[1][0] == 70
    assert cosines[0] == pytest.approx([0.8, 0.6], abs=1e-5)
    assert (cosines.dtype, names.dtype) == (np.float32, np.int64)


def test_what_is_not_there_is_minus_one(index):
    assert found(index, EAST, k=5)[3:] == [-1, -1]
    assert index.search(rows(), 2)[1].shape == (0, 2)


def test_an_id_added_again_moves(index):
    index.add(ids(70), rows(WEST))
    index.add(ids(50, 50), rows(WEST, EAST))
    assert len(index) == 3
    assert found(index, EAST) == [50]
    assert found(index, WEST) == [70]


def test_a_removed_id_is_gone_and_the_rest_stay(index):
    index.remove(ids(30, 999))
    index.remove(ids())
    assert sorted(index.passage_ids().tolist()) == [50, 70]
    assert len(index) == 2
    assert found(index, NORTH, k=3)[2] == -1
    assert found(index, WEST) == [50]


def test_a_vector_comes_back_as_it_is_kept(index):
    kept = index.vectors_of(ids(30, 999, 70, 30))
    assert kept.tolist() == rows(NORTH, [0] * 4, EAST, NORTH).tolist()
    assert index.vectors_of(ids()).shape == (0, 4)


def test_workers_share_the_index_and_its_watermark(uri, index):
    name = index._collection
    assert index.watermark == 0
    index.keep(70)
    index.keep(60)
    beside = MilvusIndex(uri, name, 4)
    assert (len(beside), beside.watermark) == (3, 70)
    beside.clear()
    assert (len(beside), beside.watermark) == (0, 0)
    assert found(beside, EAST) == [-1]


def test_an_index_of_another_dimension_is_refused(uri, index):
    with pytest.raises(SnapshotRefused, match="of dimension 4, not 8"):
        MilvusIndex(uri, index._collection, 8)


@pytest.mark.parametrize("index_type", ["FLAT", IVF_SQ8])
def test_it_finds_what_faiss_finds_but_for_the_rounding_of_bytes(uri, index_type):
    """Random directions are the hardest: the tenth and the eleventh are all but equally near."""
    vectors = unit_rows(3_000, seed=1, dimension=384)
    queries = unit_rows(100, seed=2, dimension=384)
    shared = MilvusIndex(uri, f"same_{index_type}", 384, index_type=index_type)
    own, names = FaissIndex(384), np.arange(3_000)
    for one in (shared, own):
        one.add(names, vectors)
        one.remove(names[:100])
    cosines, found_there = shared.search(queries, 10)
    found_here = own.search(queries, 10)[1]
    pairs = zip(found_there.tolist(), found_here.tolist(), strict=True)
    assert sum(len({*one} & {*other}) for one, other in pairs) / found_there.size >= 0.98
    truly = np.take_along_axis(queries @ vectors.T, found_here, 1)
    assert (truly >= cosines[:, -1:] - 0.004).mean() >= 0.99
    assert sorted(shared.passage_ids().tolist()) == own.passage_ids().tolist()


def a_place(folder, milvus_uri, **differs):
    place = {
        "folder": folder, "milvus_uri": milvus_uri, "name": f"town-{folder.name}",
        "encoder_digest": ENCODER, "dimension": 4, "threads": 1,
    }  # fmt: skip
    return IndexPlace(**place | differs)


@pytest.mark.parametrize("on_milvus", [False, True])
def test_an_index_is_kept_where_the_setting_says(tmp_path, uri, on_milvus):
    place = a_place(tmp_path, uri if on_milvus else None)
    opened = empty_index(place)
    opened.index.add(ids(70, 30), rows(EAST, NORTH))
    opened.keep(70)
    again = open_index(place, newest=70)
    assert (len(again.index), again.watermark) == (2, 70)
    assert found(again.index, NORTH) == [30]
    assert (tmp_path / "vectors").exists() is not on_milvus
    with pytest.raises(SnapshotRefused, match="has seen row 70, the last is 69"):
        open_index(place, newest=69)
    assert len(empty_index(place).index) == 0


def test_another_encoder_has_another_collection(tmp_path, uri):
    opened = empty_index(a_place(tmp_path, uri))
    opened.index.add(ids(70), rows(EAST))
    assert len(open_index(a_place(tmp_path, uri, encoder_digest="cd" * 32)).index) == 0


def test_a_place_without_a_snapshot_is_refused(tmp_path):
    with pytest.raises(SnapshotRefused, match="no manifest can be read"):
        open_index(a_place(tmp_path, None))
