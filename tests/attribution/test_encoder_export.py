import hashlib
import json
import os
import subprocess
import sys

import pytest

from attribution import encoder_export
from attribution.encoder_export import EncoderFile, prepare
from attribution.onnx_encoder import OnnxEncoder
from attribution.sentence_model import packaged_model

CONTENT = b"a graph in int8"
MAKE_ONE = """
import sys
from pathlib import Path
from attribution import encoder_export
from attribution.sentence_model import packaged_model

make = encoder_export._made
def made(source, digest):
    print("made")
    return make(source, digest)
encoder_export._made = made
print(encoder_export.prepare(packaged_model(), Path(sys.argv[1]))[0].sha256)
"""


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def made(monkeypatch):
    """Count what is made instead of making it."""
    calls = []

    def make(source, digest):
        calls.append(source.name)
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        return EncoderFile(sha256, digest, "mean", 256, 384, {"onnx": "1"}), CONTENT

    monkeypatch.setattr(encoder_export, "_made", make)
    return calls


def only(folder, pattern):
    (found,) = folder.rglob(pattern)
    return found


def test_the_file_is_made_once_and_then_found(model, made, tmp_path):
    first = prepare(model, tmp_path / "models")
    assert prepare(model, tmp_path / "models") == first
    assert first[1] == CONTENT
    assert made == ["model"]


def test_the_manifest_names_the_file_its_source_and_the_versions(model, made, tmp_path):
    prepare(model, tmp_path / "models")
    claims = json.loads(only(tmp_path / "models", "manifest.json").read_bytes())
    assert claims == {
        "format": 1,
        "sha256": "282c112dcf05c0b518f6d18aea3cb31a2ee48641f82f111f63070890cf2593b9",
        "source_sha256": "cd17b93a85dd72d2ffd6940878ddb905e74a26b975678b4b97e94304470429ad",
        "pooling": "mean",
        "token_limit": 256,
        "dimension": 384,
        "versions": {"onnx": "1"},
    }


def flip(folder):
    file = only(folder, "*.onnx")
    content = bytearray(file.read_bytes())
    content[3] ^= 1
    file.write_bytes(content)


def cut(folder):
    file = only(folder, "*.onnx")
    file.write_bytes(file.read_bytes()[:-1])


def remove(folder):
    only(folder, "*.onnx").unlink()


def unname(folder):
    only(folder, "manifest.json").unlink()


def scribble(folder):
    only(folder, "manifest.json").write_text("[1", encoding="utf-8")


def list_it(folder):
    only(folder, "manifest.json").write_text("[]", encoding="utf-8")


def of_another_format(folder):
    manifest = only(folder, "manifest.json")
    claims = json.loads(manifest.read_bytes()) | {"format": 0}
    manifest.write_text(json.dumps(claims), encoding="utf-8")


def of_another_source(folder):
    manifest = only(folder, "manifest.json")
    claims = json.loads(manifest.read_bytes()) | {"source_sha256": "00" * 32}
    manifest.write_text(json.dumps(claims), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [flip, cut, remove, unname, scribble, list_it, of_another_format, of_another_source],
)
def test_a_damaged_file_is_refused_and_made_anew(model, made, tmp_path, damage):
    whole = prepare(model, tmp_path / "models")
    damage(tmp_path / "models")
    assert prepare(model, tmp_path / "models") == whole
    assert made == ["model", "model"]
    assert only(tmp_path / "models", "*.onnx").read_bytes() == CONTENT


def test_another_model_has_another_file_beside_it(model, made, tmp_path):
    prepare(model, tmp_path / "models")
    (model / "model.safetensors").write_bytes(b"other weights")
    prepare(model, tmp_path / "models")
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_what_is_read_only_serves_once_it_is_made(model, made, tmp_path):
    prepare(model, tmp_path / "models")
    place = only(tmp_path / "models", "manifest.json").parent
    (place / "lock").unlink()
    prepare(model, tmp_path / "models")
    assert not (place / "lock").exists()


def test_two_processes_that_start_at_once_make_it_once(minilm, tmp_path):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE_ONE, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].split() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert sorted(map(len, said)) == [1, 2]
    assert len({lines[-1] for lines in said}) == 1
    assert OnnxEncoder(packaged_model(), tmp_path, threads=1).digest == minilm.digest
