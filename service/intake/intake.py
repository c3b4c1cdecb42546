"""Files become texts: with limits, and with one named refusal for whatever is wrong."""

import hashlib
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from service.intake import plain
from service.intake.file_type import PLAIN, FileType, check_content, type_of
from service.intake.limits import MAX_FILE_BYTES, READING_BYTES, READING_SECONDS
from service.intake.refusals import (
    BY_CODE,
    FileDamaged,
    FileTooCostly,
    FileTooLarge,
    NoTextInside,
)

_ROOT = Path(__file__).parents[2]
_OUT_OF_MEMORY = 137
_LAST_BYTES = 500


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file, and which file it was."""

    text: str
    file_type: FileType
    sha256: bytes
    byte_count: int


def read(
    name: str,
    content: bytes,
    *,
    seconds: int = READING_SECONDS,
    most_bytes: int = READING_BYTES,
) -> FileText:
    """Return the text of a file that is named like this; raise a FileRefused.

    Text is read here, anything else by a process of its own that has so much time and memory.
    """
    declared = type_of(name)
    if len(content) > MAX_FILE_BYTES:
        raise FileTooLarge(size_bytes=len(content), limit_bytes=MAX_FILE_BYTES)
    if not content:
        raise NoTextInside
    check_content(declared, content)
    if declared in PLAIN:
        text = plain.text_of(content)
    else:
        text = _read_apart(declared, content, seconds=seconds, most_bytes=most_bytes)
    if not text.strip():
        raise NoTextInside
    return FileText(text, declared, hashlib.sha256(content).digest(), len(content))


def _read_apart(declared: FileType, content: bytes, *, seconds: int, most_bytes: int) -> str:
    program = [sys.executable, "-X", "utf8", "-m", "service.intake.reading"]
    command = [*program, declared.value, str(most_bytes)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own program, no shell, the type is one of four
            command, input=content, capture_output=True, timeout=seconds, cwd=_ROOT, check=False
        )
    except subprocess.TimeoutExpired:
        raise FileTooCostly(limit=f"{seconds} s") from None
    if ended.returncode == -signal.SIGXCPU:
        raise FileTooCostly(limit=f"{READING_SECONDS} s")
    killed = ended.returncode in {-signal.SIGKILL, _OUT_OF_MEMORY}
    if killed or b"MemoryError" in ended.stderr[-_LAST_BYTES:]:
        raise FileTooCostly(limit="the memory given to it")
    if ended.returncode:
        raise FileDamaged(reason="nothing can read it")
    told = json.loads(ended.stdout)
    if "refused" in told:
        raise BY_CODE[told["refused"]](**told["facts"])
    return str(told["text"])
