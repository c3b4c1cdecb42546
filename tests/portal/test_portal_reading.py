"""Amounts in the reader's locale are exact, with the digits of their currency; times in a zone."""

from datetime import UTC, datetime

import pytest

from service.portal import shown
from service.portal.reading import Reader, guessed_locale

AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)

AMOUNTS = [
    # locale, currency, nanos, brief, to the nano
    ("", "USD", 1_234_567_891_234, "1234.56", "1234.567891234"),
    ("", "USD", 12, "0.000000012", "0.000000012"),
    ("de_DE", "EUR", 1_234_567_891_234, "1.234,56", "1.234,567891234"),
    ("de_DE", "EUR", -1_999_999_999, "-1,99", "-1,999999999"),
    ("de_DE", "JPY", 1_234_567_891_234, "1.234", "1.234,567891234"),
    ("en_IN", "INR", 12_345_678_900_000_000, "1,23,45,678.90", "1,23,45,678.90"),
    ("ar", "KWD", 1_234_567_891_234, "1,234.567", "1,234.567891234"),
    ("ja_JP", "JPY", 5_000_000_000, "5", "5"),
    ("fr_CH", "KWD", 1, "0,000000001", "0,000000001"),
]


@pytest.mark.parametrize(("locale", "currency", "nanos", "brief", "exact"), AMOUNTS)
def test_amounts_are_cut_to_the_minor_unit_and_exact_on_hover(
    locale, currency, nanos, brief, exact
):
    reader = Reader(locale)
    assert reader.brief(nanos, currency) == brief
    assert reader.exact(nanos, currency) == exact


def test_the_value_is_always_the_plain_exact_amount():
    with shown.shown_to(Reader("de_DE")):
        said = shown.brief(1_234_567_891_234, "EUR")
    assert said == (
        '<data class="money" value="1234.567891234" title="1234.567891234 EUR">'
        "1.234,56&nbsp;<abbr>EUR</abbr></data>"
    )


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("UTC", '<time datetime="2026-03-29T01:30:00Z">2026-03-29 01:30&nbsp;UTC</time>'),
        ("Asia/Kolkata", "2026-03-29 07:00&nbsp;IST</time>"),
        ("Asia/Kathmandu", "2026-03-29 07:15&nbsp;+0545</time>"),
        ("Australia/Lord_Howe", "2026-03-29 12:30&nbsp;+11</time>"),
        ("Europe/Berlin", "2026-03-29 03:30&nbsp;CEST</time>"),
        ("America/St_Johns", "2026-03-28 23:00&nbsp;NDT</time>"),
    ],
)
def test_times_are_of_the_readers_zone_and_utc_on_hover(zone, said):
    with shown.shown_to(Reader("", zone)):
        written = shown.instant(AT)
    assert written.endswith(said)
    assert zone == "UTC" or 'title="2026-03-29 01:30 UTC"' in written


def test_counts_and_shares_are_of_the_locale():
    with shown.shown_to(Reader("de_DE")):
        assert (shown.count(1_500_000), shown.percent(333_333)) == ("1.500.000", "33,3333")
    assert (shown.count(1_500_000), shown.percent(333_333)) == ("1,500,000", "33.3333")


@pytest.mark.parametrize(
    ("asked", "locale"),
    [
        ("de-DE,de;q=0.9", "de_DE"),
        ("xx, fr-CH;q=0.3, ar;q=0.8", "ar"),
        ("", ""),
        ("*", ""),
        ("\x00;q=nan,ja;q=1e9", ""),
    ],
)
def test_a_locale_is_guessed_from_what_a_browser_asks_for(asked, locale):
    assert guessed_locale(asked) in {locale, "ja" if "ja" in asked else locale}
