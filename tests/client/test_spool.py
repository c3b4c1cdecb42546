"""The spool: what it keeps, what it refuses, and what it does with what is damaged."""

import os
import resource
import subprocess
import sys
import zlib

import pytest
from fault_server import SILENT, FaultServer
from waits import waits_until

from wellspring_client import Client
from wellspring_client import segment as segment_module
from wellspring_client.segment import NoSpoolHere, Segment
from wellspring_client.spool import SEGMENT_BYTES, Spool, SpoolFull


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spools(folder):
    opened = []

    def spool(**settings):
        given = {"fsync": "never", "max_bytes": 1 << 30} | settings
        opened.append(Spool(folder, **given))
        return opened[-1]

    yield spool
    for one in opened:
        one.release()


@pytest.fixture
def server():
    with FaultServer() as opened:
        yield opened


def bodies(spool, *, most=100, most_bytes=1_000_000):
    """Settle all that waits, batch by batch, and return the batches."""
    batches = []
    while batch := spool.take(most=most, most_bytes=most_bytes):
        batches.append(list(batch.bodies))
        spool.settle(batch)
    return batches


def adopted(spool):
    names = []
    spool.adopt(note=lambda path: names.append(path.name))
    return len(names)


def test_sales_come_out_in_the_order_they_went_in(spools):
    spool = spools()
    for n in range(5):
        spool.append(b'{"id":"%d"}' % n)
    assert bodies(spool, most=2) == [
        [b'{"id":"0"}', b'{"id":"1"}'],
        [b'{"id":"2"}', b'{"id":"3"}'],
        [b'{"id":"4"}'],
    ]


def test_a_batch_is_the_same_until_it_is_settled(spools):
    spool = spools()
    spool.append(b"1")
    first = spool.take(most=1, most_bytes=100)
    spool.append(b"2")
    assert spool.take(most=1, most_bytes=100).bodies == first.bodies == (b"1",)
    assert spool.take(most=9, most_bytes=100).bodies == (b"1", b"2")


def test_what_is_settled_is_deleted_from_the_disk(spools, folder):
    spool = spools()
    spool.append(b"1")
    assert bodies(spool) == [[b"1"]]
    assert list(folder.iterdir()) == []
    assert spool.waiting_bytes() == 0


def test_a_line_is_its_checksum_and_its_json(spools, folder):
    spools().append(b'{"id":"one"}')
    (segment,) = folder.glob("*.seg")
    assert segment.read_bytes() == b'%08x {"id":"one"}\n' % zlib.crc32(b'{"id":"one"}')
    assert segment.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_sale_larger_than_a_request_comes_alone(spools):
    spool = spools()
    large = b"9" * 300_000
    for body in (b"1", large, b"2"):
        spool.append(body)
    assert bodies(spool, most_bytes=50_000) == [[b"1"], [large], [b"2"]]


def test_a_batch_has_no_more_bytes_than_asked(spools):
    spool = spools()
    for n in range(10):
        spool.append(b"%d" % n * 100)
    assert [len(batch) for batch in bodies(spool, most_bytes=330)] == [3, 3, 3, 1]


def test_long_spools_are_cut_into_segments(spools, folder):
    spool = spools()
    body = b"7" * (SEGMENT_BYTES // 3)
    for _ in range(7):
        spool.append(body)
    assert len(list(folder.glob("*.seg"))) == 3
    assert bodies(spool, most=1) == [[body]] * 7
    assert list(folder.iterdir()) == []


def test_what_another_holds_is_not_adopted_and_what_it_left_is(spools):
    first, second = spools(), spools()
    first.append(b"1")
    assert adopted(second) == 0
    first.release()
    assert adopted(second) == 1
    assert adopted(second) == 0
    assert bodies(second) == [[b"1"]]


def test_a_segment_that_was_deleted_as_it_was_opened_is_not_adopted(spools, folder, monkeypatch):
    first, second = spools(), spools()
    first.append(b"1")
    first.release()
    (segment,) = folder.glob("*.seg")
    known = segment_module._hold
    monkeypatch.setattr(segment_module, "_hold", lambda d: (segment.unlink(), known(d)))
    assert adopted(second) == 0
    assert second.take(most=1, most_bytes=1) is None


def test_what_was_settled_before_is_not_sent_by_the_next(spools):
    first, second = spools(), spools()
    for n in range(3):
        first.append(b"%d" % n)
    first.settle(first.take(most=2, most_bytes=100))
    first.release()
    assert adopted(second) == 1
    assert bodies(second) == [[b"2"]]


@pytest.mark.parametrize(
    "cursor", [b"", b"a torn cursor", b"11 ", b"12 00000000\n", b"99 1058174d\n", b"-4 x\n"]
)
def test_a_damaged_cursor_costs_duplicates_and_no_sale(spools, folder, cursor):
    first, second = spools(), spools()
    first.append(b"1")
    first.release()
    (segment,) = folder.glob("*.seg")
    segment.with_suffix(".done").write_bytes(cursor)
    adopted(second)
    assert bodies(second) == [[b"1"]]


def test_a_damaged_line_is_set_aside_and_the_others_are_sent(server, spools, folder):
    before = spools()
    for name in ("one", "two", "three"):
        before.append(b'{"id":"%s","tier":"free","output_tokens":1}' % name.encode())
    before.release()
    (segment,) = folder.glob("*.seg")
    segment.write_bytes(segment.read_bytes().replace(b'"two"', b'"owt"'))
    with Client("key", server.address, spool=folder, interval_seconds=0.01) as client:
        assert waits_until(lambda: client.stats().damaged == 1)
        (letter,) = client.dead_letters()
    assert server.ids() == ["one", "three"]
    assert letter.reason == "damaged: the checksum of a spooled line is wrong"
    assert '"owt"' in letter.sale


def test_a_file_of_other_things_is_set_aside_line_by_line(server, folder):
    folder.mkdir()
    (folder / "00-foreign.seg").write_bytes(
        b"\x00\xff\n\n" + os.urandom(64).replace(b"\n", b"") + b"\n"
    )
    with Client("key", server.address, spool=folder, interval_seconds=0.01) as client:
        assert waits_until(lambda: client.stats().damaged == 3)
        assert client.record(id="one", tier="free", output_tokens=1)
        assert client.flush(10)
    assert server.ids() == ["one"]
    assert not list(folder.glob("*.seg"))


def test_a_segment_without_a_last_line_feed_is_read_where_its_checksum_is_right(spools, folder):
    first, second = spools(), spools()
    first.append(b"1")
    first.append(b"2")
    first.release()
    (segment,) = folder.glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-1])
    adopted(second)
    assert bodies(second) == [[b"1", b"2"]]


def test_a_spool_has_a_bound(spools):
    spool = spools(max_bytes=250)
    spool.append(b"1" * 100)
    spool.append(b"2" * 100)
    with pytest.raises(SpoolFull):
        spool.append(b"3" * 100)
    bodies(spool)
    spool.append(b"3" * 100)


def test_beyond_the_bound_sales_are_dropped_and_counted(folder, caplog):
    client = Client("key", "http://127.0.0.1:9", spool=folder, max_spool_bytes=300)
    taken = [client.record(id=f"sale-{n}", tier="free", output_tokens=1) for n in range(20)]
    stats = client.stats()
    client.close(0)
    assert taken[0] == "sale-0"
    assert taken[-1] is None
    assert stats.dropped == taken.count(None) > 0
    assert stats.recorded + stats.dropped == 20
    assert caplog.text.count("sales are dropped") == 1


@pytest.fixture
def disk(tmp_path):
    """Mount a disk of 1 MiB; skipped where nobody may mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_on_a_full_disk_sales_wait_in_memory_and_are_sent(server, disk, monkeypatch, caplog):
    monkeypatch.setattr("wellspring_client.waiting._DISK_AGAIN_SECONDS", 0.0)
    client = Client("key", server.address, spool=disk / "spool", interval_seconds=60)
    client.record(id="before", tier="free", output_tokens=1)
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"x" * (1 << 20))
    for n in range(50):
        text = "The disk is full. " * 60
        assert client.record(id=f"full-{n:02}", tier="free", output_tokens=1, text=text)
    stats = client.stats()
    assert stats.spool_errors > 40
    assert (stats.pending, stats.dropped) == (51, 0)
    filler.unlink()
    client.record(id="after", tier="free", output_tokens=1)
    assert client.stats().spool_errors == stats.spool_errors
    assert client.flush(10)
    client.close()
    names = ["before", *(f"full-{n:02}" for n in range(50)), "after"]
    assert sorted(server.ids()) == sorted(names)
    assert client.dead_letters() == []
    assert caplog.text.count("cannot be written") == 1


_LIMITED = """
import resource, sys
from wellspring_client import Client
client = Client("key", "http://127.0.0.1:9", spool=sys.argv[1], max_in_memory=3)
resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
taken = [client.record(id=f"sale-{n}", tier="free", output_tokens=1) for n in range(20)]
stats = client.stats()
print(stats.spool_errors, stats.dropped, taken.count(None))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
client.close(0)
print(client.stats().dropped)
"""


def test_memory_has_a_bound_too_and_goes_to_disk_at_the_end(folder, server):
    """A file may not grow past 400 bytes, as on a full disk: the sale that is cut is taken back."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    assert hard == resource.RLIM_INFINITY
    command = [sys.executable, "-W", "ignore", "-c", _LIMITED.replace("(400, 400)", "(400, -1)")]
    ended = subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True)
    errors, dropped, refused, dropped_at_last = map(int, ended.stdout.split())
    assert errors == 3
    assert dropped == refused == dropped_at_last > 0
    with Client("key", server.address, spool=folder, interval_seconds=0.01):
        assert waits_until(lambda: len(server.ids()) == 20 - dropped)


def test_in_memory_alone_all_is_sent_and_what_is_left_at_the_end_is_counted(server, caplog):
    with Client("key", server.address, spool=False, interval_seconds=0.01) as client:
        client.record(id="one", tier="free", output_tokens=1)
        assert client.flush(10)
    assert server.ids() == ["one"]
    lost = Client("key", "http://127.0.0.1:9", spool=False)
    lost.record(id="two", tier="free", output_tokens=1)
    lost.close(0)
    assert lost.record(id="three", tier="free", output_tokens=1) is None
    assert lost.stats().dropped == 2
    assert "were in memory only" in caplog.text


def test_a_spool_that_was_asked_for_must_be_possible(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Client("key", "http://127.0.0.1:9", spool=tmp_path / "file" / "spool")


def test_where_no_state_can_be_kept_sales_wait_in_memory(tmp_path, monkeypatch, server, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("WELLSPRING_SPOOL", raising=False)
    with Client("key", server.address, interval_seconds=0.01) as client:
        client.record(id="one", tier="free", output_tokens=1)
        assert client.flush(10)
    assert "sales wait in memory only" in caplog.text


@pytest.mark.parametrize("given", ["default", "given"])
def test_test_keys_have_a_spool_of_their_own_and_keys_of_one_kind_share_one(
    tmp_path, monkeypatch, given
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("WELLSPRING_SPOOL", raising=False)
    spool = tmp_path / "given" if given == "given" else None
    for key in ("ws_live_a", "ws_live_b", "ws_test_a"):
        client = Client(key, "http://127.0.0.1:9/", spool=spool)
        client.record(id=key, tier="free", output_tokens=1)
        client.close(0)
    segments = sorted(tmp_path.rglob("*.seg"))
    folder = segments[0].parent
    assert [segment.parent for segment in segments] == [folder, folder, folder / "test"]


def test_the_default_spool_is_one_a_server_however_its_address_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("WELLSPRING_SPOOL", raising=False)
    for address in ("http://a", "http://a/", "http://b"):
        Client("ws_live_a", address).close(0)
    assert len(list((tmp_path / "wellspring-client").iterdir())) == 2


def test_without_file_locks_there_is_no_spool(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.setattr("wellspring_client.segment.fcntl", None)
    with pytest.raises(NoSpoolHere):
        Segment.create(folder, durable=False)
    assert list(folder.iterdir()) == []


@pytest.fixture
def synced(monkeypatch):
    """Count what the disk is made to have."""
    calls, known = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(1) or known(descriptor))
    return calls


def test_always_waits_for_the_disk_and_interval_does_not(folder, synced):
    for fsync, count in (("always", 3), ("interval", 0), ("never", 0)):
        synced.clear()
        spool = Spool(folder / fsync, fsync=fsync, max_bytes=1 << 20)
        spool.append(b"1")
        spool.append(b"2")
        assert len(synced) == count, fsync  # the folder, and each sale
        spool.sync()
        spool.sync()
        assert len(synced) == count + (fsync == "interval")
        spool.release()


def test_the_disk_has_a_sale_after_a_second_though_a_request_hangs(
    server, folder, synced, monkeypatch
):
    monkeypatch.setattr("wellspring_client.courier.SYNC_SECONDS", 0.02)
    server.faults = [SILENT]
    with Client("key", server.address, spool=folder, interval_seconds=0, exit_seconds=0) as client:
        client.record(id="one", tier="free", output_tokens=1)
        assert waits_until(lambda: len(server.bodies) == 1)
        assert waits_until(lambda: len(synced) == 1)
        client.record(id="two", tier="free", output_tokens=1)
        assert waits_until(lambda: len(synced) == 2)
        server.end_silence()


def test_what_is_left_at_the_end_is_on_the_disk(folder, synced):
    client = Client("key", "http://127.0.0.1:9", spool=folder)
    client.record(id="one", tier="free", output_tokens=1)
    client.close(0)
    assert waits_until(lambda: len(synced) == 1)
