"""Works registered by their files over the API, and what is refused of a form."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from service.api import forms
from service.store import editions, works
from service.store.database import unit_of_work

sys.path.insert(0, str(Path(__file__).parents[1] / "intake"))

import intake_files as files
from intake_files import ELEGY, ODE

FIELDS = {"title": "Ode", "language": "en"}


def send(client, name, content, fields=FIELDS, path="/v1/works/files"):
    return client.post(path, data=fields, files={"file": (name, content)})


@pytest.fixture
def ada(site):
    return site.creator()


FILES = {
    "ode.txt": ODE.encode(),
    "ode.md": ODE.encode(),
    "ode.html": f"<p>{ODE}".encode(),
    "ode.docx": files.word(ODE),
    "ode.epub": files.epub(files.page(f"<p>{ODE}</p>")),
    "ode.pdf": files.pdf(ODE),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_a_work_and_is_told_by_its_hash(site, ada, name):
    answer = send(ada, name, FILES[name])
    assert answer.status_code == 201, answer.text
    work = answer.json()["work_id"]
    with unit_of_work(site.database) as session:
        assert " ".join(works.body_of(session, work).split()) == ODE
        (edition,) = editions.of_work(session, work)
    assert edition.source.sha256 == hashlib.sha256(FILES[name]).digest()
    (shown,) = ada.get(f"/v1/works/{work}").json()["editions"]
    assert shown["source"] == {
        "type": name.partition(".")[2],
        "sha256": hashlib.sha256(FILES[name]).hexdigest(),
        "size_bytes": len(FILES[name]),
    }
    assert site.bell.rings == 1


def test_the_same_text_in_another_format_or_encoding_is_registered_once(ada):
    work = send(ada, "ode.txt", ODE.encode()).json()["work_id"]
    for name, content in {**FILES, "ode16.txt": ODE.encode("utf-16")}.items():
        answer = send(ada, name, content)
        assert (answer.status_code, answer.json()["code"]) == (409, "text-registered"), name
        assert f"work {work}" in answer.json()["detail"]


def test_all_fields_of_a_work_come_with_its_file(site, ada):
    ben = site.holder("Ben")
    me = ada.get("/v1/session").json()["party_id"]
    holders = [{"holder_id": me, "share_ppm": 400_000}, {"holder_id": ben, "share_ppm": 600_000}]
    fields = FIELDS | {
        "reference": "ode-1",
        "kind": "poem",
        "created_on": "1984",
        "identifiers": json.dumps([{"scheme": "doi", "value": "10.1000/182"}]),
        "holders": json.dumps(holders),
    }
    work = send(ada, "ode.txt", ODE.encode(), fields).json()
    assert (work["reference"], work["kind"], work["created_on"]) == ("ode-1", "poem", "1984")
    shown = ada.get(f"/v1/works/{work['work_id']}").json()
    assert shown["identifiers"] == [{"scheme": "doi", "value": "10.1000/182", "edition": 1}]
    (split,) = ada.get(f"/v1/works/{work['work_id']}/split").json()["versions"]
    assert {h["name"]: h["share_ppm"] for h in split["holders"]} == {"Ada": 400_000, "Ben": 600_000}


REFUSED = {
    "a picture": ("ode.pdf", b"\x89PNG\r\n\x1a\n", {}, 415, "wrong-file-type"),
    "a program": ("ode.exe", b"MZ", {}, 415, "unknown-file-type"),
    "macros": (
        "ode.docx",
        files.changed_zip(files.word(ODE), add={"word/vbaProject.bin": b"x"}),
        {},
        *(422, "file-has-macros"),
    ),
    "a password": ("ode.pdf", files.pdf(ODE, encrypt="x"), {}, 422, "file-encrypted"),
    "too many pages": ("ode.pdf", files.pdf_of_blank_pages(2_001), {}, 422, "too-many-pages"),
    "latin-1": ("ode.txt", b"M\xf6wen", {}, 422, "not-unicode"),
    "too long a text": ("ode.txt", b"tide " * 1_000_001, {}, 422, "bad-text"),
    "an odd field": ("ode.txt", b"tide", {"colour": "red"}, 422, "bad-text"),
    "a kind": ("ode.txt", b"tide", {"kind": "ode"}, 422, "bad-text"),
    "no JSON": ("ode.txt", b"tide", {"identifiers": "["}, 400, "bad-json"),
    "no list": ("ode.txt", b"tide", {"identifiers": "1"}, 422, "bad-text"),
    "a split": (
        "ode.txt",
        b"tide",
        {"holders": '[{"holder_id": 99, "share_ppm": 1000000}]'},
        *(422, "bad-text"),
    ),
    "a title": ("ode.txt", b"tide", {"title": " "}, 422, "bad-text"),
    "a NUL": ("ode.txt", b"tide", {"title": "a\0b"}, 422, "bad-text"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_and_nothing_is_stored(ada, case):
    name, content, change, status, code = case
    answer = send(ada, name, content, FIELDS | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert ada.get("/v1/works").json()["data"] == []


def test_a_form_needs_a_file_a_title_and_a_language(ada):
    answer = ada.post("/v1/works/files", data=FIELDS, files={"text": ("ode.txt", b"x")})
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "file")
    answer = send(ada, "ode.txt", b"x", {"title": "Ode"})
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "language")
    assert ada.post("/v1/works/files", json=FIELDS).status_code == 415


def form(part, count):
    return b"".join(b"--x\r\n" + part % number + b"\r\n" for number in range(count)) + b"--x--\r\n"


FIELD = b'Content-Disposition: form-data; name="f%d"\r\n\r\nv'
FILE = b'Content-Disposition: form-data; name="file"; filename="f%d.txt"\r\n\r\nv'


@pytest.mark.parametrize("part", [FIELD, FILE])
def test_a_hundred_thousand_parts_are_refused_early(ada, part):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = ada.post("/v1/works/files", content=form(part, 100_000), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-many-parts")


def test_a_hundred_thousand_parts_of_nobody_are_refused_too(site):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = site.anonymous().post("/v1/works/files", content=form(FIELD, 100_000), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_a_form_that_is_none_is_refused(ada):
    headers = {"Content-Type": "multipart/form-data"}
    answer = ada.post("/v1/works/files", content=b"--x\r\n", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-upload")


def test_a_file_past_the_limit_is_refused_before_it_is_read(ada):
    answer = send(ada, "ode.txt", b"x" * 30_100_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "file-too-large")
    answer = send(ada, "ode.txt", b"x" * 30_300_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_form_of_another_site_is_refused(site, ada):
    del ada.headers["X-CSRF-Token"]
    answer = send(ada, "ode.txt", ELEGY.encode())
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf-refused")


def test_no_more_files_are_read_at_once_than_may_be(ada, monkeypatch):
    monkeypatch.setattr(forms, "_WAIT_SECONDS", 0.01)
    held = [forms._reading.acquire(timeout=1) for _ in range(forms._AT_ONCE)]
    try:
        answer = send(ada, "ode.txt", ODE.encode())
    finally:
        for _ in held:
            forms._reading.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "reading-busy")
    assert answer.headers["retry-after"] == "5"
    assert send(ada, "ode.txt", ODE.encode()).status_code == 201
