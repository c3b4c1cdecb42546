import pytest

from attribution.sentence_model import load_tokenizer, packaged_model
from attribution.token_batches import token_batches

TEXTS = ["a", "tax", "a tax", "tax due", "the tax is due", "", "a tax"]


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(packaged_model(), limit=256)


def batches(tokenizer, texts, batch_tokens):
    return [
        (batch.rows.tolist(), batch.tokens.shape)
        for batch in token_batches(tokenizer, texts, batch_tokens=batch_tokens)
    ]


def test_a_batch_has_texts_of_one_length_and_the_longest_come_first(tokenizer):
    assert batches(tokenizer, TEXTS, 768) == [
        ([4], (1, 6)),
        ([2, 3, 6], (3, 4)),
        ([0, 1], (2, 3)),
        ([5], (1, 2)),
    ]


def test_a_batch_has_no_more_tokens_than_it_may(tokenizer):
    assert batches(tokenizer, ["a tax"] * 5, 9) == [
        ([0, 1], (2, 4)),
        ([2, 3], (2, 4)),
        ([4], (1, 4)),
    ]


def test_a_text_longer_than_a_batch_goes_alone(tokenizer):
    assert batches(tokenizer, ["tax " * 400, "a"], 100) == [([0], (1, 256)), ([1], (1, 3))]
