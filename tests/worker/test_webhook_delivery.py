"""Delivery: at least once, again and again over days, and nobody holds up anybody else."""

import json
from datetime import timedelta

import psycopg
import pytest
from receivers import a_receiver
from webhook_scene import Scene
from worker_process import dies

from service.store import (
    webhook_deliveries,
    webhook_log,
    webhook_replays,
    webhook_secrets,
    webhook_states,
    webhooks,
)
from service.store.database import unit_of_work
from service.store.webhook_schedule import MOST_TRIES, Answer
from service.store.webhooks import Cause
from worker.outbox import courier

TOOK, BUSY = (204, b"", {}), (500, b"try later", {})


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    return Scene(town, tmp_path)


def answers(*of_tries, then=TOOK):
    """Answer one thing after another, and the last for ever."""
    left = list(of_tries)
    return lambda _told: left.pop(0) if left else then


def until_next_try(scene):
    """Put the clock to the instant that the first delivery waits for."""
    ((late,),) = scene.town.tells("SELECT min(next_try_at) FROM webhook_delivery")
    scene.later += late - scene.clock()


def test_what_fails_is_sent_again_under_the_same_id_with_a_new_signature(scene):
    with a_receiver(answers(BUSY)) as house:
        _, secret = scene.wants(house.url)
        scene.happens()
        assert scene.delivers() == 1
        assert scene.states() == [("waiting", 1)]
        assert scene.delivers() == 0  # not before its time
        until_next_try(scene)
        assert scene.delivers() == 1
    first, second = house.told
    assert first.id == second.id
    assert first.body == second.body
    assert second.verified_by(secret)["type"] == "period.closed"
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 5
    assert scene.states() == [("delivered", 2)]
    assert scene.tries() == [(500, "try later"), (204, "")]


def test_after_ten_tries_over_three_days_it_is_given_up_and_may_be_replayed(scene):
    with a_receiver(answers(*[BUSY] * MOST_TRIES)) as house:
        number, _ = scene.wants(house.url)
        scene.happens()
        begun = scene.clock()
        assert scene.delivers() == 1
        while scene.states()[0][0] == "waiting":
            until_next_try(scene)
            assert scene.delivers() == 1
        assert scene.states() == [("failed", 10)]
        assert timedelta(days=3) < scene.clock() - begun < timedelta(days=4)
        assert scene.endpoint(number).failing_since is not None

        with unit_of_work(scene.town.database) as session:
            webhooks.active(session, number, owner=None)
            since, now = scene.town.clock(), scene.clock()
            assert webhook_replays.replay_failed(session, number, since=since, now=now) == 1
            late = since + timedelta(seconds=1)
            assert webhook_replays.replay_failed(session, number, since=late, now=now) == 0
        assert scene.delivers() == 1
    assert len({told.id for told in house.told}) == 1
    assert scene.states() == [("delivered", 11)]
    assert scene.endpoint(number).failing_since is None


def test_a_replay_begins_the_waits_anew(scene):
    with a_receiver(answers(*[BUSY] * (MOST_TRIES + 1))) as house:
        number, _ = scene.wants(house.url)
        scene.happens()
        scene.delivers()
        while scene.states()[0][0] == "waiting":
            until_next_try(scene)
            scene.delivers()
        with unit_of_work(scene.town.database) as session:
            (one,) = webhook_log.listing(
                session, number, webhook_log.Wanted(), before=None, limit=5
            )
            webhook_replays.replay(session, number, one.delivery_id, now=scene.clock())
        scene.delivers()
        assert scene.states() == [("waiting", 11)]
        until_next_try(scene)
        scene.delivers()
    assert scene.states() == [("delivered", 12)]


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_a_rest_gets_it_for_all_that_waits(scene, status):
    with a_receiver(answers((status, b"", {"retry-after": "3600"}))) as house:
        scene.wants(house.url)
        scene.happens()
        scene.delivers()
        scene.happens()
        scene.later += timedelta(minutes=59)
        assert scene.delivers() == 0
        scene.later += timedelta(minutes=2)
        scene.delivers()
    assert [state for state, _ in scene.states()] == ["delivered", "delivered"]


def test_410_disables_at_once_says_so_and_drops_what_waits(scene):
    with a_receiver(lambda _told: (410, b"gone", {})) as gone, a_receiver() as house:
        number, _ = scene.wants(gone.url, types=["period.closed"])
        scene.wants(house.url, types=["webhook.disabled"])
        scene.happens(2)
        scene.delivers()
    one = scene.endpoint(number)
    assert (one.state, one.cause, one.reason) == ("disabled", Cause.GONE, "it answered 410 Gone")
    assert {state for state, _ in scene.states()} == {"dropped", "delivered"}
    (told,) = house.told
    assert b'"cause":"gone"' in told.body
    with unit_of_work(scene.town.database) as session:
        standing = webhook_states.standing(session)
    assert (standing.active, standing.failing, standing.given_up) == (1, 0, 1)


def test_an_endpoint_that_takes_nothing_for_five_days_is_disabled(scene):
    with a_receiver(lambda _told: BUSY) as house:
        number, _ = scene.wants(house.url, types=["period.closed"])
        for _day in range(4):
            scene.happens()
            for _try in range(6):
                scene.delivers()
                scene.later += timedelta(hours=6)
        while scene.endpoint(number).state == "active":
            scene.happens()
            until_next_try(scene)
            scene.delivers()
    one = scene.endpoint(number)
    assert one.cause is Cause.FAILING
    assert one.reason == f"it took nothing since {one.failing_since:%Y-%m-%d %H:%M} UTC"
    assert timedelta(days=5) <= one.changed_at - one.failing_since < timedelta(days=6)


def test_a_redirect_is_not_followed(scene):
    with a_receiver() as inside:
        with a_receiver(answers(then=(302, b"", {"location": inside.url}))) as house:
            scene.wants(house.url)
            scene.happens()
            scene.delivers()
        assert inside.told == []
    assert scene.states() == [("waiting", 1)]
    assert scene.tries() == [(302, "")]


def test_proxies_of_the_environment_and_cookies_of_answers_are_left_alone(scene, monkeypatch):
    cookie = (204, b"", {"set-cookie": "a=b; Path=/"})
    with a_receiver() as proxy, a_receiver(lambda _told: cookie) as house:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        scene.wants(house.url)
        scene.happens(2)
        assert scene.delivers() == 2
    assert proxy.told == []
    assert ["cookie" in told.headers for told in house.told] == [False, False]


def test_no_more_of_an_answer_is_kept_than_its_beginning(scene):
    long = b"x" * 5_000_000 + b"\0"
    with a_receiver(
        answers((500, b"a\0b\x1b[31m" + b"y" * 900, {}), then=(200, long, {}))
    ) as house:
        scene.wants(house.url)
        scene.happens()
        scene.delivers()
        until_next_try(scene)
        scene.delivers()
    (_, first), (_, second) = scene.tries()
    assert first == "a b [31m" + "y" * 492
    assert second == "x" * 500


def test_who_does_not_answer_is_left_after_a_while(scene):
    with a_receiver(shut=True) as house:
        scene.wants(house.url)
        scene.happens()
        scene.delivers(seconds=0.2)
        assert scene.states() == [("waiting", 1)]
        assert scene.tries() == [(None, "no answer within 0.2 s")]


def test_one_that_does_not_answer_holds_up_nobody(scene):
    """It answers only once the others have been told of everything: else all of it times out."""
    with a_receiver(shut=True) as slow, a_receiver() as quick:

        def opens(_told):
            if len(quick.told) == 30:
                slow.gate.set()
            return TOOK

        quick.answer = opens
        scene.wants(slow.url, owner=scene.vendor())
        scene.wants(quick.url)
        acme = scene.vendor().party_id
        with unit_of_work(scene.town.database) as session:
            for _ in range(30):
                scene.something_happens(session, parties=[acme])
        assert scene.delivers(seconds=60) == 60
    assert scene.states() == [("delivered", 1)] * 60


def test_all_endpoints_of_one_owner_together_leave_room_for_others(scene):
    acme = scene.vendor()
    with a_receiver(shut=True) as slow, a_receiver() as quick:
        quick.answer = lambda _told: (slow.gate.set(), TOOK)[1]
        for _ in range(20):  # made before the other: each would be taken before it
            scene.wants(slow.url, owner=acme)
        scene.wants(quick.url, owner=scene.holder("Ada"))
        parties = [acme.party_id, scene.holder("Ada").party_id]
        with unit_of_work(scene.town.database) as session:
            for _ in range(3):
                scene.something_happens(session, parties=parties)
        assert scene.delivers(seconds=60) == 63
    assert scene.states() == [("delivered", 1)] * 63


def test_a_worker_killed_between_sending_and_noting_sends_again_under_the_same_id(
    scene, urls, tmp_path
):
    with a_receiver() as house:
        scene.wants(house.url)
        scene.happens()
        dies(urls.app, tmp_path, "notify", "service.store.webhook_deliveries:note")
        assert scene.states() == [("sending", 1)]
        scene.later = scene.town.clock() - scene.clock() + timedelta(seconds=59)
        assert scene.delivers() == 0  # it is the dead worker's for a minute
        scene.later += timedelta(seconds=2)
        assert scene.delivers() == 1
    first, second = house.told
    assert first.id == second.id
    assert scene.states() == [("delivered", 2)]


def test_who_lost_the_lease_does_not_undo_what_came_of_it(scene):
    with a_receiver() as house:
        scene.wants(house.url)
        scene.happens()
        with unit_of_work(scene.town.database) as session:
            (mine,) = webhook_deliveries.claim(session, slow=False, limit=1, now=scene.clock())
        scene.later += timedelta(minutes=2)
        assert scene.delivers() == 1
        failed = Answer(500, "too late", timedelta())
        with unit_of_work(scene.town.database) as session:
            webhook_deliveries.note(session, mine, failed, spread_ppm=0, now=scene.clock())
    assert scene.states() == [("delivered", 2)]


def test_what_an_old_url_answers_says_nothing_about_the_new_one(scene):
    with a_receiver() as new:
        number, _ = scene.wants("http://127.0.0.1:9/old")
        scene.happens()
        with unit_of_work(scene.town.database) as session:
            (mine,) = webhook_deliveries.claim(session, slow=False, limit=1, now=scene.clock())
            one = webhooks.locked(session, number, owner=None)
            webhooks.change(session, one, webhooks.NewEndpoint(one.owner, new.url, (), ""))
        gone = Answer(410, "", timedelta())
        with unit_of_work(scene.town.database) as session:
            webhook_deliveries.note(session, mine, gone, spread_ppm=0, now=scene.clock())
        assert scene.endpoint(number).state == "active"
        assert scene.delivers() == 1
    assert scene.states() == [("delivered", 2)]


def test_a_secret_that_cannot_be_opened_is_nobodys_failure(scene, tmp_path):
    with a_receiver() as house:
        number, _ = scene.wants(house.url)
        scene.happens()
        lost = Scene(scene.town, tmp_path / "other")
        (tmp_path / "other").mkdir()
        assert lost.delivers() == 1
        assert scene.states() == [("waiting", 0)]
        assert scene.endpoint(number).failing_since is None
        until_next_try(scene)
        assert scene.delivers() == 1
    assert scene.states() == [("delivered", 1)]


def test_secrets_are_sealed_anew_with_account_data(scene, wellspring, monkeypatch, tmp_path):
    number, secret = scene.wants("https://hooks.example.org/")
    old = (tmp_path / "payee.keys").read_text().strip()
    new = f"new:{'b' * 42}A="
    monkeypatch.setenv("WELLSPRING_PAYEE_KEYS", f"{new},{old}")
    code, out, _ = wellspring("payees", "rotate-keys", "--json")
    assert (code, json.loads(out)["secrets_of_webhooks"]) == (0, 1)
    alone = scene.ring_of(new)
    with unit_of_work(scene.town.database) as session:
        assert webhook_secrets.valid(session, number, alone, now=scene.clock()) == [secret]


def test_a_courier_goes_on_after_the_database_failed_it(scene, urls):
    settings = scene.town.settings.model_copy(update={"webhook_networks": "127.0.0.0/8"})
    place = scene.place_with(settings)
    with a_receiver() as house:
        scene.wants(house.url)
        scene.happens()
        runs = courier.Courier(place)
        _rename(urls, "webhook_endpoint", "away")
        runs.wake()
        runs.join()
        _rename(urls, "away", "webhook_endpoint")
        assert house.told == []
        runs.wake()
        runs.join()
    assert scene.states() == [("delivered", 1)]


def _rename(urls, old, new):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


def test_old_events_are_forgotten_with_what_was_sent_of_them(scene):
    with a_receiver() as house:
        scene.wants(house.url)
        scene.happens(2)
        scene.delivers()
    late = scene.town.clock() + timedelta(days=1)
    with unit_of_work(scene.town.database) as session:
        early = scene.town.clock()
        assert webhook_log.tidy(session, before=early, limit=10) == 0
        assert webhook_log.tidy(session, before=late, limit=1) == 1
    assert scene.states() == [("delivered", 1)]
    scene.happens()
    with unit_of_work(scene.town.database) as session:
        assert webhook_log.tidy(session, before=late, limit=10) == 1
    assert scene.states() == [("waiting", 0)]  # what still waits is kept
    assert scene.town.tells("SELECT count(*) FROM webhook_attempt") == [(0,)]
