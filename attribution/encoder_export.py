"""The int8 file of an encoder, made once for all processes of a machine."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import warnings
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.sentence_model import ModelRefused, load_model, source_digest, token_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
MANIFEST = "manifest.json"
POOLINGS = ("mean", "cls")
_LEAST_COSINE = 0.99
_LIBRARIES = ("torch", "transformers", "sentence-transformers", "onnx", "onnxruntime")
_SAMPLES = (
    "The river rose in the night, and by morning the lower fields were a lake.",
    "Invoices are due within thirty days; interest is charged from the first day after that.",
    "Stir the onions over a low flame until they are soft, then add the stock and the rice.",
    "Why does iron rust more quickly near the sea than it does in the desert?",
    "She had been told that the house was empty, but a lamp was burning on the second floor.",
    "The committee elects its chair by a simple majority of the members who are present.",
)


@dataclass(frozen=True, slots=True)
class EncoderFile:
    """What stands beside an int8 file: its hash, what it was made of and how, and with what.

    ``token_limit``: tokens of a text that count. ``dimension``: length of a vector.
    """

    sha256: str
    source_sha256: str
    pooling: str
    token_limit: int
    dimension: int
    versions: dict[str, str]


def prepare(source: Path, folder: Path) -> tuple[EncoderFile, bytes]:
    """Give the int8 file of a model and its manifest; make it where it is missing or damaged.

    It lies in a folder of ``folder`` named by the model's content. Processes that start at once
    make it once. Raises ModelRefused where the model has no int8 form that serves.
    """
    digest = source_digest(source)
    place = folder / digest[:16]
    found = _found(place, digest)
    if found:
        return found
    place.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        found = _found(place, digest)
        if found:
            return found
        made, content = _made(source, digest)
        _write(place / _name(made.sha256), content)
        claims = {"format": FORMAT, **asdict(made)}
        _write(place / MANIFEST, json.dumps(claims, indent=1).encode())
        for older in place.glob("*.onnx"):
            if older.name != _name(made.sha256):
                older.unlink()
    return made, content


def _found(place: Path, source_sha256: str) -> tuple[EncoderFile, bytes] | None:
    """Read and verify what lies there; None where it is missing, of another format or damaged."""
    try:
        claims = json.loads((place / MANIFEST).read_bytes())
        if claims.pop("format") != FORMAT:
            return None
        manifest = EncoderFile(**claims)
        content = (place / _name(manifest.sha256)).read_bytes()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    right = hashlib.sha256(content).hexdigest() == manifest.sha256
    return (manifest, content) if right and manifest.source_sha256 == source_sha256 else None


def _made(source: Path, digest: str) -> tuple[EncoderFile, bytes]:
    from attribution.int8_graph import int8_graph_v1

    model = load_model(source, "cpu")
    pooling = _pooling(source, model)
    graph = _exported(model, pooling)
    if not int8_graph_v1(graph):
        raise ModelRefused(source, "its graph has no product that could be made int8")
    content = graph.SerializeToString()
    _compare(source, model, content)
    made = EncoderFile(
        sha256=hashlib.sha256(content).hexdigest(),
        source_sha256=digest,
        pooling=pooling,
        token_limit=token_limit(model),
        dimension=model.get_embedding_dimension(),
        versions={name: version(name) for name in _LIBRARIES},
    )
    return made, content


def _pooling(source: Path, model: Any) -> str:
    """Name the pooling; raises ModelRefused for a model of other layers than the graph has."""
    layers = [type(layer).__name__ for layer in model]
    if layers not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise ModelRefused(source, f"its layers are {', '.join(layers)}")
    pooling: str = model[1].pooling_mode
    if pooling not in POOLINGS:
        raise ModelRefused(source, f"its pooling is {pooling}, not mean or cls")
    return pooling


def _exported(model: Any, pooling: str) -> Any:
    """Trace tokens[n, length] -> unit vectors[n, dimension] as an ONNX graph.

    sentence-transformers' own helpers need optimum-onnx, which does not fit current transformers.
    There is no mask: a batch has texts of one length only. Pooling and length are products, for
    ONNX Runtime's reductions give other last bits for a batch of one.
    """
    import onnx
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = model[0].auto_model

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            states = self.transformer(input_ids=tokens, return_dict=True).last_hidden_state
            ones = torch.ones_like(tokens).to(states.dtype).unsqueeze(1)
            # A sum serves as the mean: both have the same direction.
            pooled = torch.matmul(ones, states) if pooling == "mean" else states[:, :1]
            length = torch.sqrt(torch.matmul(pooled, pooled.transpose(1, 2)))
            return (pooled / length).squeeze(1)

    example = torch.tensor([[7, 8, 9, 10], [10, 9, 8, 7]])
    with TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        file = f"{folder}/float32.onnx"
        torch.onnx.export(
            Whole().eval(),
            (example,),
            file,
            dynamo=False,
            opset_version=17,
            input_names=["tokens"],
            output_names=["vectors"],
            dynamic_axes={"tokens": {0: "n", 1: "length"}, "vectors": {0: "n"}},
        )
        graph = onnx.load(file)
    graph.producer_version = ""  # equal graphs of different versions are the same encoder
    return graph


def _compare(source: Path, model: Any, content: bytes) -> None:
    """Raise ModelRefused where int8 turns the vectors of sample sentences too far."""
    from attribution.onnx_encoder import vectors_of

    exact = model.encode(list(_SAMPLES), normalize_embeddings=True, show_progress_bar=False)
    whole = vectors_of(content, source, _SAMPLES, limit=token_limit(model))
    cosine = float(np.mean(np.sum(exact * whole, axis=1)))
    if not cosine >= _LEAST_COSINE:
        raise ModelRefused(source, f"in int8 it keeps a cosine of {cosine:.3f}, not .99")


def _name(sha256: str) -> str:
    return f"{sha256}.onnx"


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    with (place / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary = Path(file.name)
    temporary.chmod(0o644)  # who makes it and who reads it need not be the same
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
