"""An index on disk: one file of bytes and a manifest that proves them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"


class SnapshotRefused(Exception):
    """A snapshot of the index that must not be used; rebuild it from the passages."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"snapshot refused: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot says of itself. ``watermark`` is the last passage id it has seen."""

    encoder_digest: str
    dimension: int
    count: int
    watermark: int


def write_snapshot(folder: Path, snapshot: Snapshot, content: bytes) -> None:
    """Write the bytes, then the manifest that names them, each flushed and renamed into place.

    A crash at any moment leaves the snapshot from before or the new one, never a mixture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    claims = {"format": FORMAT, **asdict(snapshot), "file": f"{digest}.faiss", "sha256": digest}
    _write(folder / f"{digest}.faiss", content)
    manifest = {**claims, "manifest_sha256": _seal(claims)}
    _write(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    for older in folder.glob("*.faiss"):
        if older.name != claims["file"]:
            older.unlink(missing_ok=True)


def read_snapshot(folder: Path, encoder_digest: str, dimension: int) -> tuple[Snapshot, bytes]:
    """Read and verify a snapshot of this encoder; raises SnapshotRefused with the reason."""
    claims = _claims(folder)
    if claims["format"] != FORMAT:
        raise SnapshotRefused(f"of format {claims['format']}, not {FORMAT}")
    if claims["encoder_digest"] != encoder_digest:
        raise SnapshotRefused("of another encoder")
    if claims["dimension"] != dimension:
        raise SnapshotRefused(f"of dimension {claims['dimension']}, not {dimension}")
    try:
        content = (folder / Path(claims["file"]).name).read_bytes()
    except OSError as error:
        raise SnapshotRefused(f"the index file cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != claims["sha256"]:
        raise SnapshotRefused("the index file is not what its manifest says")
    snapshot = Snapshot(
        encoder_digest=encoder_digest,
        dimension=dimension,
        count=claims["count"],
        watermark=claims["watermark"],
    )
    return snapshot, content


def _claims(folder: Path) -> dict[str, Any]:
    try:
        claims = json.loads((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise SnapshotRefused(f"no manifest can be read: {error.strerror}") from error
    except ValueError as error:
        raise SnapshotRefused("the manifest is damaged") from error
    if not isinstance(claims, dict) or claims.pop("manifest_sha256", None) != _seal(claims):
        raise SnapshotRefused("the manifest is damaged")
    return claims


def _seal(claims: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
