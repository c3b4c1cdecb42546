"""Sales that will not be sent again as they are, with the reason: a file beside the spool."""

import json
import logging
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from wellspring_client.segment import lock

NAME = "dead-letters.jsonl"
TAKEN = "dead-letters-*.taken"
"""Letters that are on their way back to the spool; read again if that was cut short."""
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
    """The file, which processes share; without a folder, the latest of this process in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._latest: deque[DeadLetter] = deque(maxlen=KEPT_IN_MEMORY)

    def add(self, body: bytes, reason: str, errors: Sequence[Mapping[str, object]] = ()) -> None:
        """Set a sale aside and say so in the log, with its id and the rules, without its text."""
        at = datetime.now(timezone.utc).isoformat()
        letter = DeadLetter(at, reason, tuple(errors), _value(body))
        name = letter.sale.get("id") if isinstance(letter.sale, dict) else None
        _log.error("sale %s was set aside: %s %s", name, reason, list(errors) or "")
        self.keep(letter)

    def keep(self, letter: DeadLetter) -> None:
        """Write a letter, whole and once; where that cannot be it stays in memory."""
        if self._folder is None:
            self._latest.append(letter)
            return
        try:
            descriptor = _opened(self._folder / NAME)
            try:
                os.write(descriptor, json.dumps(asdict(letter)).encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._latest.append(letter)
            _log.error("a dead letter cannot be written, it is in memory: %s", error.strerror)

    def all(self) -> list[DeadLetter]:
        """Return the letters in the order they were set aside."""
        letters: list[DeadLetter] = []
        if self._folder is not None:
            for path in (*sorted(self._folder.glob(TAKEN)), self._folder / NAME):
                letters += _letters_in(path)
        return [*letters, *self._latest]

    def taken(self) -> "TakenLetters":
        """Return all letters, to be kept again or sent, and then to be forgotten.

        What is set aside meanwhile goes into a new file.
        """
        in_memory = list(self._latest)
        if self._folder is None:
            return TakenLetters(in_memory, (), len(in_memory))
        if (self._folder / NAME).exists():
            descriptor = _opened(self._folder / NAME)
            (self._folder / NAME).rename(self._folder / TAKEN.replace("*", str(time.time_ns())))
            os.close(descriptor)
        files = tuple(sorted(self._folder.glob(TAKEN)))
        on_disk = [one for path in files for one in _letters_in(path)]
        return TakenLetters([*on_disk, *in_memory], files, len(in_memory))

    def forget(self, taken: "TakenLetters") -> None:
        """Delete letters: each was sent or kept again."""
        for _ in range(min(taken.in_memory_count, len(self._latest))):
            self._latest.popleft()
        for path in taken.files:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class TakenLetters:
    """Letters on their way back, and where they still are."""

    letters: list[DeadLetter]
    files: tuple[Path, ...]
    in_memory_count: int


def _opened(path: Path) -> int:
    """Open the file to be added to and lock it; another one took its place: open that."""
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        lock(descriptor)
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def _letters_in(path: Path) -> list[DeadLetter]:
    letters = []
    with suppress(FileNotFoundError):
        for line in path.read_bytes().split(b"\n"):
            with suppress(ValueError, KeyError, TypeError):
                one = json.loads(line)
                letters.append(
                    DeadLetter(
                        one["set_aside_at"], one["reason"], tuple(one["errors"]), one["sale"]
                    )
                )
    return letters


def _value(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except ValueError:
        return body.decode("ascii", "backslashreplace")
    return value
