import pytest

from service.store.account_details import BadAccount, checked, read_bytes

IBAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    ("given", "method", "masked"),
    [
        ({"iban_text": "de89 3704 0044 0532 0130 00"}, "bank", "DE** **** 3000"),
        ({"iban_text": IBAN, "bic_text": "COBADEFFXXX"}, "bank", "DE** **** 3000"),
        ({"number": "0123-456789", "bic_text": "botkjpjt"}, "bank", "**** 789 at BOTKJP"),
        ({"email": "rei@Example.ORG"}, "wallet", "r***@example.org"),
    ],
)
def test_account_data_is_kept_plain_and_shown_masked(given, method, masked):
    details = checked(**given)
    assert (details.method, details.masked) == (method, masked)
    assert read_bytes(details.as_bytes()) == details
    assert repr(details) == f"AccountDetails({masked})"


@pytest.mark.parametrize(
    ("given", "place", "rule"),
    [
        ({}, "account", "give one of"),
        ({"iban_text": IBAN, "email": "a@b.org"}, "account", "give one of"),
        ({"iban_text": "DE88370400440532013000"}, "iban", "the check digits are wrong"),
        ({"iban_text": "GB33BUKB20201555555"}, "iban", "is none"),
        ({"iban_text": "nonsense"}, "iban", "is none"),
        ({"iban_text": IBAN, "bic_text": "COBA"}, "bic", "is none"),
        ({"iban_text": IBAN, "bic_text": "BOTKJPJT"}, "bic", "of another country"),
        ({"number": "0123456"}, "bic", "must be given"),
        ({"number": "!!", "bic_text": "BOTKJPJT"}, "number", "has 3 to 34"),
        ({"email": "rei@nowhere"}, "email", "is no e-mail address"),
        ({"email": "rei at example.org"}, "email", "is no e-mail address"),
        ({"email": "x" * 300 + "@example.org"}, "email", "is no e-mail address"),
    ],
)
def test_what_is_no_account_is_refused_by_field_and_rule_and_not_repeated(given, place, rule):
    with pytest.raises(BadAccount, match=rule) as refused:
        checked(**given)
    assert refused.value.facts["place"] == place
    assert not [value for value in given.values() if value in refused.value.sentence]
