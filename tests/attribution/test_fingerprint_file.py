"""A fingerprint that was sent decides as the text would have; any other bytes are refused."""

import struct
import zlib
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.catalogue import MemoryCatalogue, PassageRef
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.fingerprint_file import (
    MAX_CONTENT_BYTES,
    Damaged,
    FingerprintTooLarge,
    NotAFingerprint,
    OtherFormat,
    OtherMaker,
    Truncated,
    content_hash,
    fingerprint_version,
    opened,
    opened_for,
    sealed,
)
from attribution.fingerprint_layout import BrokenRule, FingerprintRefused, columns_of
from attribution.lexical import LexicalPrints
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.registration import passages_of
from attribution.terms import terms_v1
from attribution.values import Fingerprint, Standing

CREATION = (
    "In the beginning God created the heavens and the earth. Now the earth was formless and void, "
    "and darkness was over the surface of the deep. And the Spirit of God was hovering over the "
    'surface of the waters. And God said, "Let there be light," and there was light. And '
    "God saw that the light was good, and He separated the light from the darkness."
)
RETOLD = (
    "At the very beginning, God made heaven and earth. The earth had no form then and was empty, "
    "and the surface of the deep lay in darkness. The Spirit of God moved over the face of the "
    "waters. God spoke: 'There shall be light', and there was light. And God saw that the light "
    "was a good thing, and divided the light from the darkness."
)
GARDEN = (
    "Plant garlic in October, with the points of the cloves upwards and a hand's breadth between "
    "them. Water it only when the soil is dry to the depth of a finger."
)
VERSION = "normalise_v1/cut_v1/terms_v1/abababababab"
HEAD_BYTES = 42


def engine_of(encoder, *works) -> Engine:
    """Register texts as works 1, 2, 3 ... with passages 1, 2, 3 ..."""
    refs, pieces = [], []
    for work_id, text in enumerate(works, start=1):
        passages, texts, hashes = passages_of(text)
        pieces += texts
        refs += [
            PassageRef(len(refs) + at, work_id, passage.start, passage.end, content)
            for at, (passage, content) in enumerate(zip(passages, hashes, strict=True), start=1)
        ]
    ids = np.array([ref.passage_id for ref in refs], dtype=np.int64)
    owners = np.array([ref.work_id for ref in refs], dtype=np.int64)
    index, lexicon = FaissIndex(encoder.dimension), SegmentedLexicalIndex()
    if pieces:
        index.add(ids, encoder.encode(pieces))
        lexicon.add(ids, owners, owners, terms_v1(pieces))
    return Engine(encoder, index, lexicon, MemoryCatalogue(refs))


def everyone(_work):
    return Standing.EARNS


def told(*, length=60, spans=((0, 20), (20, 50)), words=(b"a", b"b"), vectors=None) -> Fingerprint:
    """A fingerprint as a test wants it: two passages of two words each unless it says otherwise."""
    count = len(spans)
    rows = np.eye(count, 4, dtype=np.float32) if vectors is None else np.array(vectors, np.float32)
    print_ = (np.array([3, 9], np.uint64), np.array([1, 2], np.uint16), np.array([5], np.uint64))
    return Fingerprint(
        starts=np.array([start for start, _ in spans], np.int64),
        ends=np.array([end for _, end in spans], np.int64),
        vectors=rows,
        hashes=tuple(word * 16 for word in words),
        lexical=LexicalPrints.of(*zip(*[print_] * count, strict=True)),
        length_chars=length,
        normalisation_changed_ppm=7,
    )


def same(one: Fingerprint, other: Fingerprint) -> bool:
    arrays = ("starts", "ends", "vectors")
    columns = ("term_offsets", "terms", "counts", "gram_offsets", "grams")
    return (
        all(
            getattr(one, name).dtype == getattr(other, name).dtype
            and np.array_equal(getattr(one, name), getattr(other, name))
            for name in arrays
        )
        and all(
            getattr(one.lexical, name).dtype == getattr(other.lexical, name).dtype
            and np.array_equal(getattr(one.lexical, name), getattr(other.lexical, name))
            for name in columns
        )
        and (one.hashes, one.length_chars, one.normalisation_changed_ppm)
        == (other.hashes, other.length_chars, other.normalisation_changed_ppm)
    )


def packed(content: bytes, *, length=None, digest=None, form=1) -> bytes:
    """Seal any content, honestly unless told otherwise."""
    head = struct.pack(
        "<4sHI32s",
        b"WSFP",
        form,
        len(content) if length is None else length,
        sha256(content).digest() if digest is None else digest,
    )
    return head + zlib.compress(content, 0)


def test_a_text_and_its_opened_fingerprint_are_attributed_alike(minilm):
    engine = engine_of(minilm, CREATION, GARDEN)
    texts = [CREATION, RETOLD, f"{GARDEN} {RETOLD}", "x", "", "\u200b" * 9 + CREATION]
    version = fingerprint_version(minilm)
    prints = engine.fingerprint(texts)
    sent = [opened_for(sealed(one, version), version=version, dimension=384) for one in prints]

    assert all(same(one, other) for one, other in zip(prints, sent, strict=True))
    assert engine.attribute(sent, everyone) == engine.attribute(prints, everyone)
    for text, fingerprint in zip(texts, sent, strict=True):
        assert engine.attribute([fingerprint], everyone)[0] == engine.attribute_text(text, everyone)
    assert engine.attribute(sent, everyone)[0].share_ppm == {1: 1_000_000}


def test_a_version_is_how_the_engine_version_begins(encoder):
    engine = engine_of(encoder)
    assert fingerprint_version(encoder) == VERSION
    assert engine.version.startswith(f"{VERSION}/")


def test_no_word_of_the_text_is_in_the_bytes(minilm):
    (made,) = engine_of(minilm).fingerprint([CREATION])
    content = columns_of(made, VERSION)
    assert [word for word in CREATION.split() if len(word) > 3 and word.encode() in content] == []


def test_the_same_fingerprint_is_the_same_bytes_and_has_one_name():
    assert sealed(told(), VERSION) == sealed(told(), VERSION)
    content = columns_of(told(), VERSION)
    assert content_hash(sealed(told(), VERSION)) == sha256(content).digest()
    assert content_hash(packed(content)) == content_hash(sealed(told(), VERSION))
    assert content_hash(sealed(told(length=61), VERSION)) != sha256(content).digest()


def test_a_text_of_one_sentence_over_and_over_is_not_refused_as_a_bomb():
    spans = [(at, at + 1) for at in range(4_000)]
    vectors = np.zeros((4_000, 384), np.float32)
    vectors[:, 0] = 1
    flood = told(length=4_000, spans=spans, words=[b"a"] * 4_000, vectors=vectors)
    made = sealed(flood, VERSION)
    assert len(zlib.compress(columns_of(flood, VERSION), 6)) * 20 < len(columns_of(flood, VERSION))
    assert same(opened(made)[0], flood)


def test_a_text_of_a_length_nobody_fingerprints_is_refused_when_sealed():
    vectors = np.zeros((45_000, 384), np.float32)
    spans = [(at, at + 1) for at in range(45_000)]
    flood = told(length=45_000, spans=spans, words=[b"a"] * 45_000, vectors=vectors)
    with pytest.raises(FingerprintTooLarge, match="must not pass 33554432 bytes"):
        sealed(flood, VERSION)


GOOD = sealed(told(), VERSION)
CONTENT = columns_of(told(), VERSION)


@pytest.mark.parametrize(
    ("broken", "error", "said"),
    [
        (b"", NotAFingerprint, "magic: the first bytes must be WSFP"),
        (b"PK\x03\x04" + GOOD[4:], NotAFingerprint, "magic: the first bytes must be WSFP"),
        (GOOD[:20], Truncated, "length: must be more than 42 bytes, is 20"),
        (packed(CONTENT, form=2), OtherFormat, "format: must be 1, is 2"),
        (GOOD[:-9], Truncated, "the content must have the 195 bytes it says and end there"),
        (GOOD[:HEAD_BYTES] + b"\xff" + GOOD[43:], Damaged, "content: must be a zlib stream"),
        (GOOD + b"x", Damaged, "content: nothing may follow it"),
        (packed(CONTENT, digest=bytes(32)), Damaged, "checksum: must be the SHA-256"),
        (packed(CONTENT, length=5), FingerprintTooLarge, "have the 5 bytes it says, has more"),
        (packed(CONTENT, length=196), Truncated, "must have the 196 bytes"),
        (packed(CONTENT, length=2**32 - 1), FingerprintTooLarge, "33554432 bytes, says 4294967295"),
        (packed(CONTENT + b"x"), BrokenRule, "content: must end with the last 3-gram"),
        (packed(CONTENT[:-8]), BrokenRule, "grams: must have 16 bytes, has fewer"),
        (packed(CONTENT[:1]), BrokenRule, "version: must have 2 bytes, has fewer"),
        (packed(b"\x02\x00\xff\xff" + bytes(16)), BrokenRule, "version: must be UTF-8"),
    ],
)
def test_bytes_that_are_something_else_are_refused_with_place_and_rule(broken, error, said):
    with pytest.raises(error) as refused:
        opened(broken)
    assert said in str(refused.value)
    assert refused.value.place in str(refused.value)


def test_a_small_file_does_not_stand_for_much_memory():
    zeros = bytes(MAX_CONTENT_BYTES)
    head = struct.pack("<4sHI32s", b"WSFP", 1, len(zeros), sha256(zeros).digest())
    bomb = head + zlib.compress(zeros, 9)
    assert len(bomb) < 40_000
    with pytest.raises(FingerprintTooLarge, match="20 times"):
        opened(bomb)


def with_prints(terms, counts, grams) -> Fingerprint:
    arrays = (np.array(terms, np.uint64), np.array(counts, np.uint16), np.array(grams, np.uint64))
    one = told(spans=((0, 9),), words=(b"a",))
    return replace(one, lexical=LexicalPrints.of(*([each] for each in arrays)))


@pytest.mark.parametrize(
    ("fingerprint", "said"),
    [
        (told(spans=((5, 5), (5, 9))), "ends: must lie behind their starts"),
        (told(spans=((0, 20), (19, 50))), "starts: must rise, each behind the end before it"),
        (told(spans=((30, 50), (0, 20))), "starts: must rise"),
        (told(length=49), "ends: must not pass the 49 characters"),
        (told(vectors=[[1, 0], [0.9, 0]]), "vectors: must have length 1 within 0.002"),
        (told(vectors=[[1, 0], [0, 0]]), "vectors: must have length 1"),
        (told(vectors=[[1, 0], [np.nan, 0]]), "vectors: must be finite numbers"),
        (told(vectors=[[1, 0], [np.inf, 0]]), "vectors: must be finite numbers"),
        (told(vectors=np.zeros((2, 0))), "vectors: must have length 1"),
        (with_prints([9, 3], [1, 2], [5]), "terms: must be distinct and rise"),
        (with_prints([3, 3], [1, 2], [5]), "terms: must be distinct and rise"),
        (with_prints([3, 9], [3, 0], [5]), "counts: must be above 0"),
        (with_prints([3, 9], [1, 2], [5, 6]), "grams: must be one for each three"),
        (with_prints([3, 9], [1, 3], [5]), "grams: must be one for each three"),
    ],
)
def test_columns_that_no_text_has_are_refused(fingerprint, said):
    with pytest.raises(BrokenRule) as refused:
        opened(packed(columns_of(fingerprint, VERSION)))
    assert said in str(refused.value)


def test_a_part_above_the_whole_is_refused():
    at = 2 + len(VERSION) + 4
    content = CONTENT[:at] + struct.pack("<I", 1_000_001) + CONTENT[at + 4 :]
    with pytest.raises(BrokenRule, match="changed: must not pass 1000000 ppm"):
        opened(packed(content))


def test_what_another_encoder_made_is_refused():
    assert same(opened_for(GOOD, version=VERSION, dimension=4), told())
    with pytest.raises(OtherMaker, match=r"version: must be cut_v2, is 'normalise_v1/cut_v1/"):
        opened_for(GOOD, version="cut_v2", dimension=4)
    with pytest.raises(BrokenRule, match="vectors: must have 384 numbers each, have 4"):
        opened_for(GOOD, version=VERSION, dimension=384)


def refused_or_opened(raw: bytes) -> None:
    try:
        fingerprint, _ = opened(raw)
    except FingerprintRefused:
        pass
    else:
        assert len(fingerprint.starts) == len(fingerprint)


@given(st.binary(max_size=400))
def test_any_bytes_are_opened_or_refused_by_name(raw):
    refused_or_opened(raw)
    refused_or_opened(GOOD[:HEAD_BYTES] + raw)


@given(st.binary(max_size=400), st.integers(0, len(CONTENT)))
def test_any_content_that_was_sealed_is_opened_or_refused_by_name(raw, at):
    refused_or_opened(packed(raw))
    refused_or_opened(packed(CONTENT[:at] + raw))
    refused_or_opened(packed(CONTENT[:at] + raw + CONTENT[at + len(raw) :]))
