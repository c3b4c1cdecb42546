"""Receipts: signed, in an append-only log, checked by anybody without us."""

import hashlib
import json
import re
import subprocess
import sys
import threading

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.settings import Settings
from service.store import registration_log, works
from service.store.database import unit_of_work
from worker import drain, receipt_check, registering
from worker.receipt_check import ReceiptRefused
from worker.receipt_key import FILE, KeyUnusable, signer_of
from worker.text_identity import detected_language, iscc_of
from worker.verify import verify

ALL = 1_000_000


def tiny_check(receipt, public_key, text):
    """Check a receipt with what its documentation says and nothing of the product's."""
    signature = bytes.fromhex(receipt.pop("signature"))
    said = json.dumps(receipt, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, said)
    assert hashlib.sha256(bytes.fromhex(public_key)).hexdigest() == receipt["key"]
    leaf = json.dumps(receipt["leaf"], sort_keys=True, separators=(",", ":")).encode()
    at = hashlib.sha256(b"\0" + leaf).digest()
    for older in receipt["path"]:
        at = hashlib.sha256(b"\1" + bytes.fromhex(older) + at).digest()
    assert at.hex() == receipt["root"]
    plain = " ".join(text.split()).encode()
    assert hashlib.sha256(plain).hexdigest() == receipt["leaf"]["content_hash"]


def logged(town, signer):
    count = 0
    while more := registering.log_next(town.database, lambda: signer, now=town.clock()):
        count += more
    return count


def receipt_of(town, work_id, edition=1):
    with unit_of_work(town.database) as session:
        return registration_log.of_edition(session, work_id, edition)


@pytest.fixture
def signer(tmp_path):
    return signer_of(Settings(home=tmp_path))


@pytest.fixture
def three(village, signer):
    """Three works in the log; the village's texts are short."""
    for title in ("Ode", "Elegy", "Essay"):
        village.registers(title, f"{title}: the tide\nis out.", {"Ada": 600_000, "Ben": 400_000})
    assert logged(village, signer) == 3
    return village


def test_a_receipt_is_checked_by_a_stranger(three, signer):
    for work, title in enumerate(("Ode", "Elegy", "Essay"), start=1):
        document = json.loads(json.dumps(receipt_of(three, work).document()))
        assert (document["position"], document["leaf"]["work"]) == (work, str(work))
        assert len(document["leaf"]["holders"].split()) == 2
        tiny_check(document, signer.public_key.hex(), f"{title}: the tide\r\n is out.")


def test_a_text_is_logged_once_and_nothing_waits_then(three, signer):
    assert logged(three, signer) == 0
    with unit_of_work(three.database) as session:
        assert not registration_log.any_waiting(session)
        assert [one.entry.position for one in registration_log.after(session, 0)] == [1, 2, 3]


def test_what_waits_has_no_receipt_yet(village):
    work = village.registers("Ode", "the tide", {"Ada": ALL})
    with pytest.raises(registration_log.ReceiptWaiting):
        receipt_of(village, work)
    with pytest.raises(registration_log.EditionNotFound):
        receipt_of(village, work, edition=2)


def test_two_workers_at_once_log_each_text_once(village, signer):
    for number in range(40):
        village.registers(f"Ode {number}", f"the tide {number}", {"Ada": ALL})
    threads = [threading.Thread(target=logged, args=(village, signer)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logged(village, signer)
    with unit_of_work(village.database) as session:
        found = registration_log.after(session, 0)
    assert [one.entry.position for one in found] == list(range(1, 41))
    assert registering.log_broken(village.database) == (40, [])


CHANGES = {
    "the position": lambda r: r | {"position": 3},
    "the path": lambda r: r | {"path": ["00" * 32]},
    "the root": lambda r: r | {"root": "00" * 32},
    "the hash": lambda r: r | {"leaf": r["leaf"] | {"content_hash": "00" * 32}},
    "the time": lambda r: (
        r | {"leaf": r["leaf"] | {"registered_at": "1999-01-01T00:00:00.000000Z"}}
    ),
    "the signature": lambda r: r | {"signature": "00" * 64},
    "a member more": lambda r: r | {"note": "x"},
    "a name that breaks out": lambda r: r | {"leaf": r["leaf"] | {"iscc": '","work":"9'}},
    "no leaf": lambda r: r | {"leaf": []},
    "another format": lambda r: r | {"format": "wellspring-receipt/2"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_receipt_is_refused(three, signer, change):
    document = receipt_of(three, 2).document()
    raw = json.dumps(document).encode()
    assert receipt_check.check(raw, public_key=signer.public_key).entry.position == 2
    with pytest.raises(ReceiptRefused):
        receipt_check.check(json.dumps(change(document)).encode(), public_key=signer.public_key)


def test_a_receipt_of_another_key_is_refused(three, tmp_path):
    other = signer_of(Settings(home=tmp_path / "other"))
    raw = json.dumps(receipt_of(three, 1).document()).encode()
    with pytest.raises(ReceiptRefused, match="not with the one given"):
        receipt_check.check(raw, public_key=other.public_key)


def test_a_new_key_goes_on_in_the_same_log(three, tmp_path):
    three.registers("New", "new text", {"Ada": ALL})
    other = signer_of(Settings(home=tmp_path / "other"))
    assert logged(three, other) == 1
    with unit_of_work(three.database) as session:
        assert len(registration_log.keys(session)) == 2
    assert registering.log_broken(three.database) == (4, [])


LIES = {
    "a hash in the log": (
        """UPDATE registration SET leaf = leaf || '{"content_hash": "00"}' WHERE position = 2""",
        "registration 2",
    ),
    "an entry gone": ("DELETE FROM registration WHERE position = 2", "registration 3"),
    "another text under the work": (
        "UPDATE work SET content_hash = sha256('x') WHERE work_id = 2",
        "registration 2: text 2 has another hash now",
    ),
    "a signature": (
        "UPDATE registration SET signature = decode(repeat('00', 64), 'hex') WHERE position = 3",
        "registration 3: the signature is not by a key of ours",
    ),
}


@pytest.mark.parametrize(("lie", "said"), LIES.values(), ids=LIES)
def test_verify_finds_what_was_changed_past_the_triggers(three, urls, lie, said):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(lie)
    checks = {one.invariant: one for one in verify(three.database, lambda *_: None)}
    broken = checks["the registration log is whole and signed"]
    assert any(fact.startswith(said) for fact in broken.facts), broken.facts


def test_the_key_is_made_once_and_only_we_read_it(tmp_path):
    made = [signer_of(Settings(home=tmp_path)).key_id for _ in range(2)]
    assert made[0] == made[1]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_many_that_start_at_once_make_one_key(tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(signer_of(Settings(home=tmp_path)).key_id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAA==\n"])
def test_a_key_that_is_none_is_refused_by_name(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(KeyUnusable):
        signer_of(Settings(home=tmp_path, receipt_key=path))
    with pytest.raises(KeyUnusable, match="cannot be read"):
        signer_of(Settings(home=tmp_path, receipt_key=tmp_path / "none.pem"))


def test_an_iscc_is_computed_by_the_standard(three):
    """The code of ISO 24138's reference library for this text, written out."""
    found = receipt_of(three, 1).entry.fields["iscc"]
    assert found == iscc_of("Ode", "Ode: the tide\nis out.")
    assert found.startswith("ISCC:K")
    assert len(found) == 60


def test_languages_are_proposed_only_where_the_text_is_long_enough_to_tell():
    german = (
        "Der Leuchtturm drehte seine Lampe den ganzen Winter über alle elf Sekunden, und der "
        "Wärter schrieb die Höhe jeder Flut mit violetter Tinte auf die Rückseite alter Rechnungen."
        " Niemand holte die Rechnungen jemals ab, und so blieben die Gezeiten von neun Jahren."
    )
    assert detected_language(german) == "de"
    assert detected_language(german[:100]) is None


@pytest.mark.parametrize("body", ["...", "\u200b", "日本", "a", "🙂" * 50])
def test_every_text_that_can_be_registered_has_an_iscc(body):
    assert iscc_of("?", body).startswith("ISCC:")


def test_a_work_of_before_the_log_gets_its_place_when_a_worker_runs(village, signer):
    with unit_of_work(village.database) as session:
        new = works.NewWork("Old", "an old text", "en")
        works.register(
            session, new, registered_at=village.clock(), now=village.clock(), commons=True
        )
    assert logged(village, signer) == 1
    assert receipt_of(village, 1).entry.fields["holders"] == ""


def test_a_receipt_is_written_and_verified_on_the_command_line(wellspring, village, tmp_path):
    village.registers("Ode", "the tide is out", {"Ada": ALL})
    assert wellspring("receipt", 1)[0] == 0
    path = tmp_path / "work-1-1.receipt.json"
    (key,) = json.loads(wellspring("receipt-keys", "--json")[1])
    tiny_check(json.loads(path.read_text()), key["public_key"], "the tide is out")
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_bytes(b"the tide\r\nis out\n")
    bad.write_bytes(b"the tide is in")
    order = ("verify-receipt", path, "--key", key["public_key"])
    code, out, _ = wellspring(*order, "--text", good, "--json")
    assert (code, json.loads(out)["work"], json.loads(out)["text_compared"]) == (0, "1", True)
    code, _, err = wellspring(*order, "--text", bad)
    assert code == 1
    assert "of another text" in err
    assert wellspring("verify-receipt", path, "--key", "ab")[0] == 1
    path.write_text(path.read_text().replace('"edition": "1"', '"edition": "2"'))
    code, _, err = wellspring(*order)
    assert (code, err.strip()) == (
        1,
        "error: this is no valid receipt: the signature does not fit: the receipt was changed",
    )
    (line,) = wellspring("registrations")[1].splitlines()
    assert json.loads(line)["position"] == 1


def test_a_worker_logs_what_is_registered(town):
    town.registers("Ode", "the tide is out", {"Ada": ALL})
    drain.drain(town.place)
    assert receipt_of(town, 1).entry.position == 1


def test_the_checker_of_the_documentation_checks(three, signer, repository, tmp_path):
    page = (repository / "docs" / "registry.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    checker, receipt, text = (tmp_path / name for name in ("check.py", "r.json", "t.txt"))
    checker.write_text(program)
    receipt.write_text(json.dumps(receipt_of(three, 3).document()))
    text.write_text("Essay: the\ttide is out.\n\n")
    order = [sys.executable, checker, receipt, signer.public_key.hex(), text]
    told = subprocess.run(order, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (
        0,
        "registered 2026-01-01T00:00:00.000000Z at position 3\n",
    )
    text.write_text("Essay: the tide is in.")
    assert subprocess.run(order, capture_output=True, check=False).returncode == 1
