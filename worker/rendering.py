"""Documents of a month written to a folder: rows say what waits, any number of workers writes.

A file is written under another name and renamed, then its row is committed: a worker killed between
the two leaves a file that is written again with the same bytes.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from time import monotonic

import structlog

from service.api.statement_documents import load
from service.documents.figures import locale_named
from service.documents.statement_document import StatementDocument
from service.documents.statement_forms import Form, written
from service.documents.statement_pdf import PdfRefused
from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import periods, renderings
from service.store.database import Database, unit_of_work
from service.store.renderings import Order, Rendered, RenderedFile, Standing, Waiting
from worker.workplace import utc_now

DOCUMENTS_A_CLAIM = 20
CLAIM_SECONDS = 2.0
_LOOK_SECONDS = 0.5
log = structlog.get_logger()

Progress = Callable[[str, int, int], None]
Clock = Callable[[], datetime]


class FolderRefused(LedgerError):
    """A folder cannot take files."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: {reason}", folder=str(folder))


@dataclass(frozen=True, slots=True)
class Desk:
    """What a writer needs to go on with a run: nothing else is handed to another process."""

    run_id: int
    forms: tuple[Form, ...]
    locale: str
    folder: Path
    fonts: Path | None

    def file_name(self, number: str, form: Form) -> str:
        """Name the file of a document; one in a locale is not taken for one in another."""
        return f"{number}{self._of_locale}.{form}"

    def list_name(self, kind: str, period: Period, ending: str = "") -> str:
        """Name a list of all files of the run, apart from those of other runs in the folder."""
        return f"{kind}-{period}-{'-'.join(self.forms)}{self._of_locale}{ending}"

    @property
    def _of_locale(self) -> str:
        return f".{self.locale}" if self.locale else ""


def begin(
    database: Database, period: Period, desk: Desk, *, now: datetime, progress: Progress
) -> Desk:
    """Begin a run or go on with it; what its folder lost or has otherwise waits again.

    ``desk`` without a number. Raises NotClosed, FolderRefused, BadLocale.
    """
    if desk.locale:
        locale_named(desk.locale)
    forms = tuple(str(form) for form in desk.forms)
    order = Order(period, forms, desk.locale, str(desk.folder.resolve()))
    with unit_of_work(database) as session:
        periods.check_closed(session, period)
        try:
            desk.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderRefused(desk.folder, f"cannot be made: {error.strerror}") from None
        run_id = renderings.begin(session, order, now=now)
    _check(database, run_id, desk.folder, progress)
    return Desk(run_id, desk.forms, desk.locale, desk.folder, desk.fonts)


def _check(database: Database, run_id: int, folder: Path, progress: Progress) -> None:
    """Let wait again what is said to be written and is not there as it was written."""
    with unit_of_work(database) as session:
        count = renderings.standing(session, run_id).written
        gone = list[Waiting]()
        for at, one in enumerate(renderings.all_written(session, run_id), start=1):
            if not all(_is_there(folder, file) for file in one.files):
                gone.append(one.waiting)
            if not at % DOCUMENTS_A_CLAIM or at == count:
                progress("checking files", at, count)
        renderings.lost(session, run_id, gone)


def _is_there(folder: Path, file: RenderedFile) -> bool:
    try:
        content = (folder / file.name).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == file.sha256


def write_next(database: Database, desk: Desk, *, clock: Clock) -> int:
    """Write some documents that wait and that nobody else holds; return how many were claimed.

    Raises FolderRefused; a document that cannot be set is kept as refused with the reason.
    """
    with unit_of_work(database) as session:
        claimed = renderings.claim(session, desk.run_id, limit=DOCUMENTS_A_CLAIM)
        done, started = list[Rendered](), monotonic()
        for one in claimed:
            document = load(session, str(one.number))
            try:
                made = [_file(desk, document, form) for form in desk.forms]
            except PdfRefused as error:
                renderings.refuse(session, desk.run_id, one, reason=error.sentence)
                continue
            done.append(Rendered(one, tuple(made)))
            if monotonic() - started > CLAIM_SECONDS:
                break  # the others that were claimed wait again from the commit on
        renderings.written(session, desk.run_id, done, now=clock())
    return len(claimed)


def _file(desk: Desk, document: StatementDocument, form: Form) -> RenderedFile:
    made = written(document, form, locale=desk.locale or None, fonts=desk.fonts)
    name = desk.file_name(document.number, form)
    put(desk.folder / name, made.content)
    digest = hashlib.sha256(made.content).hexdigest()
    return RenderedFile(name, form, len(made.content), digest, "".join(made.without_glyph))


def put(path: Path, content: bytes) -> None:
    """Write a file so that under its name it is there whole or not at all; raise FolderRefused."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise FolderRefused(path.parent, f"{path.name}: {error.strerror}") from None


def write_all(
    database: Database, desk: Desk, *, workers: int, clock: Clock, progress: Progress
) -> Standing:
    """Write all that waits, in so many processes; return how the run stands.

    A process that dies leaves what it held to the others. Raises FolderRefused.
    """
    if workers > 1:
        _with_others(database, desk, workers, progress)
    while write_next(database, desk, clock=clock):
        _tell(database, desk, progress)
    return _tell(database, desk, progress)


def _with_others(database: Database, desk: Desk, workers: int, progress: Progress) -> None:
    spawning = get_context("spawn")
    others = [
        spawning.Process(target=_write_as_another, args=(database.url, desk), daemon=True)
        for _ in range(workers)
    ]
    for one in others:
        one.start()
    try:
        while any(one.is_alive() for one in others):
            wait([one.sentinel for one in others if one.is_alive()], timeout=_LOOK_SECONDS)
            _tell(database, desk, progress)
    finally:
        for one in others:
            one.terminate()
            one.join()
    for one in others:
        if one.exitcode:
            log.warning("rendering.worker_ended", exit_code=one.exitcode)


def _write_as_another(url: str, desk: Desk) -> None:
    """Write in a process of its own until nothing waits that nobody holds."""
    database = Database.connect(url, pool_size=1)
    try:
        while write_next(database, desk, clock=utc_now):
            pass
    except FolderRefused as error:
        sys.exit(error.sentence)  # who waits for this process tries once more and says so
    finally:
        database.close()


def _tell(database: Database, desk: Desk, progress: Progress) -> Standing:
    with unit_of_work(database) as session:
        stands = renderings.standing(session, desk.run_id)
    progress("writing documents", stands.written + stands.refused, stands.all)
    return stands


def write_manifest(database: Database, period: Period, desk: Desk) -> Path:
    """Write what a run has written, with the SHA-256 of each file; return the manifest.

    Beside it stand the same sums for ``sha256sum --check``. Raises FolderRefused.
    """
    files, sums, missing = list[dict[str, object]](), list[str](), dict[str, list[str]]()
    with unit_of_work(database) as session:
        for one in renderings.all_written(session, desk.run_id):
            for file in one.files:
                facts = {"name": file.name, "bytes": file.size_bytes, "sha256": file.sha256}
                files.append(facts)
                sums.append(f"{file.sha256}  {file.name}\n")
                if file.without_glyph:
                    missing[file.name] = [f"U+{ord(sign):04X}" for sign in file.without_glyph]
        refused = dict(renderings.refusals(session, desk.run_id))
    told = {
        "period": str(period),
        "forms": [str(form) for form in desk.forms],
        "locale": desk.locale,
        "files": files,
        "without_glyph": missing,
        "refused": refused,
    }
    put(desk.folder / desk.list_name("SHA256SUMS", period), "".join(sums).encode())
    manifest = desk.folder / desk.list_name("manifest", period, ".json")
    put(manifest, json.dumps(told, ensure_ascii=False, indent=0).encode())
    return manifest
