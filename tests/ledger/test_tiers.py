from datetime import date

import pytest

from service.ledger.tiers import (
    STANDARD_NANOS_PER_TOKEN,
    GrossDiffers,
    GrossTooLarge,
    RateCard,
    Tier,
    UnknownTier,
    parse_tier,
)

CARD = RateCard(date(2020, 1, 1), "USD", STANDARD_NANOS_PER_TOKEN)


@pytest.mark.parametrize(
    ("name", "number", "million_nanos"),
    [
        ("free", 0, 0),
        ("standard", 1, 3_000_000_000),
        ("premium", 2, 6_000_000_000),
        ("high-speed", 3, 45_000_000_000),
        ("elite", 4, 150_000_000_000),
    ],
)
def test_the_standard_rate_card(name, number, million_nanos):
    tier = parse_tier(name)
    assert (tier.number, Tier.numbered(number)) == (number, tier)
    assert CARD.gross_nanos(tier, 1_000_000) == million_nanos
    assert CARD.check_gross(million_nanos, tier, 1_000_000) == million_nanos


@pytest.mark.parametrize("text", ["", "Premium", "premium ", "gold", "élite", "high_speed", "2"])
def test_whatever_else_is_no_tier(text):
    with pytest.raises(UnknownTier, match="free, standard, premium, high-speed, elite"):
        parse_tier(text)


@pytest.mark.parametrize(
    ("tier", "tokens", "gross"),
    [
        (Tier.FREE, 10**18, 0),
        (Tier.PREMIUM, 10**15, 6 * 10**18),
        (Tier.STANDARD, 3_074_457_345_618_258, 9_223_372_036_854_774_000),
        (Tier.STANDARD, 3_074_457_345_618_259, None),
        (Tier.ELITE, 10**15, None),
    ],
)
def test_a_gross_is_exact_or_refused(tier, tokens, gross):
    if gross is not None:
        assert CARD.gross_nanos(tier, tokens) == gross
        return
    with pytest.raises(GrossTooLarge) as refusal:
        CARD.gross_nanos(tier, tokens)
    assert refusal.value.facts == {"tier": str(tier), "output_tokens": tokens}


def test_a_given_gross_is_checked_to_the_nano():
    with pytest.raises(GrossDiffers) as refusal:
        CARD.check_gross(6_000_001, Tier.PREMIUM, 1_000)
    assert refusal.value.facts == {"given": "0.006000001", "computed": "0.006"}
