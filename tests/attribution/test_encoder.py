import os
import threading

import numpy as np

from attribution.encoder import MiniLM

CAT, KITTEN, TAX = (
    "A cat sat on the mat and looked at the fire.",
    "A kitten was sitting on a rug, watching the flames.",
    "Value added tax is due on the tenth of the following month.",
)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(minilm):
    vectors = minilm.encode([CAT, TAX * 20, KITTEN])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[2] > 0.5 > vectors[0] @ vectors[1]


def test_nothing_is_encoded_as_no_rows(minilm):
    assert minilm.encode([]).shape == (0, 384)
    assert MiniLM().encode([]).shape == (0, 384)


def test_equal_texts_get_equal_rows_whatever_is_beside_them(minilm):
    alone = minilm.encode([CAT])[0]
    first, _, last = minilm.encode([CAT, TAX * 5, CAT])
    assert (first == last).all()
    np.testing.assert_allclose(first, alone, atol=1e-5)


def test_any_string_can_be_encoded(minilm):
    vectors = minilm.encode(["", " ", "\ud800", "\x00", "x" * 5_000, "\u6f22" * 400])
    assert vectors.shape == (6, 384)
    assert np.isfinite(vectors).all()


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


def test_the_digest_names_the_model_and_stays(minilm):
    assert len(minilm.digest) == 64
    assert minilm.digest == MiniLM().digest


def test_loading_leaves_the_environment_as_it_was(minilm, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    fresh = MiniLM(threads=1)
    np.testing.assert_allclose(fresh.encode([CAT]), minilm.encode([CAT]), atol=1e-6)
    assert "HF_HUB_OFFLINE" not in os.environ
