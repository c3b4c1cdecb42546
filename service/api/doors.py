"""What the web needs of the worker, as protocols; ``worker/web.py`` hands the adapters in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.settings import Settings
from service.store.database import Database


class Doorbell(Protocol):
    """Tells workers that rows wait. Rung after commit; may be lost, the tick finds the rows."""

    def ring(self) -> None:
        """Ring and return at once; never raises, never retries, coalesces rings."""
        ...


@dataclass(frozen=True, slots=True)
class PreviewSpan:
    """A match of a preview: spans in characters of the text and of the work."""

    output_start: int
    output_end: int
    work_id: int
    source_start: int
    source_end: int
    confidence_ppm: int
    kind: str


@dataclass(frozen=True, slots=True)
class PreviewedAttribution:
    """What a text would be attributed to now; shares by work and unmatched_ppm sum to 1,000,000."""

    share_ppm: dict[int, int]
    unmatched_ppm: int
    spans: Sequence[PreviewSpan]
    engine_version: str


class Preview(Protocol):
    """Attributes a text without storing anything."""

    def attribute(self, text: str) -> PreviewedAttribution:
        """Return what the text draws on among the works that may earn now."""
        ...


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything the web is handed. ``clock`` returns an aware UTC instant."""

    database: Database
    settings: Settings
    doorbell: Doorbell
    preview: Preview
    clock: Callable[[], datetime]
