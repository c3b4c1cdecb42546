"""Files of works and sales: everything wrong is named with its line, then nothing is kept."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

from service.api.formats import lines
from service.api.formats.lines import Line
from service.ledger.errors import LedgerError
from service.ledger.sale_report import FieldError

MOST_LISTED = 20


class BadFile(LedgerError):
    """Lines of a file break rules; nothing of it was stored."""

    def __init__(self, path: Path, errors: list[FieldError]) -> None:
        listed = "\n".join(f"  {error.place}: {error.rule}" for error in errors[:MOST_LISTED])
        more = f"\n  and {len(errors) - MOST_LISTED} more" if len(errors) > MOST_LISTED else ""
        super().__init__(
            f"{path}: {len(errors)} errors, nothing was stored\n{listed}{more}",
            errors=[f"{error.place}: {error.rule}" for error in errors],
        )


class BadOption(LedgerError):
    """An option of a command breaks a rule."""

    def __init__(self, option: str, rule: str) -> None:
        super().__init__(f"{option}: {rule}", option=option, rule=rule)


def read(path: Path) -> Iterator[Line | FieldError]:
    """Yield the objects of a JSON Lines file in UTF-8; blank lines are passed over."""
    yield from lines.of_json_lines(content_of(path))


def content_of(path: Path) -> bytes:
    """Return the bytes of a file; raise BadOption."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadOption(str(path), f"cannot be read: {error.strerror}") from None


def day(option: str, text: str) -> date:
    """Read YYYY-MM-DD, raise BadOption naming the option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadOption(option, f"{text[:40]!r} is not a day: write YYYY-MM-DD") from None


def start_of(day_: date) -> datetime:
    """Return the first instant of a day in UTC."""
    return datetime.combine(day_, time(), UTC)
