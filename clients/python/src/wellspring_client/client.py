"""The client of a vendor's program: record a sale and go on."""

import atexit
import dataclasses
import logging
import os
import weakref
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from wellspring_client import capture, openai_response
from wellspring_client.counters import Stats
from wellspring_client.dead_letters import DeadLetter
from wellspring_client.desk import Change, Desk
from wellspring_client.fingerprints import Fingerprints
from wellspring_client.settings import TEST_KEY, Settings, from_environment, spool_folder
from wellspring_client.spool import Fsync

_log = logging.getLogger("wellspring_client")
_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Client:
    """Reports sales in the background; recording never raises and does not wait for the network.

    api_key, base_url, spool: else WELLSPRING_API_KEY, WELLSPRING_URL, WELLSPRING_SPOOL.
    spool: the folder where sales wait, of one vendor only; False: in memory, lost with the process.
    fsync: what the disk has when ``record`` returns. All settings survive the end of the process;
    that of the machine survives what was recorded with ``always``, or a second before with
    ``interval``.
    batch_size, interval_seconds: a request goes once it is full or its first sale waited.
    max_spool_bytes, max_in_memory: beyond them sales are dropped, and counted.
    fingerprint: make fingerprints here and send no text; needs the extra of that name.
    exit_seconds: how long the end of the process waits for what is not sent yet.
    test: send nothing, keep what would be sent in ``sent``.
    Raises ValueError for a setting that is missing or wrong, OSError for a spool that cannot be.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        spool: str | Path | Literal[False] | None = None,
        fsync: Fsync = "interval",
        batch_size: int = 100,
        interval_seconds: float = 5.0,
        max_spool_bytes: int = 1 << 30,
        max_in_memory: int = 10_000,
        timeout_seconds: float = 30.0,
        exit_seconds: float = 5.0,
        fingerprint: bool = False,
        test: bool = False,
    ) -> None:
        key = api_key or from_environment("API_KEY")
        url = (base_url or from_environment("URL")).rstrip("/")
        self._settings = Settings(
            api_key=key,
            base_url=url,
            folder=None if test else spool_folder(spool, base_url=url, api_key=key),
            fsync=fsync,
            batch_size=batch_size,
            interval_seconds=interval_seconds,
            max_spool_bytes=max_spool_bytes,
            max_in_memory=max_in_memory,
            timeout_seconds=timeout_seconds,
            exit_seconds=exit_seconds,
            fingerprint=fingerprint,
            test=test,
        )
        self._fingerprints = Fingerprints() if fingerprint else None
        self._desk = Desk(self._settings, self._fingerprints)
        self._is_closed = False
        _clients.add(self)
        if self._desk.has_leftovers:
            self._start()

    @property
    def mode(self) -> Literal["live", "test", "offline"]:
        """Which books the key reports to; offline: nothing is sent (``test=True``)."""
        if self._settings.test:
            return "offline"
        return "test" if self._settings.api_key.startswith(TEST_KEY) else "live"

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What a client of ``test=True`` would have sent."""
        return self._desk.sent

    def _start(self) -> None:
        """Start the background thread, and have it end well; not where the interpreter ends."""
        if self._desk.courier.is_running or self._is_closed:
            return
        try:
            self._desk.courier.start()
            atexit.unregister(self._at_exit)
            atexit.register(self._at_exit)
        except RuntimeError as error:
            _log.warning("sales are kept for the next process: %s", error)

    def record(
        self,
        *,
        tier: str | None = None,
        text: str | None = None,
        output_tokens: int | None = None,
        input_tokens: int | None = None,
        model: str | None = None,
        id: str | None = None,  # noqa: A002 - the field's name
        sold_at: datetime | None = None,
        gross: Decimal | str | None = None,
        currency: str | None = None,
        fingerprint: str | None = None,
    ) -> str | None:
        """Take one sale and return its id, made here unless given; None: dropped or set aside.

        The fields are those of ``POST /v1/sales``. sold_at: now unless given. What is wrong with a
        sale is found by the server and goes to the dead letters.
        """
        fields = {
            "id": id,
            "tier": tier,
            "output_tokens": output_tokens,
            "input_tokens": input_tokens,
            "text": text,
            "fingerprint": fingerprint,
            "sold_at": sold_at,
            "gross": gross,
            "currency": currency,
            "model": model,
        }
        return self._record(fields)

    def record_openai(
        self,
        response: object,
        *,
        tier: str | None = None,
        id: str | None = None,  # noqa: A002 - the field's name
        model: str | None = None,
        sold_at: datetime | None = None,
        gross: Decimal | str | None = None,
        currency: str | None = None,
    ) -> str | None:
        """Take the answer of an OpenAI-compatible API as a sale, as ``record`` does.

        response: a chat completion, completion or response, an object or decoded JSON; or the list
        of all chunks of a stream. The API's own id is not the sale's: those of two providers may
        be equal.
        """
        try:
            made = openai_response.generated(response)
        except Exception:  # noqa: BLE001 - nothing is raised into the caller
            _log.exception("a response could not be read; its sale is dropped")
            self._desk.counters.add(dropped=1)
            return None
        fields = {
            "id": id,
            "tier": tier,
            "output_tokens": made.output_tokens,
            "input_tokens": made.input_tokens,
            "text": made.text,
            "sold_at": sold_at,
            "gross": gross,
            "currency": currency,
            "model": model or made.model,
        }
        return self._record(fields)

    def _record(self, fields: Mapping[str, object]) -> str | None:
        try:
            name = fields["id"] or capture.new_id()
            whole = {**fields, "id": name, "sold_at": fields["sold_at"] or capture.now()}
            if not self._desk.take(whole):
                return None
            if not self._settings.test:
                self._start()
                self._desk.courier.note()
            return str(name)
        except Exception:  # noqa: BLE001 - nothing is raised into the caller
            _log.exception("a sale could not be recorded; it is dropped")
            self._desk.counters.add(dropped=1)
            return None

    def stats(self) -> Stats:
        """Return what was done so far in this process."""
        return self._desk.stats()

    def dead_letters(self) -> list[DeadLetter]:
        """Return the sales that were set aside: all of the spool, or the latest in memory."""
        return self._desk.dead_letters()

    def send_dead_letters(self, change: Change = dict) -> int:
        """Send sales that were set aside once more, and return how many are on their way.

        change: is given the fields of each and returns those to be sent, None to leave it aside.
        Not to be called by two programs at once: sales would be sent twice, and stored once.
        """
        sent = self._desk.send_dead_letters(change)
        if sent and not self._settings.test:
            self._start()
            self._desk.courier.note()
        return sent

    def flush(self, timeout: float = 30.0) -> bool:
        """Send now; return whether the server answered all that was recorded before, in time."""
        return self._desk.courier.flush(timeout)

    def resume(self, api_key: str | None = None) -> None:
        """Send again after the server refused the key, with another key if one is given."""
        if api_key:
            self._settings = dataclasses.replace(self._settings, api_key=api_key)
        self._desk.courier.resume(api_key)
        if not self._desk.waiting.is_empty():
            self._start()

    def close(self, timeout: float | None = None) -> None:
        """Send what can be sent in time and end; the rest stays in the spool for the next process.

        timeout: seconds, ``exit_seconds`` unless given. Closing again does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self._at_exit)
        self._desk.courier.end(self._settings.exit_seconds if timeout is None else timeout)
        self._desk.counters.state = "closed"

    def _at_exit(self) -> None:
        self.close()

    def _after_fork(self) -> None:
        """In the child: what the parent recorded is the parent's; begin anew."""
        _inherited.append(self._desk)
        self._desk.leave_to_parent()
        if self._fingerprints is not None:
            self._fingerprints = Fingerprints()  # an encoder's threads do not live in a child
        self._desk = Desk(self._settings, self._fingerprints)

    def __enter__(self) -> "Client":  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_inherited: list[object] = []
"""Kept alive in a forked child: the parent's connections must not be closed by collecting them."""


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._after_fork()  # noqa: SLF001 - of the same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
