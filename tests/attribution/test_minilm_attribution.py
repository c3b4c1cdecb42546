"""The whole path with the real encoder."""

import numpy as np
import pytest

from attribution.catalogue import MemoryCatalogue, PassageRef
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.registration import passages_of

CREATION = (
    "In the beginning God created the heavens and the earth. Now the earth was formless and void, "
    "and darkness was over the surface of the deep. And the Spirit of God was hovering over the "
    'surface of the waters. And God said, "Let there be light," and there was light. And '
    "God saw that the light was good, and He separated the light from the darkness."
)
CREATION_RETOLD = (
    "At the very beginning, God made heaven and earth. The earth had no form then and was empty, "
    "and the surface of the deep lay in darkness. The Spirit of God moved over the face of the "
    "waters. God spoke: 'There shall be light', and there was light. And God saw that the light "
    "was a good thing, and divided the light from the darkness."
)
GARDEN = (
    "Plant garlic in October, with the points of the cloves upwards and a hand's breadth between "
    "them. Water it only when the soil is dry to the depth of a finger. Stop watering when the "
    "leaves begin to turn yellow. Lift the bulbs with a fork on a dry day in July, and let them "
    "hang in an airy shed for two weeks before you store them."
)
SHIPPING = (
    "The board approved the merger of the two shipping companies on Thursday evening. Shareholders "
    "will receive three new shares for every five they hold. The regulator has until March to "
    "object, and unions have announced a strike vote at the northern terminals."
)


@pytest.fixture(scope="module")
def engine(minilm):
    refs, vectors = [], []
    for work_id, text in enumerate((CREATION, GARDEN), start=1):
        passages, texts, hashes = passages_of(text)
        vectors.append(minilm.encode(texts))
        for passage, content_hash in zip(passages, hashes, strict=True):
            name = len(refs)
            refs.append(PassageRef(name, work_id, passage.start, passage.end, content_hash))
    index = FaissIndex(minilm.dimension)
    index.add(np.arange(len(refs), dtype=np.int64), np.vstack(vectors))
    return Engine(minilm, index, MemoryCatalogue(refs))


def paid(engine, text):
    return engine.attribute_text(text, lambda _work_id: True)


def test_a_copy_is_paid_and_verbatim(engine):
    attribution = paid(engine, CREATION)
    assert attribution.share_ppm == {1: 1_000_000}
    assert {each.kind for each in attribution.evidence} == {"verbatim"}
    assert attribution.best == (1, pytest.approx(0.99968, abs=1e-4))


def test_a_paraphrase_is_paid_for_most_of_it(engine):
    attribution = paid(engine, CREATION_RETOLD)
    assert list(attribution.share_ppm) == [1]
    assert attribution.share_ppm[1] >= 500_000
    assert {each.kind for each in attribution.evidence} == {"paraphrase"}


def test_an_unrelated_text_is_paid_nothing(engine):
    attribution = paid(engine, SHIPPING)
    assert attribution.share_ppm == {}
    assert attribution.unmatched_ppm == 1_000_000


def test_a_mosaic_is_paid_near_its_parts(engine):
    text = f"{GARDEN} {SHIPPING} {CREATION}"
    share_ppm = paid(engine, text).share_ppm
    assert share_ppm[1] == pytest.approx(len(CREATION) / len(text) * 1_000_000, abs=20_000)
    assert share_ppm[2] == pytest.approx(len(GARDEN) / len(text) * 1_000_000, abs=20_000)


def test_homoglyphs_and_zero_widths_hide_nothing(engine):
    hidden = CREATION.replace("e", "\u0435").replace("th", "t\u200bh")
    assert paid(engine, hidden).share_ppm[1] >= 990_000
