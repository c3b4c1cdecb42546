"""Sales that will not be sent again as they are, with the reason: a file beside the spool."""

import json
import logging
import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

NAME = "dead-letters.jsonl"
KEPT_IN_MEMORY = 1_000

_log = logging.getLogger("wellspring_client")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A sale that was set aside. ``sale``: what would be sent, or the text of a damaged line."""

    set_aside_at: str
    reason: str
    errors: tuple[Mapping[str, object], ...]
    sale: object


class DeadLetters:
    """The file, and the latest of this process in memory. Each letter is one write."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / NAME if folder else None
        self.latest: deque[DeadLetter] = deque(maxlen=KEPT_IN_MEMORY)

    def add(
        self, body: bytes, reason: str, errors: Sequence[Mapping[str, object]] = ()
    ) -> DeadLetter:
        """Set a sale aside and say so in the log, with its id and the rules, without its text."""
        at = datetime.now(timezone.utc).isoformat()
        letter = DeadLetter(at, reason, tuple(errors), _read(body))
        self.latest.append(letter)
        name = letter.sale.get("id") if isinstance(letter.sale, dict) else None
        _log.error("sale %s was set aside: %s %s", name, reason, list(errors) or "")
        if self._path is not None:
            self._write(self._path, letter)
        return letter

    def _write(self, path: Path, letter: DeadLetter) -> None:
        line = json.dumps(
            {
                "set_aside_at": letter.set_aside_at,
                "reason": letter.reason,
                "errors": list(letter.errors),
                "sale": letter.sale,
            }
        )
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, line.encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            _log.error("the dead letter could not be written to %s: %s", path, error.strerror)


def read(folder: Path) -> list[DeadLetter]:
    """Return the dead letters of a folder in the order they were set aside."""
    letters = []
    with suppress(FileNotFoundError):
        for line in (folder / NAME).read_bytes().split(b"\n"):
            with suppress(ValueError, KeyError, TypeError):
                one = json.loads(line)
                letters.append(
                    DeadLetter(
                        one["set_aside_at"], one["reason"], tuple(one["errors"]), one["sale"]
                    )
                )
    return letters


def _read(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except ValueError:
        return body.decode("ascii", "backslashreplace")
    return value
