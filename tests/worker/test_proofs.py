"""Seals of periods and proofs from them: made from the books, checked by anybody without them."""

import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import closing, period_seals, periods, seals, statements
from service.store.database import unit_of_work
from worker import drain, period_sealing
from worker.proving import ProofRefused, check

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 3, tzinfo=UTC)
INVARIANT = "each sealed period has the root of its rows"


@pytest.fixture
def closed(town, texts):
    """January and February closed: three sales, a correction, releases and statements of two."""
    town.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 500_000})
    for name, at in (("one", JANUARY), ("two", JANUARY), ("three", FEBRUARY)):
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=at)
    town.works()
    town.closes("2026-01")
    town.refunds("r1", "two", 1_000_000)
    town.works()
    town.closes("2026-02")
    return town


@pytest.fixture
def file_of(closed, wellspring, tmp_path):
    """Prove something on the command line; return the file."""

    def proved(*arguments):
        path = tmp_path / "a.proof.json"
        code, _, err = wellspring("prove", *arguments, "--out", path)
        assert code == 0, err
        return path

    return proved


def published(town):
    with unit_of_work(town.database) as session:
        return {str(seal.period): seal for seal in period_seals.listing(session)}


def offline(path, *options):
    """Check a file in a process that is told of no database and no home."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WELLSPRING_")}
    environment["WELLSPRING_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    program = "from worker.cli.application import main; main()"
    command = [sys.executable, "-c", program, "verify-proof", str(path), *options]
    return subprocess.run(
        command, env=environment, cwd=path.parent, capture_output=True, text=True, check=False
    )


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


KINDS = [
    (("sale", "acme/one"), "2026-01", "Journal entry sale/"),
    (("entry", "correction", "1"), "2026-02", "Journal entry correction/1 about the sale"),
    (("entry", "release", "1"), "2026-01", "Journal entry release/1 stands in period 2026-01"),
    (("statement", "{number}"), "2026-02", "says, in USD: opening 0.54, earned 0.269955, "),
    (("statement", "{number}", "--line", "0"), "2026-02", "Line 0 (earned) of statement"),
    (("statement", "{number}", "--line", "1"), "2026-02", "Line 1 (adjustment) of statement"),
]


@pytest.mark.parametrize(("arguments", "month", "said"), KINDS)
def test_each_kind_is_proved_and_checked_without_a_database(
    closed, file_of, arguments, month, said
):
    with unit_of_work(closed.database) as session:
        rows = statements.listing(session, period=Period.parse("2026-02"))
    path = file_of(*(argument.format(number=rows[0].number) for argument in arguments))
    seal = published(closed)[month]
    told = offline(path, "--root", seal.root.hex())
    assert (told.returncode, said in told.stdout) == (0, True), told.stdout + told.stderr
    assert not (path.parent / "var").exists()


def test_a_proof_is_held_against_the_published_root_or_hash(closed, file_of, wellspring):
    path = file_of("sale", "acme/one")
    january, february = published(closed).values()
    for value in (january.root, january.hash):
        assert wellspring("verify-proof", path, "--root", value.hex())[0] == 0
    code, _, err = wellspring("verify-proof", path)
    assert (code, "the file agrees with itself: compare" in err) == (0, True)
    for value in (january.previous, february.root, b"x"):
        code, _, err = wellspring("verify-proof", path, "--root", value.hex())
        assert (code, "its root and hash are not the published one" in err) == (1, True)


def test_a_vendor_recognises_its_sale_by_the_digest_of_its_own_id(file_of):
    leaf = json.loads(file_of("sale", "acme/one").read_text())["leaf"]
    assert leaf["sale"] == hashlib.sha256(b"acme\0one\0").hexdigest()
    assert leaf["postings"]["vendor:acme:settled-direct"] == "5400000000"


def altered(document):
    """Yield each way to alter one thing of a proof, named."""
    digit = {"0": "1"}
    for name, value in document.items():
        changed = copy.deepcopy(document)
        if isinstance(value, str):
            changed[name] = value[:-1] + digit.get(value[-1], "0")
        elif isinstance(value, int):
            changed[name] = value + 1
        elif isinstance(value, list):
            for at in range(len(value)):
                one = copy.deepcopy(document)
                one[name][at] = value[at][:-1] + digit.get(value[at][-1], "0")
                yield f"{name}[{at}]", one
            changed[name] = [*value, "0" * 64]
            yield f"{name} longer", changed
            changed = document | {name: value[:-1]}
        else:
            for inner, said in value.items():
                for other in ({}, [], None, "", f"{said}0", "\u00e9", '"'):
                    one = copy.deepcopy(document)
                    one[name][inner] = other
                    yield f"{name}.{inner} {other!r}", one
            changed[name]["more"] = "1"
        yield name, changed
        yield f"{name} gone", {k: v for k, v in document.items() if k != name}
        yield f"{name} null", document | {name: None}
        yield f"{name} upper", document | {name: value.upper() if isinstance(value, str) else 1.5}
    yield "more", document | {"more": "1"}
    for other in (0, -1, 2**62, True, "3"):
        if other != document["index"]:
            yield f"index {other!r}", document | {"index": other}
        yield f"count {other!r}", document | {"count": other}


def test_whatever_is_altered_the_file_proves_nothing_and_says_why(file_of):
    for arguments in (("sale", "acme/one"), ("entry", "correction", "1")):
        raw = file_of(*arguments).read_bytes()
        check(raw)
        document, tried = json.loads(raw), 0
        for name, changed in altered(document):
            if changed == document:
                continue
            tried += 1
            with pytest.raises(ProofRefused) as refused:
                check(json.dumps(changed).encode())
            assert refused.value.facts["reason"], name
        assert tried > 50


REASONS = [
    ({"says": "You are rich."}, "what it says in words is not what its leaf says"),
    ({"format": "wellspring-proof/2"}, "its format is not wellspring-proof/1"),
    ({"salt": "0" * 32}, "leaf, salt, index, count and path do not lead to its root"),
    ({"root": "0" * 64}, "leaf, salt, index, count and path do not lead to its root"),
    ({"previous_hash": "1" * 64}, "previous hash, period, count and root do not make its hash"),
    ({"hash": "0" * 64}, "previous hash, period, count and root do not make its hash"),
    ({"period": "2026-02"}, "its leaf is of another period"),
    ({"period": "soon"}, "'soon' is not a period: write YYYY-MM"),
    ({"leaf": {"leaf": "bread"}}, "its leaf is neither an entry nor a statement nor a line of one"),
    ({"leaf": []}, "leaf must be an object"),
    ({"path": "x"}, "path must be a list of at most 63 hashes"),
    ({"index": 1.0}, "index must be a whole number"),
    ({"root": "AB"}, "root must be 64 hexadecimal digits in lower case"),
]


def test_each_refusal_has_its_reason(file_of):
    document = json.loads(file_of("sale", "acme/one").read_text())
    for change, reason in REASONS:
        with pytest.raises(ProofRefused) as refused:
            check(json.dumps(document | change).encode())
        assert refused.value.facts["reason"] == reason


BAD_FILES = [
    (b"", "error: proof"),
    (b"[]", "its format is not"),
    (b"\xff", "is not UTF-8"),
    (b'{"format": "wellspring-proof/1", "format": "wellspring-proof/1"}', "given twice"),
    (b"[" * 100_000, "nested deeper"),
    (b" " * 1_000_001, "it has more than 1000000 bytes"),
]


@pytest.mark.parametrize(("content", "said"), BAD_FILES)
def test_a_file_that_is_no_proof_is_refused_in_a_sentence(wellspring, tmp_path, content, said):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    code, _, err = wellspring("verify-proof", path)
    assert (code, said in err) == (1, True), err


def test_seals_are_listed_to_be_published(closed, wellspring):
    code, out, _ = wellspring("seals", "--json")
    assert code == 0
    january, february = json.loads(out)
    said = published(closed)
    assert (january["period"], january["leaves"]) == ("2026-01", 7)
    assert january["root"] == said["2026-01"].root.hex()
    assert february["hash"] == said["2026-02"].hash.hex()
    assert said["2026-01"].salt_key.hex() not in out


REFUSED = [
    (("sale", "acme/nine"), "no sale 'nine'"),
    (("sale", "one"), "write the vendor, a slash"),
    (("sale", "nobody/one"), "unknown vendor"),
    (("sale", "acme/free"), "sale free (settled) has no entry"),
    (("sale", "acme/march"), "period 2026-03 is not sealed"),
    (("entry", "gift", "1"), "no entry gift/1"),
    (("entry", "sale", "1"), "no entry sale/1"),
    (("statement", "2026-01-H999-USD"), "no statement"),
    (("statement", "{number}", "--line", "2"), "line 2 of statement"),
]


def test_what_is_not_sealed_is_not_proved(closed, texts, wellspring):
    closed.sells("free", text=None, tier=Tier.FREE, at=datetime(2026, 3, 2, tzinfo=UTC))
    closed.sells("march", text=None, at=datetime(2026, 3, 2, tzinfo=UTC))
    closed.works()
    with unit_of_work(closed.database) as session:
        number = statements.listing(session)[0].number
    for arguments, said in REFUSED:
        asked = [argument.format(number=number) for argument in arguments]
        code, _, err = wellspring("prove", *asked)
        assert (code, said in err) == (1, True), err


def test_who_corrected_a_sale_later_is_told(closed, wellspring, tmp_path):
    code, _, err = wellspring("prove", "sale", "acme/two", "--out", tmp_path / "two.json")
    assert code == 0
    assert "corrected later, to prove each by itself: entry correction 1" in err


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


def test_of_changed_rows_nothing_is_proved(closed, urls, wellspring):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE statement_line SET nanos = nanos + 1 WHERE statement_id = 1")
    code, _, err = wellspring("prove", "sale", "acme/one")
    assert code == 1
    assert "the rows of period 2026-01 are not those it was sealed with" in err


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
close.finish(Database.connect(url), Period(202601), threshold=Threshold(),
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


def test_equal_leaves_of_two_months_hide_behind_other_salts(closed, file_of):
    salts = set()
    for arguments in (("sale", "acme/one"), ("sale", "acme/two"), ("sale", "acme/three")):
        salts.add(json.loads(file_of(*arguments).read_text())["salt"])
    assert len(salts) == 3


def blocks_of(repository, language):
    text = (repository / "docs" / "proofs.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_documented_file_is_a_proof(repository):
    (block,) = blocks_of(repository, "json")
    document = json.loads(block)
    assert check(block.encode(), published=document["root"]).document() == document


def test_the_documented_checker_needs_nothing_of_ours(closed, file_of, repository, tmp_path):
    (program,) = blocks_of(repository, "python")
    (tmp_path / "check.py").write_text(program)
    january, february = published(closed).values()
    for arguments, seal in (
        (("sale", "acme/two"), january),
        (("entry", "correction", "1"), february),
    ):
        path = file_of(*arguments)
        command = [sys.executable, "-I", tmp_path / "check.py", path]
        assert subprocess.run([*command, seal.hash.hex()], check=False).returncode == 0
        told = subprocess.run([*command, seal.salt_key.hex()], capture_output=True, check=False)
        assert b"this was not published" in told.stderr
        path.write_text(path.read_text().replace('"count": ', '"count": 1'))
        told = subprocess.run([*command, seal.root.hex()], capture_output=True, check=False)
        assert b"AssertionError" in told.stderr
