"""A closed period as Parquet files with a manifest: for whoever checks the books without us."""

import hashlib
import json
import shutil
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import period_export, period_seals
from service.store.database import Database, unit_of_work
from service.store.period_export import Row, Table

FORMAT = "wellspring-period/1"
MANIFEST = "manifest.json"
_TYPES = {
    "int": pa.int64(),
    "sum": pa.decimal128(38, 0),
    "text": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
}


class FolderExists(LedgerError):
    """An export was to be written where something is already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} exists already", folder=str(folder))


def export_period(database: Database, period: Period, folder: Path, *, now: datetime) -> int:
    """Write a closed period into a new folder; return how many rows. Raise NotClosed, FolderExists.

    Everything is written beside it first and appears at once, the manifest last.
    """
    if folder.exists():
        raise FolderExists(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        files, rows = {}, 0
        with unit_of_work(database) as session:
            for table in period_export.tables(session, period):
                path = scratch / f"{table.name}.parquet"
                count = _write(path, table)
                files[path.name] = {"rows": count, "sha256": sha256_of(path)}
                rows += count
            seal = period_seals.find(session, period)
        manifest = {
            "format": FORMAT,
            "period": str(period),
            "exported_at": now.isoformat(),
            "root": seal.root.hex() if seal else None,
            "files": files,
        }
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        scratch.chmod(0o755)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return rows


def _write(path: Path, table: Table) -> int:
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in table.columns.items()])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for rows in table.rows:
            writer.write_table(_columns(table, schema, rows))
            count += len(rows)
    return count


def _columns(table: Table, schema: pa.Schema, rows: list[Row]) -> pa.Table:
    columns = []
    for (name, kind), values in zip(table.columns.items(), zip(*rows, strict=True), strict=True):
        given = [Decimal(value) for value in values] if kind == "sum" else list(values)
        columns.append(pa.array(given, schema.field(name).type))
    return pa.Table.from_arrays(columns, schema=schema)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
