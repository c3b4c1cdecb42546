"""Backups: one consistent dump with a manifest, and a restore that proves itself first."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from service.ledger.errors import LedgerError
from service.store.database import newest_revision

FORMAT = "wellspring-backup/1"


class BackupRefused(LedgerError):
    """A backup cannot be made or used; ``place`` names what, ``rule`` what would be right."""

    def __init__(self, place: object, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=str(place), rule=rule)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dump holds, as of its own snapshot. ``last_seal``: hash of the newest seal, or empty.

    ``sha256``: of the dump's bytes.
    """

    format: str
    made_at: str
    installation: str
    revision: str
    sales: int
    entries: int
    statements: int
    last_seal: str
    sha256: str


_FACTS = """
SELECT (SELECT installation_id::text FROM installation), (SELECT version_num FROM alembic_version),
    (SELECT count(*) FROM sale), (SELECT count(*) FROM journal_entry),
    (SELECT count(*) FROM statement),
    coalesce((SELECT encode(hash, 'hex') FROM seal ORDER BY seal_no DESC LIMIT 1), '')
"""


def back_up(owner_url: str, out: Path, *, programs: Sequence[Path], now: datetime) -> Manifest:
    """Dump the database as it is at one instant; others go on working.

    ``programs``: folders to look for pg_dump in before the PATH. The dump appears under its name
    when it is whole, its manifest beside it. Raises BackupRefused.
    """
    if out.exists():
        raise BackupRefused(out, "exists already")
    scratch = out.with_name(f".{out.name}.part")
    with psycopg.connect(owner_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        facts = connection.execute(_FACTS).fetchone()
        assert snapshot
        assert facts
        try:
            options = ("--format=custom", f"--snapshot={snapshot[0]}", f"--file={scratch}")
            program = _program("pg_dump", programs, connection)
            _run([program, *options, f"--dbname={owner_url}"])
            made = Manifest(
                format=FORMAT,
                made_at=now.isoformat(),
                installation=facts[0],
                revision=facts[1],
                sales=facts[2],
                entries=facts[3],
                statements=facts[4],
                last_seal=facts[5],
                sha256=_sha256(scratch),
            )
            manifest_of(out).write_text(json.dumps(asdict(made), indent=1) + "\n")
            scratch.rename(out)
        finally:
            scratch.unlink(missing_ok=True)
    return made


def manifest_of(dump: Path) -> Path:
    """Return where the manifest of a dump is."""
    return dump.with_name(f"{dump.name}.json")


def restore(dump: Path, owner_url: str, *, programs: Sequence[Path]) -> Manifest:
    """Bring a dump into an empty database, whole or not at all, and compare it with its manifest.

    Raises BackupRefused for a dump that is damaged or of a newer version than this program, and for
    a database that is not empty.
    """
    made = _read(dump)
    if int(made.revision) > int(newest_revision()):
        raise BackupRefused(dump, f"is of schema {made.revision}, newer than {newest_revision()}")
    with psycopg.connect(owner_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        assert row
        if row[0]:
            raise BackupRefused("the database", f"must be empty, it has {row[0]} tables")
        program = _program("pg_restore", programs, connection)
    options = ("--single-transaction", "--exit-on-error")
    _run([program, *options, f"--dbname={owner_url}", str(dump)])
    with psycopg.connect(owner_url) as connection:
        facts = connection.execute(_FACTS).fetchone()
    assert facts
    expected = (made.installation, made.revision, made.sales, made.entries, made.statements)
    if tuple(facts) != (*expected, made.last_seal):
        raise BackupRefused(dump, f"restored {facts}, the manifest says {expected}")
    return made


def _read(dump: Path) -> Manifest:
    try:
        made = Manifest(**json.loads(manifest_of(dump).read_text()))
    except OSError as error:
        raise BackupRefused(manifest_of(dump), f"cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise BackupRefused(manifest_of(dump), "is no manifest of a backup") from None
    if made.format != FORMAT:
        raise BackupRefused(manifest_of(dump), f"must be of format {FORMAT}")
    if not dump.exists():
        raise BackupRefused(dump, "is missing")
    if _sha256(dump) != made.sha256:
        raise BackupRefused(dump, "is damaged: its bytes are not those of the manifest")
    return made


def _program(name: str, folders: Sequence[Path], connection: psycopg.Connection) -> str:
    """Find a program of at least the server's version: folders first, then the PATH."""
    server = connection.info.server_version // 10_000
    for folder in (*map(str, folders), None):
        found = shutil.which(name, path=folder)
        if found and _major(found) >= server:
            return found
    raise BackupRefused(name, f"must be of version {server} or newer; the PostgreSQL client has it")


def _major(program: str) -> int:
    told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)  # noqa: S603
    found = re.search(r"\d+", told.stdout)
    return int(found[0]) if found else 0


def _run(command: list[str]) -> None:
    """Run a program of PostgreSQL; its own words say what is wrong."""
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL with arguments of ours
        command, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupRefused(Path(command[0]).name, done.stderr.strip()[-2_000:] or "failed")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
