"""The page of figures: a row for each set, and again for what has one label a text."""

from attribution.training.material import Output
from attribution.training.page import figures_of
from attribution.values import Attribution

NUMBERS = {"ode": 0, "essay": 1}


def judged(text, *sources, best, sub="Noyes"):
    output = Output("name", text, sources, (), dict.fromkeys(sources, 1.0), "kind", sub, "topic")
    return output, Attribution({}, 1_000_000, (), "v", best)


OUTPUTS = [
    judged("Sing, goddess.", "ode", best=(0, 0.9)),
    judged("I cannot help.", "ode", best=(1, 0.8), sub="Tyndale"),
    judged("I cannot  help.", "essay", best=(1, 0.8)),
    judged("Once upon a time.", best=(0, 0.1)),
]


def rows_where(name):
    sets = dict.fromkeys(("clough", "raidar", "bible", "mosaic", "detectrl"), OUTPUTS[::3])
    told = figures_of(sets | {name: OUTPUTS}, dict.fromkeys(sets, NUMBERS))
    return {row: (figures["outputs"], figures["recall_at_1"]) for row, figures in told.items()}


def test_a_set_with_contradicting_labels_has_a_second_row_without_them():
    rows = rows_where("detectrl")
    assert rows["detectrl"] == (4, 2 / 3)
    assert rows["detectrl, one label a text"] == (2, 1.0)
    assert (rows["pool"], rows["pool, one label a text"]) == ((12, 6 / 7), (10, 1.0))
    assert "bible, one label a text" not in rows


def test_the_bible_stands_again_without_its_oldest_translation():
    assert rows_where("bible")["bible, modern spelling"] == (3, 1.0)
