import os
import shutil
import threading

import numpy as np
import pytest

from attribution.encoder import open_encoder
from attribution.onnx_encoder import OnnxEncoder
from attribution.sentence_model import DeviceMissing, ModelRefused, chosen_device, packaged_model
from attribution.torch_encoder import TorchEncoder

CAT, KITTEN, TAX = (
    "A cat sat on the mat and looked at the fire.",
    "A kitten was sitting on a rug, watching the flames.",
    "Value added tax is due on the tenth of the following month.",
)
VERSES = [
    "In the beginning God created the heaven and the earth.",
    "And the earth was without form, and void; and darkness was upon the face of the deep.",
    "And God said, Let there be light: and there was light.",
    "And God saw the light, that it was good: and God divided the light from the darkness.",
    "And God called the light Day, and the darkness he called Night.",
    "And the evening and the morning were the first day.",
]
WATER_IN_40_LANGUAGES = [
    "water", "Wasser", "eau", "agua", "acqua", "água", "apă", "вода", "voda", "woda", "víz",
    "vesi", "vatten", "vand", "vatn", "uisce", "dŵr", "ura", "ujë", "νερό", "su", "ջուր", "წყალი",
    "מים", "ماء", "آب", "پانی", "पानी", "জল", "தண்ணீர்", "నీరు", "น้ำ", "ນ້ຳ", "ទឹក", "nước",
    "air", "tubig", "maji", "水", "물",
]  # fmt: skip


@pytest.fixture(scope="module")
def full_precision():
    return TorchEncoder(packaged_model(), device="cpu", threads=1)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(minilm):
    vectors = minilm.encode([CAT, TAX * 20, KITTEN])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
    assert vectors[0] @ vectors[2] > 0.5 > vectors[0] @ vectors[1]


def test_nothing_is_encoded_as_no_rows(minilm):
    assert minilm.encode([]).shape == (0, 384)


def test_a_vector_that_was_stored_equals_a_fresh_one(minilm, full_precision):
    for encoder in (minilm, full_precision):
        fresh = encoder.encode([CAT, TAX])
        assert (fresh.astype(np.float16).astype(np.float32) == fresh).all()


@pytest.mark.parametrize("beside", [[], [KITTEN], VERSES, [CAT] * 100, [TAX * 50, "", KITTEN]])
def test_a_vector_does_not_depend_on_what_is_beside_it(minilm, beside):
    alone = minilm.encode([CAT])[0]
    vectors = minilm.encode([*beside, CAT, *beside])
    assert (vectors[len(beside)] == alone).all()


def test_each_verse_is_encoded_alone_as_in_a_crowd_and_on_more_threads(minilm, models):
    crowd = [f"{verse} {other}" for verse in VERSES for other in VERSES] + VERSES
    together = minilm.encode(crowd)
    assert (together == np.concatenate([minilm.encode([each]) for each in crowd])).all()
    assert (together[::-1] == minilm.encode(crowd[::-1])).all()
    assert (together == OnnxEncoder(packaged_model(), models, threads=3).encode(crowd)).all()


def test_any_string_can_be_encoded(minilm):
    strings = ["", " ", "\ud800", "\x00", "x" * 10_000, "a tax " * 1_700, "\u6f22" * 400]
    vectors = minilm.encode(strings)
    assert vectors.shape == (7, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)


def test_words_of_forty_languages_can_be_encoded(minilm):
    assert len(set(WATER_IN_40_LANGUAGES)) == 40
    vectors = minilm.encode([f"{word}, {word} {word}." for word in WATER_IN_40_LANGUAGES])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)


def test_only_the_first_256_tokens_count(minilm):
    long = "tax " * 254
    first, other = minilm.encode([long, long + "A cat sat on the mat. " * 20])
    assert (first == other).all()


def test_threads_may_share_it(minilm):
    alone = minilm.encode([CAT, KITTEN])
    rows = {}

    def encode(name):
        rows[name] = minilm.encode([CAT, KITTEN])

    threads = [threading.Thread(target=encode, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((rows[name] == alone).all() for name in range(4))


def test_int8_stays_close_to_full_precision(minilm, full_precision):
    whole, exact = minilm.encode(VERSES), full_precision.encode(VERSES)
    assert np.sum(whole * exact, axis=1).mean() > 0.995
    np.testing.assert_allclose(whole @ whole.T, exact @ exact.T, atol=0.03)


def test_int8_and_full_precision_are_two_encoders(minilm, full_precision):
    assert len(minilm.digest) == len(full_precision.digest) == 64
    assert minilm.digest != full_precision.digest
    assert minilm.dimension == full_precision.dimension == 384


def test_the_digest_names_file_tokenizer_and_limit_and_stays(minilm, models):
    assert OnnxEncoder(packaged_model(), models, threads=2).digest == minilm.digest


def test_full_precision_says_the_same_whatever_is_beside_it(full_precision):
    crowd = full_precision.encode([*VERSES, CAT, "", "\ud800", TAX * 50])
    np.testing.assert_allclose(crowd[6], full_precision.encode([CAT])[0], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(crowd, axis=1), 1.0, atol=1e-3)


def test_loading_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    TorchEncoder(packaged_model(), device="cpu", threads=1)
    assert "HF_HUB_OFFLINE" not in os.environ


def test_the_opened_encoder_is_the_packaged_model_in_int8(minilm, models):
    encoder = open_encoder(models, model=None, device="cpu", threads=1)
    assert encoder.digest == minilm.digest
    assert encoder.dimension == 384
    assert (encoder.encode([CAT, TAX, CAT]) == minilm.encode([CAT, TAX, CAT])).all()


def test_a_model_is_looked_for_when_it_is_first_used(tmp_path):
    encoder = open_encoder(tmp_path, model=str(tmp_path), device="cpu", threads=1)
    with pytest.raises(ModelRefused, match=r"cannot be used: it has no tokenizer\.json"):
        encoder.encode([CAT])


def test_a_model_of_another_pooling_is_refused(tmp_path):
    model = tmp_path / "maximal"
    shutil.copytree(packaged_model(), model)
    (model / "1_Pooling" / "config.json").write_text(
        '{"word_embedding_dimension": 384, "pooling_mode_max_tokens": true}', encoding="utf-8"
    )
    encoder = open_encoder(tmp_path, model=str(model), device="cpu", threads=1)
    with pytest.raises(ModelRefused, match="its pooling is max, not mean or cls"):
        encoder.encode([CAT])


@pytest.mark.skipif(chosen_device("auto") == "cuda", reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named():
    with pytest.raises(DeviceMissing, match="torch sees none"):
        chosen_device("cuda")
