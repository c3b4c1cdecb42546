import json

import pytest

from attribution import snapshot as snapshots
from attribution.snapshot import Snapshot, SnapshotRefused, open_snapshot, staging, write_snapshot

WORDS = Snapshot(kind="words", digest="ab" * 32, dimension=0, count=2, watermark=70)
LATER = Snapshot(kind="words", digest="ab" * 32, dimension=0, count=3, watermark=71)


def opened(folder, *, kind="words", digest="ab" * 32, dimension=0, newest=None):
    return open_snapshot(folder, kind=kind, digest=digest, dimension=dimension, newest=newest)


def refusal(folder, **asked):
    with pytest.raises(SnapshotRefused) as refused:
        opened(folder, **asked)
    return refused.value.reason


@pytest.fixture
def folder(tmp_path):
    write_snapshot(tmp_path, WORDS, {"terms": b"ode essay", "rows": b"12"})
    return tmp_path


def test_several_files_come_back_under_their_names(folder):
    snapshot, files = opened(folder)
    assert snapshot == WORDS
    assert {name: path.read_bytes() for name, path in files.items()} == {
        "terms": b"ode essay",
        "rows": b"12",
    }


def test_a_path_is_taken_over(folder):
    with staging(folder) as place:
        (place / "big").write_bytes(b"many words")
        written = write_snapshot(folder, LATER, {"terms": place / "big"})
        assert not (place / "big").exists()
    assert opened(folder) == (LATER, written)
    assert written["terms"].read_bytes() == b"many words"


def test_files_are_named_by_their_content_and_those_of_before_are_gone(folder):
    write_snapshot(folder, LATER, {"terms": b"ode"})
    assert sorted(path.name for path in (folder / "words").iterdir()) == [
        "87e5ad485acb89c18788592f74fa20971604373722d40f0fb2c38fa8933c0974-terms",
        "manifest.json",
    ]


def test_kinds_lie_beside_each_other(folder):
    vectors = Snapshot(kind="vectors", digest="cd" * 32, dimension=4, count=1, watermark=9)
    write_snapshot(folder, vectors, {"index": b"1"})
    assert opened(folder)[0] == WORDS
    assert opened(folder, kind="vectors", digest="cd" * 32, dimension=4)[0] == vectors


def test_who_has_a_file_open_keeps_it(folder):
    with opened(folder)[1]["terms"].open("rb") as file:
        write_snapshot(folder, LATER, {"terms": b"ode"})
        assert file.read() == b"ode essay"


REFUSED = {
    "of another encoder": {"digest": "cd" * 32},
    "of dimension 0, not 4": {"dimension": 4},
    "has seen row 70, the last is 69": {"newest": 69},
    "no manifest can be read: No such file or directory": {"kind": "vectors"},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_does_not_fit_is_refused(folder, reason):
    assert refusal(folder, **REFUSED[reason]) == reason


def test_one_that_has_seen_the_last_row_is_taken(folder):
    assert opened(folder, newest=70)[0] == WORDS


def test_another_kind_in_its_place_is_refused(folder):
    (folder / "words").rename(folder / "vectors")
    assert refusal(folder, kind="vectors") == "of words, not of vectors"


def test_one_of_another_format_is_refused(folder, monkeypatch):
    monkeypatch.setattr(snapshots, "FORMAT", 99)
    assert refusal(folder) == "of format 2, not 99"


@pytest.mark.parametrize("name", ["terms", "rows"])
def test_any_damaged_file_is_refused(folder, name):
    path = opened(folder)[1][name]
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole + b"0", bytes([whole[0] ^ 1]) + whole[1:]):
        path.write_bytes(damaged)
        assert refusal(folder) == f"{name} is not what its manifest says"
    path.unlink()
    assert refusal(folder) == "a file cannot be read: No such file or directory"


def test_a_damaged_manifest_is_refused(folder):
    manifest = folder / "words" / "manifest.json"
    whole = manifest.read_bytes()
    for damaged in (b"", whole[:-2], b"[]", b"{}", whole.replace(b": 70", b": 71")):
        manifest.write_bytes(damaged)
        assert refusal(folder) == "the manifest is damaged"


def test_writing_again_heals_a_damaged_file(folder):
    opened(folder)[1]["terms"].write_bytes(b"ode essaX")
    write_snapshot(folder, WORDS, {"terms": b"ode essay", "rows": b"12"})
    assert opened(folder)[0] == WORDS


def test_who_finds_a_file_gone_reads_the_manifest_again(folder, monkeypatch):
    """A save may unlink what a manifest read a moment ago has named."""
    verified, saves = snapshots._verified, iter([LATER])

    def verified_after_a_save(place, digests):
        for later in saves:
            write_snapshot(folder, later, {"terms": b"ode", "rows": b"1"})
        return verified(place, digests)

    monkeypatch.setattr(snapshots, "_verified", verified_after_a_save)
    assert opened(folder)[0] == LATER


def test_a_crash_before_the_manifest_leaves_the_snapshot_of_before(folder, monkeypatch):
    def crash(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", crash)
    with pytest.raises(KeyboardInterrupt):
        write_snapshot(folder, LATER, {"terms": b"ode", "rows": b"1"})
    monkeypatch.undo()
    assert opened(folder)[0] == WORDS


def test_what_a_crash_left_is_swept_and_what_is_in_use_stays(folder):
    left = folder / "staging-left"
    left.mkdir()
    with staging(folder) as one, staging(folder) as another:
        assert not left.exists()
        assert one.is_dir()
        assert another.is_dir()
    assert [path.name for path in folder.iterdir()] == ["words"]
