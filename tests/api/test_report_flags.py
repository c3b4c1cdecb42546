"""Texts withheld, cut or garbled, premium sold as standard: flagged for vendor and operator."""

import pytest

TEXT = "The tide keeps no ledger, and yet it pays the shore in shells and salt, twice a day."
NOISE = "xkqz vbnmt qwrtp lkjhg zxcvb mnbvc plkjh gfdsq wrtpl kjhgf dszxc vbnmq"


def sells(vendor, **fields):
    sale = {"tier": "premium", "output_tokens": 20, "sold_at": "2026-01-20T10:00:00Z"} | fields
    assert vendor.post("/v1/sales", json=sale).status_code == 200


def flags(asker, **query):
    answer = asker.get("/v1/report-flags", params={"month": "2026-01"} | query)
    return [(f["vendor"], f["sign"], f["count"], f["of_count"]) for f in answer.json()["data"]]


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        ({}, "text-withheld"),
        ({"text": NOISE}, "text-garbled"),
        ({"text": "No.", "output_tokens": 900}, "text-cut"),
    ],
)
def test_a_text_that_was_kept_from_the_pool_is_flagged(site, fields, sign):
    acme = site.vendor()
    sells(acme, id="good", text=TEXT)
    sells(acme, id="odd", **fields)

    assert flags(acme) == [("acme", sign, 1, 2)]
    assert flags(site.operator()) == flags(site.operator(), vendor="Acme") == flags(acme)
    assert flags(site.vendor("Borealis")) == []
    assert flags(acme, month="2025-12") == []


def test_where_there_is_no_pool_nobody_minds(site):
    acme = site.vendor()
    sells(acme, id="plain", tier="standard")
    sells(acme, id="free", tier="free", text=NOISE)

    assert flags(acme) == []


def test_premium_reported_as_standard_is_flagged_by_what_was_billed(site):
    acme = site.vendor()
    sells(acme, id="a", tier="standard", output_tokens=1_000_000, model="large")
    bill = (
        "ChargePeriodStart,ConsumedQuantity,ConsumedUnit,BilledCost,BillingCurrency,x_Model\n"
        "2026-01-20T00:00:00Z,1,1M Tokens,6.00,USD,large\n"
    )
    site.operator().post(
        "/v1/reconciliations?vendor=Acme", content=bill, headers={"Content-Type": "text/csv"}
    )

    assert flags(acme) == [("acme", "price-above-tier", 1, 1)]
