"""What the words mean, with the real encoder: retellings, strangers, disguises, quotes."""

import pytest
from registered_texts import (
    CREATION,
    CREATION_RETOLD,
    GARDEN,
    GARDEN_RETOLD,
    MANUAL,
    SHIPPING,
    an_engine,
    bible,
    everyone,
    shares,
)


@pytest.fixture(scope="module")
def engine(minilm):
    return an_engine(minilm, CREATION, GARDEN)


def paid(engine, text):
    return engine.attribute_text(text, everyone)


def test_a_copy_is_paid_and_verbatim(engine):
    attribution = paid(engine, CREATION)
    assert attribution.share_ppm == {1: 1_000_000}
    assert {each.kind for each in attribution.evidence} == {"verbatim"}
    work, sure = attribution.best
    assert (work, sure > 0.99) == (1, True)


@pytest.mark.parametrize(("text", "work"), [(CREATION_RETOLD, 1), (GARDEN_RETOLD, 2)])
def test_a_retelling_is_paid_for_most_of_it(engine, text, work):
    attribution = paid(engine, text)
    assert list(attribution.share_ppm) == [work]
    assert attribution.share_ppm[work] >= 900_000
    assert {each.kind for each in attribution.evidence} == {"paraphrase"}


def test_an_unrelated_text_is_paid_nothing_and_the_reason_is_told(engine):
    attribution = paid(engine, SHIPPING)
    assert (attribution.share_ppm, attribution.unmatched_ppm) == ({}, 1_000_000)
    assert attribution.best[1] < 0.1
    assert {each.reason for each in attribution.passages} <= {"too faint", "no likeness"}
    assert attribution.unmatched_rows == tuple(range(len(attribution.passages)))


def test_another_text_about_the_same_topic_is_paid_nothing(engine):
    own = (
        "Garlic is easy to grow and hard to kill. Buy firm heads from a nursery, not from the "
        "supermarket, for those are often treated against sprouting. I give mine compost in the "
        "spring and cut the flower stalks off, which we fry with eggs. Rust is the one disease I "
        "have met, and moving the bed every year has kept it away so far."
    )
    assert paid(engine, own).share_ppm == {}


def test_a_mosaic_is_paid_near_its_parts(engine):
    text = f"{GARDEN} {SHIPPING} {CREATION}"
    share_ppm = paid(engine, text).share_ppm
    assert share_ppm[1] == pytest.approx(len(CREATION) / len(text) * 1_000_000, abs=20_000)
    assert share_ppm[2] == pytest.approx(len(GARDEN) / len(text) * 1_000_000, abs=20_000)


def test_a_long_quote_in_a_strange_text_is_paid_for_itself_alone(engine):
    quote = GARDEN.partition("July, and ")[2]
    before, after = SHIPPING.split("Shareholders")
    attribution = paid(engine, f"{before}\n{quote}\nShareholders{after}")
    assert attribution.share_ppm == {2: 205_607}  # 66 of 321 characters
    (evidence,) = attribution.evidence
    assert (evidence.kind, evidence.paid) == ("verbatim", True)


def test_what_is_added_to_a_copy_is_nobodys(minilm):
    works = [GARDEN, *(row["text"] for row in bible("works"))]
    share_ppm, _ = shares(an_engine(minilm, *works), f"{GARDEN} {MANUAL}")
    assert share_ppm[1] == pytest.approx(len(GARDEN) / 513 * 1_000_000, abs=20_000)


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text.replace("e", "\u0435").replace("o", "\u043e"),
        lambda text: text.replace("th", "t\u200bh").replace("an", "a\u00adn"),
        str.upper,
        lambda text: text.replace(" ", "  "),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    ],
    ids=["homoglyphs", "zero widths", "capitals", "blanks", "full width"],
)
def test_disguises_hide_nothing(engine, disguise):
    assert shares(engine, disguise(CREATION))[0].get(1, 0) >= 990_000


def test_any_part_of_a_work_names_it(engine):
    sentences = GARDEN.split(". ")
    for count in range(1, len(sentences) + 1):
        attribution = paid(engine, ". ".join(sentences[:count]))
        assert attribution.share_ppm == {2: 1_000_000}
        assert attribution.best[1] > 0.9
