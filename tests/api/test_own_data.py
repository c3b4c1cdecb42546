"""A creator takes everything about them over the API."""

import io
import json
import zipfile


def test_a_creator_gets_an_archive_of_their_own(site):
    ada, ben = site.creator(), site.creator("Ben")
    ada.post("/v1/works", json={"title": "Ode", "text": "The tide.", "language": "en"})
    answer = ada.get("/v1/own-data")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.read("texts/1-1.txt") == b"The tide."
    (login,) = [json.loads(one) for one in archive.read("tables/portal_user.jsonl").splitlines()]
    assert "password_hash" not in login
    theirs = zipfile.ZipFile(io.BytesIO(ben.get("/v1/own-data").content))
    assert not [name for name in theirs.namelist() if name.startswith("texts/")]
