"""What a client has done so far, in numbers."""

import dataclasses
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the client began, but for ``pending``, ``pending_bytes`` and ``state``.

    recorded: taken by ``record``; accepted: stored by the server, ``duplicates`` (stored before)
    among them; conflicts and refused: set aside in the dead letters; dropped: lost, because the
    queue was full or nothing could be written; damaged: lines of the spool with a wrong checksum,
    set aside; adopted: segments of ended processes taken over; spool_errors: sales kept in memory
    because the disk did not take them; retries: requests that will be sent again.
    """

    recorded: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    refused: int = 0
    dropped: int = 0
    damaged: int = 0
    adopted: int = 0
    spool_errors: int = 0
    retries: int = 0
    pending: int = 0
    pending_bytes: int = 0
    state: str = "ready"
    last_error: str | None = None


class Counters:
    """The counts behind Stats; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self.state = "ready"
        self.last_error: str | None = None

    def add(self, **counts: int) -> None:
        """Add to counts by their names."""
        with self._lock:
            for name, more in counts.items():
                self._counts[name] = self._counts.get(name, 0) + more

    def shown(self, *, pending: int, pending_bytes: int) -> Stats:
        """Return the counts as they stand."""
        with self._lock:
            known = Stats(**self._counts)  # type: ignore[arg-type]
        return dataclasses.replace(
            known,
            pending=pending,
            pending_bytes=pending_bytes,
            state=self.state,
            last_error=self.last_error,
        )
