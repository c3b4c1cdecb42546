"""A database of an earlier version is brought to the newest with all that it holds."""

from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from service.store import attributions, examinations, presence, renewal
from service.store.database import Database, migrate, unit_of_work
from worker import embedded

NAME = "founding"


def migrated_to(url, revision):
    database = Database.connect(url)
    config = Config()
    folder = Path(__file__).parents[2] / "service" / "store" / "migrations"
    config.set_main_option("script_location", str(folder))
    with database.engine.connect() as connection:
        config.attributes |= {"connection": connection, "app_role": embedded.APP_ROLE}
        command.upgrade(config, revision)
        connection.commit()
    database.close()


@pytest.fixture
def founding(postgres):
    """A database of version 0001 with an embedded work and an attribution."""
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME} OWNER {embedded.OWNER_ROLE}")
    owner = postgres.owner.replace(f"/{embedded.DATABASE}?", f"/{NAME}?")
    app = postgres.app.replace(f"/{embedded.DATABASE}?", f"/{NAME}?")
    migrated_to(owner, "0001")
    with psycopg.connect(app, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO work (title, language, content_hash, text_chars, registered_at, "
            "created_at, embedded_at, embedding_no) "
            "VALUES ('Ode', 'en', sha256('a'), 70, now(), now(), now(), 1)"
        )
        connection.execute("INSERT INTO encoder (digest, dimension) VALUES ('ab', 2)")
        connection.execute(
            "INSERT INTO passage (work_id, ordinal, start_char, end_char, content_hash) "
            "VALUES (1, 0, 0, 70, '\\x01')"
        )
        connection.execute("INSERT INTO embedding VALUES (1, 1, 1, '\\x003c0000')")
        connection.execute(
            "INSERT INTO output_text VALUES (1, '\\x01', 16384, 'the tide', now(), now())"
        )
        connection.execute("INSERT INTO engine (version) VALUES ('one')")
        connection.execute(
            "INSERT INTO attribution (text_hash, engine_id, embedding_no, catalogue_at, work_ids, "
            "shares_ppm, unmatched_ppm, evidence, attributed_at) "
            "VALUES ('\\x01', 1, 1, now(), '{1}', '{300000}', 700000, "
            "'[[0, 30, 1, 1, 5, 35, 990000, \"verbatim\"]]', '2026-01-20')"
        )
    yield owner, app
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def test_works_of_before_keep_their_passages_and_wait_for_prints_and_examination(founding):
    owner, app = founding
    opened = Database.connect(owner)
    migrate(opened, app_role=embedded.APP_ROLE)
    opened.close()
    database = Database.connect(app)
    with unit_of_work(database) as session:
        assert renewal.outdated_count(session, 1) == 1
        assert examinations.unready_count(session) == 1
        (lacking,) = renewal.lacking(session, 1, 1, limit=10)
        assert (lacking.lacks_print, lacking.lacks_vector) == (True, False)
        renewal.renew(session, 1, 1, {lacking.passage_id: b"print"}, {})
        assert renewal.outdated_count(session, 1) == 0
        assert attributions.outputs(session, 1, [b"\x01"]) == ({b"\x01": "the tide"}, {})
    database.close()


def test_attributions_of_before_are_counted_too(founding):
    owner, app = founding
    opened = Database.connect(owner)
    migrate(opened, app_role=embedded.APP_ROLE)
    opened.close()
    database = Database.connect(app)
    with unit_of_work(database) as session:
        assert presence.count_next(session, limit=10) == 1
        assert presence.count_next(session, limit=10) == 0
    with psycopg.connect(app) as connection:
        months = connection.execute("SELECT month, output_count FROM presence_month").fetchall()
        works = connection.execute("SELECT work_id, output_count FROM presence_work").fetchall()
    assert (months, works) == ([(202601, 1)], [(1, 1)])
    database.close()


def test_payouts_of_before_were_untaxed_and_paid_their_holders(founding):
    owner, _ = founding
    migrated_to(owner, "0011")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO payout (statement_id, holder_id, currency, amount_nanos) "
            "VALUES (1, 7, 'USD', 540000000)"
        )
        connection.execute(
            "INSERT INTO payout_step VALUES (1, 'reserved', 202601, -540000000, '', 'op', now())"
        )
    opened = Database.connect(owner)
    migrate(opened, app_role=embedded.APP_ROLE)
    opened.close()
    with psycopg.connect(owner, autocommit=True) as connection:
        kept = connection.execute(
            "SELECT payee_id, part, tax_nanos, fee_nanos, to_currency, paid_nanos, method "
            "FROM payout"
        ).fetchall()
        moves = connection.execute("SELECT holder_id, move, moved_nanos FROM payout_move")
        assert kept == [(7, 0, 0, 0, "USD", 540_000_000, "bank")]
        assert moves.fetchall() == [(7, "reserved", -540_000_000)]
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("UPDATE payout SET tax_nanos = 1")


def test_the_application_may_what_the_new_tables_are_for(database):
    may = {
        "finding": {"SELECT", "INSERT", "UPDATE"},
        "late_match": {"SELECT", "INSERT", "UPDATE"},
        "unmatched_passage": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "presence_waiting": {"SELECT", "INSERT", "DELETE"},
        "presence_output": {"SELECT", "INSERT", "DELETE"},
        "presence_win": {"SELECT", "INSERT", "DELETE"},
        "presence_month": {"SELECT", "INSERT", "UPDATE"},
        "presence_work": {"SELECT", "INSERT", "UPDATE"},
        "presence_in_use": {"SELECT"},
        "owner_change": {"SELECT", "INSERT"},
        "sale_version": {"SELECT", "INSERT"},
        "back_pay": {"SELECT", "INSERT"},
        "parked_refund": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "correction_job": {"SELECT", "INSERT", "UPDATE"},
        "payout": {"SELECT", "INSERT"},
        "payout_step": {"SELECT", "INSERT"},
        "payee_profile": {"SELECT", "INSERT"},
        "payee_account": {"SELECT", "INSERT"},
        "payee_check": {"SELECT", "INSERT"},
        "payee_assignment": {"SELECT", "INSERT"},
        "payout_run": {"SELECT", "INSERT"},
        "payout_run_item": {"SELECT", "INSERT"},
        "payout_run_approval": {"SELECT", "INSERT"},
        "payout_correction": {"SELECT", "INSERT"},
        "payout_invoice": {"SELECT", "INSERT"},
        "bank_file": {"SELECT", "INSERT"},
        "bank_line": {"SELECT", "INSERT"},
        "tax_rule": {"SELECT", "INSERT"},
        "fx_rate": {"SELECT", "INSERT"},
    }
    with psycopg.connect(database.url) as connection:
        for table, verbs in may.items():
            granted = connection.execute(
                "SELECT privilege_type FROM information_schema.role_table_grants "
                "WHERE table_name = %s AND grantee = 'wellspring_app'",
                (table,),
            )
            assert {row[0] for row in granted} == verbs, table
