"""Sales that were set aside stay to be seen, and can be put right and sent once more."""

import threading

import pytest
from fault_server import FaultServer, problem

from wellspring_client import Client
from wellspring_client.dead_letters import DeadLetters


@pytest.fixture
def server():
    with FaultServer() as opened:
        yield opened


@pytest.fixture(params=["spool", "memory"])
def client(request, server, tmp_path):
    spool = tmp_path / "spool" if request.param == "spool" else False
    with Client("key", server.address, spool=spool, interval_seconds=60) as made:
        yield made


def set_aside(server, client, *names):
    """Let the server refuse each of some sales by itself."""
    for name in names:
        server.faults = [problem(422, "told")]
        client.record(id=name, tier="golden", output_tokens=1)
        assert client.flush(10)
    return [letter.sale["id"] for letter in client.dead_letters()]


def test_what_was_set_aside_is_sent_again_as_it_was(server, client):
    assert set_aside(server, client, "one", "two") == ["one", "two"]
    assert client.send_dead_letters() == 2
    assert client.flush(10)
    assert [(sale["id"], sale["tier"]) for sale in server.stored] == [
        ("one", "golden"),
        ("two", "golden"),
    ]
    assert client.dead_letters() == []


def test_it_can_be_put_right_or_left_aside(server, client):
    set_aside(server, client, "one", "two", "three")

    def change(sale):
        return None if sale["id"] == "two" else sale | {"tier": "premium"}

    assert client.send_dead_letters(change) == 2
    assert client.flush(10)
    assert [(sale["id"], sale["tier"]) for sale in server.stored] == [
        ("one", "premium"),
        ("three", "premium"),
    ]
    assert [letter.sale["id"] for letter in client.dead_letters()] == ["two"]


def test_a_change_that_fails_changes_nothing(server, client):
    set_aside(server, client, "one", "two")
    with pytest.raises(KeyError):
        client.send_dead_letters(lambda sale: {"id": sale["id"], "model": sale["model"]})
    assert [letter.sale["id"] for letter in client.dead_letters()] == ["one", "two"]
    assert client.send_dead_letters() == 2


def test_what_still_is_no_sale_stays_aside(server, client):
    set_aside(server, client, "one")
    assert client.send_dead_letters(lambda sale: sale | {"model": object()}) == 0
    assert [letter.sale["id"] for letter in client.dead_letters()] == ["one"]


def test_for_what_there_is_no_room_stays_aside_and_is_not_dropped(server, tmp_path):
    with Client("key", server.address, spool=tmp_path, interval_seconds=60) as client:
        set_aside(server, client, "one")
    small = {"spool": tmp_path, "max_spool_bytes": 10}
    with Client("key", server.address, **small) as client:
        assert client.send_dead_letters() == 0
        assert client.stats().dropped == 0
        assert [letter.sale["id"] for letter in client.dead_letters()] == ["one"]


def test_letters_of_an_earlier_program_are_seen_and_sent(server, tmp_path):
    with Client("key", server.address, spool=tmp_path, interval_seconds=60) as client:
        set_aside(server, client, "one")
    with Client("key", server.address, spool=tmp_path, interval_seconds=60) as client:
        assert client.send_dead_letters() == 1
        assert client.flush(10)
    assert server.ids() == ["one"]


def test_none_is_lost_while_others_are_taken(tmp_path):
    letters = DeadLetters(tmp_path)
    names = [f"{n:03}" for n in range(200)]

    def writes():
        for name in names:
            letters.add(b'{"id":"%s"}' % name.encode(), "told")

    writer = threading.Thread(target=writes)
    writer.start()
    seen = []
    while writer.is_alive() or letters.all():
        taken = letters.taken()
        seen += [letter.sale["id"] for letter in taken.letters]
        letters.forget(taken)
    writer.join()
    assert seen == names


def test_where_none_can_be_written_they_are_in_memory(tmp_path, caplog):
    letters = DeadLetters(tmp_path / "not there")
    letters.add(b'{"id":"one"}', "told")
    assert [letter.sale["id"] for letter in letters.all()] == ["one"]
    assert "it is in memory" in caplog.text
