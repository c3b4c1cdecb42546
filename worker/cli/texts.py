"""Files that a command reads: bytes and texts, from a path or from stdin."""

import sys
from pathlib import Path

from worker.import_lines import BadOption


def content_of(path: str) -> bytes:
    """Read a file, or stdin for ``-``; raise BadOption."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise BadOption(path, f"cannot be read: {error.strerror}") from None


def text_of(content: bytes, *, place: str) -> str:
    """Read UTF-8; raise BadOption naming the first bad byte."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadOption(place, f"is not UTF-8 at byte {error.start}") from None
