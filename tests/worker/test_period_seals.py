"""Seals of periods: made from the books once a month is closed, never changed."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest
from sealed_months import JANUARY, published, two_closed

from service.ledger.period import Period
from service.store import closing, periods, seals
from service.store.database import unit_of_work
from worker import drain, period_sealing

INVARIANT = "each sealed period has the root of its rows"


@pytest.fixture
def closed(town, texts):
    return two_closed(town, texts)


def test_each_closed_month_is_sealed_over_its_entries_and_statements_and_chained(closed):
    january, february = published(closed).values()
    assert {part.name: part.count for part in january.parts} == {
        "entry sale": 2,
        "entry release": 1,
        "statement": 2,
        "statement-line": 2,
    }
    assert {part.name: part.count for part in february.parts} == {
        "entry sale": 1,
        "entry correction": 1,
        "entry release": 1,
        "statement": 2,
        "statement-line": 4,
    }
    assert (january.count, february.count) == (7, 9)
    assert january.previous == bytes(32)
    assert february.previous == january.hash
    assert january.hash == hashlib.sha256(
        b"\2" + bytes(32) + (202601).to_bytes(4, "big") + (7).to_bytes(8, "big") + january.root
    ).digest()  # fmt: skip
    assert closed.broken() == []


def test_seals_are_listed_to_be_published(closed, wellspring):
    code, out, _ = wellspring("seals", "--json")
    assert code == 0
    january, february = json.loads(out)
    said = published(closed)
    assert (january["period"], january["leaves"]) == ("2026-01", 7)
    assert january["root"] == said["2026-01"].root.hex()
    assert february["hash"] == said["2026-02"].hash.hex()
    assert said["2026-01"].salt_key.hex() not in out


TAMPERING = [
    (
        (
            "UPDATE journal_entry SET amounts = ARRAY(SELECT -a FROM unnest(amounts) a) "
            "WHERE kind = 1 AND period = 202601 AND source_id = (SELECT min(sale_id) FROM sale)"
        ),
        "period 2026-01: 2 leaves of kind 'entry sale' are not the 2 that were sealed",
    ),
    (
        "DELETE FROM journal_entry WHERE kind = 2",
        "period 2026-02: 0 leaves of kind 'entry correction' are not the 1 that were sealed",
    ),
    (
        "UPDATE journal_entry SET period = 202602 WHERE kind = 3 AND period = 202601",
        "period 2026-01: 0 leaves of kind 'entry release' are not the 1 that were sealed",
    ),
    (
        "UPDATE statement SET issued_at = issued_at + interval '1 day' WHERE period = 202602",
        "period 2026-02: 2 leaves of kind 'statement' are not the 2 that were sealed",
    ),
    (
        "UPDATE statement_line SET sales_count = 9 WHERE statement_id = 1",
        "period 2026-01: 2 leaves of kind 'statement-line' are not the 2 that were sealed",
    ),
    (
        (
            "UPDATE account SET name = 'holder:99:held' WHERE name = 'holder:' || "
            "(SELECT min(holder_id) FROM statement) || ':held'"
        ),
        "period 2026-01: 1 leaves of kind 'entry release' are not the 1 that were sealed",
    ),
    (
        "UPDATE sale SET external_id = 'uno' WHERE external_id = 'one'",
        "period 2026-01: 2 leaves of kind 'entry sale' are not the 2 that were sealed",
    ),
    (
        "UPDATE period_seal SET root = sha256('x') WHERE period = 202601",
        "period 2026-01: its seal does not fit its hash",
    ),
    (
        "UPDATE period_seal SET hash = sha256('x') WHERE period = 202601",
        "period 2026-02: its seal does not follow the one before",
    ),
    (
        "UPDATE period_seal SET salt_key = sha256('x') WHERE period = 202601",
        "period 2026-01: 2 leaves of kind 'entry sale' are not the 2 that were sealed",
    ),
    (
        (
            "UPDATE period_seal SET part_digests = part_digests[2:] || part_digests[1] "
            "WHERE period = 202601"
        ),
        "period 2026-01: its root is that of its rows, its parts are not",
    ),
    (
        "DELETE FROM period_seal WHERE period = 202601",
        "period 2026-02: its seal does not follow the one before",
    ),
    (
        "DELETE FROM period_seal WHERE period = 202602",
        "period 2026-02 is closed and has no seal: the worker seals it when it runs",
    ),
]


@pytest.mark.parametrize(("statement", "fact"), TAMPERING)
def test_tampering_past_every_trigger_is_found_and_named(closed, urls, statement, fact):
    assert closed.broken() == []
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement).rowcount > 0
    assert f"{INVARIANT}: {fact}" in closed.broken()


@pytest.mark.parametrize("role", ["app", "owner", "superuser"])
def test_a_seal_is_never_changed(closed, urls, role):
    with psycopg.connect(getattr(urls, role), autocommit=True) as connection:
        for verb in ("DELETE FROM", "TRUNCATE", "UPDATE"):
            rest = " SET leaf_count = 0" if verb == "UPDATE" else ""
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)
            ):
                connection.execute(f"{verb} period_seal{rest}")


def closes_unsealed(town, month):
    """Close a month up to the commit before its seal, as one killed there leaves it."""
    period = Period.parse(month)
    with unit_of_work(town.database) as session:
        closing.begin(session, period, early=False, now=town.clock())
    with unit_of_work(town.database) as session:
        periods.finish_closing(session, period, now=town.clock())
        seals.seal_waiting(session, now=town.clock())


def test_months_without_anything_are_sealed_too_so_that_the_chain_has_no_gap(town, texts):
    town.sells("old", text=None, at=datetime(2025, 11, 3, tzinfo=UTC))
    town.sells("new", text=None, at=datetime(2026, 2, 3, tzinfo=UTC))
    town.works()
    town.closes("2025-11")
    town.closes("2026-02")
    said = published(town)
    assert [(month, seal.count) for month, seal in said.items()] == [
        ("2025-11", 1),
        ("2025-12", 0),
        ("2026-01", 0),
        ("2026-02", 1),
    ]
    assert said["2025-12"].root.hex() == hashlib.sha256(b"").hexdigest()
    assert town.broken() == []


def test_a_month_closed_and_not_sealed_is_sealed_by_the_next_run(town, texts):
    """As an interrupted close leaves it, or a version that knew no seals of periods."""
    town.sells("one", text=None, at=JANUARY)
    town.works()
    closes_unsealed(town, "2026-01")
    assert town.broken() == [
        f"{INVARIANT}: period 2026-01 is closed and has no seal: the worker seals it when it runs"
    ]
    assert drain.waits(town.place)
    town.works()
    assert list(published(town)) == ["2026-01"]
    assert town.broken() == []
    assert not drain.waits(town.place)
    assert period_sealing.seal_waiting(town.database, now=town.clock()) == 0


# The child closes like any worker; the named step ends it by SIGKILL.
CHILD = """
import os, signal, sys
from datetime import UTC, datetime
from service.ledger.period import Period
from service.ledger.threshold import Threshold
from service.store import period_seals, periods
from service.store.database import Database
from worker import close, drain

url, module, step = sys.argv[1:]
where = {"period_seals": period_seals, "periods": periods}[module]
real = getattr(where, step)

def deadly(*arguments, **named):
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(where, step, deadly)
close.finish(Database.connect(url), Period(202601), threshold=Threshold(), payment_days=30,
             now=datetime(2026, 3, 10, tzinfo=UTC), progress=drain.silent)
"""


@pytest.mark.parametrize(
    ("module", "step"),
    [("periods", "finish_closing"), ("period_seals", "next_waiting"), ("period_seals", "insert")],
)
def test_a_close_killed_before_its_seal_is_sealed_by_the_next_run(town, texts, urls, module, step):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    town.sells("one", text=texts.ode, at=JANUARY)
    town.works()
    with unit_of_work(town.database) as session:
        closing.begin(session, Period.parse("2026-01"), early=False, now=town.clock())
    child = subprocess.run([sys.executable, "-c", CHILD, urls.app, module, step], check=False)
    assert child.returncode == -9
    assert published(town) == {}
    town.works()
    assert published(town)["2026-01"].count == 4  # sale, release, statement and its line
    assert town.broken() == []


def test_who_seals_beside_another_leaves_it_to_the_other(town, urls):
    town.sells("one", text=None, at=JANUARY)
    town.works()
    closes_unsealed(town, "2026-01")
    with psycopg.connect(urls.app, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (period_sealing._SEALING,))
        assert period_sealing.seal_waiting(town.database, now=town.clock()) == 0
    assert period_sealing.seal_waiting(town.database, now=town.clock()) == 1
