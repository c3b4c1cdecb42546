"""The lexical index as files that several workers map."""

from threading import Thread

import numpy as np
import pytest

from attribution import lexical_files, lexical_segmented
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.snapshot import Snapshot, SnapshotRefused, write_snapshot
from attribution.terms import terms_v1

RAILWAY = terms_v1(["railway"]).terms


def ids(*numbers):
    return np.array(numbers, dtype=np.int64)


def add(index, *numbers, text="The railway bridge of number{}."):
    made = terms_v1([text.format(n) for n in numbers])
    index.add(ids(*numbers), ids(*numbers) // 10, ids(*numbers) // 100, made)


def found(index, text):
    _, passage_ids = index.candidates(terms_v1([text]), 50, allowed=lambda _: True)
    return passage_ids.tolist()


def refusal(folder, *, digest="terms", newest=None):
    with pytest.raises(SnapshotRefused) as refused:
        SegmentedLexicalIndex.load(folder, digest=digest, newest=newest)
    return refused.value.reason


def segment_files(folder):
    return sorted((folder / "lexical").glob("*-segment-*"))


@pytest.fixture
def index():
    index = SegmentedLexicalIndex()
    add(index, 5, 3, 12, 104)
    return index


@pytest.fixture
def folder(index, tmp_path):
    index.save(tmp_path, "terms", 104)
    return tmp_path


def test_a_snapshot_comes_back_as_it_was(folder):
    index, watermark = SegmentedLexicalIndex.load(folder, digest="terms", newest=104)
    assert watermark == 104
    assert sorted(index.passage_ids().tolist()) == [3, 5, 12, 104]
    assert found(index, "railway bridge") == [3, 5, 12, 104]
    assert (len(index), index.work_count, index.owner_count) == (4, 3, 2)


def test_what_is_loaded_lies_in_the_file_and_not_in_memory(folder):
    index, _ = SegmentedLexicalIndex.load(folder, digest="terms")
    (segment,) = index._stack.segments
    assert not segment.columns.hashes.flags.owndata
    assert not segment.columns.postings.flags.writeable


def test_what_comes_after_a_snapshot_is_in_the_next(folder):
    index, _ = SegmentedLexicalIndex.load(folder, digest="terms")
    add(index, 205)
    index.remove(ids(3))
    index.save(folder, "terms", 205)
    again, watermark = SegmentedLexicalIndex.load(folder, digest="terms")
    assert watermark == 205
    for each in (index, again):
        assert found(each, "railway bridge") == [5, 12, 104, 205]
        assert each.owner_counts(RAILWAY).tolist() == [3]


def test_an_empty_index_can_be_kept(tmp_path):
    SegmentedLexicalIndex().save(tmp_path, "terms", 0)
    index, watermark = SegmentedLexicalIndex.load(tmp_path, digest="terms")
    assert (len(index), watermark) == (0, 0)
    assert found(index, "railway") == []


def test_an_index_of_which_all_was_removed_can_be_kept(index, folder):
    index.remove(ids(3, 5, 12, 104))
    index.save(folder, "terms", 104)
    again, _ = SegmentedLexicalIndex.load(folder, digest="terms")
    assert (len(again), again.work_count, again.owner_count) == (0, 0, 0)
    assert again.owner_counts(RAILWAY).tolist() == [0]


def test_a_large_segment_is_left_as_it_is(index, tmp_path):
    add(index, *range(1000, 1040))
    index.save(tmp_path, "terms", 1)
    large = segment_files(tmp_path)[0].stat().st_ino
    add(index, 2000)
    index.save(tmp_path, "terms", 2)
    assert len(segment_files(tmp_path)) == 2
    assert large in {path.stat().st_ino for path in segment_files(tmp_path)}


def test_segments_stay_few(tmp_path, monkeypatch):
    monkeypatch.setattr(lexical_segmented, "_SMALL", 0)
    index = SegmentedLexicalIndex()
    for start, size in ((0, 64), (100, 32), (200, 15), (300, 7), (400, 3), (500, 1), (600, 1)):
        add(index, *range(start, start + size))
        index.save(tmp_path, "terms", start)
        assert len(segment_files(tmp_path)) <= 5
    for n in range(1000, 1100):
        add(index, n)
        assert len(index._stack.segments) <= 8
    assert len(index) == 223


def test_two_workers_save_into_one_folder(folder):
    one, _ = SegmentedLexicalIndex.load(folder, digest="terms")
    other, _ = SegmentedLexicalIndex.load(folder, digest="terms")
    add(one, 205)
    one.save(folder, "terms", 205)
    other.save(folder, "terms", 104)  # its files were unlinked by then: it writes them anew
    again, watermark = SegmentedLexicalIndex.load(folder, digest="terms")
    assert watermark == 104
    assert found(again, "railway bridge") == [3, 5, 12, 104]
    assert found(one, "railway bridge") == [3, 5, 12, 104, 205]


def test_a_save_that_fails_leaves_the_snapshot_before(index, folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    add(index, 205)
    monkeypatch.setattr(lexical_files, "write_snapshot", full)
    with pytest.raises(OSError, match="No space left"):
        index.save(folder, "terms", 205)
    again, watermark = SegmentedLexicalIndex.load(folder, digest="terms")
    assert (len(again), watermark) == (4, 104)
    assert found(index, "railway bridge") == [3, 5, 12, 104, 205]
    assert [path.name for path in folder.iterdir()] == ["lexical"]


def test_who_reads_sees_all_of_an_addition_or_nothing(index):
    seen = set()

    def read():
        for _ in range(100):
            seen.add(len(found(index, "railway bridge")))

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for start in (1000, 2000, 3000):
        add(index, start, start + 10, start + 20)
    for reader in readers:
        reader.join()
    assert seen <= {4, 7, 10, 13}
    assert len(found(index, "railway bridge")) == 13


def test_a_missing_snapshot_is_refused(tmp_path):
    assert refusal(tmp_path) == "no manifest can be read: No such file or directory"


def test_a_snapshot_of_other_hashes_is_refused(folder):
    assert refusal(folder, digest="other terms") == "of another encoder"


def test_a_snapshot_that_has_seen_later_rows_is_refused(folder):
    assert refusal(folder, newest=103) == "has seen row 104, the last is 103"


def test_a_missing_segment_is_refused(folder):
    segment_files(folder)[0].unlink()
    assert refusal(folder) == "a file cannot be read: No such file or directory"


def test_a_damaged_file_is_refused(folder):
    for path in (folder / "lexical").iterdir():
        whole = path.read_bytes()
        for damaged in (b"", whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
            path.write_bytes(damaged)
            assert refusal(folder)
        path.write_bytes(whole)
    assert SegmentedLexicalIndex.load(folder, digest="terms")[1] == 104


@pytest.mark.parametrize("name", ["segment-0", "removals"])
@pytest.mark.parametrize("content", [b"", b"short", b"of a layout from the year 1970", b"\0" * 99])
def test_a_file_that_holds_something_else_is_refused(folder, name, content):
    files = {path.name[65:]: path.read_bytes() for path in (folder / "lexical").glob("*-*")}
    claims = Snapshot(kind="lexical", digest="terms/segments-2", dimension=0, count=4, watermark=1)
    write_snapshot(folder, claims, files)
    assert SegmentedLexicalIndex.load(folder, digest="terms")[1] == 1
    write_snapshot(folder, claims, files | {name: content})
    assert refusal(folder).startswith("the segments cannot be read: ")


def test_a_snapshot_that_holds_another_number_of_passages_is_refused(folder):
    files = {path.name[65:]: path.read_bytes() for path in (folder / "lexical").glob("*-*")}
    claims = Snapshot(kind="lexical", digest="terms/segments-2", dimension=0, count=5, watermark=1)
    write_snapshot(folder, claims, files)
    assert refusal(folder) == "holds 4 passages, not 5"
