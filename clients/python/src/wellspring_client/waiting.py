"""What waits to be sent: on disk where the disk takes it, else in memory; never without bound."""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice

from wellspring_client.counters import Counters
from wellspring_client.spool import Spool, SpoolBatch, SpoolFull

_DISK_AGAIN_SECONDS = 1.0
_SAY_AGAIN_SECONDS = 60.0

_log = logging.getLogger("wellspring_client")


@dataclass(frozen=True, slots=True)
class Batch:
    """The next sales to be sent, JSON each; ``spooled``: where on disk, None: in memory."""

    bodies: tuple[bytes, ...]
    damaged: tuple[bytes, ...]
    spooled: SpoolBatch | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in the order of what this process recorded: counts on disk and in memory."""

    on_disk: int
    in_memory: int


class Waiting:
    """A spool, or none, and a queue in memory. Adding is for any thread, the rest for one."""

    def __init__(self, spool: Spool | None, counters: Counters, *, most_in_memory: int) -> None:
        self.spool = spool
        self._counters = counters
        self._most_in_memory = most_in_memory
        self._memory: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._disk_again_at = 0.0
        self._say_again_at = 0.0
        self._added = [0, 0]
        self._settled = [0, 0]

    def add(self, body: bytes) -> bool:
        """Take a sale; False, counted as dropped, where a bound is reached."""
        where = self._place(body)
        if where is None:
            self._counters.add(dropped=1)
            self._say("sales are dropped: the queue is full; see client.stats()")
            return False
        with self._lock:
            self._added[where] += 1
        self._counters.add(recorded=1)
        return True

    def _place(self, body: bytes) -> int | None:
        """Put a sale on disk (0) or in memory (1); None where neither has room."""
        if self.spool is not None and time.monotonic() >= self._disk_again_at:
            try:
                self.spool.append(body)
            except SpoolFull:
                return None
            except OSError as error:
                self._disk_again_at = time.monotonic() + _DISK_AGAIN_SECONDS
                self._say(f"the spool cannot be written, sales wait in memory: {error.strerror}")
            else:
                return 0
        if len(self._memory) >= self._most_in_memory:
            return None
        if self.spool is not None:
            self._counters.add(spool_errors=1)
        self._memory.append(body)
        return 1

    def _say(self, sentence: str) -> None:
        now = time.monotonic()
        if now >= self._say_again_at:
            self._say_again_at = now + _SAY_AGAIN_SECONDS
            _log.error(sentence)

    def take(self, *, most: int, most_bytes: int) -> Batch | None:
        """Return what is to be sent next, the same until it is settled; None where nothing is."""
        if self._memory:
            return Batch(self._first(most, most_bytes), (), None)
        taken = self.spool.take(most=most, most_bytes=most_bytes) if self.spool else None
        return Batch(taken.bodies, taken.taken.damaged, taken) if taken else None

    def _first(self, most: int, most_bytes: int) -> tuple[bytes, ...]:
        kept: list[bytes] = []
        size = 0
        for body in islice(self._memory.copy(), most):
            size += len(body)
            if kept and size > most_bytes:
                break
            kept.append(body)
        return tuple(kept)

    def settle(self, batch: Batch) -> None:
        """Forget a batch that was answered for good."""
        count = len(batch.bodies)
        if batch.spooled is None:
            for _ in range(count):
                self._memory.popleft()
        else:
            assert self.spool is not None
            self.spool.settle(batch.spooled)
        if batch.spooled is None or batch.spooled.is_own:
            with self._lock:
                self._settled[batch.spooled is None] += count + len(batch.damaged)

    def mark(self) -> Mark:
        """Return the point up to which was recorded so far."""
        with self._lock:
            return Mark(self._added[0], self._added[1])

    def is_past(self, mark: Mark) -> bool:
        """Whether everything up to a mark was answered for good."""
        with self._lock:
            return self._settled[0] >= mark.on_disk and self._settled[1] >= mark.in_memory

    def pending(self) -> int:
        """How many sales that this process recorded wait for an answer."""
        with self._lock:
            return sum(self._added) - sum(self._settled)

    def is_empty(self) -> bool:
        """Whether nothing at all waits, of this process or of ones that ended."""
        return not self._memory and (self.spool is None or self.spool.waiting_bytes() == 0)

    def pending_bytes(self) -> int:
        """Bytes on disk and in memory that wait."""
        on_disk = self.spool.waiting_bytes() if self.spool else 0
        return on_disk + sum(map(len, self._memory.copy()))

    def leave(self) -> int:
        """Let the disk have everything if possible; return how many sales only memory holds."""
        lost = sum(not self._is_kept(body) for body in self._memory.copy())
        if self.spool is not None:
            try:
                self.spool.sync()
            except OSError as error:
                _log.error("the spool cannot be synced: %s", error.strerror)
        return lost

    def _is_kept(self, body: bytes) -> bool:
        if self.spool is None:
            return False
        try:
            self.spool.append(body)
        except (SpoolFull, OSError):
            return False
        return True

    def release(self) -> None:
        """Forget what is in memory, let go of the spool: the next process sends what it holds."""
        lost = self.leave()
        self._memory.clear()
        self._most_in_memory = 0
        self._counters.add(dropped=lost)
        if lost:
            _log.error("%d sales are dropped: they were in memory only as the client ended", lost)
        if self.spool is not None:
            self.spool.release()
