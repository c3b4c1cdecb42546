"""A vendor may send fingerprints instead of texts: the works earn the same, to the nano."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from fastapi.testclient import TestClient

from attribution.fingerprint_file import MAGIC, sealed
from attribution.fingerprint_layout import FingerprintRefused
from service.api.formats.native import SaleDefaults
from service.ledger.sale_report import SaleFingerprint
from service.store import api_keys, parties
from service.store.database import unit_of_work
from worker import sale_import
from worker.cli.fingerprints import FingerprintMaker
from worker.explain_sale import explain_sale
from worker.fingerprints import EngineFingerprints
from worker.import_lines import BadFile
from worker.preview import EnginePreview
from worker.web import create_app

ALL = 1_000_000
DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
FEBRUARY = "2026-02-03T10:00:00Z"
VERSION = "normalise_v1/cut_v1/terms_v1/cdcdcdcdcdcd"


class Bell:
    def ring(self):
        pass


def asking(town, vendor) -> TestClient:
    """Return a client that sends a key of this vendor."""
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
        key, _ = api_keys.make(session, party.party_id, "test", now=town.clock())
    client = TestClient(create_app(town.place, Bell()))
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def made_of(town, text) -> bytes:
    (made,) = FingerprintMaker(town.room.encoder).sealed([text])
    return made


def base64_of(town, text) -> str:
    return b64encode(made_of(town, text)).decode()


def a_sale(name, **fields):
    return {"id": name, "tier": "premium", "output_tokens": 1_000, "sold_at": FEBRUARY} | fields


def outcomes(answer):
    return [one["outcome"] for one in answer.json()["items"]]


@pytest.fixture
def works(town, texts):
    ode = town.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    essay = town.registers("Essay", texts.essay, {"Bo": 600_000, "Cy": 400_000}, on=DECEMBER)
    town.works()
    return ode, essay


def earned(town, vendor):
    """What each work earned from a vendor: (work, nanos)."""
    return town.tells(
        "SELECT l.work_id, -sum(p.amount_nanos) FROM posting p JOIN account a USING (account_id) "
        "JOIN line l ON a.name = 'line:' || l.line_id JOIN party v ON v.party_id = l.vendor_id "
        "WHERE v.name = :vendor GROUP BY l.work_id ORDER BY l.work_id",
        vendor=vendor,
    )


def test_works_earn_from_a_fingerprint_what_they_earn_from_the_text(town, texts, works):
    bodies = [texts.ode, f"{texts.essay} {texts.nothing} {texts.ode}", texts.nothing]
    told, kept_back = asking(town, "Acme"), asking(town, "Borealis")
    for at, body in enumerate(bodies):
        sale = a_sale(f"s{at}", text=body)
        hidden = a_sale(f"s{at}", fingerprint=base64_of(town, body))
        assert told.post("/v1/sales", json=[sale]).status_code == 200
        assert outcomes(kept_back.post("/v1/sales", json=[hidden])) == ["created"]
    town.works()

    for at in range(3):
        open_, closed = (one.get(f"/v1/sales/s{at}").json() for one in (told, kept_back))
        assert (open_["state"], closed["state"]) == ("settled", "settled")
        assert closed["attribution"] == open_["attribution"]
        assert closed["has_text"] is True
    first = kept_back.get("/v1/sales/s0").json()["attribution"]
    assert first["shares"] == [{"work_id": works[0], "title": "Ode", "share_ppm": ALL}]
    assert earned(town, "Acme") == earned(town, "Borealis") != []
    assert town.broken() == []


def test_the_evidence_is_the_same_and_no_text_is_kept(town, texts, works):
    body = f"{texts.essay} {texts.nothing}"
    asking(town, "Acme").post("/v1/sales", json=a_sale("t", text=body))
    asking(town, "Borealis").post("/v1/sales", json=a_sale("f", fingerprint=base64_of(town, body)))
    town.works()
    evidence = town.tells("SELECT evidence FROM attribution ORDER BY attribution_id")
    assert len(evidence) == 2
    assert evidence[0] == evidence[1] != ([],)
    assert town.tells(
        "SELECT count(*) FROM unmatched_passage "
        "GROUP BY ordinal, start_char, end_char, content_hash, vector, lexical"
    ) == [(2,), (2,), (2,)]  # the three sentences that nobody wrote
    assert town.tells(
        "SELECT count(*) FROM output_text WHERE body IS NULL AND fingerprint IS NOT NULL"
    ) == [(1,)]
    assert town.tells("SELECT DISTINCT text_chars FROM sale") == [(len(body),)]
    with unit_of_work(town.database) as session:
        told = explain_sale(session, "Borealis/f")
    assert any("evidence" in title for title, _, _ in told.tables)


def test_a_fingerprint_sent_again_is_a_duplicate_and_is_attributed_once(town, texts, works):
    client = asking(town, "Acme")
    made = base64_of(town, texts.ode)
    assert outcomes(client.post("/v1/sales", json=[a_sale("a", fingerprint=made)])) == ["created"]
    assert outcomes(
        client.post(
            "/v1/sales",
            json=[
                a_sale("a", fingerprint=made),
                a_sale("a", fingerprint=base64_of(town, texts.essay)),
                a_sale("b", fingerprint=made),
            ],
        )
    ) == ["duplicate", "conflict", "created"]
    asking(town, "Borealis").post("/v1/sales", json=a_sale("c", fingerprint=made))
    town.works()
    assert town.tells("SELECT count(*) FROM attribution") == [(1,)]
    assert town.tells("SELECT count(*) FROM sale_attribution") == [(3,)]


def test_a_fingerprint_is_named_by_its_own_content(town, texts):
    """So nobody chooses which attribution the sale of another vendor meets."""
    taken = EngineFingerprints(town.room.encoder).check(made_of(town, texts.nothing))
    other = EngineFingerprints(town.room.encoder).check(made_of(town, texts.ode))
    assert isinstance(taken, SaleFingerprint)
    assert taken.content_hash != other.content_hash
    assert taken.length_chars == len(texts.nothing)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"fingerprint": "AAAA"}, "magic the first bytes must be WSFP"),
        ({"fingerprint": "V1NGUA"}, "must be base64 (RFC 4648, with padding)"),
        ({"fingerprint": "V1NGUA==", "text": "x"}, "must not be given beside text"),
    ],
)
def test_what_is_no_fingerprint_is_refused_by_name(town, fields, rule):
    answer = asking(town, "Acme").post("/v1/sales", json=a_sale("s", **fields))
    assert (answer.status_code, answer.json()["code"]) == (422, "sale-rejected")
    (error,) = answer.json()["errors"]
    assert error["place"] == "sale.fingerprint"
    assert rule in error["rule"]
    assert town.tells("SELECT count(*) FROM sale") == [(0,)]


def of_version(town, text, version) -> bytes:
    (made,) = town.room.fingerprint([text])
    return sealed(made, version)


def test_the_version_in_force_is_told_and_another_is_refused_with_it(town, texts):
    client = asking(town, "Acme")
    assert client.get("/v1/engine").json() == {
        "fingerprint_version": VERSION,
        "max_fingerprint_chars": 10_000_000,
    }
    old = b64encode(of_version(town, texts.ode, "normalise_v0/cut_v0")).decode()
    answer = client.post("/v1/sales", json=a_sale("s", fingerprint=old))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["rule"] == f"version must be {VERSION}, is 'normalise_v0/cut_v0'"


def test_a_fingerprint_whose_engine_is_gone_puts_its_sales_aside_and_no_other(town, texts, works):
    """It was taken when reported; then the engine changed, and nobody can compare it any more."""
    old = of_version(town, texts.ode, "normalise_v0/cut_v0")
    at = datetime(2026, 2, 3, tzinfo=UTC)
    item = town.a_sale("old", text=None, at=at)
    hidden = replace(item, text_hash=b"h" * 32, fingerprint=SaleFingerprint(old, b"h" * 32, 340))
    twin = replace(hidden, external_id="twin")
    town.reports(hidden, twin, town.a_sale("good", text=texts.ode, at=at))
    town.works()
    states = town.tells(
        "SELECT s.external_id, q.reason, q.facts ->> 'rule' FROM sale s "
        "LEFT JOIN quarantine q USING (sale_id) ORDER BY 1"
    )
    rule = f"must be {VERSION}, is 'normalise_v0/cut_v0'"
    assert states == [
        ("good", None, None),
        ("old", "fingerprint-outdated", rule),
        ("twin", "fingerprint-outdated", rule),
    ]
    assert [work for work, _ in earned(town, "Acme")] == [works[0]]
    assert town.broken() == []


def test_an_output_is_a_text_or_a_fingerprint_and_never_both(database):
    with psycopg.connect(database.url) as connection:
        for body, fingerprint in (("x", b"x"), (None, None)):
            with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
                connection.execute(
                    "INSERT INTO output_text VALUES (1, 'h', 1, %s, now(), now(), %s)",
                    (body, fingerprint),
                )


def test_a_preview_of_a_fingerprint_is_that_of_its_text(town, texts, works):
    preview = EnginePreview(town.place)
    body = f"{texts.ode} {texts.nothing}"
    assert preview.attribute_fingerprint(made_of(town, body)) == preview.attribute(body)
    with pytest.raises(FingerprintRefused, match="version: must be"):
        preview.attribute_fingerprint(of_version(town, body, "x"))


def test_a_file_of_sales_may_carry_fingerprints(town, texts, works, tmp_path):
    path = tmp_path / "sales.jsonl"
    sale = a_sale("f", fingerprint=base64_of(town, texts.ode))

    def imported(*lines):
        path.write_text("\n".join(json.dumps(line) for line in lines))
        return sale_import.import_sales(
            town.database,
            path,
            vendor="Acme",
            defaults=SaleDefaults(),
            fingerprints=EngineFingerprints(town.room.encoder),
            now=town.clock(),
            retention_days=400,
        )

    assert imported(sale).created == 1
    town.works()
    assert [work for work, _ in earned(town, "Acme")] == [works[0]]
    with pytest.raises(BadFile, match=r"line 2\.fingerprint: magic the first bytes"):
        imported(a_sale("g"), a_sale("h", fingerprint="AAAA"))


@pytest.fixture
def quick(village, monkeypatch):
    """Commands fingerprint with the encoder of the tests."""
    monkeypatch.setattr(
        "worker.cli.fingerprints.installed_encoder", lambda *_, **__: village.room.encoder
    )
    return village


def test_the_command_prints_base64_or_writes_the_bytes(quick, wellspring, texts, tmp_path):
    path, out = tmp_path / "output.txt", tmp_path / "output.wsfp"
    path.write_text(texts.ode)
    expected = made_of(quick, texts.ode)
    assert wellspring("fingerprint", path) == (0, b64encode(expected).decode() + "\n", "")
    assert wellspring("fingerprint", path, "--out", out) == (0, "", "")
    assert out.read_bytes() == expected
    assert expected.startswith(MAGIC)


def test_lines_become_lines_with_fingerprints(quick, wellspring, texts, tmp_path):
    path = tmp_path / "outputs.jsonl"
    lines = [{"id": f"o{at}", "text": f"{texts.ode} {at}"} for at in range(33)]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    code, out, _ = wellspring("fingerprint", "--jsonl", path)
    told = [json.loads(line) for line in out.splitlines()]
    assert (code, [one["id"] for one in told]) == (0, [line["id"] for line in lines])
    last = b64encode(made_of(quick, f"{texts.ode} 32")).decode()
    assert told[-1]["fingerprint"] == last
    assert {one["fingerprint_version"] for one in told} == {VERSION}
    assert len({one["text_hash"] for one in told}) == 33


@pytest.mark.parametrize(
    ("arguments", "content", "said"),
    [
        (["in"], b"", "must not be empty"),
        (["in"], b"\xff", "is not UTF-8 at byte 0"),
        (["missing"], b"x", "missing: cannot be read"),
        (["in", "--out", "no/where"], b"x", "no/where: cannot be written"),
        (["in", "--jsonl", "--out", "o"], b"{}", "--out: is for one text"),
        (["in", "--jsonl"], b'{"id": 1}\n[]', "line 1.id: must be a string"),
        (["in", "--jsonl"], b'{"id": "a"}', "line 1.text: must be a string"),
        (["in", "--jsonl"], b'{"id": "a", "text": " "}', "line 1.text: must not be empty"),
    ],
)
def test_what_cannot_be_fingerprinted_is_named(
    quick, wellspring, tmp_path, arguments, content, said
):
    (tmp_path / "in").write_bytes(content)
    code, out, err = wellspring("fingerprint", *arguments)
    assert (code, out, said in err) == (1, "", True), err


def test_a_damaged_file_is_refused_in_a_sentence(quick, wellspring, tmp_path):
    (tmp_path / "in").write_bytes(MAGIC + b"x")
    code, _, err = wellspring("preview", "in")
    assert (code, err.strip()) == (
        1,
        "error: fingerprint, length: must be more than 42 bytes, is 5",
    )
