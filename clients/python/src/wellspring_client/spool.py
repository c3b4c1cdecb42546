"""A folder of segments: what waits to be sent, kept over the end of the process.

Each process adds to segments of its own and sends them itself. What a process that ended left
behind is adopted by any other that uses the folder.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wellspring_client.segment import SUFFIX, Segment, Taken, sweep

Fsync = Literal["always", "interval", "never"]
SEGMENT_BYTES = 4_000_000


class SpoolFull(Exception):
    """The bound of what may wait in a spool is reached."""


@dataclass(frozen=True, slots=True)
class SpoolBatch:
    """Sales at the head of one segment; ``is_own`` where this process recorded them."""

    segment: Segment
    taken: Taken
    is_own: bool

    @property
    def bodies(self) -> tuple[bytes, ...]:
        """The sales, JSON each."""
        return self.taken.bodies


class Spool:
    """Adding is for any thread; taking, settling and adopting is for the one that sends."""

    def __init__(self, folder: Path, *, fsync: Fsync, max_bytes: int) -> None:
        self.folder = folder
        self._fsync = fsync
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._own: list[Segment] = []
        self._adopted: list[Segment] = []
        self._active: Segment | None = None
        self._unsynced: Segment | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, body: bytes) -> None:
        """Add a sale; raise SpoolFull, or OSError where the disk does not take it.

        With ``fsync="always"`` the disk has it when this returns.
        """
        with self._lock:
            if self._left_bytes() + len(body) > self._max_bytes:
                raise SpoolFull
            active = self._writable()
            active.append(body)
            self._unsynced, written = active, active.size
        if self._fsync == "always":
            self._sync_to(active, written)

    def _left_bytes(self) -> int:
        return sum(segment.left_bytes for segment in (*self._own, *self._adopted))

    def _writable(self) -> Segment:
        if self._active is not None and self._active.size < SEGMENT_BYTES:
            return self._active
        full = self._active
        if full is not None and self._fsync == "interval" and self._unsynced is full:
            self._sync_to(full, full.size)
        self._active = Segment.create(self.folder, durable=self._fsync == "always")
        self._own.append(self._active)
        return self._active

    def _sync_to(self, segment: Segment, written: int) -> None:
        """Wait until the disk has ``written`` bytes; threads that wait together sync once."""
        with self._syncing:
            if segment.synced >= written:
                return
            size = segment.size
            segment.sync()
            segment.synced = size

    def sync(self) -> None:
        """Let the disk have what was added since the last time; of any thread, for ``interval``."""
        with self._lock:
            segment, self._unsynced = self._unsynced, None
        if segment is not None and self._fsync == "interval":
            self._sync_to(segment, segment.size)

    def take(self, *, most: int, most_bytes: int) -> SpoolBatch | None:
        """Return the oldest sales that wait; the same again until they are settled."""
        for segments in (self._adopted, self._own):
            for segment in segments:
                if segment.left_bytes:
                    taken = segment.take(most=most, most_bytes=most_bytes)
                    return SpoolBatch(segment, taken, segments is self._own)
        return None

    def settle(self, batch: SpoolBatch) -> None:
        """Forget a batch: all in it was answered for good. A segment settled whole is deleted."""
        segment = batch.segment
        segment.settle(batch.taken.end)
        with self._lock:
            if segment.left_bytes:
                return
            if segment is self._active:
                self._active = self._unsynced = None
            (self._own if batch.is_own else self._adopted).remove(segment)
        with self._syncing:
            segment.synced = segment.size
            segment.discard()

    def adopt(self, *, note: Callable[[Path], None]) -> int:
        """Take over what ended processes left behind; return how many segments."""
        held = {segment.path for segment in (*self._own, *self._adopted)}
        found = 0
        sweep(self.folder)
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            segment = None if path in held else Segment.adopt(path)
            if segment is None:
                continue
            if segment.left_bytes:
                note(path)
                with self._lock:
                    self._adopted.append(segment)
                found += 1
            else:
                segment.discard()
        return found

    def has_leftovers(self) -> bool:
        """Whether there are segments of others, perhaps of processes that ended."""
        held = {segment.path for segment in self._own}
        return any(path not in held for path in self.folder.glob(f"*{SUFFIX}"))

    @property
    def syncs_later(self) -> bool:
        """Whether somebody must call ``sync`` now and then."""
        return self._fsync == "interval"

    def waiting_bytes(self) -> int:
        """Bytes that this process still has to send."""
        with self._lock:
            return self._left_bytes()

    def release(self) -> None:
        """Let go of every segment as it is: others may adopt them."""
        with self._syncing:
            self.abandon()

    def abandon(self) -> None:
        """Let go in a forked child, where locks are as threads of the parent left them.

        The parent goes on holding the segments.
        """
        for segment in (*self._own, *self._adopted):
            segment.synced = segment.size
            segment.release()
        self._own, self._adopted = [], []
        self._active = self._unsynced = None
