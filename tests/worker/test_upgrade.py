"""A database of before with sales that wait is brought to the newest version: the same results."""

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql
from word_room import WordRoom

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import database as store
from service.store.database import Database, migrate, unit_of_work
from worker import drain, embedded
from worker.statement_digest import digest_of_statements
from worker.workplace import Workplace

BEFORE = "0004"
NAME = "before"
TABLES = (
    "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) "
    "FROM information_schema.columns "
    "JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' "
    "AND table_name <> 'alembic_version' GROUP BY table_name"
)
SEQUENCES = (
    "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences "
    "WHERE last_value IS NOT NULL"
)


@pytest.fixture
def before(postgres, urls):
    """The connection strings of a database of an earlier version, as superuser, owner and app."""
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME}")
        connection.execute(f"CREATE DATABASE {NAME} OWNER {embedded.OWNER_ROLE}")
    superuser, owner, app = (
        url.replace(f"/{embedded.DATABASE}?", f"/{NAME}?")
        for url in (urls.superuser, urls.owner, urls.app)
    )
    opened, config = Database.connect(owner), Config()
    config.set_main_option("script_location", str(store._MIGRATIONS))
    with opened.engine.connect() as connection:
        config.attributes |= {"connection": connection, "app_role": embedded.APP_ROLE}
        command.upgrade(config, BEFORE)
        connection.commit()
    opened.close()
    yield superuser, owner, app
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def copy_rows(source, target):
    """Copy what both versions of the schema have a place for, and where numbers stand."""
    with psycopg.connect(source) as one, psycopg.connect(target) as other:
        other.execute("SET session_replication_role = replica")
        known = dict(one.execute(TABLES).fetchall())
        for table, columns in other.execute(TABLES).fetchall():
            both = [column for column in columns if column in known.get(table, [])]
            assert both, table
            names = sql.SQL(", ").join(map(sql.Identifier, both))
            told = sql.SQL("{} ({})").format(sql.Identifier(table), names)
            other.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            reading = sql.SQL("COPY {} TO STDOUT").format(told)
            writing = sql.SQL("COPY {} FROM STDIN").format(told)
            with one.cursor().copy(reading) as rows, other.cursor().copy(writing) as into:
                for block in rows:
                    into.write(block)
        theirs = {name for name, _ in other.execute(SEQUENCES.partition(" WHERE")[0])}
        for name, number in one.execute(SEQUENCES).fetchall():
            if name in theirs:
                other.execute("SELECT setval(%s::regclass, %s)", (name, number))


def sell(town, texts, name):
    for n, text in enumerate((texts.ode, f"{texts.ode} {texts.nothing}", None)):
        at = town.clock.now.replace(month=1, day=n + 1)
        town.sells(f"{name}-{n}", text=text, tier=Tier.ELITE, tokens=1_003, at=at)


def results(town):
    town.works()
    town.closes("2026-01")
    with unit_of_work(town.database) as session:
        digest = digest_of_statements(session, Period(202601))
    return digest, town.balances(), town.broken()


def test_what_waited_before_an_upgrade_comes_to_the_same(village, texts, urls, before):
    superuser, owner, app = before
    village.registers("Ode", texts.ode, {"Ada": 333_333, "Ben": 666_667})
    sell(village, texts, "settled")
    village.works()
    village.refunds("r1", "settled-0", 1_000_001)
    sell(village, texts, "attributed")
    while drain.attribute(village.place):
        pass
    sell(village, texts, "reported")
    stages = village.tells("SELECT stage, count(*) FROM work_batch GROUP BY 1 ORDER BY 1")
    assert stages == [(1, 3), (2, 3), (3, 3)]

    copy_rows(urls.superuser, superuser)
    opened = Database.connect(owner)
    migrate(opened, app_role=embedded.APP_ROLE)
    opened.close()
    database = Database.connect(app)
    place = Workplace(village.settings, database, WordRoom(database), village.clock)
    upgraded = type(village)(place, village.clock)
    digest, balances, broken = results(village)
    assert results(upgraded) == (digest, balances, [])
    assert broken == []
    assert balances["vendor:acme:receivable"] == 9 * 1_003 * 22_500 - 150_000
    database.close()
