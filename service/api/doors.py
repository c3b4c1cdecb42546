"""What the web needs of the worker, as protocols; ``worker/web.py`` hands the adapters in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.sale_report import SaleFingerprint
from service.settings import Settings
from service.store.database import Database
from service.store.mode import Mode
from service.store.registration_log import Signer
from service.store.vendor_books import NoTestMode, VendorBook


class NothingToExplain(LedgerError):
    """Nothing of this kind and name can be explained."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"there is no {kind[:40]} {name[:80]} to explain", kind=kind[:40], name=name[:80]
        )


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
class PreviewPassage:
    """What becomes of one passage of a text, and why; spans in characters, ends exclusive.

    ``state``: "work" where a work is paid for it, "commons", or "none". The source is the likeliest
    one, paid or not; its fields are None where nothing was near.
    """

    start: int
    end: int
    state: str
    work_id: int | None
    source_start: int | None
    source_end: int | None
    confidence_ppm: int
    kind: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewedAttribution:
    """What a text would be attributed to now; shares by work and unmatched_ppm sum to 1,000,000.

    ``spans`` are the matches that are paid; ``passages`` explain the whole text in its order.
    """

    share_ppm: dict[int, int]
    unmatched_ppm: int
    spans: Sequence[PreviewSpan]
    engine_version: str
    passages: Sequence[PreviewPassage] = ()


class Preview(Protocol):
    """Attributes a text without storing anything."""

    def attribute(self, text: str) -> PreviewedAttribution:
        """Return what the text draws on among the works that may earn now."""
        ...


class FingerprintCheck(Protocol):
    """Reads what a vendor may send instead of a text."""

    @property
    def version(self) -> str:
        """Name the fingerprints that are taken: normaliser, cutter, words, encoder."""
        ...

    def check(self, sealed: bytes) -> SaleFingerprint | str:
        """Return the fingerprint as it can be stored, or the rule that the bytes break."""
        ...


class StatementProofs(Protocol):
    """Makes the file that proves a statement of a sealed month."""

    def of_statement(self, session: Session, number: str) -> str | None:
        """Return the file as JSON, None where the month has no seal yet."""
        ...


class TestBooks(Protocol):
    """Books of vendors for tests, each apart from the live ones; made at first use."""

    def open(self, vendor_id: int, /) -> "OpenBook":
        """Return a vendor's book; raise NoTestMode, NoRightToMake where none can be made."""
        ...

    def reset(self, vendor_id: int, /) -> "OpenBook":
        """Return an empty book in the place of the vendor's."""
        ...

    def refresh(self, vendor_id: int, /) -> "OpenBook":
        """Return the vendor's book with its terms as they are now."""
        ...


class NoTestBooks:
    """Where nobody handed any in."""

    def open(self, _vendor_id: int) -> "OpenBook":
        """Raise NoTestMode."""
        raise NoTestMode

    def reset(self, _vendor_id: int) -> "OpenBook":
        """Raise NoTestMode."""
        raise NoTestMode

    def refresh(self, _vendor_id: int) -> "OpenBook":
        """Raise NoTestMode."""
        raise NoTestMode


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything the web is handed. ``clock`` returns an aware UTC instant.

    That of a request with a test key is the context of the vendor's test book.
    """

    database: Database
    settings: Settings
    doorbell: Doorbell
    preview: Preview
    clock: Callable[[], datetime]
    fingerprints: FingerprintCheck
    signer: Signer
    proofs: StatementProofs | None = None
    mode: Mode = Mode.LIVE
    books: TestBooks = field(default_factory=NoTestBooks)
    keys: Database | None = None
    """Where API keys and their tier rules are kept; None: beside the books."""


@dataclass(frozen=True, slots=True)
class OpenBook:
    """A test book: its row, the context of whoever asks it, and the live one it is beside."""

    row: VendorBook
    context: WebContext
    live: WebContext
