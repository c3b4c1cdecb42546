"""Proofs from the seals of periods: made from the books, checked by anybody without them."""

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
from sealed_months import published, two_closed

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import statements
from service.store.database import unit_of_work
from worker.proving import ProofRefused, check


@pytest.fixture
def closed(town, texts):
    return two_closed(town, texts)


@pytest.fixture
def file_of(closed, wellspring, tmp_path):
    """Prove something on the command line; return the file."""

    def proved(*arguments):
        path = tmp_path / "a.proof.json"
        code, _, err = wellspring("prove", *arguments, "--out", path)
        assert code == 0, err
        return path

    return proved


def offline(path, *options):
    """Check a file in a process that is told of no database and no home."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WELLSPRING_")}
    environment["WELLSPRING_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    program = "from worker.cli.application import main; main()"
    command = [sys.executable, "-c", program, "verify-proof", str(path), *options]
    return subprocess.run(
        command, env=environment, cwd=path.parent, capture_output=True, text=True, check=False
    )


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


def test_of_changed_rows_nothing_is_proved(closed, urls, wellspring):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE statement_line SET nanos = nanos + 1 WHERE statement_id = 1")
    code, _, err = wellspring("prove", "sale", "acme/one")
    assert code == 1
    assert "the rows of period 2026-01 are not those it was sealed with" in err


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
