"""Texts of our own, verses of the Bible, and registries that hold them."""

import json
from pathlib import Path

import numpy as np

from attribution.catalogue import MemoryCatalogue, PassageRef
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.memory_registry import MemoryRegistry
from attribution.values import Standing

ODE = (
    "Season of mists and mellow fruitfulness, close bosom friend of the maturing sun above. "
    "Conspiring with him how to load and bless with fruit the vines that round the eaves run. "
    "To bend with apples the mossed cottage trees, and fill all fruit with ripeness to the core."
)
ESSAY = (
    "Reading maketh a full man; conference a ready man; and writing an exact man, says the essay. "
    "Some books are to be tasted, others to be swallowed, and some few to be chewed and digested. "
    "Histories make men wise; poets witty; the mathematics subtle; natural philosophy deep indeed."
)
MANUAL = (
    "Disconnect the washing machine from its socket before you open the filter at the front door. "
    "Put a flat bowl under the opening, turn the filter to the left and let the water run out."
)
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
GARDEN_RETOLD = (
    "Garlic goes into the ground in October, the tips of its cloves pointing up and one hand "
    "apart. It needs water only once the earth is dry a finger deep. No more water when the "
    "leaves start to go yellow. In July, on a dry day, dig up the bulbs with a fork, hang them "
    "in an airy shed and store them after two weeks."
)
SHIPPING = (
    "The board approved the merger of the two shipping companies on Thursday evening. Shareholders "
    "will receive three new shares for every five they hold. The regulator has until March to "
    "object, and unions have announced a strike vote at the northern terminals."
)


def everyone(_work_id):
    return Standing.EARNS


def only(*work_ids):
    return lambda work: Standing.EARNS if work in work_ids else Standing.OUT


def all_but_the_commons(*work_ids):
    return lambda work: Standing.COMMONS if work in work_ids else Standing.EARNS


def a_registry(encoder, *texts, owners=None):
    """Register texts as works 1, 2, 3 ..."""
    registry = MemoryRegistry(encoder)
    registry.register(dict(enumerate(texts, start=1)), owners=owners)
    return registry


def an_engine(encoder, *texts, owners=None):
    return a_registry(encoder, *texts, owners=owners).engine


def an_engine_added_in_order(encoder, order, *texts):
    """Register texts as works 1, 2, 3 ... with ids of their own, passage by passage in an order.

    ``order`` gives the place of the next passage among those not added yet, cyclically.
    """
    index, lexicon = FaissIndex(encoder.dimension), SegmentedLexicalIndex()
    catalogue = MemoryCatalogue()
    engine = Engine(encoder, index, lexicon, catalogue)
    waiting = []
    for work_id, each in enumerate(engine.fingerprint(texts), start=1):
        rows = range(len(each))
        waiting += [(work_id, work_id * 100 + row, row, each) for row in rows]
    step = 0
    while waiting:
        work_id, name, row, each = waiting.pop(order[step % len(order)] % len(waiting))
        step += 1
        ids, works = np.array([name]), np.array([work_id])
        span = int(each.starts[row]), int(each.ends[row])
        catalogue.add([PassageRef(name, work_id, *span, each.hashes[row])])
        index.add(ids, each.vectors[row : row + 1])
        lexicon.add(ids, works, works, each.lexical.take(np.array([row])))
    return engine


def shares(engine, text, standing=everyone):
    attribution = engine.attribute_text(text, standing)
    return attribution.share_ppm, attribution.unmatched_ppm


def bible(name):
    """Give the rows of ``bible_works`` (BSB) or ``bible_outputs`` (other translations)."""
    path = Path(__file__).with_name(f"bible_{name}.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
