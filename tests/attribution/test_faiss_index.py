import json

import numpy as np
import pytest

from attribution.faiss_index import FaissIndex
from attribution.snapshot import SnapshotRefused

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


def refusal(folder, *, encoder_digest=ENCODER, dimension=4):
    with pytest.raises(SnapshotRefused) as refused:
        FaissIndex.load(folder, encoder_digest=encoder_digest, dimension=dimension)
    return refused.value.reason


def index_file(folder):
    return next(folder.glob("*.faiss"))


def test_passages_are_found_under_their_own_ids(index):
    scores, names = index.search(rows(NORTH * 0.8 + WEST * 0.6, EAST), 2)
    assert names.tolist()[0] == [30, 50]
    assert names.tolist()[1][0] == 70
    assert scores[0] == pytest.approx([0.8, 0.6], abs=1e-3)
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


def test_a_snapshot_comes_back_as_it_was(folder):
    index, watermark = FaissIndex.load(folder, encoder_digest=ENCODER, dimension=4)
    assert watermark == 70
    assert sorted(index.passage_ids().tolist()) == [30, 50, 70]
    assert found(index, NORTH) == [30]
    index.remove(ids(30))
    index.add(ids(71), rows(NORTH))
    assert found(index, NORTH) == [71]


def test_a_later_snapshot_takes_the_place_of_the_earlier(index, folder):
    index.remove(ids(50))
    index.save(folder, ENCODER, 71)
    loaded, watermark = FaissIndex.load(folder, encoder_digest=ENCODER, dimension=4)
    assert (len(loaded), watermark) == (2, 71)
    assert sorted(path.suffix for path in folder.iterdir()) == [".faiss", ".json"]


def test_an_empty_index_can_be_kept(tmp_path):
    FaissIndex(4).save(tmp_path, ENCODER, 0)
    index, watermark = FaissIndex.load(tmp_path, encoder_digest=ENCODER, dimension=4)
    assert (len(index), watermark) == (0, 0)


def test_a_missing_snapshot_is_refused(tmp_path):
    assert refusal(tmp_path) == "no manifest can be read: No such file or directory"


def test_a_missing_index_file_is_refused(folder):
    index_file(folder).unlink()
    assert refusal(folder) == "the index file cannot be read: No such file or directory"


def test_a_truncated_index_file_is_refused(folder):
    whole = index_file(folder).read_bytes()
    index_file(folder).write_bytes(whole[:-1])
    assert refusal(folder) == "the index file is not what its manifest says"


def test_a_flipped_bit_anywhere_is_refused(folder):
    whole = index_file(folder).read_bytes()
    for at in range(len(whole)):
        index_file(folder).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert refusal(folder) == "the index file is not what its manifest says"


def test_a_damaged_manifest_is_refused(folder):
    manifest = folder / "manifest.json"
    whole = manifest.read_bytes()
    for damaged in (
        b"",
        whole[:-2],
        b"[]",
        b"{}",
        whole.replace(b'"watermark": 70', b'"watermark": 71'),
    ):
        manifest.write_bytes(damaged)
        assert refusal(folder) == "the manifest is damaged"


def test_a_snapshot_of_another_encoder_is_refused(folder):
    assert refusal(folder, encoder_digest=OTHER_ENCODER) == "of another encoder"


def test_a_snapshot_of_another_dimension_is_refused(folder):
    assert refusal(folder, dimension=8) == "of dimension 4, not 8"


def test_a_snapshot_says_what_it_is(folder):
    claims = json.loads((folder / "manifest.json").read_bytes())
    assert claims["format"] == 1
    assert claims["encoder_digest"] == ENCODER
    assert (claims["dimension"], claims["count"], claims["watermark"]) == (4, 3, 70)
    assert claims["file"] == claims["sha256"] + ".faiss"
