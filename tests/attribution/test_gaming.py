"""Self-dealing earns nothing: copies, others' texts, stuffed works, outputs sold and registered."""

from dataclasses import replace

import numpy as np
import pytest

from attribution.examination import EVASIVE, STUFFED, flags_of
from attribution.memory_registry import MemoryRegistry
from attribution.values import Standing

LIGHTHOUSE = (
    "The keeper of Skarholm rowed out before dawn with eleven tins of paraffin under a tarpaulin. "
    "He had counted the stairs so often that his knees knew the loose one, the ninety-third. "
    "At the lamp he trimmed four wicks, wiped the Fresnel prisms with spirit and wound the clock. "
    "A freighter from Riga answered his signal twice and then stood away to the north-west. "
    "By noon the fog had swallowed the reef, the cormorants and finally the railing itself."
)
LIGHTHOUSE_POLISHED = (
    "Before dawn the keeper of Skarholm rowed out, eleven tins of paraffin beneath a tarpaulin. "
    "He had counted the stairs so many times that his knees knew the ninety-third, the loose one. "
    "At the lamp he trimmed its four wicks, wiped the Fresnel prisms with spirit, wound the clock. "
    "A freighter out of Riga answered his signal twice, then stood away towards the north-west. "
    "By noon fog had swallowed the reef, then the cormorants and finally even the railing."
)
LIGHTHOUSE_RETOLD = (
    "The Skarholm keeper took his boat out while it was dark, eleven tins of paraffin covered up. "
    "His knees remembered the ninety-third stair, the loose one, for he had counted them often. "
    "Up at the lamp he cut the four wicks, cleaned the Fresnel prisms with spirit and wound up the "
    "clock. A freighter bound from Riga replied two times to his signal and made for the "
    "north-west. At midday the fog covered reef, cormorants and at last the railing."
)
BAKERY = (
    "Fermented rye keeps for three weeks if the crust is rubbed with caraway and coarse salt. "
    "The bakers of Valmiera feed their leaven at midnight, never with water from the new main. "
    "Each loaf is scored with a fish knife and slid over maple leaves into the falling oven. "
    "When the thermometer reads two hundred and ten they close the damper and open the beer."
)
INVOICES = (
    "Quarterly invoices must be filed by the tenth working day under their own ledger heading. "
    "An auditor may ask for the stamped originals during the seven years after the closing date. "
    "Late corrections are entered in red, countersigned by two clerks and sent to the registrar. "
    "Nobody may approve a reimbursement that concerns his own travel or that of a relative."
)
WORKS = {1: LIGHTHOUSE, 2: BAKERY, 3: INVOICES}
DOUBLES = str.maketrans("aceopxy", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443")


@pytest.fixture
def registry(minilm):
    registry = MemoryRegistry(minilm)
    registry.register(WORKS)
    return registry


def paid(registry, text, out=()):
    def standing(work):
        return Standing.OUT if work in out else Standing.EARNS

    return registry.engine.attribute_text(text, standing).share_ppm


def examined(registry, text, *, before):
    print_of = registry.engine.fingerprint([text])[0]
    return registry.engine.examine(print_of, lambda work: work < before)


def spun(text, number):
    """Let two neighbouring words of each sentence change places, others in every copy."""
    words = text.split(" ")
    for start in range(0, len(words) - 9, 9):
        at = start + number // 8 ** (start // 9) % 8
        words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def test_a_rewrite_is_paid_to_its_work(registry):
    assert paid(registry, LIGHTHOUSE_RETOLD) == {1: 1_000_000}
    assert paid(registry, BAKERY) == {2: 1_000_000}


@pytest.mark.parametrize("by_one", [True, False], ids=["one owner", "a thousand owners"])
def test_a_thousand_near_copies_earn_together_what_one_work_earns(encoder, by_one):
    registry = MemoryRegistry(encoder)
    registry.register(WORKS)
    copies = {10 + at: spun(LIGHTHOUSE, at * 7_919) for at in range(1_000)}
    assert len(set(copies.values())) == 1_000
    registry.register(copies, owners={work: 1 if by_one else work for work in copies})
    for text in (LIGHTHOUSE, LIGHTHOUSE_POLISHED, LIGHTHOUSE_RETOLD):
        assert sum(paid(registry, text).values()) == 1_000_000
    assert paid(registry, INVOICES) == {3: 1_000_000}


def thinned(text, number):
    """Leave out about every eighth word, others in every copy."""
    stays = np.random.default_rng(number).random(len(text)) > 0.12
    return " ".join(word for at, word in enumerate(text.split(" ")) if stays[at])


def test_copies_by_the_author_that_belong_to_the_first_neither_cost_nor_earn(encoder):
    registry = MemoryRegistry(encoder)
    registry.register(WORKS)
    registry.register(
        {4 + at: f"Letter {at} from stranger {at} about nothing." for at in range(20)}
    )
    copies = {100 + at: thinned(LIGHTHOUSE, at) for at in range(200)}
    outputs = [LIGHTHOUSE_RETOLD, copies[187], thinned(copies[260], 9), f"{BAKERY} {copies[103]}"]
    alone = [paid(registry, text) for text in outputs]
    assert [sorted(shares) for shares in alone] == [[1], [1], [1], [1, 2]]
    for copy, text in copies.items():
        found = examined(registry, text, before=copy)
        assert found.originality_ppm == 0
        registry.register({copy: text}, owners={copy: 1})
        belongs(registry, copy, found)
    assert [paid(registry, text) for text in outputs] == alone


def belongs(registry, work, found):
    """Let passages of a work belong to those of an earlier one that they were taken from."""
    taken = {one.output_start: one.passage_id for each in found.findings for one in each.evidence}
    known = registry.catalogue.locate(registry.index.passage_ids())
    registry.catalogue.add(
        replace(ref, origin=taken[ref.start])
        for ref in known.values()
        if ref.work_id == work and ref.start in taken
    )


def test_a_text_of_someone_else_is_a_near_copy_and_takes_nothing(registry):
    found = examined(registry, LIGHTHOUSE_POLISHED, before=9)
    assert found.near_copy
    assert [finding.work_id for finding in found.findings] == [1]
    registry.register({9: LIGHTHOUSE_POLISHED})
    assert paid(registry, LIGHTHOUSE_RETOLD, out={9}) == {1: 1_000_000}
    assert paid(registry, LIGHTHOUSE_POLISHED, out={9}) == {1: 1_000_000}


def test_even_before_it_is_examined_the_earlier_work_wins(registry):
    registry.register({9: LIGHTHOUSE_POLISHED})
    assert paid(registry, LIGHTHOUSE_RETOLD) == {1: 1_000_000}
    assert paid(registry, LIGHTHOUSE) == {1: 1_000_000}


def test_keyword_stuffing_is_flagged_and_takes_nothing(registry):
    stuffed = "Keeper lighthouse paraffin lamp fog freighter leaven invoice. " * 60
    assert examined(registry, stuffed, before=9).flags == (STUFFED,)
    registry.register({9: stuffed})
    assert paid(registry, LIGHTHOUSE_RETOLD) == {1: 1_000_000}
    assert paid(registry, BAKERY) == {2: 1_000_000}


def test_keywords_a_sentence_apart_are_stuffing_too(registry):
    words = [
        "keeper",
        "lighthouse",
        "paraffin",
        "lamp",
        "fog",
        "freighter",
        "leaven",
        "invoice",
        "oven",
        "auditor",
    ]
    sentences = [" ".join(words[at:] + words[:at]).capitalize() + "." for at in range(10)]
    (print_of,) = registry.engine.fingerprint([" ".join(sentences)])
    assert list(flags_of(print_of)) == [STUFFED]


def test_no_work_of_ordinary_prose_is_flagged(registry):
    prints = registry.engine.fingerprint(list(WORKS.values()))
    assert [list(flags_of(each)) for each in prints] == [[], [], []]


def test_an_output_registered_after_its_sale_earns_nothing_from_it(registry):
    sold = (
        "Glaciers in the Tien Shan lost a quarter of their ice between the two surveys. "
        "Meltwater now peaks in June, a month before the cotton fields of the valley need it. "
        "Engineers propose eleven reservoirs, each of them above a fault that moved in 1911."
    )
    assert paid(registry, sold) == {}
    registry.register({9: sold})
    assert paid(registry, sold, out={9}) == {}
    assert paid(registry, sold) == {9: 1_000_000}, "a later sale may pay it"


@pytest.mark.parametrize(
    "hidden",
    [LIGHTHOUSE_RETOLD.translate(DOUBLES), LIGHTHOUSE_RETOLD.replace("e", "e\u200b")],
    ids=["homoglyphs", "zero-width"],
)
def test_evasion_keeps_the_share_and_is_flagged(registry, hidden):
    assert paid(registry, hidden)[1] >= 990_000
    (print_of,) = registry.engine.fingerprint([hidden])
    assert list(flags_of(print_of)) == [EVASIVE]


@pytest.mark.parametrize(("every", "flags"), [(200, []), (50, [EVASIVE])])
def test_an_output_is_evasive_from_one_character_in_a_hundred_on(registry, every, flags):
    places = np.arange(every, len(LIGHTHOUSE), every).tolist()
    pieces = np.split(np.array(list(LIGHTHOUSE)), places)
    (print_of,) = registry.engine.fingerprint(["\u200b".join("".join(p) for p in pieces)])
    assert list(flags_of(print_of)) == flags
