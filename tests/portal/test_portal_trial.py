"""Try it: marks on both sides, nothing stored, other people's texts not shown."""

import re

from service.api.doors import PreviewedAttribution, PreviewPassage, PreviewSpan

TEXT = "Salt remembers the sea. And then some filler."


def test_an_empty_page_shows_only_the_form(world, catalogue):
    page = world.browser("ada").get("/try").text
    assert "Find its sources" in page
    assert "draws on" not in page.split('id="trial"')[1]


def test_matched_passages_are_marked_on_both_sides(world, catalogue):
    body = "They say: Salt remembers the sea. Nobody asked it."
    own = world.work("Salt", {catalogue.ada: 1_000_000}, body=body)
    span = PreviewSpan(0, 23, own, 10, 33, 991_000, "verbatim")
    world.preview.answer = PreviewedAttribution({own: 512_345}, 487_655, (span,), "fake-1")
    page = world.browser("ada").send("/try", text=TEXT)
    assert page.status_code == 200
    mark = '<mark class="match-0">Salt remembers the sea.<sup>1</sup></mark>'
    assert f'<div class="text">{mark} And then some filler.</div>' in page.text
    quote = f'<blockquote class="text">They say: {mark} Nobody asked it.</blockquote>'
    assert quote in page.text
    assert "51.2345 % of the output · verbatim · confidence up to 99.1 %" in page.text
    assert "Unmatched: 48.7655 %. Engine: fake-1." in page.text
    assert f'<a href="/works/{own}">Salt</a>' in page.text
    assert world.preview.asked == [TEXT]


def test_the_text_of_somebody_elses_work_is_not_shown(world, catalogue):
    other = world.work("Secret", {catalogue.bo: 1_000_000}, body="Salt remembers the sea. Hidden.")
    span = PreviewSpan(0, 23, other, 0, 23, 900_000, "verbatim")
    world.preview.answer = PreviewedAttribution({other: 500_000}, 500_000, (span,), "fake-1")
    page = world.browser("ada").send("/try", text=TEXT).text
    assert "Secret" in page
    assert "Somebody else&#39;s work: its text is not shown." in page or (
        "Somebody else's work: its text is not shown." in page
    )
    assert "Hidden" not in page
    assert f"/works/{other}" not in page


def test_markup_in_an_output_is_text(world, catalogue):
    span = PreviewSpan(0, 8, catalogue.essay, 0, 3, 900_000, "verbatim")
    world.preview.answer = PreviewedAttribution({catalogue.essay: 1_000_000}, 0, (span,), "fake-1")
    page = world.browser("ada").send("/try", text="<script>alert(1)</script>").text
    assert "<script>alert" not in page
    assert '<mark class="match-0">&lt;script&gt;<sup>1</sup></mark>alert(1)' in page


def test_no_match_says_what_that_means(world, catalogue):
    said = world.browser("ada").send("/try", text="Nothing of anybody.").text
    assert "It draws on no registered work" in said
    assert "Unmatched: 100 %." in said


def test_an_empty_or_endless_text_is_refused_beside_the_field(world, catalogue):
    browser = world.browser("ada")
    answer = browser.send("/try", text="  ")
    assert answer.status_code == 422
    assert 'id="text-error">The text must not be empty.<' in answer.text
    answer = browser.send("/try", text="x" * 50_001)
    assert "The text has 50001 characters, at most 50000 are taken." in answer.text
    assert world.preview.asked == []


def test_every_passage_says_what_becomes_of_it_beside_its_source(world, catalogue):
    body = "They say: Salt remembers the sea. Nobody asked it."
    own = world.work("Salt", {catalogue.ada: 1_000_000}, body=body)
    other = world.work("Filler", {catalogue.bo: 1_000_000}, body="And then Veiled filler.")
    world.preview.answer = PreviewedAttribution(
        {own: 500_000},
        500_000,
        (PreviewSpan(0, 23, own, 10, 33, 991_000, "verbatim"),),
        "fake-1",
        (
            PreviewPassage(0, 23, "work", own, 10, 33, 991_000, "verbatim", "paid"),
            PreviewPassage(24, 33, "none", other, 0, 23, 310_000, "paraphrase", "too faint"),
            PreviewPassage(34, 45, "none", None, None, None, 0, None, "no likeness"),
        ),
    )
    page = world.browser("ada").send("/try", text=TEXT).text
    mark = '<mark class="match-0">Salt remembers the sea.<sup>1</sup></mark>'
    bare = re.sub(r"<(t[dr])\b[^>]*>", r"<\1>", page)
    assert (
        f"<tr><td>{mark}</td><td>paid to the work</td><td>Salt</td>"
        "<td>Salt remembers the sea.</td><td>99.1 %</td></tr>"
    ) in bare
    assert (
        "<tr><td>And then </td><td>unmatched: the likeness is too faint</td><td>Filler</td>"
        "<td></td><td>31 %</td></tr>"
    ) in bare
    assert "nothing registered is like it</td><td></td><td></td>" in bare
    assert "Veiled" not in page
