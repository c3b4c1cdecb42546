"""Figures as a locale writes them: every digit that is stored, never one more or less."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.documents.figures import BadLocale, figures_for
from service.ledger.money import format_nanos

NANOS = st.integers(-(2**63) + 1, 2**63 - 1)


@pytest.mark.parametrize(
    ("locale", "currency", "nanos", "written"),
    [
        (None, "USD", 1_234_567_290_000_000, "1234567.29"),
        ("de", "USD", 1_234_567_290_000_000, "1.234.567,29"),
        ("de", "USD", -1, "-0,000000001"),
        ("pt-BR", "USD", 0, "0,00"),
        ("fr", "USD", 1_234_500_000_000, "1\u202f234,50"),
        ("hi", "USD", 1_234_567_290_000_000, "12,34,567.29"),
        ("ar", "USD", 7_290_000_000, "7.29"),
        ("ja", "JPY", 1_200_000_000_000, "1,200"),
        ("de", "JPY", 1_200_500_000_000, "1.200,5"),
        ("de", "KWD", 1_200_500_000_000, "1.200,500"),
        ("en", "USD", 9_223_372_036_854_775_807, "9,223,372,036.854775807"),
    ],
)
def test_an_amount_is_written_exactly(locale, currency, nanos, written):
    assert figures_for(locale, currency).amount(nanos) == written


@given(NANOS, st.sampled_from(["de", "fr", "en", "de_CH", "hi", "sv", "ru", "es", "zh_Hant_TW"]))
def test_in_any_locale_the_digits_are_those_that_are_stored(nanos, locale):
    written = figures_for(locale, "USD").amount(nanos)
    digits = "".join(sign for sign in written if sign.isdigit())
    assert int(digits) == abs(int(Decimal(format_nanos(nanos)).scaleb(_fraction(written))))


def _fraction(written: str) -> int:
    """Return how many digits stand after the last sign that is none."""
    return len(written) - 1 - max(at for at, sign in enumerate(written) if not sign.isdigit())


def test_counts_and_shares_are_written_as_well():
    german = figures_for("de", "USD")
    assert german.count(1_500_000) == "1.500.000"
    assert german.percent(333_333) == "33,3333 %"
    assert german.percent(1_000_000) == "100 %"
    assert figures_for(None, "USD").count(1_500_000) == "1,500,000"


@pytest.mark.parametrize(
    "name", ["xx", "de_", "de;q=1", "de_XX", "\0", "\u00e9", "d" * 21, "../de"]
)
def test_what_is_no_locale_is_refused_by_name(name):
    with pytest.raises(BadLocale, match="is no locale: name a language"):
        figures_for(name, "USD")
