"""A backup is one instant; what it brings back is proved, and the lost tail is reported again."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from service.ledger.tiers import Tier
from service.store.database import Database, unit_of_work
from worker import backup, drain, embedded
from worker.backup import BackupRefused, back_up, manifest_of, restore
from worker.engine_room import EngineRoom
from worker.verify import verify

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000


@pytest.fixture
def fresh(postgres):
    """An empty database beside the one of the test, as its owner sees it."""
    name = "test_restored"
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} OWNER {embedded.OWNER_ROLE}")
        yield postgres.owner.replace(f"/{embedded.DATABASE}?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def sales_of(town, texts, numbers):
    return [
        town.a_sale(f"s{n}", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000 + n, at=JANUARY)
        for n in numbers
    ]


def room_over(database, town, home):
    return EngineRoom(database, home / "restored", threads=1, encoder=town.room.encoder)


def kept(town, urls, path):
    return back_up(urls.owner, path, programs=embedded.programs(), now=town.clock())


def brought_back(dump, url):
    return restore(dump, url, programs=embedded.programs())


def test_the_lost_tail_is_reported_again_and_nothing_doubles(town, texts, urls, fresh, tmp_path):
    town.registers("Ode", texts.ode, {"Ada": ALL})
    town.reports(*sales_of(town, texts, range(30)))
    town.works()
    dump = tmp_path / "books.dump"
    made = kept(town, urls, dump)
    assert (made.sales, made.entries) == (30, 30)
    town.reports(*sales_of(town, texts, range(30, 50)))
    town.works()
    never_lost = town.balances()
    brought_back(dump, fresh)
    restored = Database.connect(fresh.replace(embedded.OWNER_ROLE, embedded.APP_ROLE))
    town.database = restored
    town.place = replace(town.place, database=restored, room=room_over(restored, town, tmp_path))
    outcomes = town.reports(*sales_of(town, texts, range(50)))
    assert [str(one.outcome) for one in outcomes] == ["duplicate"] * 30 + ["created"] * 20
    town.works()
    assert town.balances() == never_lost
    assert all(check.holds for check in verify(restored, drain.silent))
    restored.close()


def test_what_waits_is_kept_too(town, texts, urls, fresh, tmp_path):
    town.reports(*sales_of(town, texts, range(3)))
    kept(town, urls, tmp_path / "d")
    brought_back(tmp_path / "d", fresh)
    restored = Database.connect(fresh.replace(embedded.OWNER_ROLE, embedded.APP_ROLE))
    with unit_of_work(restored) as session:
        waiting = session.connection().exec_driver_sql("SELECT stage, sale_count FROM work_batch")
        assert [tuple(row) for row in waiting] == [(1, 3)]
    restored.close()


def test_the_application_still_may_not_change_the_books(town, texts, urls, fresh, tmp_path):
    town.reports(*sales_of(town, texts, range(2)))
    town.works()
    kept(town, urls, tmp_path / "d")
    brought_back(tmp_path / "d", fresh)
    app = fresh.replace(embedded.OWNER_ROLE, embedded.APP_ROLE)
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(app) as connection, refused:
        connection.execute("DELETE FROM journal_entry")
    with psycopg.connect(fresh) as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("DELETE FROM journal_entry")


def test_a_backup_overwrites_nothing_and_a_restore_wants_an_empty_database(
    town, urls, fresh, tmp_path
):
    dump = tmp_path / "d"
    kept(town, urls, dump)
    with pytest.raises(BackupRefused, match="exists already"):
        kept(town, urls, dump)
    brought_back(dump, fresh)
    with pytest.raises(BackupRefused, match="must be empty"):
        brought_back(dump, fresh)


def spoil_bytes(dump):
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(bytes(content))


def newer(dump):
    told = json.loads(manifest_of(dump).read_text())
    manifest_of(dump).write_text(json.dumps(told | {"revision": "9999"}))


DAMAGE = {
    "is damaged": spoil_bytes,
    "is missing": lambda dump: dump.unlink(),
    "cannot be read": lambda dump: manifest_of(dump).unlink(),
    "is no manifest": lambda dump: manifest_of(dump).write_text("{}"),
    "newer than": newer,
}


@pytest.mark.parametrize("rule", DAMAGE)
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_stored(
    town, urls, fresh, tmp_path, rule
):
    dump = tmp_path / "d"
    kept(town, urls, dump)
    DAMAGE[rule](dump)
    with pytest.raises(BackupRefused, match=rule):
        brought_back(dump, fresh)
    with psycopg.connect(fresh) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert row.fetchone() == (0,)


def test_a_program_that_is_too_old_or_missing_is_named(town, urls, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupRefused, match=r"pg_dump: must be of version \d+ or newer"):
        back_up(urls.owner, tmp_path / "d", programs=(), now=town.clock())
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    with pytest.raises(BackupRefused, match="pg_dump: must be of version"):
        back_up(urls.owner, tmp_path / "d", programs=(tmp_path,), now=town.clock())
    assert list(tmp_path.glob("*d")) == []


def test_a_failed_dump_leaves_nothing(town, urls, tmp_path, monkeypatch):
    def fails(_command):
        raise BackupRefused("pg_dump", "disk full")

    monkeypatch.setattr(backup, "_run", fails)
    with pytest.raises(BackupRefused, match="disk full"):
        kept(town, urls, tmp_path / "d")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".d", "d"))] == []
