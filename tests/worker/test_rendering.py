"""Statements of a month written to a folder: each once, whole, whoever dies on the way."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime

import pypdf
import pytest
from worker_process import NOW, dies, renders

from service.ledger.period import Period
from service.store import renderings
from service.store.database import unit_of_work
from service.store.periods import NotClosed
from service.store.renderings import Order
from worker import drain, rendering
from worker.rendering import Desk, FolderRefused

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
NAMES = ("Ada", "Ben", "Cleo", "Dee", "Eve")
ORDER = Order(Period(202601), ("csv",), "", "/a/folder")


@pytest.fixture
def stated(village, texts):
    """Close January with a statement for each of five."""
    village.registers("Ode", texts.ode, dict.fromkeys(NAMES, 200_000))
    village.sells("one", text=texts.ode, at=JANUARY)
    village.works()
    village.closes("2026-01")
    return village


def the_files(home):
    return {one.name: one.read_bytes() for one in sorted((home / "statements").iterdir())}


def numbers(town):
    return [row[0] for row in town.tells("SELECT number FROM statement ORDER BY statement_id")]


def test_every_statement_is_written_in_every_form_with_a_manifest(stated, tmp_path):
    stands, manifest = renders(stated.database, tmp_path)

    files = the_files(tmp_path)
    documents = {f"{number}.{form}" for number in numbers(stated) for form in ("csv", "pdf")}
    assert (stands.written, stands.refused, stands.waiting) == (5, 0, 0)
    assert set(files) == documents | {"SHA256SUMS-2026-01-pdf-csv", "manifest-2026-01-pdf-csv.json"}
    told = json.loads(manifest.read_bytes())
    assert {one["name"]: one["sha256"] for one in told["files"]} == {
        name: hashlib.sha256(files[name]).hexdigest() for name in documents
    }
    assert (told["period"], told["forms"], told["refused"]) == ("2026-01", ["pdf", "csv"], {})
    checked = ["sha256sum", "--check", "--quiet", "SHA256SUMS-2026-01-pdf-csv"]
    assert subprocess.run(checked, cwd=manifest.parent, check=False).returncode == 0
    page = pypdf.PdfReader(manifest.parent / f"{numbers(stated)[0]}.pdf").pages[0]
    assert "Closing balance 0.108" in page.extract_text()


def test_an_order_given_again_writes_nothing_again(stated, tmp_path):
    renders(stated.database, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "statements").glob("*.pdf")}

    stands, _ = renders(stated.database, tmp_path)

    assert stands.written == 5
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert stated.tells("SELECT count(*) FROM rendering_run") == [(1,)]


def test_what_the_folder_lost_or_has_otherwise_is_written_again(stated, tmp_path):
    renders(stated.database, tmp_path)
    whole = the_files(tmp_path)
    first, second, *_ = (tmp_path / "statements" / f"{number}.pdf" for number in numbers(stated))
    first.unlink()
    second.write_bytes(b"%PDF-1.7 cut off")

    renders(stated.database, tmp_path)

    assert the_files(tmp_path) == whole


@pytest.mark.parametrize(
    ("step", "turns"),
    [
        ("service.store.renderings:claim", 2),
        ("worker.rendering:put", 1),
        ("worker.rendering:put", 6),
        ("service.store.renderings:written", 1),
        ("service.store.renderings:written", 3),
        ("service.store.renderings:all_written", 2),
    ],
)
def test_a_killed_run_is_gone_on_with_and_ends_with_the_same_bytes(
    stated, urls, tmp_path, step, turns
):
    killed, peaceful = tmp_path / "killed", tmp_path / "peaceful"
    killed.mkdir()
    peaceful.mkdir()
    dies(urls.app, killed, "render", step, turns)

    renders(stated.database, killed)
    renders(stated.database, peaceful)

    assert the_files(killed) == the_files(peaceful)
    by_run = "SELECT count(*), count(written_at) FROM rendering GROUP BY run_id"
    assert stated.tells(by_run) == [(5, 5), (5, 5)]


def test_several_processes_share_the_work(stated, tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    renders(stated.database, alone)

    stands, _ = renders(stated.database, together, workers=2)

    assert stands.written == 5
    assert the_files(together) == the_files(alone)


def test_what_one_worker_has_claimed_another_does_not_touch(stated):
    with unit_of_work(stated.database) as session:
        run = renderings.begin(session, ORDER, now=NOW)
    with unit_of_work(stated.database) as one, unit_of_work(stated.database) as other:
        ours = renderings.claim(one, run, limit=3)
        theirs = renderings.claim(other, run, limit=3)
        assert (len(ours), len(theirs)) == (3, 2)
        assert not set(ours) & set(theirs)
        assert renderings.claim(other, run, limit=3) == theirs  # its own are still its own


def test_what_cannot_be_set_is_told_and_tried_again_when_the_order_is_repeated(stated):
    with unit_of_work(stated.database) as session:
        run = renderings.begin(session, ORDER, now=NOW)
        first, *_ = renderings.claim(session, run, limit=1)
        renderings.refuse(session, run, first, reason="it cannot be set")
    with unit_of_work(stated.database) as session:
        assert renderings.refusals(session, run) == [(str(first.number), "it cannot be set")]
        stands = renderings.standing(session, run)
        assert (stands.written, stands.refused, stands.waiting, stands.all) == (0, 1, 4, 5)
        assert first not in renderings.claim(session, run, limit=9)
    with unit_of_work(stated.database) as session:
        assert renderings.begin(session, ORDER, now=NOW) == run
        assert first in renderings.claim(session, run, limit=9)


def test_a_month_that_is_not_closed_is_not_written(stated, tmp_path):
    desk = Desk(0, (), "", tmp_path / "statements", None)
    with pytest.raises(NotClosed, match="period 2026-02 is open"):
        rendering.begin(stated.database, Period(202602), desk, now=NOW, progress=drain.silent)
    assert not (tmp_path / "statements").exists()


def test_a_folder_that_takes_no_file_ends_the_run_and_says_so(stated, tmp_path):
    (tmp_path / "statements").write_text("a file")
    with pytest.raises(FolderRefused, match="cannot be made: File exists"):
        renders(stated.database, tmp_path)


def test_commands_write_a_month_and_one_statement(stated, wellspring, tmp_path):
    code, out, _ = wellspring(
        *("statements", "render", "2026-01", "--folder", "out", "--format", "xlsx"),
        *("--format", "html", "--locale", "de", "--json"),
    )
    assert (code, json.loads(out)["documents"]) == (0, 5)
    number = numbers(stated)[0]
    assert "0,108" in (tmp_path / "out" / f"{number}.de.html").read_text()
    again = ("statements", "render", "2026-01", "--folder", "out", "--format", "html")
    assert wellspring(*again)[0] == 0
    assert "0.108" in (tmp_path / "out" / f"{number}.html").read_text()
    assert {path.name for path in (tmp_path / "out").glob("manifest*")} == {
        "manifest-2026-01-html-xlsx.de.json",
        "manifest-2026-01-html.json",
    }
    code, _, err = wellspring("statements", "export", number, "--format", "pdf")
    assert (code, f"wrote {number}.pdf" in err) == (0, True)
    assert (tmp_path / f"{number}.pdf").read_bytes().startswith(b"%PDF-1.7")
    code, _, err = wellspring("statements", "render", "2026-03", "--folder", "out")
    assert (code, "period 2026-03 is open, not closed" in err) == (1, True)
    code, _, err = wellspring("statements", "render", "2026-01", "--folder", "x", "--locale", "zz")
    assert (code, "'zz' is no locale" in err) == (1, True)
    assert not (tmp_path / "x").exists()


def test_another_process_that_is_asked_to_write_ends_when_nothing_waits(stated, tmp_path):
    """What a worker process runs, in this one: it opens its own connection and closes it."""
    desk = Desk(0, (), "", tmp_path, None)
    rendering._write_as_another(stated.database.url, desk)
    assert sys.exc_info() == (None, None, None)
