"""JSON is read exactly, or refused; never rounded, never repaired."""

import pytest

from service.api.json_body import BadJson, OddNumber, TooManyValues, check_strings, printable, read
from service.store.text_rules import BadText


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"0", 0),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775808", OddNumber("9223372036854775808")),
        (b"-0", OddNumber("-0")),
        (b"1.0", OddNumber("1.0")),
        (b"1e3", OddNumber("1e3")),
        (b"1" * 5_000, OddNumber("1" * 40)),
        (b'"\\u00e9"', "é"),
        (b'\xef\xbb\xbf{"a": [true, null]}', {"a": [True, None]}),
    ],
)
def test_numbers_are_whole_and_within_64_bits_or_kept_as_they_were_written(raw, value):
    assert read(raw) == value


def test_an_odd_number_knows_whether_it_is_only_too_large():
    assert OddNumber("9223372036854775808").is_whole
    assert not any(OddNumber(text).is_whole for text in ("-0", "1.0", "1e3", ""))


@pytest.mark.parametrize("depth", [31, 32])
def test_nesting_has_a_limit(depth):
    raw = b"[" * depth + b"]" * depth

    if depth <= 32:
        read(raw)
    with pytest.raises(BadJson, match="nested deeper than 32"):
        read(b"[" * 33 + raw + b"]" * 33)


def test_too_many_values_are_refused_before_they_are_built():
    with pytest.raises(TooManyValues):
        read(b"[" + b"0," * 250_000 + b"0]")
    with pytest.raises(TooManyValues):
        read(b'["' + b'","' * 500_001 + b'"]')
    assert len(read(b"[" + b"0," * 249_998 + b"0]")) == 249_999


def test_commas_and_brackets_inside_texts_count_nothing():
    assert read(b'["' + b"[{,\\\\\\n," * 1_000_000 + b'"]')


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {"b": ["x", "\0"]}}, "a.b[1]"),
        (["\ud800"], "[0]"),
        ("\0", "body"),
        ({"\0": 1}, "\0"),
        ({"a": {"\ud800": 1}}, "a.\\ud800"),
    ],
)
def test_strings_that_cannot_be_kept_are_named_by_place(value, place):
    with pytest.raises(BadText) as refused:
        check_strings(value)

    assert refused.value.facts["place"] == place


def test_long_names_are_shown_cut():
    assert printable("x" * 100) == "x" * 60
