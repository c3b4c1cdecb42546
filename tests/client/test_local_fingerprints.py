"""With ``fingerprint=True`` no text leaves the vendor's machine."""

import json
import sys
from base64 import b64decode

import pytest
from fault_server import FaultServer

from service.settings import Settings
from wellspring_client import Client
from wellspring_client.fingerprints import Fingerprints
from worker.fingerprints import EngineFingerprints
from worker.installed_encoder import installed_encoder

TEXT = (
    "The lighthouse at Varnholm turned its lamp once every eleven seconds through the winter. "
    "Its keeper wrote the height of every tide in violet ink on the back of old invoices."
)


class ToldMaker:
    """Makes b"fingerprint of TEXT"; of a text with the word bad it makes none."""

    def __init__(self):
        self.asked = []

    def sealed(self, texts):
        self.asked.append(list(texts))
        if any("bad" in text for text in texts):
            raise ArithmeticError
        return [b"fingerprint of " + text.encode() for text in texts]


@pytest.fixture
def maker(monkeypatch):
    told = ToldMaker()
    monkeypatch.setattr(Fingerprints, "_loaded", lambda _self: told)
    return told


@pytest.fixture
def server():
    with FaultServer() as opened:
        yield opened


def test_a_fingerprint_is_what_the_server_takes_and_the_text_is_not_there():
    with Client(test=True, fingerprint=True) as client:
        client.record(id="one", tier="premium", text=TEXT, output_tokens=40)
    (sent,) = client.sent
    assert "text" not in sent
    encoder = installed_encoder(Settings(), threads=None)
    checked = EngineFingerprints(encoder).check(b64decode(sent["fingerprint"]))
    assert checked.length_chars == len(TEXT)


def test_texts_are_replaced_once_each_before_they_are_sent(server, tmp_path, maker):
    settings = {"spool": tmp_path, "interval_seconds": 60, "fingerprint": True}
    with Client("key", server.address, **settings) as client:
        client.record(id="one", tier="free", text="An ode.", output_tokens=1)
        client.record(id="two", tier="free", output_tokens=1)
        client.record(id="three", tier="free", text="A song.", output_tokens=1)
        assert client.flush(10)
    assert [text for together in maker.asked for text in together] == ["An ode.", "A song."]
    said = {sale["id"]: sale.get("fingerprint") for sale in server.stored}
    assert {name: made and b64decode(made) for name, made in said.items()} == {
        "one": b"fingerprint of An ode.",
        "two": None,
        "three": b"fingerprint of A song.",
    }
    assert all(b"ode" not in body for body in server.bodies)


def test_a_text_that_has_no_fingerprint_is_set_aside_and_the_others_are_sent(
    server, tmp_path, maker
):
    settings = {"spool": tmp_path, "interval_seconds": 60, "fingerprint": True}
    with Client("key", server.address, **settings) as client:
        for name, text in (("one", "An ode."), ("two", "A bad song."), ("three", "A lay.")):
            client.record(id=name, tier="free", text=text, output_tokens=1)
        assert client.flush(10)
        (letter,) = client.dead_letters()
    assert server.ids() == ["one", "three"]
    assert (letter.sale["id"], letter.reason) == (
        "two",
        "no fingerprint can be made: ArithmeticError",
    )


def test_while_the_encoder_cannot_be_loaded_sales_are_kept(server, tmp_path, monkeypatch, maker):
    monkeypatch.setattr("wellspring_client.courier._AFTER_FAULT_SECONDS", 0.01)
    turns = iter([FileNotFoundError("no encoder"), None])

    def loaded(_self):
        if error := next(turns):
            raise error
        return maker

    monkeypatch.setattr(Fingerprints, "_loaded", loaded)
    settings = {"spool": tmp_path, "interval_seconds": 60, "fingerprint": True}
    with Client("key", server.address, **settings) as client:
        client.record(id="one", tier="free", text="An ode.", output_tokens=1)
        assert client.flush(10)
    assert [json.loads(body)[0]["id"] for body in server.bodies] == ["one"]
    assert client.dead_letters() == []


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "worker.cli.fingerprints", None)
    with pytest.raises(ValueError, match=r"wellspring-client\[fingerprint\]"):
        Client(test=True, fingerprint=True)
