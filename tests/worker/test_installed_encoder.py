import json
import sys

import pytest

from service.settings import Settings
from worker import installed_encoder
from worker.cli.application import main
from worker.installed_encoder import models_folder


@pytest.fixture
def prefix(monkeypatch, tmp_path):
    """Folder of an environment of libraries; its own, so that nothing is written elsewhere."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    (tmp_path / "environment").mkdir()
    return tmp_path / "environment"


def folder(tmp_path, **settings):
    return models_folder(Settings(home=tmp_path / "home", **settings))


def test_encoder_files_lie_beside_the_installed_libraries(prefix, tmp_path):
    assert folder(tmp_path) == prefix / "share" / "wellspring" / "models"


def test_where_nothing_can_be_written_they_lie_in_the_home(prefix, tmp_path, monkeypatch):
    monkeypatch.setattr(installed_encoder.os, "access", lambda *_: False)
    assert folder(tmp_path) == tmp_path / "home" / "models"


def test_what_an_image_brought_along_is_used_read_only(prefix, tmp_path, monkeypatch):
    (prefix / "share" / "wellspring" / "models").mkdir(parents=True)
    monkeypatch.setattr(installed_encoder.os, "access", lambda *_: False)
    assert folder(tmp_path) == prefix / "share" / "wellspring" / "models"


def test_the_settings_come_first(prefix, tmp_path):
    assert folder(tmp_path, models=tmp_path / "mine") == tmp_path / "mine"


@pytest.fixture
def wellspring(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("WELLSPRING_HOME", str(tmp_path / "home"))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["wellspring", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run


def test_the_encoder_is_prepared_and_says_which_it_is(wellspring, monkeypatch):
    monkeypatch.setenv("WELLSPRING_ENCODER_DEVICE", "cpu")
    code, out, _ = wellspring("encoder", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["device"], told["dimension"], len(told["digest"])) == ("cpu", 384, 64)
    assert 20_000_000 < told["bytes"] < 30_000_000


def test_a_model_that_is_none_is_refused_with_a_sentence(wellspring, monkeypatch, tmp_path):
    monkeypatch.setenv("WELLSPRING_ENCODER_MODEL", str(tmp_path / "empty"))
    code, _, err = wellspring("encoder")
    assert (code, err) == (1, "error: model empty cannot be used: it has no tokenizer.json\n")


def test_a_device_that_is_no_device_is_refused_with_a_sentence(wellspring, monkeypatch):
    monkeypatch.setenv("WELLSPRING_ENCODER_DEVICE", "abacus")
    code, _, err = wellspring("encoder")
    assert code == 1
    assert err.startswith("error: WELLSPRING_ENCODER_DEVICE: Input should be 'auto', 'cpu' or")
