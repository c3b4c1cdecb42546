import pytest

from service.ledger.token_estimate import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n\t", 0),
        ("tide", 1),
        ("The tide turns.", 4),
        ("It isn't late, is it?", 7),
        ("rock-and-roll", 5),
        ("3.50", 3),
        ("潮水", 1),
        ("潮水不", 2),
        ("潮水不记账。", 4),
        ("潮水 is 潮水", 3),
        ("naïve café", 2),
        ("हिन्दी", 1),
        ("…!", 2),
    ],
)
def test_anyone_can_recount_the_tokens_of_a_text(text, tokens):
    assert estimate_tokens(text) == tokens
