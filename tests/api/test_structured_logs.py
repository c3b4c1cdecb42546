"""Logs are one line of JSON an event, and say of an error where it was, not what it quoted."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.api import logs


@pytest.fixture(autouse=True)
def configured(capsys) -> Iterator[None]:
    """Log to this test's standard error, and to nowhere afterwards."""
    logs.configure("info")
    yield
    logging.getLogger().handlers.clear()


def test_our_events_and_the_libraries_are_lines_of_json(capsys):
    structlog.get_logger("ours").info("closed", period="2026-01")
    logging.getLogger("theirs").warning("slow %s", "query")
    logging.getLogger("theirs").debug("not asked for")

    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())

    assert ours.pop("timestamp").endswith("Z")
    assert ours == {"event": "closed", "period": "2026-01", "logger": "ours", "level": "info"}
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "slow query",
        "theirs",
        "warning",
    )


def test_an_exception_is_logged_by_its_type_and_places_not_by_its_message(capsys):
    try:
        int("a secret")
    except ValueError:
        logging.getLogger("theirs").exception("failed")
        structlog.get_logger("ours").exception("failed")

    for line in capsys.readouterr().err.splitlines():
        event = json.loads(line)
        assert event["error"] == "ValueError"
        assert event["frames"][0].endswith("by_its_message")
        assert "a secret" not in line


def test_configuring_again_logs_each_event_once(capsys):
    logs.configure("WARNING")
    structlog.get_logger("ours").info("too quiet")
    structlog.get_logger("ours").warning("said")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["said"]
