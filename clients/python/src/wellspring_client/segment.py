"""One file of the spool: a sale a line, each with its checksum, only ever added to.

A line is ``CRC32 of the JSON as 8 hex digits, blank, JSON in ASCII, line feed``. Whoever writes or
sends a segment holds ``flock`` on it, which ends with the process however that ends; a segment that
nobody holds is free to be adopted. Beside it lies its cursor, ``NAME.done``: how many bytes need
not be sent any more. A lost cursor costs duplicates, which the server knows.
"""

import errno
import os
import secrets
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # not POSIX: the client then keeps sales in memory only
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".seg"
_CHECKSUM_CHARS = 8
_ABANDONED_SECONDS = 3_600
_MOST_READ = 1 << 26


class NoSpoolHere(OSError):
    """This system has no file locks of the kind a spool needs."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Sales read from a segment in their order, up to the byte ``end``.

    ``damaged``: lines whose checksum is wrong, as they stand in the file.
    """

    bodies: tuple[bytes, ...]
    damaged: tuple[bytes, ...]
    end: int


class Segment:
    """A segment that this process holds."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = os.fstat(descriptor).st_size
        self.done = _cursor(path, self.size)
        self.synced = 0
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path, *, durable: bool) -> "Segment":
        """Make an empty segment; it gets its name once it is held, so nobody else adopts it."""
        name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}"
        hidden, path = folder / f"{name}.new", folder / f"{name}{SUFFIX}"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(hidden, flags, 0o600)
        try:
            _hold(descriptor)
            hidden.rename(path)
            if durable:
                sync_folder(folder)
        except OSError:
            os.close(descriptor)
            with suppress(OSError):
                hidden.unlink()
            raise
        return cls(path, descriptor)

    @classmethod
    def adopt(cls, path: Path) -> "Segment | None":
        """Take over a segment that nobody holds; None where somebody does or it is gone."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            _hold(descriptor)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return cls(path, descriptor)
        except OSError:
            pass
        os.close(descriptor)
        return None

    @property
    def left_bytes(self) -> int:
        """Bytes that are still to be sent."""
        return self.size - self.done

    def append(self, body: bytes) -> int:
        """Add a sale and return the bytes it takes; raise OSError and leave nothing of it behind.

        What was written survives the end of the process; the end of the machine, after sync().
        """
        line = b"%08x %b\n" % (zlib.crc32(body), body)
        try:
            self._write(line)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(line)
        return len(line)

    def _write(self, line: bytes) -> None:
        if os.write(self._descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Let the disk have what was written."""
        os.fsync(self._descriptor)

    def take(self, *, most: int, most_bytes: int) -> Taken:
        """Read the next sales, at least one line where one is left; nothing is moved."""
        size, want = self.size, most_bytes
        while True:
            raw = os.pread(self._descriptor, min(want, size - self.done), self.done)
            if b"\n" in raw or want >= min(size - self.done, _MOST_READ):
                break
            want *= 4
        whole, _, tail = raw.rpartition(b"\n")
        lines = [line + b"\n" for line in whole.split(b"\n")] if whole else []
        if len(lines) < most and self.done + len(raw) >= size:
            if not raw:
                return Taken((), (), size)  # somebody cut the file
            lines += [tail] if tail else []
        return self._read(_first(lines[:most], most_bytes))

    def _read(self, lines: list[bytes]) -> Taken:
        bodies, damaged = [], []
        for line in lines:
            body = _checked(line)
            if body is not None:
                bodies.append(body)
            elif line.endswith(b"\n"):
                damaged.append(line.rstrip(b"\n"))
        return Taken(tuple(bodies), tuple(damaged), self.done + sum(map(len, lines)))

    def settle(self, end: int) -> None:
        """Note that nothing before ``end`` need be sent again."""
        self.done = end
        with suppress(OSError):
            _cursor_path(self.path).write_bytes(b"%d %08x\n" % (end, _sum_of(end)))

    def discard(self) -> None:
        """Delete the segment and let go of it."""
        for path in (self.path, _cursor_path(self.path)):
            with suppress(OSError):
                path.unlink()
        self.release()

    def release(self) -> None:
        """Let go of the segment: as it is, for others to adopt."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def sweep(folder: Path) -> None:
    """Delete what kills left of segments that were deleted, or had not got their name yet."""
    for path in folder.glob("*.done"):
        if not path.with_suffix(SUFFIX).exists():
            path.unlink(missing_ok=True)
    for path in folder.glob("*.new"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()


def lock(descriptor: int) -> None:
    """Wait for a file and hold it until it is closed."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _hold(descriptor: int) -> None:
    if fcntl is None:
        raise NoSpoolHere(errno.ENOSYS, "no file locks here")
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _checked(line: bytes) -> bytes | None:
    """Return the JSON of a line; None where the checksum says that it is not what was written."""
    checksum, body = line[:_CHECKSUM_CHARS], line[_CHECKSUM_CHARS + 1 :].rstrip(b"\n")
    return body if checksum == b"%08x" % zlib.crc32(body) and body else None


def _cursor_path(path: Path) -> Path:
    return path.with_suffix(".done")


def _cursor(path: Path, size: int) -> int:
    """Return where to go on; the beginning where the cursor is missing or not to be believed."""
    try:
        end, checksum = _cursor_path(path).read_bytes().split()
        done = int(end)
        return done if 0 <= done <= size and int(checksum, 16) == _sum_of(done) else 0
    except (OSError, ValueError):
        return 0


def _sum_of(end: int) -> int:
    return zlib.crc32(b"%d" % end)


def _first(lines: list[bytes], most_bytes: int) -> list[bytes]:
    """Return the first line, and those after it as far as they fit."""
    size = 0
    for at, line in enumerate(lines):
        size += len(line)
        if size > most_bytes and at:
            return lines[:at]
    return lines


def sync_folder(folder: Path) -> None:
    """Let the disk have the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
