"""Facts about a work besides its text: what it is, when it was made, which file it came from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.store.text_rules import BadText


class Kind(StrEnum):
    """What a work is."""

    BOOK = "book"
    CHAPTER = "chapter"
    STORY = "story"
    POEM = "poem"
    LYRICS = "lyrics"
    SCRIPT = "script"
    SPEECH = "speech"
    ARTICLE = "article"
    PAPER = "paper"
    MANUAL = "manual"
    CODE = "code"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Source:
    """The file a text was taken from: its type like pdf, its SHA-256 and size. It is not kept."""

    kind: str
    sha256: bytes
    byte_count: int


def check_kind(kind: str) -> None:
    """Raise BadText for a kind that is none of ours."""
    if kind not in set(Kind):
        raise BadText("kind", f"must be one of {', '.join(Kind)}")


def check_created_on(created_on: str | None, *, today: date) -> None:
    """Raise BadText for what is no YYYY, YYYY-MM or YYYY-MM-DD, or lies after ``today``."""
    if created_on is None:
        return
    parts = created_on.split("-")
    lengths = [len(part) for part in parts]
    plain = created_on.isascii() and all(part.isdigit() for part in parts)
    if not plain or lengths not in ([4], [4, 2], [4, 2, 2]):
        raise BadText("created_on", "must be a date like 1984, 1984-06 or 1984-06-30")
    try:
        first = date.fromisoformat("-".join([*parts, "01", "01"][:3]))
    except ValueError:
        raise BadText("created_on", f"{created_on} is not in the calendar") from None
    if first > today:
        raise BadText("created_on", f"lies after today, {today}")
