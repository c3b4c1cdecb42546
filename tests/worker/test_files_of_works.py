"""Files registered on the command line."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "intake"))

import intake_files as files
from intake_files import ELEGY, ODE


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "ode.docx"
    path.write_bytes(files.word(ODE))
    return path


def test_a_file_is_registered_with_what_is_said_of_it(wellspring, book):
    order = ("works", "add", book, "--title", "Ode", "--kind", "poem", "--created-on", "1984")
    split = ("--holder", "Ada:600000", "--holder", "Ben:400000")
    code, out, err = wellspring(*order, *split, "--identifier", "doi:10.1000/182", "--json")
    assert (code, json.loads(out)) == (0, {"work": 1}), err
    (shown,) = json.loads(wellspring("works", "show", 1, "--json")[1])
    assert (shown["edition"], shown["characters"], shown["identifiers"]) == (
        1,
        len(ODE),
        "doi:10.1000/182",
    )
    code, _, err = wellspring(*order, *split)
    assert (code, err.strip()) == (1, "error: this text is registered as work 1")


def test_a_further_edition_stands_under_the_same_work(wellspring, book, tmp_path):
    assert wellspring("works", "add", book, "--title", "Ode", "--holder", "Ada")[0] == 0
    new = tmp_path / "new.txt"
    new.write_text(f"{ODE} {ELEGY}")
    order = ("works", "edition", 1, new, "--note", "An elegy added", "--json")
    code, out, err = wellspring(*order)
    assert (code, json.loads(out)) == (0, {"work": 1, "edition": 2}), err
    first, second = json.loads(wellspring("works", "show", 1, "--json")[1])
    assert (first["note"], second["note"]) == (None, "An elegy added")


BAD = [
    (("--holder", "Ada:x"), "must be name:ppm"),
    (("--holder", "Ada:1", "--holder", "Ada:2"), "is named twice"),
    (("--holder", "Ada:1"), "shares sum to 1 ppm"),
    (("--holder", "Ada", "--identifier", "isbn"), "must be written as scheme:value"),
    (("--holder", "Ada", "--created-on", "1984-13"), "is not in the calendar"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_what_is_wrong_is_said(wellspring, book, options, said):
    code, _, err = wellspring("works", "add", book, "--title", "Ode", *options)
    assert (code, said in err) == (1, True), err


def test_a_file_that_is_not_taken_is_refused_by_name(wellspring, tmp_path):
    path = tmp_path / "ode.pdf"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, _, err = wellspring("works", "add", path, "--title", "Ode", "--holder", "Ada")
    assert (code, err.strip()) == (1, "error: file: its name says pdf, but it holds a PNG image")
    missing = wellspring("works", "add", tmp_path / "no.txt", "--title", "O", "--holder", "Ada")
    assert (missing[0], "cannot be read" in missing[2]) == (1, True)


def test_a_csv_file_is_imported_after_a_dry_run(wellspring, tmp_path):
    path = tmp_path / "works.csv"
    path.write_text(
        'id,title,text,isbn,holders\no,Ode,"The tide,\nagain",0-306-40615-2,Ada:1000000\n'
    )
    order = ("works", "import", path, "--json")
    code, out, err = wellspring(*order, "--dry-run")
    assert (code, json.loads(out)) == (0, {"registered": 1, "duplicate": 0})
    assert "nothing was stored" in err
    assert json.loads(wellspring(*order)[1]) == {"registered": 1, "duplicate": 0}
    assert json.loads(wellspring(*order)[1]) == {"registered": 0, "duplicate": 1}
    path.write_text("id,title,text,isbn,holders\np,P,p,9780306406157,Ada:1000000\nq,Q,q,1,Ada:9\n")
    code, _, err = wellspring(*order, "--dry-run")
    assert code == 1
    assert "line 2: isbn 9780306406157 names work" in err
    assert "line 3: isbn '1': has " in err
