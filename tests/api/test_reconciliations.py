"""A bill beside reports: tokens by day and model, what is missing, and what would be owed."""

import pytest

HEADER = (
    "ChargePeriodStart,ChargeCategory,ConsumedQuantity,ConsumedUnit,BilledCost,BillingCurrency,"
    "SkuId,x_Tier,x_TokenType"
)


def bill(*rows):
    return "\r\n".join([HEADER, *rows]) + "\r\n"


def uploaded(asker, text, **query):
    return asker.post(
        "/v1/reconciliations", params=query, content=text, headers={"Content-Type": "text/csv"}
    )


def sells(vendor, name, tokens, *, tier="premium", model="large", day=1):
    sale = {
        "id": name,
        "tier": tier,
        "output_tokens": tokens,
        "model": model,
        "sold_at": f"2026-02-{day:02d}T10:00:00Z",
    }
    assert vendor.post("/v1/sales", json=sale).status_code == 200


def rows_of(asker, answer, *names):
    url = f"/v1/reconciliations/{answer.json()['reconciliation_id']}/rows"
    return [tuple(row[name] for name in names) for row in asker.get(url).json()["data"]]


def test_what_was_billed_and_not_reported_is_missing(site):
    acme = site.vendor()
    sells(acme, "a", 400_000)
    sells(acme, "b", 5_000, model="other")

    answer = uploaded(
        acme,
        bill(
            "2026-02-01T00:00:00Z,Usage,1,1M Tokens,6.00,USD,large,,output",
            "2026-02-02T00:00:00+00:00,Usage,250,1K tokens,1.50,USD,large,,",
            "2026-02-01T00:00:00Z,Usage,9,1M Tokens,1.00,USD,large,,input",
            "2026-02-01T00:00:00Z,Tax,,,0.10,USD,large,,",
            "2026-02-01T00:00:00Z,Usage,3,GB,0.10,USD,storage,,",
        ),
    )

    assert answer.status_code == 201
    one = answer.json()
    assert (one["rows_read"], one["rows_ignored"]) == (5, 3)
    assert (one["missing_tokens"], one["surplus_tokens"]) == ("850000", "5000")
    names = ("day", "model", "billed_tokens", "reported_tokens", "missing_tokens", "tier")
    assert rows_of(acme, answer, *names) == [
        ("2026-02-01", "large", "1000000", "400000", "600000", "premium"),
        ("2026-02-01", "other", "0", "5000", "0", "premium"),
        ("2026-02-02", "large", "250000", "0", "250000", "premium"),
    ]
    # 600,000 and 250,000 premium tokens at 6,000 nanos: 3.60 and 1.50, a pool of 10 %
    assert rows_of(acme, answer, "accrual_gross", "accrual_due") == [
        ("3.60", "0.36"),
        ("0.00", "0.00"),
        ("1.50", "0.15"),
    ]
    assert one["accrual_due"] == "0.51"


def test_premium_sold_and_reported_as_standard_shows_in_the_price(site):
    acme = site.vendor()
    sells(acme, "a", 1_000_000, tier="standard")
    sells(acme, "b", 1_000_000, day=2)

    answer = uploaded(
        acme,
        bill(
            "2026-02-01T00:00:00Z,Usage,1000000,Tokens,6.00,USD,large,,",
            "2026-02-02T00:00:00Z,Usage,1000000,Tokens,6.00,USD,large,,",
        ),
    )

    assert rows_of(site.operator(), answer, "day", "price_above_tier", "missing_tokens") == [
        ("2026-02-01", True, "0"),
        ("2026-02-02", False, "0"),
    ]


def test_an_operator_reconciles_for_a_vendor_and_decides_once(site):
    operator = site.operator()
    text = bill("2026-02-01T00:00:00Z,Usage,1,1M Tokens,150,USD,large,elite,")

    answer = uploaded(operator, text, vendor="Acme")
    url = f"/v1/reconciliations/{answer.json()['reconciliation_id']}/accrual"

    assert answer.json()["accrual_due"] == "22.50"
    assert operator.post(url, json={"approved": True, "reason": ""}).status_code == 422
    decided = operator.post(url, json={"approved": True, "reason": "They said so."}).json()
    assert (decided["decision"], decided["reason"]) == ("approved", "They said so.")
    again = operator.post(url, json={"approved": False, "reason": "No."})
    assert (again.status_code, again.json()["code"]) == (409, "accrual-decided")
    assert site.vendor().get("/v1/reconciliations").json()["data"] == [decided]
    assert site.vendor("Borealis").get("/v1/reconciliations").json()["data"] == []


def test_where_nothing_is_missing_there_is_nothing_to_decide(site):
    acme = site.vendor()
    sells(acme, "a", 1_000_000)
    text = bill("2026-02-01T00:00:00Z,Usage,1,1M Tokens,6.00,USD,large,,")

    number = uploaded(acme, text).json()["reconciliation_id"]
    url = f"/v1/reconciliations/{number}/accrual"
    answer = site.operator().post(url, json={"approved": True, "reason": "x"})

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-accrue")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b\r\n1,2\r\n", "row 1"),
        (bill(), "rows"),
        (bill("yesterday,Usage,1,Tokens,1,USD,m,,"), "row 2.ChargePeriodStart"),
        (bill("2026-02-01,Usage,1.5,Tokens,1,USD,m,,"), "row 2.ConsumedQuantity"),
        (bill("2026-02-01,Usage,NaN,Tokens,1,USD,m,,"), "row 2.ConsumedQuantity"),
        (bill("2026-02-01,Usage,1e99,Tokens,1,USD,m,,"), "row 2.ConsumedQuantity"),
        (bill("2026-02-01,Usage,1,Tokens,x,USD,m,,"), "row 2.BilledCost"),
        (bill("2026-02-01,Usage,1,Tokens,1,dollars,m,,"), "row 2.BillingCurrency"),
        (bill("2026-02-01,Usage,1,Tokens,1,USD,m,golden,"), "row 2.x_Tier"),
        (
            bill("2026-02-01,Usage,1,Tokens,1,USD,m,,", "2024-02-01,Usage,1,Tokens,1,USD,m,,"),
            "ChargePeriodStart",
        ),
        (b"\xff\xfe", "body"),
        ("x\0", "body"),
    ],
)
def test_a_bill_that_cannot_be_read_is_refused_by_its_row(shared_site, text, place):
    answer = uploaded(shared_site.vendor(), text)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-bill")
    assert answer.json()["errors"][0]["place"] == place
