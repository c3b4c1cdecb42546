"""One sale as JSON: what is read of it, and what makes two reports the same report."""

import base64
import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest

from service.api.formats.native import SaleDefaults, parse_sale
from service.api.formats.said import shown_id
from service.ledger.contract import Basis, Contract, Settles, Step
from service.ledger.sale_report import FieldError, ReportedSale, SaleFingerprint
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, RateCard, Tier
from service.store.terms import Terms

NOW = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)
NOTHING = SaleDefaults()
STEPS = (Step("vendor", Basis.REST, {}, Settles.DIRECT, {}),)
DEARER = {tier: 2 * nanos for tier, nanos in STANDARD_NANOS_PER_TOKEN.items()}
TERMS = Terms(
    1,
    "acme",
    (Contract(1, "acme", date(2020, 1, 1), "USD", STEPS),),
    (
        RateCard(date(2020, 1, 1), "USD", STANDARD_NANOS_PER_TOKEN),
        RateCard(date(2026, 2, 1), "USD", DEARER),
    ),
)
SALE = {"id": "s", "tier": "premium", "output_tokens": 1_000}


class ToldFingerprints:
    """Takes the bytes "N characters" and refuses all else."""

    version = "told/1"

    def check(self, sealed):
        length, _, unit = sealed.decode("ascii", "replace").partition(" ")
        if unit != "characters":
            return "magic must be told"
        return SaleFingerprint(sealed, hashlib.sha256(sealed).digest(), int(length))


def of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def parse(value, *, now=NOW, defaults=NOTHING) -> ReportedSale:
    sale = parse_sale(
        value, "sale", terms=TERMS, now=now, defaults=defaults, fingerprints=ToldFingerprints()
    )
    assert isinstance(sale, ReportedSale), sale
    return sale


def errors(value, place="sale") -> list[str]:
    found = parse_sale(
        value, place, terms=TERMS, now=NOW, defaults=NOTHING, fingerprints=ToldFingerprints()
    )
    assert isinstance(found, tuple)
    assert all(isinstance(one, FieldError) for one in found)
    return [one.place for one in found]


def test_a_sale_is_priced_by_the_card_of_its_day():
    assert parse(SALE).gross_nanos == 12_000_000
    assert parse(SALE | {"sold_at": "2026-01-31T23:59:59Z"}).gross_nanos == 6_000_000
    assert parse(SALE | {"sold_at": "2026-02-01T00:30:00+01:00"}).gross_nanos == 6_000_000


def test_a_sale_without_text_has_no_hash_of_one():
    assert parse(SALE).text_hash is None
    assert parse(SALE | {"text": "a"}).text_hash.hex()[:8] == "ca978112"


def test_a_fingerprint_stands_for_a_text_that_nobody_sent():
    sale = parse(SALE | {"fingerprint": of(b"77 characters")})

    assert (sale.text, sale.text_chars) == (None, 77)
    assert sale.fingerprint.sealed == b"77 characters"
    assert sale.text_hash == hashlib.sha256(b"77 characters").digest()
    assert parse(SALE | {"text": "ab"}).text_chars == 2
    assert parse(SALE).text_chars == 0


@pytest.mark.parametrize(
    ("fields", "place", "rule"),
    [
        ({"fingerprint": of(b"x"), "text": "x"}, "fingerprint", "must not be given beside text"),
        ({"fingerprint": 7}, "fingerprint", "must be a string"),
        ({"fingerprint": ""}, "fingerprint", "must not be empty"),
        ({"fingerprint": "####"}, "fingerprint", "must be base64"),
        ({"fingerprint": "\u00e9"}, "fingerprint", "must be base64"),
        ({"fingerprint": "A" * 10_000_001}, "fingerprint", "at most 10000000 are taken"),
        ({"fingerprint": of(b"x")}, "fingerprint", "magic must be told"),
        ({"fingerprint": of(b"0 characters")}, "fingerprint", "of 1 to 1000000 characters"),
        ({"fingerprint": of(b"1000001 characters")}, "fingerprint", "of 1 to 1000000 characters"),
        (
            {"fingerprint": of(b"5 characters"), "output_tokens": None},
            "output_tokens",
            "must be given where there is no text",
        ),
    ],
)
def test_a_fingerprint_that_breaks_a_rule_is_named(fields, place, rule):
    found = parse_sale(
        SALE | fields,
        "sale",
        terms=TERMS,
        now=NOW,
        defaults=NOTHING,
        fingerprints=ToldFingerprints(),
    )
    (only,) = found
    assert only.place == f"sale.{place}"
    assert rule in only.rule


def test_null_is_the_same_as_absent():
    assert parse(SALE | {"text": None, "model": None, "gross": None}) == parse(SALE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SALE, SALE | {"id": "t"}),
        (
            SALE | {"sold_at": "2026-01-01T00:00:00Z"},
            SALE | {"sold_at": "2026-01-01T01:00:00+01:00"},
        ),
        (SALE | {"gross": "0.012"}, SALE | {"gross": "0.012000"}),
        (dict(SALE), dict(reversed(SALE.items()))),
    ],
)
def test_two_spellings_of_one_report_hash_alike(one, other):
    assert parse(one).payload_hash == parse(other).payload_hash
    assert len(parse(one).payload_hash) == 32


@pytest.mark.parametrize(
    "change",
    [
        {"tier": "elite"},
        {"output_tokens": 1_001},
        {"text": "x"},
        {"model": "m"},
        {"gross": "0.012"},
        {"currency": "USD"},
        {"sold_at": "2026-02-10T12:00:00Z"},
    ],
)
def test_what_was_given_makes_the_hash(change):
    assert parse(SALE | change).payload_hash != parse(SALE).payload_hash


def test_the_hash_does_not_know_when_the_report_came():
    later = parse(SALE, now=NOW + timedelta(days=3))

    assert later.payload_hash == parse(SALE).payload_hash
    assert later.sold_at == NOW + timedelta(days=3)


def test_defaults_are_part_of_the_report():
    january = SaleDefaults(tier=Tier.ELITE, sold_at=datetime(2026, 1, 5, tzinfo=UTC))

    imported = parse({"id": "s", "text": "x"}, defaults=january)

    assert (imported.tier, imported.sold_at.day) == (Tier.ELITE, 5)
    said = {"id": "s", "text": "x", "tier": "elite", "sold_at": "2026-01-05T00:00:00Z"}
    assert imported.payload_hash == parse(said).payload_hash
    assert imported.payload_hash != parse(said | {"sold_at": "2026-01-06T00:00:00Z"}).payload_hash
    own = parse(SALE | {"sold_at": "2026-01-07T00:00:00Z"}, defaults=january)
    assert (own.tier, own.sold_at.day) == (Tier.PREMIUM, 7)


def test_all_that_is_wrong_is_said_at_once_and_named_by_place():
    bad = {"id": "", "tier": "gold", "output_tokens": True, "sold_at": "x", "model": 1, "more": 1}

    assert errors(bad, "line 7") == [
        "line 7.more",
        "line 7.id",
        "line 7.tier",
        "line 7.output_tokens",
        "line 7.sold_at",
        "line 7.model",
    ]


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_an_item_is_an_object(value):
    assert errors(value, "sales[0]") == ["sales[0]"]


def test_an_empty_object_lacks_all_that_must_be_there():
    assert errors({}) == ["sale.id", "sale.tier", "sale.output_tokens"]


@pytest.mark.parametrize(
    ("value", "answered"),
    [
        ("a", "a"),
        ("x" * 300, "x" * 200),
        ("a\ud800", "a\\ud800"),
        (1, None),
        (None, None),
        ([], None),
    ],
)
def test_a_bad_item_is_answered_with_its_id_where_it_has_one(value, answered):
    assert shown_id(value) == answered
