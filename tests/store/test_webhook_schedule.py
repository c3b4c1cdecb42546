"""What comes of a try: a table of answers, without a clock, a database or a network."""

from datetime import UTC, datetime, timedelta

import pytest

from service.store.webhook_schedule import Answer, judge
from service.store.webhooks import Cause

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def after(status, *, tries=1, failing=None, spread=0, rest=None):
    answer = Answer(status, "", SECOND, rest)
    since = None if failing is None else NOW - failing
    return judge(answer, tries=tries, failing_since=since, spread_ppm=spread, now=NOW)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_taken_and_forgives_all_before(status):
    said = after(status, tries=9, failing=9 * DAY)
    assert (str(said.result), said.failing_since, said.disabled) == ("delivered", None, None)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 302, 304, 400, 401, 404, 500, 599])
def test_all_else_is_tried_again(status):
    said = after(status)
    assert (str(said.result), said.next_try_at) == ("waiting", NOW + 5 * SECOND)
    assert (said.failing_since, said.rests_until) == (NOW, None)


@pytest.mark.parametrize(
    ("tries", "wait"),
    [(1, 5 * SECOND), (2, 300 * SECOND), (5, 5 * HOUR), (8, 20 * HOUR), (9, 24 * HOUR)],
)
def test_waits_grow_by_at_most_a_fifth_of_chance(tries, wait):
    assert after(500, tries=tries).next_try_at == NOW + wait
    assert after(500, tries=tries, spread=200_000).next_try_at == NOW + wait + wait / 5


def test_the_tenth_try_is_the_last():
    assert str(after(500, tries=9).result) == "waiting"
    assert str(after(500, tries=10).result) == "failed"


@pytest.mark.parametrize(
    ("status", "asked", "rest"),
    [
        (429, 2 * HOUR, 2 * HOUR), (503, 2 * HOUR, 2 * HOUR), (429, None, 60 * SECOND),
        (502, None, 60 * SECOND), (504, None, 60 * SECOND), (429, 40 * DAY, DAY),
        (500, 2 * HOUR, None), (404, 2 * HOUR, None),
    ],
)  # fmt: skip
def test_who_is_overloaded_is_left_alone_as_long_as_it_asks_a_day_at_most(status, asked, rest):
    said = after(status, rest=asked)
    assert said.rests_until == (NOW + rest if rest else None)
    assert said.next_try_at == NOW + (rest or 5 * SECOND)


def test_a_rest_that_is_shorter_than_the_wait_shortens_nothing():
    assert after(429, tries=5, rest=SECOND).next_try_at == NOW + 5 * HOUR


@pytest.mark.parametrize(
    ("tries", "failing", "cause"),
    [
        (5, 5 * DAY, Cause.FAILING), (10, 6 * DAY, Cause.FAILING),
        (5, 5 * DAY - SECOND, None), (5, None, None),
        (1, 30 * DAY, None), (4, 30 * DAY, None),  # weeks of silence are no weeks of failing
    ],
)  # fmt: skip
def test_days_of_failing_disable_once_a_delivery_has_failed_five_times(tries, failing, cause):
    said = after(500, tries=tries, failing=failing)
    assert said.disabled is cause
    assert (str(said.result) == "dropped") is (cause is not None)


def test_410_disables_at_once():
    said = after(410)
    assert (said.disabled, said.reason) == (Cause.GONE, "it answered 410 Gone")
    assert str(said.result) == "dropped"
