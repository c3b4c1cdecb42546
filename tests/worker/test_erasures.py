"""Everything about a creator in one archive, and its erasure while the money records stay."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import text

from service.api import creator_export
from service.ledger.payee import PayeeKind, Profile
from service.store import (
    editions,
    erasures,
    identifiers,
    journal,
    mail,
    parties,
    payees,
    people,
    personal_tables,
    statements,
    works,
)
from service.store.database import unit_of_work
from service.store.editions import NewEdition
from service.store.erasures import StillOwed
from worker import drain, proving
from worker.verify import verify

DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
ALL = 1_000_000
ADA, BEN = 7, 8


@pytest.fixture
def stated(village, texts):
    """Ada owns the Ode in two editions and shares the Essay with Ben; January is stated."""
    ode = village.registers("Ode to Ada", texts.ode, {"Ada Exampleton": ALL}, on=DECEMBER)
    village.registers(
        "Essay", texts.essay, {"Ada Exampleton": 500_000, "Ben": 500_000}, on=DECEMBER
    )
    with unit_of_work(village.database) as session:
        new = NewEdition(texts.ode + " And more of it.", "For Ada's mother")
        editions.add(session, ode, new, registered_at=DECEMBER, now=village.clock())
        given = [identifiers.parse("orcid", "0000-0002-1825-0097")]
        identifiers.give(session, ode, given, edition_no=1, now=village.clock())
        people.add_user(session, "ada", "a long password", "creator", ADA, now=village.clock())
        mail.set_address(session, ADA, "ada@exampleton.org", locale="en", now=village.clock())
        profile = Profile(
            "Ada B. Exampleton", "FI", PayeeKind.PERSON, "EUR", ("Exampleton 1",), "T7"
        )
        payees.add(session, ADA, profile, by="op", now=village.clock())
    village.works()
    village.sells("one", text=texts.ode, at=JANUARY)
    village.sells("two", text=texts.essay, at=JANUARY)
    village.works()
    village.closes("2026-01")
    return village


def erase(town, holder=ADA, *, even_owed=True):
    with unit_of_work(town.database) as session:
        return erasures.erase(
            session,
            holder,
            reason="asked on 9 March",
            by="op",
            even_owed=even_owed,
            now=town.clock(),
        )


def archive_of(town, holder=ADA):
    target = io.BytesIO()
    with unit_of_work(town.database) as session:
        creator_export.write(session, holder, target, now=town.clock())
    return zipfile.ZipFile(target)


def lines_of(archive, table):
    return [json.loads(one) for one in archive.read(f"tables/{table}.jsonl").splitlines()]


def test_the_archive_holds_rows_texts_and_receipts_and_its_manifest_every_hash(stated, texts):
    archive = archive_of(stated)
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["holder"]) == ("wellspring-creator/1", ADA)
    for one in manifest["files"]:
        content = archive.read(one["name"])
        assert hashlib.sha256(content).hexdigest() == one["sha256"], one["name"]
        assert len(content) == one["bytes"]
    named = {one["name"] for one in manifest["files"]} | {"manifest.json"}
    assert named == set(archive.namelist())
    assert [one["name"] for one in lines_of(archive, "party")] == ["Ada Exampleton"]
    (login,) = lines_of(archive, "portal_user")
    assert (login["login"], "password_hash" in login) == ("ada", False)
    assert {one["title"] for one in lines_of(archive, "work")} == {"Ode to Ada", "Essay"}
    assert [one["value"] for one in lines_of(archive, "identifier")] == ["0000-0002-1825-0097"]
    (statement,) = lines_of(archive, "statement")
    assert statement["holder_id"] == ADA
    assert len(lines_of(archive, "statement_line")) == 2
    assert archive.read("texts/1-1.txt").decode() == texts.ode
    assert json.loads(archive.read("receipts/work-1-2.receipt.json"))["leaf"]["edition"] == "2"


def test_the_archive_of_another_holds_nothing_of_ada(stated):
    told = b"".join(
        archive_of(stated, BEN).read(name) for name in archive_of(stated, BEN).namelist()
    )
    assert b"Essay" in told
    assert b"Exampleton" not in told
    assert b"Ode to Ada" not in told


def test_every_table_that_names_people_is_in_the_archive(stated):
    """A table that is added later and names holders is there by itself, or this list says so."""
    with unit_of_work(stated.database) as session:
        found = {one.name for one in personal_tables.tables(session)}
        named = session.execute(
            text(
                "SELECT DISTINCT table_name::text FROM information_schema.columns "
                "JOIN information_schema.tables USING (table_schema, table_name) "
                "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
                "AND column_name IN ('holder_id', 'party_id', 'payee_id', 'holder_ids')"
            )
        ).scalars()
        assert set(named) - found == set()
    assert found >= {"work", "rights_version", "statement", "payout", "mail_address", "erasure"}


def test_whoever_is_owed_something_is_not_erased_by_mistake(stated):
    with pytest.raises(StillOwed, match=r"0\.81 on holder:7:held USD"):
        erase(stated, even_owed=False)
    assert stated.tells("SELECT name FROM party WHERE party_id = 7") == [("Ada Exampleton",)]


def everything(urls):
    """Every row of every table as text, as a superuser reads it."""
    told = []
    with psycopg.connect(urls.superuser) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            told += [
                (table, str(row[0]))
                for row in connection.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            ]
    return told


def test_no_row_anywhere_says_who_it_was_and_nothing_of_the_texts_is_left(stated, urls):
    with psycopg.connect(stated.database.url, autocommit=True) as connection:
        connection.execute("INSERT INTO claim_said VALUES (1, 1, 7, 'Exampleton', 'it', 'it')")
        connection.execute("INSERT INTO line_dispute_said VALUES (1, 7, 'Exampleton')")
    erase(stated)
    gone = (
        "Exampleton",
        "exampleton",
        "Ode to Ada",
        "Ada's mother",
        "0000-0002-1825-0097",
        "biscuit tin",
    )
    left = [
        (table, word)
        for table, row in everything(urls)
        for word in gone
        if word in row
        if table != "output_text"  # what a vendor sold, kept for as long as sales may be disputed
    ]
    assert left == []
    assert stated.tells("SELECT name FROM party WHERE party_id = 7") == [("erased holder 7",)]
    assert stated.tells("SELECT count(*) FROM portal_user WHERE party_id = 7") == [(0,)]
    assert stated.tells(
        "SELECT DISTINCT title, withdrawn_at IS NULL, erased_at IS NULL FROM work "
        "WHERE work_id = 1 OR edition_of = 1"
    ) == [("erased work 1", False, False)]
    vectors = stated.tells(
        "SELECT DISTINCT encode(vector, 'hex') FROM embedding JOIN passage USING (passage_id) "
        "WHERE work_id IN (1, 3)"
    )
    assert {value.strip("0") for (value,) in vectors} == {""}


def test_a_text_that_others_share_stays_and_is_named(stated, texts):
    made = erase(stated)
    assert (made.erased_work_ids, made.kept_work_ids) == ((1,), (2,))
    with unit_of_work(stated.database) as session:
        assert works.body_of(session, 1) is None
        assert editions.body_of(session, 1, 2) is None
        assert works.body_of(session, 2) == texts.essay
        assert works.get(session, 2).withdrawn_at is None


def test_the_statement_of_who_was_erased_still_verifies(stated):
    """Money records stay: figures, seals and proofs are those of before, without the name."""
    with unit_of_work(stated.database) as session:
        (row,) = [r for r in statements.listing(session) if r.holder_id == ADA]
        before = statements.get(session, row.number).statement
        proof = proving.prove_statement(session, row.number)
        balances = [(b.account, b.nanos) for b in journal.balances(session)]
    erase(stated)
    with unit_of_work(stated.database) as session:
        assert statements.get(session, row.number).statement == before
        assert proving.prove_statement(session, row.number) == proof
        assert [(b.account, b.nanos) for b in journal.balances(session)] == balances
        assert parties.names(session, [ADA]) == {ADA: "erased holder 7"}
    checked = proving.check(proving.file_text(proof).encode(), published=proof.root.hex())
    assert checked == proof
    assert [c.invariant for c in verify(stated.database, drain.silent) if not c.holds] == []


def test_who_was_erased_earns_no_more_and_the_others_go_on(stated, texts):
    erase(stated)
    stated.clock.now = datetime(2026, 3, 20, tzinfo=UTC)
    late = datetime(2026, 3, 15, tzinfo=UTC)
    stated.sells("three", text=texts.ode, at=late)
    stated.sells("four", text=texts.essay, at=late)
    stated.works()
    assert stated.tells(
        "SELECT a.work_ids, unmatched_ppm FROM sale s JOIN sale_attribution USING (sale_id) "
        "JOIN attribution a USING (attribution_id) WHERE external_id IN ('three', 'four') "
        "ORDER BY external_id"
    ) == [([2], 0), ([], ALL)]
    assert stated.broken() == []


def test_erased_again_after_a_restore_and_listed(stated):
    erase(stated)
    with unit_of_work(stated.database) as session:
        people.add_user(session, "ada", "a long password", "creator", ADA, now=stated.clock())
    erase(stated)
    assert stated.tells("SELECT count(*) FROM portal_user WHERE party_id = 7") == [(0,)]
    with unit_of_work(stated.database) as session:
        assert [one.holder_id for one in erasures.listing(session)] == [ADA, ADA]


def test_a_work_that_waits_is_erased_and_holds_nothing_up(village, texts):
    village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    erase(village)
    village.registers("Essay", texts.essay, {"Ben": ALL}, on=DECEMBER)
    village.sells("one", text=texts.essay, at=JANUARY)
    village.works()
    assert village.tells("SELECT work_ids FROM attribution") == [([2],)]
    assert not drain.waits(village.place)
    assert village.broken() == []


def test_the_index_of_the_real_engine_forgets(town, texts):
    town.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    town.registers("Essay", texts.essay, {"Ben": ALL}, on=DECEMBER)
    drain.drain(town.place)
    erase(town)
    assert town.room.rebuild() == 8
    town.sells("one", text=texts.ode, at=JANUARY)
    town.sells("two", text=texts.essay, at=JANUARY)
    drain.drain(town.place)
    assert town.tells(
        "SELECT work_ids FROM sale JOIN sale_attribution USING (sale_id) "
        "JOIN attribution USING (attribution_id) ORDER BY external_id"
    )[1] == ([2],)
    assert town.broken() == []


def test_on_the_command_line(wellspring, village, tmp_path):
    village.registers("Ode", "the tide", {"Ada": ALL})
    code, out, err = wellspring("creators", "export", ADA, "--json")
    assert code == 0, err
    path = tmp_path / "wellspring-H7.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "texts/1-1.txt" in zipfile.ZipFile(path).namelist()
    assert wellspring("creators", "export", ADA)[0] == 1  # it writes over nothing
    assert "unknown holder 99" in wellspring("creators", "export", 99, "--out", "x.zip")[2]
    code, out, err = wellspring("creators", "erase", ADA, "--reason", "asked", "--json")
    assert code == 0, err
    assert json.loads(out)["erased_work_ids"] == [1]
    (listed,) = json.loads(wellspring("creators", "erased", "--json")[1])
    assert (listed["holder"], listed["works_erased"]) == (ADA, [1])
