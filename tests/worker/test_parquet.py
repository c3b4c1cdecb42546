"""A closed period in Parquet: recomputed by DuckDB without our database; what is off is named."""

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from changed_facts import two_closed_months

from service.ledger.period import Period
from service.store.periods import NotClosed
from worker import parquet_audit, parquet_export
from worker.parquet_audit import NoExport
from worker.parquet_export import FolderExists, sha256_of


@pytest.fixture
def closed(town, texts):
    """January and February are closed; a refund of January's sale is in February."""
    return two_closed_months(town, texts.ode, then=texts.ode)


@pytest.fixture
def folder(closed, tmp_path):
    made = tmp_path / "2026-02"
    parquet_export.export_period(closed.database, Period(202602), made, now=closed.clock())
    return made


def broken(folder):
    return {one.question: one.facts for one in parquet_audit.audit(folder) if one.facts}


def test_every_period_stands_up_to_the_audit(closed, folder, tmp_path):
    january = tmp_path / "2026-01"
    parquet_export.export_period(closed.database, Period(202601), january, now=closed.clock())
    assert broken(folder) == broken(january) == {}
    assert all(one.looked_at for one in parquet_audit.audit(folder))


def test_it_needs_no_database(folder):
    script = "from worker.cli.application import main; main()"
    asked = [sys.executable, "-c", script, "audit", str(folder)]
    found = subprocess.run(
        asked,
        check=False,
        capture_output=True,
        text=True,
        env={"WELLSPRING_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "PATH": ""},
        cwd=folder,
    )
    assert found.returncode == 0, found.stderr


STATED = "opening + lines + moves - paid = closing = held + holdback + payable + carried forward"
CHANGES = {
    ("postings", "nanos"): "every entry sums to zero",
    ("opening_balances", "nanos"): "opening balances + postings = closing balances",
    ("closing_balances", "nanos"): "opening balances + postings = closing balances",
    ("statements", "opening_nanos"): STATED,
    ("statements", "paid_nanos"): "what a statement says was paid is what payouts posted",
    ("statement_lines", "nanos"): STATED,
    ("released", "nanos"): "a holder's lines are what the lines of works released",
}


@pytest.mark.parametrize(("table", "column"), CHANGES)
def test_a_changed_amount_is_found_even_with_a_manifest_that_fits(folder, table, column):
    path = folder / f"{table}.parquet"
    read = pq.read_table(path)
    rows = read.to_pylist()
    rows[0][column] += 1
    pq.write_table(pa.Table.from_pylist(rows, schema=read.schema), path)
    assert "each file is the one that was exported" in broken(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][path.name]["sha256"] = sha256_of(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert CHANGES[table, column] in broken(folder)


def test_a_row_left_out_is_found(folder):
    path = folder / "statement_lines.parquet"
    read = pq.read_table(path)
    pq.write_table(read.slice(1), path)
    found = broken(folder)
    assert found["each file is the one that was exported"] == (
        "statement_lines.parquet is another file than was exported",
    )
    assert STATED in found


def test_what_is_no_export_is_refused_with_the_rule(folder, tmp_path):
    with pytest.raises(NoExport, match=r"manifest.json cannot be read"):
        parquet_audit.audit(tmp_path)
    (folder / "released.parquet").write_bytes(b"no parquet")
    with pytest.raises(NoExport, match=r"released.parquet cannot be read"):
        parquet_audit.audit(folder)


def test_only_a_closed_period_is_exported_and_nothing_is_overwritten(closed, folder, tmp_path):
    with pytest.raises(NotClosed, match="period 2026-03 is open, not closed"):
        parquet_export.export_period(
            closed.database, Period(202603), tmp_path / "march", now=closed.clock()
        )
    with pytest.raises(FolderExists):
        parquet_export.export_period(closed.database, Period(202602), folder, now=closed.clock())
    assert sorted(path.name for path in tmp_path.iterdir() if "march" in path.name) == []


def test_commands_export_and_audit(closed, wellspring, tmp_path):
    out = tmp_path / "books"
    assert wellspring("export", "period", "2026-01", "--out", out)[0] == 0
    code, told, _ = wellspring("audit", out)
    assert (code, "every entry sums to zero" in told) == (0, True)
    (out / "postings.parquet").write_bytes((out / "postings.parquet").read_bytes() + b"!")
    code, told, _err = wellspring("audit", out)
    assert code == 1
