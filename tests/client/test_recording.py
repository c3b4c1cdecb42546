"""A sale recorded by the SDK is one of the ledger; what is wrong with it is shown, not raised."""

import re
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from waits import waits_until

from wellspring_client import Client, capture

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def reasons(client):
    return {letter.sale["id"]: (letter.reason, letter.errors) for letter in client.dead_letters()}


def test_a_recorded_sale_is_stored_with_all_that_was_said(clients, shop, tmp_path):
    client = clients()
    name = client.record(
        id="call-1",
        tier="premium",
        text="The tide keeps no ledger.",
        output_tokens=1_200,
        model="tide-large",
        sold_at=NOON,
        gross=Decimal("0.0072"),
        currency="USD",
    )
    assert name == "call-1"
    assert client.flush(20)
    assert shop.tells(
        "SELECT external_id, tier, output_tokens, tokens_estimated, model, gross_nanos, sold_at, "
        "text_chars FROM sale"
    ) == [("call-1", 2, 1_200, False, "tide-large", 7_200_000, NOON, 25)]
    assert client.stats().accepted == client.stats().recorded == 1
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_is_not_said_is_made_at_capture_or_left_to_the_server(clients, shop):
    client = clients(interval_seconds=600)
    before = datetime.now(UTC)
    names = [client.record(tier="free", text="Six words and a mark here."), None]
    names[1] = client.record(tier="free", text=" \n", output_tokens=3)
    after = datetime.now(UTC)
    assert client.flush(20)
    rows = shop.tells(
        "SELECT external_id, output_tokens, tokens_estimated, text_chars, sold_at FROM sale "
        "ORDER BY sale_id"
    )
    assert [row[:4] for row in rows] == [(names[0], 7, True, 26), (names[1], 3, False, 0)]
    assert before <= rows[0][4] <= rows[1][4] <= after


def test_a_response_of_an_openai_client_is_a_sale(clients, shop):
    client = clients()
    answer = {
        "id": "chatcmpl-1",
        "model": "tide-large",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "An ode."}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4},
    }
    first = client.record_openai(answer, tier="standard")
    again = client.record_openai(answer, tier="standard")
    assert first != again
    assert client.flush(20)
    rows = shop.tells("SELECT external_id, tier, output_tokens, model, text_chars FROM sale")
    assert sorted(rows) == sorted([(name, 1, 4, "tide-large", 7) for name in (first, again)])


def test_a_sale_that_breaks_a_rule_is_set_aside_with_what_the_server_said(clients, shop, caplog):
    client = clients(interval_seconds=600)
    client.record(id="good", tier="free", output_tokens=1)
    client.record(id="golden", tier="golden", output_tokens=-1)
    client.record(id="odd", tier="free", output_tokens=1, text="secret words \ud800")
    assert client.flush(20)
    assert shop.ids() == ["good"]
    assert set(reasons(client)) == {"golden", "odd"}
    reason, errors = reasons(client)["golden"]
    assert reason == "rejected"
    # in which batch it went, and at which place there, is left to the clock
    places = [re.sub(r"\[\d\]", "[n]", one["place"]) for one in errors]
    assert places == ["sales[n].tier", "sales[n].output_tokens"]
    assert (client.stats().accepted, client.stats().refused) == (1, 2)
    assert "sale golden was set aside: rejected" in caplog.text
    assert "secret words" not in caplog.text


def test_the_same_id_with_other_content_is_a_conflict_that_is_shown(clients, shop):
    client = clients(interval_seconds=600)
    client.record(id="one", tier="free", output_tokens=1)
    client.record(id="one", tier="free", output_tokens=2)
    client.record(id="two", tier="free", output_tokens=5, sold_at=NOON)
    client.record(id="two", tier="free", output_tokens=5, sold_at=NOON)
    assert client.flush(20)
    assert shop.tells("SELECT external_id, output_tokens FROM sale ORDER BY 1") == [
        ("one", 1),
        ("two", 5),
    ]
    stats = client.stats()
    assert (stats.accepted, stats.duplicates, stats.conflicts) == (3, 1, 1)
    (letter,) = client.dead_letters()
    assert (letter.reason, letter.sale["output_tokens"]) == ("conflict", 2)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"text": b"bytes"}, "not JSON serializable"),
        ({"output_tokens": float("nan")}, "not JSON compliant"),
        ({"sold_at": datetime(2026, 3, 10, 12, 0)}, "sold_at must be an instant with offset"),  # noqa: DTZ001
        ({"model": object()}, "not JSON serializable"),
    ],
    ids=["bytes", "nan", "no offset", "an object"],
)
def test_what_cannot_be_written_as_a_sale_is_set_aside_at_once(tmp_path, fields, rule):
    client = Client("key", "http://127.0.0.1:9", spool=tmp_path)
    assert client.record(tier="free", **fields) is None
    (letter,) = client.dead_letters()
    assert rule in letter.reason
    assert (client.stats().refused, client.stats().pending) == (1, 0)
    client.close(0)


class Hostile:
    def __getattr__(self, name):
        raise RuntimeError(name)

    def __bool__(self):
        raise RuntimeError("bool")


def test_nothing_is_ever_raised_into_the_caller(tmp_path, monkeypatch):
    client = Client("key", "http://127.0.0.1:9", spool=tmp_path)
    assert client.record_openai(Hostile(), tier="free") is None
    assert client.record(id=Hostile(), tier="free") is None
    monkeypatch.setattr(capture, "now", lambda: 1 // 0)
    assert client.record(tier="free", output_tokens=1) is None
    assert client.stats().dropped == 3
    monkeypatch.undo()
    client.close(0)


def test_where_no_thread_can_be_started_sales_are_kept(clients, shop, monkeypatch, tmp_path):
    client = Client(shop.key, shop.address, spool=tmp_path / "spool")

    def start(_thread):
        raise RuntimeError("can't start new thread at interpreter shutdown")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        name = client.record(tier="free", output_tokens=1)
        assert not client.flush(0.1)
        client.close(0)
    assert name is not None
    clients()
    assert waits_until(lambda: shop.ids() == [name])


def test_threads_that_record_at_once_lose_nothing(clients, shop):
    client = clients(interval_seconds=0.005, batch_size=13, fsync="always")

    def sells(part):
        for n in range(40):
            client.record(id=f"{part}{n:02}", tier="free", output_tokens=n)

    threads = [threading.Thread(target=sells, args=(part,)) for part in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(30)
    assert shop.ids() == [f"{part}{n:02}" for part in "abcd" for n in range(40)]
    assert client.stats().accepted == 160


def test_a_clock_that_jumps_ahead_is_shown_and_one_that_jumps_back_is_taken(
    clients, shop, monkeypatch
):
    client = clients(interval_seconds=600)
    today = datetime.now(UTC)
    for name, days in (("now", 0), ("ahead", 3), ("back", -1), ("again", 0)):
        monkeypatch.setattr(capture, "now", lambda days=days: today + timedelta(days=days))
        monkeypatch.setattr(capture.time, "time_ns", lambda days=days: (days + 500) * 10**14)
        client.record(id=name, tier="free", output_tokens=1)
    monkeypatch.undo()
    assert client.flush(20)
    assert shop.ids() == ["again", "back", "now"]
    assert {name: reason for name, (reason, _) in reasons(client).items()} == {"ahead": "rejected"}


def test_ids_differ_whatever_the_clock_says_and_later_ones_sort_later(monkeypatch):
    ids = [capture.new_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert {len(name) for name in ids} == {32}
    monkeypatch.setattr(capture.time, "time_ns", lambda: 1_767_225_600_000_000_000)
    assert len({capture.new_id() for _ in range(1_000)}) == 1_000
    first = capture.new_id()
    monkeypatch.setattr(capture.time, "time_ns", lambda: 1_767_225_600_001_000_000)
    assert first < capture.new_id()


def test_a_client_for_tests_keeps_what_it_would_send():
    with Client(test=True) as client:
        name = client.record(tier="premium", text="An ode.", output_tokens=4, sold_at=NOON)
        client.record(id="bad", tier="free", model=object())
        assert client.flush(0)
    assert client.sent == [
        {
            "id": name,
            "tier": "premium",
            "output_tokens": 4,
            "text": "An ode.",
            "sold_at": "2026-03-10T12:00:00+00:00",
        }
    ]
    assert [letter.sale["id"] for letter in client.dead_letters()] == ["bad"]
    assert (client.stats().recorded, client.stats().pending) == (1, 0)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"api_key": "", "base_url": "http://a"}, "WELLSPRING_API_KEY"),
        ({"api_key": "key", "base_url": ""}, "WELLSPRING_URL"),
        ({"fsync": "sometimes", "test": True}, "fsync must be"),
        ({"batch_size": 0, "test": True}, "batch_size must be from 1 to 10000"),
        ({"batch_size": 10_001, "test": True}, "batch_size must be from 1 to 10000"),
    ],
)
def test_a_setting_that_is_wrong_is_named(monkeypatch, settings, rule):
    for name in ("API_KEY", "URL"):
        monkeypatch.delenv(f"WELLSPRING_{name}", raising=False)
    with pytest.raises(ValueError, match=rule):
        Client(**settings)


def test_settings_come_from_the_environment(shop, monkeypatch, tmp_path):
    monkeypatch.setenv("WELLSPRING_API_KEY", shop.key)
    monkeypatch.setenv("WELLSPRING_URL", shop.address + "/")
    monkeypatch.setenv("WELLSPRING_SPOOL", str(tmp_path / "from-environment"))
    with Client() as client:
        name = client.record(tier="free", output_tokens=1)
        assert len(list((tmp_path / "from-environment").glob("*.seg"))) == 1
    assert shop.ids() == [name]


@pytest.mark.parametrize(
    ("key", "test", "mode"),
    [("ws_live_a", False, "live"), ("ws_test_a", False, "test"), ("ws_live_a", True, "offline")],
)
def test_a_client_says_which_books_it_reports_to(key, test, mode):
    client = Client(api_key=key, base_url="http://127.0.0.1:9", spool=False, test=test)
    assert client.mode == mode
    client.close(0)
