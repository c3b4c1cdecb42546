import hashlib

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ledger.journal import Kind
from service.ledger.period import Period
from service.store import entries, journal, periods, seals
from service.store.database import unit_of_work
from service.store.entry_rows import canonical_rows, content_hash, copy_blocks

MAX = 2**63 - 1
ENTRIES = [
    (1, 1, [(1, 5), (2, -5)]),
    (2, 2, [(1, MAX), (2, -MAX)]),
    (3, None, [(1, 1), (2, 2), (3, -3)]),
    (2**62, 2**62, [(2**31 - 1, -7), (5, 7)]),
    (2**63 - 1, None, [(n, 1) for n in range(1, 41)] + [(99, -40)]),
]


def rows(books):
    return books.ask(
        "SELECT kind, source_id, subject_sale_id, period, currency, accounts, amounts "
        "FROM journal_entry ORDER BY kind, source_id"
    )


def test_what_is_copied_is_what_an_insert_would_have_said(books, columns, now):
    books.opens(*ENTRIES)
    with unit_of_work(books.database) as session:
        journal.append(session, columns(*ENTRIES, kind=4), now=now)
    with psycopg.connect(books.database.url, autocommit=True) as connection:
        for source, subject, legs in ENTRIES:
            connection.execute(
                "INSERT INTO journal_entry VALUES (1, 5, %s, %s, 202601, 'USD', %s, %s)",
                (source, subject, [a for a, _ in legs], [n for _, n in legs]),
            )
    said = rows(books)
    copied, inserted = said[: len(ENTRIES)], said[len(ENTRIES) :]
    assert [row[1:] for row in copied] == [row[1:] for row in inserted]
    assert copied[0] == (4, 1, 1, 202601, "USD", [1, 2], [5, -5])
    assert copied[4][1:3] == (2**63 - 1, None)


def test_the_bytes_of_an_entry_are_what_the_database_itself_would_send(books, columns):
    """One stream, field by field, but for the batch and the count of fields that lead a tuple."""
    books.opens(*ENTRIES)
    with unit_of_work(books.database) as session:
        journal.append(session, columns(*ENTRIES), now=books.now)
    with (
        psycopg.connect(books.database.url) as connection,
        connection.cursor().copy(
            "COPY (SELECT batch_id, kind, source_id, subject_sale_id, period, currency, accounts, "
            "amounts FROM journal_entry ORDER BY source_id) TO STDOUT (FORMAT binary)"
        ) as copy,
    ):
        sent = b"".join(bytes(block) for block in copy)
    assert b"".join(copy_blocks(1, canonical_rows(columns(*ENTRIES)))) == sent


def test_entries_read_back_hash_to_what_their_batch_says(books, columns, now):
    books.opens(*ENTRIES)
    with unit_of_work(books.database) as session:
        number = journal.append(session, columns(*ENTRIES), now=now)
    with unit_of_work(books.database) as session:
        batch = entries.batch_after(session, number - 1)
        (read,) = entries.of_batch(session, number)
    assert batch.entry_count == 5
    assert batch.content_hash == content_hash(canonical_rows(read))


def test_canonical_bytes_are_for_ever(columns):
    (row,) = canonical_rows(columns((42, 42, [(1, 5), (2, -5)]), period=202601))
    assert row.hex() == (
        "00000002" "0001"
        "00000008" "000000000000002a"
        "00000008" "000000000000002a"
        "00000004" "00031769"
        "00000003" "555344"
        "00000024" "00000001" "00000000" "00000017" "00000002" "00000001"
        "00000004" "00000001" "00000004" "00000002"
        "0000002c" "00000001" "00000000" "00000014" "00000002" "00000001"
        "00000008" "0000000000000005" "00000008" "fffffffffffffffb"
    )  # fmt: skip
    assert content_hash([row]) == hashlib.sha256(row).digest()


changes = st.one_of(
    st.tuples(st.just("source"), st.integers(3, 2**62)),
    st.tuples(st.just("subject"), st.none() | st.integers(3, 2**62)),
    st.tuples(st.just("account"), st.integers(3, 2**31 - 1)),
    st.tuples(st.just("amount"), st.integers(6, MAX)),
    st.tuples(st.just("kind"), st.integers(2, 5)),
    st.tuples(st.just("period"), st.integers(202602, 209912)),
    st.tuples(st.just("currency"), st.sampled_from(["EUR", "JPY", "USB"])),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes)
def test_whatever_changes_the_hash_changes(columns, change):
    said = {"source": 1, "subject": 2, "account": 1, "amount": 5}
    batch = {"kind": 1, "period": 202601, "currency": "USD"}

    def hashed(facts, about):
        n = facts["amount"]
        legs = [(facts["account"], n), (2, -n)]
        one = (facts["source"], facts["subject"], legs)
        return content_hash(canonical_rows(columns(one, **about)))

    field, value = change
    altered = ({**said, field: value}, batch) if field in said else (said, {**batch, field: value})
    assert hashed(*altered) != hashed(said, batch)


def test_one_byte_changed_anywhere_changes_the_hash(columns):
    row = b"".join(canonical_rows(columns(*ENTRIES[:3])))
    before = content_hash([row])
    for at in range(len(row)):
        altered = row[:at] + bytes([row[at] ^ 1]) + row[at + 1 :]
        assert content_hash([altered]) != before


def test_a_source_is_posted_once_in_whatever_period_and_batch(books):
    books.post(7, {"bank": 5, "platform:fee": -5}, kind=Kind.RECEIPT)
    with pytest.raises(psycopg.errors.UniqueViolation):
        books.post(7, {"bank": 9, "platform:fee": -9}, kind=Kind.RECEIPT, period="2026-02")
    books.post(7, {"bank": 9, "platform:fee": -9}, kind=Kind.BACKING)
    assert books.balances() == {"bank": 14, "platform:fee": -14}
    assert books.ask("SELECT count(*) FROM batch") == [(2,)]


def test_an_entry_posts_to_accounts_of_its_own_currency_only(books, columns, now):
    entry = (1, None, [(1, 5), (2, -5)])
    books.opens(entry)
    for wrong in (columns(entry, currency="JPY"), columns((1, None, [(1, 5), (3, -5)]))):
        with pytest.raises(AssertionError), unit_of_work(books.database) as session:
            journal.append(session, wrong, now=now)
    assert rows(books) == []


def test_a_batch_with_one_bad_entry_leaves_nothing(books, columns, now):
    bad = columns((1, 1, [(1, 5), (2, -5)]), (2, 2, [(1, 5), (2, -4)]))
    with pytest.raises(psycopg.errors.CheckViolation), unit_of_work(books.database) as session:
        journal.append(session, bad, now=now)
    for table in ("journal_entry", "batch", "balance_delta"):
        assert books.ask(f"SELECT count(*) FROM {table}") == [(0,)]


def test_balances_pass_64_bits_without_wrapping(books):
    for source in (1, 2, 3):
        books.post(source, {"vendor:acme:receivable": MAX, "line:1": -MAX})
    assert books.balances() == {
        "vendor:acme:receivable": 27_670_116_110_564_327_421,
        "line:1": -27_670_116_110_564_327_421,
    }


def test_a_batch_that_sums_above_64_bits_is_one_delta(books, columns, now):
    legs = [(n, None, [(1, MAX), (2, -MAX)]) for n in range(1, 5)]
    books.opens(*legs)
    with unit_of_work(books.database) as session:
        journal.append(session, columns(*legs), now=now)
    assert books.ask("SELECT account_id, delta FROM balance_delta ORDER BY 1") == [
        (1, 36_893_488_147_419_103_228),
        (2, -36_893_488_147_419_103_228),
    ]


def test_an_account_is_one_per_currency(books):
    books.post(1, {"bank": 5, "platform:fee": -5}, kind=Kind.RECEIPT)
    books.post(2, {"bank": 9, "platform:fee": -9}, kind=Kind.RECEIPT, currency="JPY")
    with unit_of_work(books.database) as session:
        told = [(b.account, b.currency, b.nanos) for b in journal.balances(session, prefix="bank")]
        after = journal.balances(session, after=("bank", "JPY"), limit=1)
        assert journal.balances_named(session, ["bank", "line:9"], "JPY") == {
            "bank": 9,
            "line:9": 0,
        }
    assert told == [("bank", "JPY", 9), ("bank", "USD", 5)]
    assert [(b.account, b.currency) for b in after] == [("bank", "USD")]


def test_balances_are_the_newest_snapshot_and_what_came_since(books):
    books.post(1, {"vendor:acme:receivable": 10, "line:1": -10}, period="2026-01")
    books.post(2, {"vendor:acme:receivable": 5, "line:2": -5}, period="2026-02")
    for month in ("2026-01", "2026-02"):
        with unit_of_work(books.database) as session:
            periods.begin_closing(session, Period.parse(month), now=books.now)
            periods.finish_closing(session, Period.parse(month), now=books.now)
        if month == "2026-01":
            books.post(3, {"line:1": 10, "line:2": -10}, period="2026-02", kind=Kind.RELEASE)
    books.post(4, {"line:2": 1, "platform:fee": -1}, period="2026-03", kind=Kind.RELEASE)
    snapshots = books.ask(
        "SELECT period, name, balance FROM balance_snapshot JOIN account USING (account_id) "
        "ORDER BY period, name"
    )
    assert snapshots == [
        (202601, "line:1", -10),
        (202601, "vendor:acme:receivable", 10),
        (202602, "line:1", 0),
        (202602, "line:2", -15),
        (202602, "vendor:acme:receivable", 15),
    ]
    assert books.balances() == {
        "vendor:acme:receivable": 15,
        "line:2": -14,
        "platform:fee": -1,
    }
    assert books.ask(
        "SELECT name, sum(amount_nanos) FROM posting JOIN account USING (account_id) "
        "GROUP BY name HAVING sum(amount_nanos) <> 0 ORDER BY name"
    ) == [("line:2", -14), ("platform:fee", -1), ("vendor:acme:receivable", 15)]


def test_the_chain_of_seals_follows_the_batches(books):
    for source in (1, 2):
        books.post(source, {"bank": 5, "platform:fee": -5}, kind=Kind.RECEIPT)
    with unit_of_work(books.database) as session:
        assert seals.unsealed_count(session) == 2
        assert seals.seal_waiting(session, now=books.now) == 2
        assert seals.seal_waiting(session, now=books.now) == 0
    first, second = books.ask("SELECT previous_hash, hash FROM seal ORDER BY seal_no")
    assert first[0] == bytes(32)
    assert second[0] == first[1]
    ((number, content),) = books.ask("SELECT batch_id, content_hash FROM batch WHERE batch_id = 1")
    chained = bytes(32) + bytes.fromhex("00000000000000010003176900000001") + content
    assert (number, first[1]) == (1, hashlib.sha256(chained).digest())
