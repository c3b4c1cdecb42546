"""Whatever is sent: a clear refusal with the place and the rule, nothing stored, never a 500."""

import json

import pytest

from service.ledger.tiers import Tier
from service.store.database import driver, unit_of_work

JSON = {"Content-Type": "application/json"}
NOT_WHOLE = "must be a whole number from 0 to 1000000000000000"


@pytest.fixture
def site(shared_site):
    """Use one installation for the whole table: nothing is stored that the next row could meet."""
    return shared_site


def stored(site) -> int:
    with unit_of_work(site.database) as session:
        return driver(session).execute("SELECT count(*) FROM sale").fetchone()[0]


@pytest.mark.parametrize(
    "tokens",
    [
        "1.0",
        "1e3",
        "1E+2",
        "0.5",
        "-1",
        "-0",
        "true",
        "false",
        '"12"',
        '"\uff11\uff12"',
        "[]",
        "{}",
        "1000000000000001",
        "9223372036854775808",
        "1" + "0" * 400,
        "9" * 5_000,
        "-" + "9" * 5_000,
        "1e400",
        "1e999999999999999999",
    ],
)
def test_tokens_that_are_no_whole_number_in_range_are_refused_never_rounded(site, tokens):
    body = f'[{{"id": "s", "tier": "free", "output_tokens": {tokens}}}]'

    before = stored(site)
    answer = site.vendor().post("/v1/sales", content=body, headers=JSON)

    assert answer.status_code == 200
    assert answer.json()["items"][0]["errors"] == [
        {"place": "sales[0].output_tokens", "rule": NOT_WHOLE}
    ]
    assert stored(site) == before


@pytest.mark.parametrize(
    ("body", "status", "code", "place"),
    [
        (b"", 400, "bad-json", "body, column 1"),
        (b"{", 400, "bad-json", "body, column 2"),
        (b"nonsense", 400, "bad-json", "body, column 1"),
        (b'{"id": "s",\n "tier": }', 400, "bad-json", "body, line 2 column 10"),
        (b'[{"output_tokens": NaN}]', 400, "bad-json", "body"),
        (b'[{"output_tokens": Infinity}]', 400, "bad-json", "body"),
        (b'[{"output_tokens": -Infinity}]', 400, "bad-json", "body"),
        (b'{"output_tokens": \xef\xbc\x91}', 400, "bad-json", "body, column 19"),
        (b'{"output_tokens": 01}', 400, "bad-json", "body, column 20"),
        (b'{"id": "a", "id": "b"}', 400, "bad-json", "body"),
        ('{"id": "ä"}'.encode("latin-1"), 400, "bad-json", "body, byte 8"),
        ('{"id": "s"}'.encode("utf-16"), 400, "bad-json", "body, byte 0"),
        (b"[" * 100_000, 400, "bad-json", "body"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "bad-json", "body"),
        (b'{"a":' * 100_000, 400, "bad-json", "body"),
        (b"[" * 40 + b"]" * 40, 400, "bad-json", "body"),
        (b"[" + b"[]," * 1_000_000 + b"[]]", 413, "too-many-values", None),
        (b"[" + b'"",' * 1_000_000 + b'""]', 413, "too-many-values", None),
        (b'"' + b'\\"' * 5_000_000, 400, "bad-json", "body, column 1"),
        (b"1", 422, "sale-rejected", "sale"),
        (b"null", 422, "sale-rejected", "sale"),
        (b'"text"', 422, "sale-rejected", "sale"),
    ],
)
def test_a_body_that_is_no_report_is_refused_whole(site, body, status, code, place):
    before = stored(site)
    answer = site.vendor().post("/v1/sales", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["place"] for error in answer.json()["errors"]] == ([place] if place else [])
    assert stored(site) == before


@pytest.mark.parametrize(
    ("fields", "place", "rule"),
    [
        ({"id": ""}, "id", "must not be empty"),
        ({"id": " "}, "id", "must not be empty"),
        ({"id": None}, "id", "must be given: your own id of the sale, 1 to 200 characters"),
        ({"id": 7}, "id", "must be a string"),
        ({"id": "x" * 201}, "id", "has 201 characters, at most 200 are taken"),
        ({"id": "a\0b"}, "id", "has a NUL character at position 1"),
        ({"id": "a\ud800"}, "id", "has a lone surrogate at position 1"),
        ({"tier": "Premium"}, "tier", "must be one of free, standard, premium, high-speed, elite"),
        (
            {"tier": None},
            "tier",
            f"must be one of {', '.join(Tier)}, or a rule of the key must name it for the model",
        ),
        ({"tier": []}, "tier", "must be one of free, standard, premium, high-speed, elite"),
        ({"text": ""}, "text", "must not be empty: leave it out where there is none"),
        ({"text": " \n"}, "text", "must not be empty: leave it out where there is none"),
        ({"text": 1}, "text", "must be a string"),
        ({"text": "a\0"}, "text", "has a NUL character at position 1"),
        ({"text": "\udfff"}, "text", "has a lone surrogate at position 0"),
        ({"text": "x" * 1_000_001}, "text", "has 1000001 characters, at most 1000000 are taken"),
        ({"model": ""}, "model", "must not be empty"),
        ({"model": "x" * 201}, "model", "has 201 characters, at most 200 are taken"),
        ({"model": "m\0"}, "model", "has a NUL character at position 1"),
        ({"currency": "EUR"}, "currency", "must be USD, the currency of the rate card"),
        ({"currency": "USDOLLAR"}, "currency", "has 8 characters, at most 3 are taken"),
        ({"currency": 1}, "currency", "must be a string"),
        ({"gross": 0.006}, "gross", 'must be a string of digits like "12.50"'),
        ({"gross": 1}, "gross", 'must be a string of digits like "12.50"'),
        ({"gross": True}, "gross", 'must be a string of digits like "12.50"'),
        ({"gross": "-0"}, "gross", "must not be negative"),
        (
            {"gross": "6e-3"},
            "gross",
            "write digits with at most 12 before and 9 after the point, like 12.50",
        ),
        (
            {"gross": "\uff10.006"},
            "gross",
            "write digits with at most 12 before and 9 after the point, like 12.50",
        ),
        (
            {"gross": "999999999999"},
            "gross",
            "the largest amount is 9223372036.854775807",
        ),
        (
            {"gross": "0.007"},
            "gross",
            "gross 0.007 was given, tier and tokens make 0.006",
        ),
        (
            {"tier": "elite", "output_tokens": 10**15},
            "output_tokens",
            "1000000000000000 tokens at tier elite are more than 9223372036.854775807",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_rule(site, fields, place, rule):
    sale = {"id": "s", "tier": "premium", "output_tokens": 1_000} | fields

    before = stored(site)
    answer = site.vendor().post("/v1/sales", content=json.dumps([sale]), headers=JSON)

    assert answer.status_code == 200
    assert answer.json()["items"][0]["errors"] == [{"place": f"sales[0].{place}", "rule": rule}]
    assert stored(site) == before


@pytest.mark.parametrize(
    "sold_at",
    [
        "2026-02-10",
        "2026-02-10T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-02-10T12:00:60Z",
        "2026-02-10T25:00:00Z",
        "2026-02-10T12:00:00+99:00",
        "\uff12\uff10\uff12\uff16-02-10T12:00:00Z",
        "20260210T120000Z",
        "2026-W07-2T12:00:00Z",
        "0000-01-01T00:00:00Z",
        1_770_000_000,
        1.5,
        True,
        "",
        "a\0",
    ],
)
def test_a_time_of_sale_that_is_no_instant_is_refused(site, sold_at):
    sale = {"id": "s", "tier": "free", "output_tokens": 1, "sold_at": sold_at}

    item = site.vendor().post("/v1/sales", json=[sale]).json()["items"][0]

    assert item["errors"] == [
        {
            "place": "sales[0].sold_at",
            "rule": "must be an instant with offset like 2026-01-31T23:59:59Z",
        }
    ]


@pytest.mark.parametrize(
    ("sold_at", "rule"),
    [
        ("2026-02-11T12:00:01Z", "must not lie before the year 2000 or more than one day ahead"),
        ("1999-12-31T23:59:59Z", "must not lie before the year 2000 or more than one day ahead"),
        (
            "0001-01-01T00:00:00+23:59",
            "must not lie before the year 2000 or more than one day ahead",
        ),
        (
            "9999-12-31T23:59:59-23:59",
            "must not lie before the year 2000 or more than one day ahead",
        ),
        ("2019-12-31T23:59:59Z", "vendor acme has no contract and rate card valid on 2019-12-31"),
        (
            "2020-01-01T00:30:00+01:00",
            "vendor acme has no contract and rate card valid on 2019-12-31",
        ),
    ],
)
def test_a_time_of_sale_outside_what_can_be_is_refused(site, sold_at, rule):
    sale = {"id": "s", "tier": "free", "output_tokens": 1, "sold_at": sold_at}

    item = site.vendor().post("/v1/sales", json=[sale]).json()["items"][0]

    assert item["errors"] == [{"place": "sales[0].sold_at", "rule": rule}]


@pytest.mark.parametrize(
    ("sold_at", "stored_as", "period"),
    [
        ("2026-02-11T12:00:00Z", "2026-02-11T12:00:00Z", "2026-02"),
        ("2026-01-31T23:59:59.999999Z", "2026-01-31T23:59:59.999999Z", "2026-01"),
        ("2026-02-01t00:30:00+01:00", "2026-01-31T23:30:00Z", "2026-01"),
        ("2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00Z", "2024-02"),
    ],
)
def test_the_period_follows_the_time_of_sale_in_utc(site, sold_at, stored_as, period):
    acme = site.vendor()
    sale = {"id": sold_at, "tier": "free", "output_tokens": 1, "sold_at": sold_at}
    acme.post("/v1/sales", json=sale)

    sale = acme.get(f"/v1/sales/{sold_at}").json()

    assert (sale["sold_at"], sale["period"]) == (stored_as, period)


def test_names_that_cannot_be_shown_are_refused_without_failing(site):
    body = json.dumps([{"id": "s", "tier": "free", "output_tokens": 1, "a\0\ud800": 1}])

    answer = site.vendor().post("/v1/sales", content=body, headers=JSON)

    assert answer.status_code == 200
    assert answer.json()["items"][0]["errors"][0]["place"] == "sales[0].a\0\\ud800"


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "send the body as application/json"),
        ({"Content-Type": "text/plain"}, "send the body as application/json"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "send the body as application/json"),
        ({"Content-Type": "application/json; charset=latin-1"}, "send the body as UTF-8"),
        (JSON | {"Content-Encoding": "gzip"}, "send the body without Content-Encoding"),
    ],
)
def test_another_kind_of_body_is_refused(site, headers, sentence):
    acme, ada = site.vendor(), site.creator()

    for answer in (
        acme.post("/v1/sales", content=b"{}", headers=headers),
        ada.post("/v1/works", content=b"{}", headers=headers),
    ):
        assert answer.status_code == 415
        assert answer.json()["detail"].startswith(sentence)


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        (b'{"text": NaN}', 400, [("body", "NaN is not JSON")]),
        (b'{"text": "a\xff"}', 400, [("body, byte 11", "is not UTF-8")]),
        (b'{"text": "a", "text": "b"}', 400, None),
        (b"[" * 100_000, 400, [("body", "is nested deeper than 32 levels")]),
        (b'{"text": "\\ud800"}', 422, [("text", "has a lone surrogate at position 0")]),
        (b'{"text": "\\u0000"}', 422, [("text", "has a NUL character at position 0")]),
        (b'{"text": ["\\u0000"]}', 422, [("text[0]", "has a NUL character at position 0")]),
        (b'{"a\\u0000": 1}', 422, None),
        (b'{"text": 1e400}', 422, [("text", "Input should be a valid string")]),
        (b"{}", 422, [("text", "Field required")]),
        (b"[]", 422, None),
        (b'{"text": "a", "more": 1}', 422, [("more", "Extra inputs are not permitted")]),
        (b'{"text": ""}', 422, [("text", "must not be empty")]),
    ],
)
def test_every_other_body_is_read_as_strictly(site, body, status, errors):
    answer = site.vendor().post("/v1/attribution-previews", content=body, headers=JSON)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if errors:
        found = [(error["place"], error["rule"]) for error in answer.json()["errors"]]
        assert found == errors
    assert site.preview.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/works/0",
        "/v1/works/-1",
        "/v1/works/9223372036854775808",
        "/v1/works/" + "9" * 400,
        "/v1/works/1.0",
        "/v1/works/x",
        "/v1/works/%00",
        "/v1/works/\uff11",
        "/v1/entries/sale/0",
        "/v1/entries/sale/9223372036854775808",
        "/v1/accounts?prefix=%00",
        "/v1/accounts?after=%00",
        "/v1/accounts/bank/entries?after=sale/x",
        "/v1/accounts/bank/entries?after=nothing/1",
        "/v1/statements?period=2026-13",
        "/v1/statements?after=%00",
        "/v1/works?limit=0",
        "/v1/works?after=1'--",
    ],
)
def test_ids_and_queries_out_of_range_are_refused(site, path):
    answer = site.operator().get(path)

    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/works/9223372036854775807",
        "/v1/statements/%00",
        "/v1/statements/%F0%28.csv",
        "/v1/statements/'; DROP TABLE statement; --",
        "/v1/accounts/%00/entries",
        "/v1/accounts/bank' OR '1'='1/entries",
        "/v1/entries/sale/9223372036854775807",
        "/v1/entries/%00/1",
        "/v1/entries/no-kind/1",
    ],
)
def test_what_is_not_there_is_not_found(site, path):
    assert site.operator().get(path).status_code == 404


@pytest.mark.parametrize("sale", ["%00", "%FF%FE", "' OR 1=1 --", "x" * 3_000, "%E2%80%AE"])
def test_ids_of_sales_from_nowhere_are_not_found(site, sale):
    acme = site.vendor()

    assert acme.get(f"/v1/sales/{sale}").status_code in {404, 422}
    refund = acme.post(f"/v1/sales/{sale}/refunds", json={"id": f"of {sale[:9]}"})
    assert refund.status_code in {202, 404, 422}
    told = {"id": "r", "tier": "elite", "reason": "It was."}
    assert acme.post(f"/v1/sales/{sale}/restatements", json=told).status_code in {404, 422}


@pytest.mark.parametrize(
    "pattern", ["'; DROP TABLE sale; --", "\\", "%", "${jndi:ldap://x}", "\u202e"]
)
def test_strange_strings_are_only_strings(site, pattern):
    acme = site.vendor()
    sale = {"id": pattern, "tier": "free", "output_tokens": 1, "model": pattern, "text": pattern}

    assert acme.post("/v1/sales", json=sale).json()["accepted"] == 1
    assert pattern in {sale["id"] for sale in acme.get("/v1/sales").json()["data"]}
