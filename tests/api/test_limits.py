"""How often anybody may ask, and when no more sales are taken: told, bounded, and never silent."""

import re
from datetime import timedelta

import pytest
from pydantic import SecretStr

from service.api import back_pressure
from service.api.back_pressure import Room
from service.api.rate_limits import RateLimits
from service.settings import Settings

SALE = {"id": "call-1", "tier": "premium", "output_tokens": 1_000, "text": "Nothing of anybody."}


@pytest.fixture
def limited(site):
    """Three requests a minute for each."""
    site.app.state.rates = RateLimits(Settings(rate_limit_per_minute=3))
    return site


def with_room(site, **settings):
    site.app.state.room = Room(site.database, Settings(**settings))
    return site


def test_each_answer_tells_the_limit_and_what_is_left(limited):
    acme = limited.vendor()
    answers = [acme.get("/v1/sales") for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"requests";q=3;w=60'}
    told = [re.fullmatch(r'"requests";r=(\d);t=(\d+)', one.headers["ratelimit"]) for one in answers]
    assert [one[1] for one in told] == ["2", "1", "0", "0"]
    assert all(1 <= int(one[2]) <= 60 for one in told)
    refused = answers[-1]
    assert refused.json()["code"] == "rate-exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"].startswith("application/problem+json")


def test_nobody_uses_up_what_another_may(limited):
    acme, again = limited.vendor(), limited.vendor()
    for _ in range(4):
        acme.get("/v1/sales")

    assert acme.get("/v1/sales").status_code == 429
    assert again.get("/v1/sales").status_code == 200  # another key of the same vendor
    assert limited.vendor("Borealis").get("/v1/sales").status_code == 200
    assert limited.operator().get("/v1/periods").status_code == 200
    assert limited.anonymous().get("/healthz").status_code == 200


def test_a_person_is_counted_once_a_request(limited):
    operator = limited.operator()

    assert [operator.get("/v1/periods").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_what_is_refused_reports_nothing_and_may_be_sent_again(limited):
    acme = limited.vendor()
    for _ in range(3):
        acme.get("/v1/sales")
    assert acme.post("/v1/sales", json=[SALE]).status_code == 429

    limited.app.state.rates = RateLimits(Settings())
    answer = acme.post("/v1/sales", json=[SALE]).json()
    assert [one["outcome"] for one in answer["items"]] == ["created"]


def test_unknown_keys_are_not_counted_for_anybody(limited):
    stranger = limited.anonymous()
    stranger.headers["Authorization"] = "Bearer ws_live_" + "0" * 72
    answers = [stranger.get("/v1/sales") for _ in range(5)]

    assert {one.status_code for one in answers} == {401}
    assert "ratelimit" not in answers[0].headers


def test_without_a_limit_nothing_is_counted(site):
    site.app.state.rates = RateLimits(Settings(rate_limit_per_minute=0))

    assert "ratelimit" not in site.vendor().get("/v1/sales").headers


def test_requests_go_on_where_the_shared_count_is_away(site):
    away = SecretStr("redis://127.0.0.1:1/0")
    site.app.state.rates = RateLimits(Settings(rate_limit_per_minute=1, rate_limit_url=away))
    acme = site.vendor()

    assert [acme.get("/v1/sales").status_code for _ in range(3)] == [200] * 3


def test_sales_are_refused_for_a_while_where_too_many_wait(site):
    acme = with_room(site, most_unsettled_sales=2).vendor()
    assert acme.post("/v1/sales", json=[SALE, SALE | {"id": "call-2"}]).status_code == 200

    with_room(site, most_unsettled_sales=2)
    refused = acme.post("/v1/sales", json=[SALE | {"id": "call-3"}])

    assert (refused.status_code, refused.json()["code"]) == (503, "no-room")
    assert "2 sales wait to be settled, 2 may" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert acme.get("/v1/sales/call-3").status_code == 404
    assert acme.get("/v1/sales").status_code == 200  # only what adds to it is refused
    with_room(site, most_unsettled_sales=3)
    assert acme.post("/v1/sales", json=[SALE | {"id": "call-3"}]).status_code == 200


def test_sales_are_refused_before_the_disk_is_full(site, tmp_path):
    acme = with_room(site, home=tmp_path, least_free_disk_mib=1 << 40).vendor()
    refused = acme.post("/v1/sales", json=[SALE])

    assert (refused.status_code, refused.json()["code"]) == (503, "no-room")
    assert "MiB of disk are free" in refused.json()["detail"]
    with_room(site, home=tmp_path, least_free_disk_mib=0)
    assert acme.post("/v1/sales", json=[SALE]).status_code == 200


def test_that_attribution_is_days_behind_refuses_nothing_and_is_told(site):
    acme = site.vendor()
    first = site.clock.now
    acme.post("/v1/sales", json=[SALE])
    site.clock.now += timedelta(days=3)

    assert acme.post("/v1/sales", json=[SALE | {"id": "call-2"}]).status_code == 200
    told = acme.get("/v1/backlog").json()
    assert (told["to_attribute"], told["to_settle"]) == (2, 0)
    assert told["oldest_reported_at"] == first.isoformat().replace("+00:00", "Z")


def test_the_database_is_asked_for_room_once_however_many_report(site, monkeypatch):
    asked = []
    waiting = back_pressure.work_batches.waiting
    monkeypatch.setattr(
        back_pressure.work_batches, "waiting", lambda s: asked.append(1) or waiting(s)
    )
    acme = with_room(site).vendor()
    for number in range(5):
        acme.post("/v1/sales", json=[SALE | {"id": f"call-{number}"}])

    assert len(asked) == 1
