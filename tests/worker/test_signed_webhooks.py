"""What we send, as the library of receivers reads it: altered, old or foreign it is refused."""

import json
from datetime import timedelta

import pytest
from receivers import a_receiver
from standardwebhooks import Webhook, WebhookVerificationError
from webhook_scene import Scene

from service.store import webhook_secrets, webhooks
from service.store.database import unit_of_work


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    return Scene(town, tmp_path)


@pytest.fixture
def sent(scene):
    """One event as it arrived, and the secret of who got it."""
    with a_receiver() as house:
        _, secret = scene.wants(house.url)
        scene.happens()
        scene.delivers()
    (told,) = house.told
    return told, secret


def rotates(scene, number, *, hours):
    with unit_of_work(scene.town.database) as session:
        webhooks.locked(session, number, owner=None)
        return webhook_secrets.make(
            session, number, scene.ring, overlap=timedelta(hours=hours), now=scene.clock()
        )


def refused(body, headers, secret, sentence):
    with pytest.raises(WebhookVerificationError, match=sentence):
        Webhook(secret).verify(body, headers)


def test_what_was_sent_is_taken(sent):
    told, secret = sent
    assert told.verified_by(secret) == json.loads(told.body)
    assert set(told.headers) >= {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize(
    "change", [(b"2026-01", b"2026-02"), (b"}", b"} "), (b'"data"', b'"Data"')]
)
def test_an_altered_body_is_refused(sent, change):
    told, secret = sent
    altered = told.body.replace(*change)
    assert altered != told.body
    refused(altered, told.headers, secret, "No matching signature found")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_of_another"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", ""),
        ("webhook-signature", "v2,"),
    ],
)
def test_an_altered_header_is_refused(sent, name, value):
    told, secret = sent
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(told.body, told.headers | {name: value})


def test_a_timestamp_made_new_is_refused_since_it_is_signed(sent):
    told, secret = sent
    newer = str(int(told.headers["webhook-timestamp"]) + 1)
    refused(told.body, told.headers | {"webhook-timestamp": newer}, secret, "No matching signature")


@pytest.mark.parametrize(("minutes", "sentence"), [(-6, "too old"), (6, "too new")])
def test_what_comes_again_after_five_minutes_is_refused(scene, minutes, sentence):
    """As somebody would send it who has listened: all of it is ours but the time."""
    scene.later = timedelta(minutes=minutes)
    with a_receiver() as house:
        _, secret = scene.wants(house.url)
        scene.happens()
        scene.delivers()
    (told,) = house.told
    refused(told.body, told.headers, secret, sentence)


def test_the_secret_of_another_endpoint_does_not_verify(scene):
    with a_receiver() as house, a_receiver() as other:
        scene.wants(house.url)
        _, foreign = scene.wants(other.url)
        scene.happens()
        scene.delivers()
    (told,) = house.told
    refused(told.body, told.headers, foreign, "No matching signature found")
    assert other.told[0].id == told.id  # one event, and each may verify its own alone
    assert other.told[0].verified_by(foreign)


def test_while_a_secret_is_rotated_both_verify_and_then_the_new_one_alone(scene):
    with a_receiver() as house:
        number, old = scene.wants(house.url)
        new = rotates(scene, number, hours=1)
        scene.happens()
        scene.delivers()
        (told,) = house.told
        assert told.verified_by(old) == told.verified_by(new)
        assert len(told.headers["webhook-signature"].split(" ")) == 2

        with unit_of_work(scene.town.database) as session:
            late = scene.clock() + timedelta(hours=1)
            assert webhook_secrets.valid(session, number, scene.ring, now=late) == [new]

        last = rotates(scene, number, hours=0)
        scene.happens()
        scene.delivers()
    told = house.told[1]
    assert told.verified_by(last)
    for ended in (old, new):
        refused(told.body, told.headers, ended, "No matching signature found")


def test_no_secret_is_in_the_database_in_the_clear(scene):
    _, secret = scene.wants("https://hooks.example.org/")
    plain = Webhook(secret)._whsecret
    ((sealed,),) = scene.town.tells("SELECT sealed FROM webhook_secret")
    assert plain not in bytes(sealed)
