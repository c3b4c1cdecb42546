"""A statement as PDF: tagged, titled, its fonts inside, read in order, no title is markup."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time

import pdfua
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from square_font import write_font
from stated import a_document, a_full_one, a_long_one

from service.documents.figures import figures_for
from service.documents.statement_html import statement_html
from service.documents.statement_pdf import BadFonts, StatementPrinter

PRINTER = StatementPrinter()


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content), strict=True)


def says(content: bytes) -> str:
    """Return what is read of a PDF, page by page, blanks as one."""
    whole = "\n".join(page.extract_text() for page in read(content).pages)
    return " ".join(whole.replace("\u200b", "").split())


def structure(content: bytes) -> list[tuple[str, dict]]:
    """Return the tags in reading order with their attributes of tables."""
    found = []

    def walk(node) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if "/S" in node:
                attributes = node.get("/A", [])
                attributes = attributes if isinstance(attributes, list) else [attributes]
                of_table = [one for one in attributes if one.get("/O") == "/Table"]
                found.append((node["/S"], of_table[0] if of_table else {}))
            walk(node.get("/K", []))

    walk(read(content).trailer["/Root"]["/StructTreeRoot"])
    return found


def test_it_is_said_to_be_pdf_ua_with_title_language_and_tags():
    root = read(PRINTER.print(a_document()).content).trailer["/Root"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Statement 2026-01-H7-USD" in metadata
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a boolean of PDF
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712


@pytest.mark.parametrize("document", [a_document(), a_full_one(), a_long_one(60)])
def test_a_checker_of_pdf_ua_finds_nothing(document, tmp_path):
    """The checker knows 16 of the 106 rules that a machine can check; veraPDF is not packaged."""
    path = tmp_path / "statement.pdf"
    path.write_bytes(PRINTER.print(document).content)
    report = pdfua.validate(str(path))
    assert [(one.rule_id, one.message) for one in report.findings] == []
    assert len(report.outcomes) > len(report.skipped)


def test_everything_shown_is_tagged_or_said_to_be_an_artifact():
    for page in read(PRINTER.print(a_long_one(60)).content).pages:
        depth, loose = 0, []
        for line in page.get_contents().get_data().decode("latin-1").split("\n"):
            for operator in re.findall(r"\b(BDC|BMC|EMC|Tj|TJ)\b", line):
                depth += {"BDC": 1, "BMC": 1, "EMC": -1}.get(operator, 0)
                if operator in {"Tj", "TJ"} and not depth:
                    loose.append(line)
        assert (depth, loose) == (0, [])
        assert page["/Tabs"] == "/S"


def test_headings_and_tables_have_their_tags_and_headers_their_scope():
    tags = structure(PRINTER.print(a_document()).content)
    names = [name for name, _ in tags]
    assert names.count("/Title") + names.count("/H1") >= 6
    assert names.count("/Table") == 5
    heads = [attributes for name, attributes in tags if name == "/TH"]
    assert len(heads) == 4 + 2 * 2 + 9 + 12
    assert {one["/Scope"] for one in heads} == {"/Column"}
    cells = [attributes for name, attributes in tags if name == "/TD"]
    assert all(one["/Headers"] for one in cells), "each cell names its header"


def test_all_fonts_are_inside():
    for page in read(PRINTER.print(a_document()).content).pages:
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font["/DescendantFonts"]
            assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"])
            assert "/ToUnicode" in font


def test_it_is_read_in_the_order_of_the_statement():
    said = says(PRINTER.print(a_document()).content)
    order = [
        "Statement 2026-01-H7-USD",
        "Ada 2026-01 USD 2026-02-03 04:05 UTC",
        "Opening balance 0.0045",
        "Earned in 2026-01 (settled) 7.29",
        "Adjustments to earlier months (settled) -0.000000001",
        "Closing balance 7.294499999",
        "What you earned in 2026-01",
        "Ode Acme elite 2026-01 2 1,500,000 12.15 60 % 7.29",
        "Earned in all 7.29",
        "refunds of 2 sales: not as ordered 0.000000005 0.000000004 -0.000000001",
        "Held (held) Not yet backed by the vendor's receipts",
        "payable once the vendor has paid. 2.00",
        "Payable (payable) 5.29",
        "How to ask",
        "What the words mean",
    ]
    places = [said.index(sentence) for sentence in order]
    assert places == sorted(places)


def test_pages_are_numbered_and_a_long_table_repeats_its_head():
    pages = read(PRINTER.print(a_long_one(60)).content).pages
    assert len(pages) == 3
    texts = [" ".join(page.extract_text().split()) for page in pages]
    assert [text.split()[-3:] for text in texts] == [[str(n), "/", "3"] for n in (1, 2, 3)]
    of_table = ["Ode Acme elite" in text or "Earned in all" in text for text in texts]
    assert ["Credited to the work, USD" in text for text in texts] == of_table
    assert sum(text.count("Ode Acme elite") for text in texts) == 60


INJECTIONS = [
    "#emph[x]",
    "$ sum_(k=1)^n k $",
    "= Heading",
    "- one\n- two",
    "*bold* _emph_ `raw` <label> @ref",
    "\\ // comment /* more */",
    '#import "/etc/passwd": *',
    '#read("/etc/passwd")',
    "]]#panic()[[",
    '"+sys.inputs.layout+"',
    "https://example.org/a?b=c#d",
    "~--- ... 1/2 'quoted' \"quoted\"",
]


@pytest.mark.parametrize("title", INJECTIONS)
def test_a_title_is_content_never_markup(title):
    document = replace(a_document(title=title), holder_name=title)
    said = says(PRINTER.print(document).content)
    assert said.count(" ".join(title.split())) == 2
    assert "/Annots" not in read(PRINTER.print(document).content).pages[0]


@pytest.mark.parametrize(
    "name",
    [
        "Zo\u00eb \u0141uczak",
        "\u0391\u03bb\u03ad\u03be\u03b7\u03c2",
        "\u0416\u0430\u043d\u043d\u0430",
        "\u05e9\u05dc\u05d5\u05dd",
        "\u0645\u062d\u0645\u062f",
        "Nguy\u1ec5n",
        "e\u0301 o\u0323\u0302",
    ],
)
def test_names_of_many_scripts_are_set_with_the_fonts_that_are_always_there(name):
    printed = PRINTER.print(a_document(title=name))
    assert printed.without_glyph == ()
    assert name[0] in says(printed.content)


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80))
def test_any_text_can_be_set_and_what_is_missing_is_of_it(title):
    printed = PRINTER.print(a_document(title=title))
    assert set(printed.without_glyph) <= set(title)
    assert printed.content.startswith(b"%PDF-")


def test_the_tags_of_a_table_are_nested_as_rows_of_equal_width():
    def children(node):
        kids = node.get("/K", [])
        kids = kids if isinstance(kids, list) else [kids]
        found = [kid.get_object() if hasattr(kid, "get_object") else kid for kid in kids]
        return [kid for kid in found if isinstance(kid, dict) and "/S" in kid]

    def width(cell):
        attributes = cell.get("/A", [])
        attributes = attributes if isinstance(attributes, list) else [attributes]
        return next((one["/ColSpan"] for one in attributes if "/ColSpan" in one), 1)

    root = read(PRINTER.print(a_full_one()).content).trailer["/Root"]["/StructTreeRoot"]
    (whole,) = children(root)
    tables = [node for node in children(whole) if node["/S"] == "/Table"]
    tables += [t for node in children(whole) for t in children(node) if t["/S"] == "/Table"]
    assert len(tables) >= 7
    for table in tables:
        parts = children(table)
        assert {part["/S"] for part in parts} <= {"/THead", "/TBody", "/TFoot"}
        rows = [row for part in parts for row in children(part)]
        assert {row["/S"] for row in rows} == {"/TR"}
        widths = [sum(width(cell) for cell in children(row)) for row in rows]
        assert len(set(widths)) == 1
        assert {cell["/S"] for row in rows for cell in children(row)} <= {"/TH", "/TD"}


def test_a_sign_without_glyph_is_named_never_an_empty_box():
    document = replace(a_document(title="\u674e\u660e \U0001f600"), holder_name="a\x07b")
    printed = PRINTER.print(document)
    assert printed.without_glyph == ("\x07", "\u660e", "\u674e", "\U0001f600")
    said = says(printed.content)
    assert "[U+674E][U+660E] [U+1F600] Acme" in said
    assert "a[U+0007]b" in said
    assert "No font at hand has a glyph for U+0007, U+660E, U+674E, U+1F600" in said


def test_a_thousand_different_signs_without_glyph_are_named_too():
    title = "".join(chr(sign) for sign in range(0x4E00, 0x4E00 + 1_000))
    printed = PRINTER.print(a_document(title=title))
    assert printed.without_glyph == tuple(title)


@pytest.mark.parametrize(
    "name",
    ["\u674e\u660e\u7684\u8bd7", "\u5c71\u7530\u592a\u90ce\u306e\u6b4c", "\ud55c\uad6d \uc2dc"],
    ids=["Chinese", "Japanese", "Korean"],
)
def test_a_folder_of_fonts_adds_its_glyphs(tmp_path, name):
    write_font(tmp_path / "squares.ttf", "Squares", name)
    document = replace(a_document(title=name), holder_name=name)
    assert len(PRINTER.print(document).without_glyph) >= 3
    printer = StatementPrinter(tmp_path)
    printed = printer.print(document)
    assert printer.families[0] == "Libertinus Serif", "what it has is set as without the folder"
    assert printed.without_glyph == ()
    assert says(printed.content).count(name) == 2
    fonts = {
        font["/BaseFont"].partition("+")[2]
        for page in read(printed.content).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert any("Squares" in font for font in fonts)


def test_a_folder_that_holds_no_font_is_refused_by_name(tmp_path):
    with pytest.raises(BadFonts, match="holds no font that the typesetter reads"):
        StatementPrinter(tmp_path)
    with pytest.raises(BadFonts, match="is no folder"):
        StatementPrinter(tmp_path / "none")


PROGRAM = """
import hashlib, sys
sys.path.insert(0, {tests!r})
from stated import a_document
from service.documents.statement_pdf import StatementPrinter
print(hashlib.sha256(StatementPrinter().print(a_document()).content).hexdigest())
"""


def test_the_same_statement_gives_the_same_bytes_wherever_it_is_set(tmp_path):
    program = PROGRAM.format(tests=str(Path(__file__).parent))
    digests = set()
    for zone, place in (("UTC", tmp_path), ("Asia/Kathmandu", Path("/"))):
        environment = os.environ | {"TZ": zone, "LANG": "C", "SOURCE_DATE_EPOCH": "1"}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        ran = subprocess.run(
            [sys.executable, "-c", program],
            cwd=place,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        digests.add(ran.stdout)
    assert len(digests) == 1
    first, again = PRINTER.print(a_document()), PRINTER.print(a_document())
    assert first == again
    assert read(first.content).metadata["/CreationDate"] == "D:20260203040506Z"


def test_a_locale_writes_the_figures():
    printed = PRINTER.print(a_document(), figures_for("de", "USD"))
    assert "Closing balance 7,294499999" in says(printed.content)
    page = statement_html(a_document(), figures_for("de", "USD"))
    assert '<dd>7,294499999 <abbr class="currency">USD</abbr></dd>' in page


def test_a_statement_of_two_thousand_lines_is_set_whole():
    said = says(PRINTER.print(a_long_one(2_000)).content)
    assert said.count("Ode Acme elite 2026-01 2 1,500,000 12.15 60 % 7.29") == 2_000
    assert "Earned in all 14580.00" in said


def test_a_usual_statement_takes_little_time():
    """The target is 30 ms of CPU; this only finds a template that is read anew for each one."""
    PRINTER.print(a_document())
    started = process_time()
    for number in range(20):
        PRINTER.print(replace(a_document(), holder_name=f"Ada {number}"))
    assert (process_time() - started) / 20 < 0.1
