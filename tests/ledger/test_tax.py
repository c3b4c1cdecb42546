from dataclasses import replace
from datetime import date

import pytest

from service.ledger.tax import BadTaxRule, PayeeKind, TaxRule, check, rule_for, withheld

PERSON, COMPANY = PayeeKind.PERSON, PayeeKind.COMPANY
OLD = TaxRule(1, "jp-old", "JP", None, None, 300_000, date(2020, 1, 1), date(2025, 12, 31), "law")
NEW = replace(OLD, tax_rule_id=2, code="jp", ppm=204_200, valid_from=date(2026, 1, 1))
NEW = replace(NEW, valid_until=None)
FIRMS = replace(NEW, tax_rule_id=3, code="jp-firms", payee_kind=COMPANY, ppm=150_000)
TREATY = replace(NEW, tax_rule_id=4, code="jp-treaty", payee_id=7, ppm=0)
SOON = replace(NEW, tax_rule_id=5, code="jp-soon", valid_from=date(2027, 1, 1))
RULES = [SOON, TREATY, FIRMS, NEW, OLD]


@pytest.mark.parametrize(
    ("country", "kind", "payee", "day", "code"),
    [
        ("JP", PERSON, 8, date(2025, 12, 31), "jp-old"),
        ("JP", PERSON, 8, date(2026, 1, 1), "jp"),
        ("JP", COMPANY, 8, date(2026, 1, 1), "jp-firms"),
        ("JP", COMPANY, 7, date(2026, 1, 1), "jp-treaty"),
        ("JP", PERSON, 8, date(2027, 1, 1), "jp-soon"),
        ("JP", PERSON, 8, date(2019, 12, 31), None),
        ("DE", PERSON, 8, date(2026, 1, 1), None),
    ],
)
def test_the_narrowest_rule_that_is_valid_counts(country, kind, payee, day, code):
    found = rule_for(RULES, country=country, kind=kind, payee_id=payee, day=day)
    assert (found.code if found else None) == code
    again = rule_for(reversed(RULES), country=country, kind=kind, payee_id=payee, day=day)
    assert again == found


def test_of_two_rules_of_one_day_the_one_put_on_file_last_counts():
    corrected = replace(NEW, tax_rule_id=9, ppm=204_000)
    found = rule_for([corrected, NEW], country="JP", kind=PERSON, payee_id=8, day=NEW.valid_from)
    assert found == corrected


@pytest.mark.parametrize(
    ("currency", "gross", "ppm", "tax"),
    [
        ("USD", 47_050_000_000, 204_200, 9_600_000_000),  # 9.60761: in the holder's favour
        ("JPY", 7_021_000_000_000, 204_200, 1_433_000_000_000),
        ("KWD", 3_071_000_000, 204_200, 627_000_000),
        ("USD", 40_000_000, 204_200, 0),
    ],
)
def test_tax_is_rounded_down_to_the_minor_unit(currency, gross, ppm, tax):
    assert withheld(gross, ppm, currency) == tax


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"code": "JP"}, "code"),
        ({"code": "a:b"}, "code"),
        ({"code": ""}, "code"),
        ({"ppm": 900_001}, "rate"),
        ({"ppm": -1}, "rate"),
        ({"valid_until": date(2025, 1, 1)}, "validity"),
    ],
)
def test_what_no_rule_can_be_is_refused(change, place):
    fields = {"code": "jp", "ppm": 1, "valid_from": date(2026, 1, 1), "valid_until": None}
    with pytest.raises(BadTaxRule, match=f"tax rule: {place}"):
        check(**fields | change)
