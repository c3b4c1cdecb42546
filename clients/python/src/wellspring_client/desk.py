"""Everything that belongs to one client in one process, put together."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from wellspring_client import capture
from wellspring_client.capture import NotASale
from wellspring_client.counters import Counters, Stats
from wellspring_client.courier import Courier
from wellspring_client.dead_letters import DeadLetter, DeadLetters
from wellspring_client.fingerprints import Fingerprints, NotPrepared
from wellspring_client.sender import Sender
from wellspring_client.settings import Settings
from wellspring_client.spool import Spool
from wellspring_client.transport import HttpTransport
from wellspring_client.waiting import Waiting

Change = Callable[[dict[str, Any]], Mapping[str, object] | None]
"""Makes of a sale that was set aside the one to be sent; None: it stays aside."""


class Desk:
    """Takes sales and knows who sends them. A forked child has a desk of its own."""

    def __init__(self, settings: Settings, fingerprints: Fingerprints | None) -> None:
        self.counters = Counters()
        self.sent: list[dict[str, Any]] = []
        self._settings = settings
        self._fingerprints = fingerprints
        self._letters = DeadLetters(settings.folder)
        spool = None
        if settings.folder is not None and not settings.test:
            spool = Spool(settings.folder, fsync=settings.fsync, max_bytes=settings.max_spool_bytes)
        self.waiting = Waiting(spool, self.counters, most_in_memory=settings.max_in_memory)
        self._sender = Sender(
            self.waiting,
            HttpTransport(settings.base_url, timeout_seconds=settings.timeout_seconds),
            self._letters,
            self.counters,
            api_key=settings.api_key,
            batch_size=settings.batch_size,
            prepare=fingerprints.prepared if fingerprints else None,
        )
        self.courier = Courier(
            self.waiting,
            self._sender,
            self.counters,
            batch_size=settings.batch_size,
            interval_seconds=settings.interval_seconds,
        )

    def take(self, fields: Mapping[str, object]) -> bool:
        """Take a sale; False where it is dropped or set aside, which is counted."""
        try:
            body = capture.body_of(fields)
        except NotASale as error:
            self.counters.add(refused=1)
            shown = json.dumps(fields, default=str, skipkeys=True).encode()
            self._letters.add(shown, f"not a sale: {error}")
            return False
        if self._settings.test:
            self._keep(body)
            return True
        return self.waiting.add(body)

    def _keep(self, body: bytes) -> None:
        prepared = self._fingerprints.prepared([body])[0] if self._fingerprints else body
        if isinstance(prepared, NotPrepared):
            self._letters.add(body, prepared.reason)
            self.counters.add(recorded=1, refused=1)
            return
        self.sent.append(json.loads(prepared))
        self.counters.add(recorded=1)

    @property
    def has_leftovers(self) -> bool:
        """Whether ended processes may have left something in the spool."""
        return self.waiting.spool is not None and self.waiting.spool.has_leftovers()

    def stats(self) -> Stats:
        """Return what was done so far."""
        return self.counters.shown(
            pending=self.waiting.pending(), pending_bytes=self.waiting.pending_bytes()
        )

    def dead_letters(self) -> list[DeadLetter]:
        """Return the sales that were set aside: all of the folder, or the latest in memory."""
        return self._letters.all()

    def send_dead_letters(self, change: Change) -> int:
        """Put sales that were set aside back where they wait; return how many."""
        taken = self._letters.taken()
        changed = [
            change(dict(letter.sale)) if isinstance(letter.sale, dict) else None
            for letter in taken.letters
        ]
        sent = 0
        for letter, fields in zip(taken.letters, changed, strict=True):
            if fields is not None and self._is_taken_again(fields):
                sent += 1
            else:
                self._letters.keep(letter)
        self._letters.forget(taken)
        return sent

    def _is_taken_again(self, fields: Mapping[str, object]) -> bool:
        try:
            body = capture.body_of(fields)
        except NotASale:
            return False
        if self._settings.test:
            self._keep(body)
            return True
        if self.waiting.add(body):
            return True
        self.counters.add(dropped=-1)  # it is not: it stays among the dead letters
        return False

    def leave_to_parent(self) -> None:
        """In a forked child: let go of what is the parent's, which goes on holding it."""
        if self.waiting.spool is not None:
            self.waiting.spool.abandon()
