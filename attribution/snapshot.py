"""An index on disk: files named by their content, and a manifest that proves them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = 2
MANIFEST = "manifest.json"
_STAGING = "staging-"


class SnapshotRefused(Exception):
    """A snapshot of an index that must not be used; rebuild it from the rows."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"snapshot refused: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot says of itself.

    ``kind`` names the index, one of each in a folder; ``digest`` what its content was computed
    with; ``dimension`` the length of a vector, 0 where there are none. ``watermark`` is the last
    row it has seen.
    """

    kind: str
    digest: str
    dimension: int
    count: int
    watermark: int


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Lend an empty folder in ``folder`` for files that ``write_snapshot`` shall take over.

    It goes afterwards; what a crash leaves is swept by the next who stages something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        _sweep(folder)
        place = Path(mkdtemp(prefix=_STAGING, dir=folder))
        held = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(held)


def write_snapshot(
    folder: Path, snapshot: Snapshot, files: Mapping[str, bytes | Path]
) -> dict[str, Path]:
    """Write named files, then the manifest that names them; return where each file lies.

    All are flushed and renamed into place. A path is taken over and must lie on the same file
    system (see ``staging``). A crash at any moment leaves the snapshot from before or the new one,
    never a mixture; of two who write at once the last one counts. Files of the snapshot before are
    unlinked: who has them mapped keeps them.
    """
    place = folder / snapshot.kind
    with staging(folder) as staged:
        made = {name: _staged(staged / name, content) for name, content in files.items()}
        digests = {name: _sha256(path) for name, path in made.items()}
        claims = {"format": FORMAT, **asdict(snapshot), "files": digests}
        manifest = {**claims, "manifest_sha256": _seal(claims)}
        made[MANIFEST] = _staged(staged / MANIFEST, json.dumps(manifest, indent=1).encode())
        place.mkdir(exist_ok=True)
        with _locked(place):
            for name, digest in digests.items():
                made[name].replace(place / _file_name(name, digest))
            _flush(place)
            made[MANIFEST].replace(place / MANIFEST)
            _flush(place)
            wanted = {MANIFEST, *(_file_name(name, digest) for name, digest in digests.items())}
            for older in place.iterdir():
                if older.name not in wanted:
                    older.unlink(missing_ok=True)
    _flush(folder)
    return {name: place / _file_name(name, digest) for name, digest in digests.items()}


def open_snapshot(
    folder: Path, *, kind: str, digest: str, dimension: int, newest: int | None = None
) -> tuple[Snapshot, dict[str, Path]]:
    """Read a manifest and verify every file it names, in one pass each and little memory.

    Files never change, but the next ``write_snapshot`` unlinks them: open or map them at once, and
    ask again where one is gone. Raises SnapshotRefused with the reason where the snapshot is
    missing, damaged, of another encoder, dimension or format, or has seen rows after ``newest``.
    """
    claims = _claims(folder / kind)
    while True:
        snapshot = _accepted(claims, kind=kind, digest=digest, dimension=dimension, newest=newest)
        try:
            return snapshot, _verified(folder / kind, claims["files"])
        except OSError as error:
            before, claims = claims, _claims(folder / kind)
            if claims == before:
                raise SnapshotRefused(f"a file cannot be read: {error.strerror}") from error


def _accepted(
    claims: dict[str, Any], *, kind: str, digest: str, dimension: int, newest: int | None
) -> Snapshot:
    if claims["format"] != FORMAT:
        raise SnapshotRefused(f"of format {claims['format']}, not {FORMAT}")
    snapshot = Snapshot(
        **{name: claims[name] for name in ("kind", "digest", "dimension", "count", "watermark")}
    )
    if snapshot.kind != kind:
        raise SnapshotRefused(f"of {snapshot.kind}, not of {kind}")
    if snapshot.digest != digest:
        raise SnapshotRefused("of another encoder")
    if snapshot.dimension != dimension:
        raise SnapshotRefused(f"of dimension {snapshot.dimension}, not {dimension}")
    if newest is not None and snapshot.watermark > newest:
        raise SnapshotRefused(f"has seen row {snapshot.watermark}, the last is {newest}")
    return snapshot


def _verified(place: Path, digests: Mapping[str, str]) -> dict[str, Path]:
    paths = {name: place / _file_name(name, digest) for name, digest in digests.items()}
    for name, path in paths.items():
        if _sha256(path) != digests[name]:
            raise SnapshotRefused(f"{name} is not what its manifest says")
    return paths


def _claims(place: Path) -> dict[str, Any]:
    try:
        claims = json.loads((place / MANIFEST).read_bytes())
    except OSError as error:
        raise SnapshotRefused(f"no manifest can be read: {error.strerror}") from error
    except ValueError as error:
        raise SnapshotRefused("the manifest is damaged") from error
    if not isinstance(claims, dict) or claims.pop("manifest_sha256", None) != _seal(claims):
        raise SnapshotRefused("the manifest is damaged")
    return claims


def _seal(claims: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).hexdigest()


def _file_name(name: str, digest: str) -> str:
    return f"{digest}-{name}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _staged(path: Path, content: bytes | Path) -> Path:
    """Put a file where it can be renamed from, flushed to the disk."""
    if isinstance(content, Path):
        content.replace(path)
    else:
        path.write_bytes(content)
    _flush(path)
    return path


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes and threads from writing in a folder."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _sweep(folder: Path) -> None:
    """Remove the staging folders of those who crashed; a living owner holds its own locked."""
    for left in folder.glob(f"{_STAGING}*"):
        with suppress(OSError):
            opened = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(opened)
