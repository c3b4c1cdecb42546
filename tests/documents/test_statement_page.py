"""The page is the accessible original: its structure alone says what the eye sees."""

import pytest
from lxml import html
from stated import a_document, a_full_one, a_long_one

from service.documents.statement_html import STATEMENT_CSS, statement_html

PAGES = {
    name: html.document_fromstring(statement_html(document))
    for name, document in (
        ("usual", a_document()),
        ("full", a_full_one()),
        ("long", a_long_one(300)),
    )
}
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


@each_page
def test_it_has_a_language_a_title_a_main_part_and_one_first_heading(page):
    assert page.get("lang") == "en"
    assert page.findtext("head/title") == "Statement 2026-01-H7-USD"
    assert len(page.findall(".//main")) == 1
    assert [one.text for one in page.iter("h1")] == ["Statement 2026-01-H7-USD"]


@each_page
def test_headings_leave_out_no_level_and_are_not_empty(page):
    levels = [int(one.tag[1]) for one in page.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    assert all(one.text_content().strip() for one in page.iter("h2"))


@each_page
def test_every_table_has_a_caption_and_every_header_cell_its_scope(page):
    for table in page.iter("table"):
        assert table.findtext("caption").strip()
        scopes = [one.get("scope") for one in table.iter("th")]
        assert set(scopes) == {"col", "row"}
        columns = len(table.findall("thead/tr/th"))
        for row in table.findall("tbody/tr"):
            assert len(row) == columns
            assert row[0].tag == "th"
        for row in table.findall("tfoot/tr"):
            assert sum(int(cell.get("colspan", "1")) for cell in row) == columns


@each_page
def test_what_scrolls_is_reached_by_keyboard_and_has_a_name(page):
    for table in page.iter("table"):
        region = table.getparent()
        assert (region.get("role"), region.get("tabindex")) == ("region", "0")
        assert region.get("aria-label") == table.findtext("caption")
    assert {one.get("tabindex") for one in page.xpath("//*[@tabindex]")} <= {"0"}


@each_page
def test_each_amount_stands_with_its_name_and_its_currency(page):
    for group in page.iter("dl"):
        assert {one.tag for one in group} == {"div"}
        for pair in group:
            assert [one.tag for one in pair] == ["dt", "dd"]
    for one in page.xpath("//dl[@class='statement-balance']//dd"):
        assert one.findtext("abbr") == "USD"


@each_page
def test_a_name_of_another_direction_does_not_turn_what_stands_beside_it(page):
    cells = page.xpath("//tbody/tr/th") + page.xpath(
        "//dl[@class='statement-facts']//dd[not(time)]"
    )
    assert cells
    assert {one.get("dir") for one in cells} == {"auto"}


def test_it_prints_without_cutting_rows_or_hiding_columns():
    printed = STATEMENT_CSS.partition("@media print")[2]
    assert "break-inside: avoid" in printed
    assert "overflow: visible" in printed
    assert "--paper: #fff" in printed


def test_dark_and_light_are_the_readers_choice_and_colour_alone_says_nothing():
    assert "prefers-color-scheme: dark" in STATEMENT_CSS
    label = PAGES["full"].xpath("//span[@class='label held']")[0]
    assert label.text == "held"


def channel(value: str) -> float:
    part = int(value, 16) / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (channel(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["--ink", "--soft", "--held", "--good"])
def test_every_ink_can_be_read_on_its_paper(scheme, ink):
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1 for text."""
    words = STATEMENT_CSS.split(":root {")[scheme + 1].split("}")[0].split(";")
    colours = dict(word.split(":") for word in words if word.strip().startswith("--"))
    named = {name.strip(): colour.strip() for name, colour in colours.items()}
    light, dark = sorted((luminance(named[ink]), luminance(named["--paper"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
