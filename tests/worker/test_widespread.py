"""A phrase that stands in every output, registered as a work, is noticed as outputs are sold."""

import json
import random
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from service.ledger.tiers import Tier
from service.store import presence, widespread
from service.store.database import unit_of_work
from worker import drain
from worker.work_import import import_commons

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000
CLOSING = (
    "This answer was prepared with the greatest care by the Meridian writing desk of Port Alder. "
    "Please quote the Meridian desk in full whenever you pass any portion of this answer along."
)
WORDS = re.findall(
    r"\w+",
    """amber anvil basalt beacon birch canal cedar cinder cobalt copper cradle dynamo ember estuary
    falcon ferry flint garnet glacier granite harbour hazel indigo ivory juniper kettle lantern
    ledger linen magnet marble meadow mortar nettle nickel oarsman orchard oxide paddle pebble
    pigment plaster pollen quarry quartz rafter ribbon russet saddle saffron shutter sickle slate
    spindle sulphur tallow tannery tether thicket timber trellis umber valley varnish vessel
    walnut weaver whistle willow yarrow zephyr""",
)


def an_answer(number):
    """Write four sentences about nothing that is registered."""
    chance = random.Random(number)
    sentences = (" ".join(chance.sample(WORDS, 14)).capitalize() + "." for _ in range(4))
    return " ".join(sentences)


def sells_answers(town, count, *, closed_by, name="a"):
    """Report answers, the first so many of which end with the closing phrase."""
    items = [
        town.a_sale(
            f"{name}{number}",
            text=an_answer(f"{name}{number}") + (f" {CLOSING}" if number < closed_by else ""),
            tier=Tier.PREMIUM,
            tokens=1_000,
            at=JANUARY + timedelta(minutes=number),
        )
        for number in range(count)
    ]
    town.reports(*items)


def listed(town, *, commons=False):
    with unit_of_work(town.database) as session:
        return [
            (str(one.month), one.title, one.output_count, one.of_output_count)
            for one in widespread.listing(session, commons=commons, before=None, limit=10)
        ]


def test_a_registered_closing_phrase_is_widespread_and_a_work_with_readers_is_not(town, texts):
    town.registers("Closing phrase", CLOSING, {"Mallory": ALL})
    town.registers("Ode", texts.ode, {"Ada": ALL})
    sells_answers(town, 210, closed_by=60)
    for number in range(30):
        text = f"{texts.ode} {an_answer(f'reader {number}').partition('.')[0]}."
        town.sells(f"reader {number}", text=text, at=JANUARY)
    town.works()
    assert listed(town) == [("2026-03", "Closing phrase", 60, 240)]
    assert not drain.waits(town.place)
    assert town.broken() == []


def test_once_it_is_of_the_commons_it_is_nobodys_and_told_apart(village, tmp_path):
    path = tmp_path / "commons.jsonl"
    path.write_text(json.dumps({"id": "closing", "title": "Closing phrase", "text": CLOSING}))
    import_commons(village.database, path, now=village.clock())
    sells_answers(village, 200, closed_by=50)
    village.works()
    assert listed(village) == []
    assert listed(village, commons=True) == [("2026-03", "Closing phrase", 50, 200)]


def test_a_text_sold_many_times_is_one_output(village):
    village.registers("Closing phrase", CLOSING, {"Mallory": ALL})
    for number in range(5):
        text = f"{an_answer('one')} {CLOSING}"
        village.sells(f"again {number}", text=text, at=JANUARY + timedelta(days=number))
    village.works()
    assert village.tells("SELECT month, output_count FROM presence_month") == [(202603, 1)]
    assert village.tells("SELECT output_count FROM presence_work") == [(1,)]


@contextmanager
def somebody_counts(town):
    """Have another process be the one that counts."""
    with unit_of_work(town.database) as session:
        lock = text("SELECT pg_advisory_xact_lock(:lock)")
        session.execute(lock, {"lock": presence._COUNTING})
        yield


def test_the_tick_rings_until_all_is_counted(village, monkeypatch):
    sells_answers(village, 8, closed_by=0)
    with somebody_counts(village):
        village.works()
        assert drain.waits(village.place)
    monkeypatch.setattr(drain, "COUNTED_AT_ONCE", 3)
    monkeypatch.setattr(drain, "STEP_SECONDS", 0.0)
    assert [drain.attribute(village.place) for _ in range(4)] == [True, True, True, False]
    assert village.tells("SELECT output_count FROM presence_month") == [(8,)]
    assert not drain.waits(village.place)


# The child counts like any worker; the n-th time it has added to the counts it is killed.
CHILD = """
import os, signal, sys
from service.store import presence
from service.store.database import Database, unit_of_work

url, turns = sys.argv[1:]
real, left = presence._add_wins, [int(turns)]

def deadly(*arguments):
    real(*arguments)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

presence._add_wins = deadly
database = Database.connect(url)
while True:
    with unit_of_work(database) as session:
        presence.count_next(session, limit=4)
"""


@pytest.mark.parametrize(("turns", "counted"), [(1, 0), (3, 8)])
def test_a_worker_killed_while_counting_loses_and_doubles_nothing(village, urls, turns, counted):
    village.registers("Closing phrase", CLOSING, {"Mallory": ALL})
    sells_answers(village, 12, closed_by=9)
    with somebody_counts(village):
        village.works()
    command = [sys.executable, "-c", CHILD, urls.app, str(turns)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    told = "SELECT coalesce(sum(output_count), 0) FROM presence_month"
    assert village.tells(told) == [(counted,)]
    assert village.tells("SELECT count(*) FROM presence_waiting") == [(12 - counted,)]
    village.works()
    assert village.tells(told) == [(12,)]
    assert village.tells("SELECT output_count FROM presence_work") == [(9,)]


def test_tidying_forgets_which_texts_were_counted_and_keeps_the_counts(village):
    village.registers("Closing phrase", CLOSING, {"Mallory": ALL})
    sells_answers(village, 3, closed_by=2)
    village.works()
    kept = "SELECT (SELECT count(*) FROM presence_output), (SELECT count(*) FROM presence_win)"
    village.clock.now = datetime(2026, 4, 30, tzinfo=UTC)
    drain.tidy(village.place)
    assert village.tells(kept) == [(3, 2)]
    village.clock.now = datetime(2026, 5, 1, tzinfo=UTC)
    drain.tidy(village.place)
    assert village.tells(kept) == [(0, 0)]
    assert village.tells("SELECT month, output_count FROM presence_month") == [(202603, 3)]
