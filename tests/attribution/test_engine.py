import numpy as np

from attribution.catalogue import MemoryCatalogue, PassageRef
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.registration import passages_of

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


def everyone(_work_id):
    return True


def engine_of(encoder, *works, neighbours=8):
    """Register texts as works 1, 2, 3 ... with passages 1, 2, 3 ..."""
    refs, vectors = [], []
    for work_id, text in enumerate(works, start=1):
        passages, texts, hashes = passages_of(text)
        vectors.append(encoder.encode(texts))
        for passage, content_hash in zip(passages, hashes, strict=True):
            refs.append(
                PassageRef(len(refs) + 1, work_id, passage.start, passage.end, content_hash)
            )
    index = FaissIndex(encoder.dimension)
    index.add(np.array([ref.passage_id for ref in refs], dtype=np.int64), np.vstack(vectors))
    return Engine(encoder, index, MemoryCatalogue(refs), neighbours=neighbours)


def shares(engine, text, eligible=everyone):
    attribution = engine.attribute_text(text, eligible)
    return attribution.share_ppm, attribution.unmatched_ppm


def test_a_copy_is_paid_whole(encoder):
    assert shares(engine_of(encoder, ODE, ESSAY), ESSAY) == ({2: 1_000_000}, 0)


def test_an_unrelated_text_is_paid_nothing(encoder):
    assert shares(engine_of(encoder, ODE, ESSAY), MANUAL) == ({}, 1_000_000)


def test_an_empty_index_and_an_empty_text_pay_nothing(encoder):
    empty = Engine(encoder, FaissIndex(encoder.dimension), MemoryCatalogue())
    assert shares(empty, ODE) == ({}, 1_000_000)
    assert shares(engine_of(encoder, ODE), "") == ({}, 1_000_000)
    assert engine_of(encoder, ODE).attribute([], everyone) == []


def test_a_mosaic_is_paid_by_characters(encoder):
    engine = engine_of(encoder, ODE, ESSAY)
    assert (len(ODE), len(ESSAY), len(MANUAL)) == (267, 279, 182)
    share_ppm, unmatched_ppm = shares(engine, f"{ODE} {MANUAL} {ESSAY}")
    # 265 + 277 + 181 characters in passages: the blanks between passages count for nobody
    assert (share_ppm, unmatched_ppm) == ({1: 366_528, 2: 383_126}, 250_346)


def test_evidence_points_at_the_words_themselves(encoder):
    text = "As they say:\n\n" + ODE.replace("apples", "app\u200bles")
    attribution = engine_of(encoder, ESSAY, ODE).attribute_text(text, everyone)
    last = attribution.evidence[-1]
    assert ODE[last.source_start : last.source_end].startswith("To bend with apples the")
    assert text[last.output_start : last.output_end].startswith("To bend with app\u200bles the")
    assert last.output_end == len(text)
    assert (last.work_id, last.passage_id, last.kind) == (2, 6, "verbatim")


def test_hiding_letters_changes_no_share(encoder):
    engine = engine_of(encoder, ODE, ESSAY)
    hidden = ODE.replace("a", "\u0430").replace("th", "t\u200bh")
    share_ppm, _ = shares(engine, hidden)
    assert share_ppm[1] >= 990_000
    assert engine.fingerprint([hidden])[0].normalisation_changed_ppm > 10_000


def test_of_two_equal_works_the_earlier_is_paid(encoder):
    assert shares(engine_of(encoder, ESSAY, ODE, ODE), ODE) == ({2: 1_000_000}, 0)


def test_a_hundred_copies_do_not_hide_the_earliest(encoder):
    assert shares(engine_of(encoder, ODE, *[ODE] * 99), ODE) == ({1: 1_000_000}, 0)


def test_a_work_that_may_not_earn_is_never_paid(encoder):
    engine = engine_of(encoder, ODE, ESSAY)
    assert shares(engine, ODE, lambda work: work != 1) == ({}, 1_000_000)


def test_works_that_may_not_earn_do_not_hide_one_that_may(encoder):
    engine = engine_of(encoder, *[ODE] * 40, neighbours=2)
    assert shares(engine, ODE, lambda work: work == 33) == ({33: 1_000_000}, 0)


def test_passages_unknown_to_the_catalogue_are_passed_over(encoder):
    index = FaissIndex(encoder.dimension)
    index.add(np.arange(1, 4, dtype=np.int64), encoder.encode(passages_of(ODE)[1]))
    engine = Engine(encoder, index, MemoryCatalogue())
    assert shares(engine, ODE) == ({}, 1_000_000)


def test_many_texts_give_what_each_gives_alone(encoder):
    engine = engine_of(encoder, ODE, ESSAY)
    texts = [ODE, "", f"{MANUAL} {ESSAY}", MANUAL]
    together = engine.attribute(engine.fingerprint(texts), everyone)
    assert [each.share_ppm for each in together] == [shares(engine, text)[0] for text in texts]


def test_all_texts_are_encoded_in_one_call(encoder):
    engine = engine_of(encoder, ODE)
    encoder.encoded.clear()
    prints = engine.fingerprint([ODE, "", MANUAL])
    assert [len(each) for each in prints] == [3, 0, 2]
    assert encoder.encoded == passages_of(ODE)[1] + passages_of(MANUAL)[1]
    assert [each.length_chars for each in prints] == [267, 0, 182]


def test_the_version_names_everything_money_follows(encoder):
    assert engine_of(encoder, ODE).version == "normalise_v0/cut_v0/abababababab/decide_v0"


def test_each_work_is_asked_about_once(encoder):
    asked = []
    engine_of(encoder, ODE, ESSAY).attribute_text(
        f"{ODE} {ESSAY}", lambda work: not asked.append(work)
    )
    assert sorted(asked) == [1, 2]
