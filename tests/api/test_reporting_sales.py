"""Vendors report sales: what is answered is stored, item by item, once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store.database import driver, unit_of_work

SALE = {"id": "call-1", "tier": "premium", "output_tokens": 1_000, "text": "The tide pays."}


def rows(site, table: str) -> int:
    with unit_of_work(site.database) as session:
        return driver(session).execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_sale_is_stored_with_its_text_and_rings_the_bell(site):
    acme = site.vendor()

    answer = acme.post("/v1/sales", json=SALE)

    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 1,
        "counts": {"created": 1, "duplicate": 0, "conflict": 0, "rejected": 0, "ignored": 0},
        "items": [{"id": "call-1", "outcome": "created", "sale_id": 16_384}],
    }
    assert site.bell.rings == 1
    assert acme.get("/v1/sales/call-1").json() == {
        "id": "call-1",
        "sale_id": 16_384,
        "state": "reported",
        "reason": None,
        "tier": "premium",
        "output_tokens": 1_000,
        "tokens_estimated": False,
        "model": None,
        "gross": "0.006",
        "refunded": "0.00",
        "currency": "USD",
        "sold_at": "2026-02-10T12:00:00Z",
        "period": "2026-02",
        "received_at": "2026-02-10T12:00:00Z",
        "has_text": True,
        "format": "native",
        "tier_by": "report",
        "flags": [],
        "attribution": None,
        "history": [
            {"state": "received", "at": "2026-02-10T12:00:00Z", "reason": None, "amount": None}
        ],
        "conflicts": [],
        "versions": [
            {
                "version": 1,
                "restatement": None,
                "tier": "premium",
                "output_tokens": 1_000,
                "gross": "0.006",
                "reason": None,
                "told_at": "2026-02-10T12:00:00Z",
            }
        ],
        "corrections": [],
    }


def test_the_same_report_again_is_a_duplicate_even_later_and_without_a_time_of_sale(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    site.clock.now = site.clock.now.replace(hour=18)

    again = acme.post("/v1/sales", json=SALE)

    assert again.json()["items"] == [{"id": "call-1", "outcome": "duplicate", "sale_id": 16_384}]
    assert site.bell.rings == 1
    assert rows(site, "sale") == 1


def test_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)

    alone = acme.post("/v1/sales", json=SALE | {"output_tokens": 1_001})
    listed = acme.post("/v1/sales", json=[SALE | {"tier": "elite"}])

    assert alone.status_code == 409
    assert alone.json()["code"] == "sale-conflict"
    assert alone.json()["items"][0]["outcome"] == "conflict"
    assert listed.status_code == 200
    assert listed.json()["items"][0]["outcome"] == "conflict"
    assert acme.get("/v1/sales/call-1").json()["output_tokens"] == 1_000


def test_the_same_id_from_another_vendor_is_another_sale(site):
    acme, borealis = site.vendor("Acme"), site.vendor("Borealis")

    assert acme.post("/v1/sales", json=SALE).json()["counts"]["created"] == 1
    assert borealis.post("/v1/sales", json=SALE).json()["counts"]["created"] == 1
    assert borealis.get("/v1/sales/call-2").status_code == 404


def test_duplicate_ids_inside_one_report_have_one_effect(site):
    acme = site.vendor()

    answer = acme.post("/v1/sales", json=[SALE, SALE, SALE | {"output_tokens": 7}])

    outcomes = [item["outcome"] for item in answer.json()["items"]]
    assert outcomes == ["created", "duplicate", "conflict"]
    assert rows(site, "sale") == 1


def test_the_same_report_many_times_in_parallel_is_one_sale(site):
    acme = site.vendor()

    def report(_):
        return acme.post("/v1/sales", json=[SALE]).json()["items"][0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(report, range(40)))

    assert sorted(a["outcome"] for a in answers) == ["created"] + ["duplicate"] * 39
    assert len({a["sale_id"] for a in answers}) == 1


def test_a_bad_item_is_rejected_alone_with_every_place_and_rule(site):
    acme = site.vendor()
    bad = {"id": "call-2", "tier": "gold", "output_tokens": -1, "colour": "red"}

    answer = acme.post("/v1/sales", json=[SALE, bad])

    assert answer.status_code == 200
    assert answer.json()["counts"] == {
        "created": 1,
        "duplicate": 0,
        "conflict": 0,
        "rejected": 1,
        "ignored": 0,
    }
    assert answer.json()["items"][1] == {
        "id": "call-2",
        "outcome": "rejected",
        "errors": [
            {
                "place": "sales[1].colour",
                "rule": "is not a field of a sale; fields are id, tier, output_tokens, "
                "input_tokens, text, fingerprint, sold_at, gross, currency, model",
            },
            {
                "place": "sales[1].tier",
                "rule": "must be one of free, standard, premium, high-speed, elite",
            },
            {
                "place": "sales[1].output_tokens",
                "rule": "must be a whole number from 0 to 1000000000000000",
            },
        ],
    }


def test_a_bad_line_rejects_that_line_only_named_by_its_number(site):
    acme = site.vendor()
    lines = [json.dumps(SALE).encode(), b"", b'{"id": "call-2", ', b'"\xff"', b'{"id": NaN}', b"[]"]
    lines.append(json.dumps(SALE | {"id": "call-3", "tier": "gold"}).encode())

    answer = acme.post(
        "/v1/sales",
        content=b"\n".join(lines),
        headers={"Content-Type": "application/x-ndjson"},
    )

    assert answer.status_code == 200
    created, *rejected = answer.json()["items"]
    assert created["outcome"] == "created"
    assert [item["errors"][0]["place"] for item in rejected] == [
        "line 3, column 17",
        "line 4, byte 1",
        "line 5",
        "line 6",
        "line 7.tier",
    ]
    assert rejected[2]["errors"][0]["rule"] == "NaN is not JSON"
    assert rejected[3]["errors"][0]["rule"] == "must be an object"
    assert rejected[4]["id"] == "call-3"


def test_a_sale_rejected_alone_is_a_problem_that_names_the_places(site):
    answer = site.vendor().post("/v1/sales", json={"id": "call-1", "tier": "premium"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [
        {"place": "sale.output_tokens", "rule": "must be given where there is no text"}
    ]
    assert answer.json()["items"][0]["outcome"] == "rejected"
    assert rows(site, "sale") == 0


def test_missing_tokens_are_estimated_and_the_sale_says_so(site):
    acme = site.vendor()
    acme.post(
        "/v1/sales", json={"id": "s", "tier": "standard", "text": "It isn't late, 潮水不记账."}
    )

    sale = acme.get("/v1/sales/s").json()

    assert (sale["output_tokens"], sale["tokens_estimated"]) == (8, True)


def test_ids_with_slashes_and_other_scripts_are_found_again(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE | {"id": "2026/02/潮-1"})

    assert acme.get("/v1/sales/2026/02/潮-1").json()["id"] == "2026/02/潮-1"
    refund = acme.post("/v1/sales/2026/02/潮-1/refunds", json={"id": "r"})
    assert refund.status_code == 201


def test_ten_thousand_sales_are_taken_and_one_more_is_refused(site):
    acme = site.vendor()
    many = [{"id": f"s{i}", "tier": "free", "output_tokens": 1} for i in range(10_001)]

    refused = acme.post("/v1/sales", json=many)
    lines = "\n".join(json.dumps(one) for one in many)
    also_refused = acme.post(
        "/v1/sales", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    taken = acme.post("/v1/sales", json=many[:10_000])

    assert (refused.status_code, refused.json()["code"]) == (413, "too-many-sales")
    assert also_refused.status_code == 413
    assert taken.json()["accepted"] == 10_000
    assert rows(site, "sale") == 10_000


def test_an_empty_report_stores_nothing(site):
    acme = site.vendor()

    assert acme.post("/v1/sales", json=[]).json()["accepted"] == 0
    assert acme.post("/v1/sales", content=b"").status_code == 415
    empty = acme.post("/v1/sales", content=b"", headers={"Content-Type": "application/json"})
    assert (empty.status_code, empty.json()["code"]) == (400, "bad-json")
    assert site.bell.rings == 0


def test_sales_are_listed_page_by_page(site):
    acme, borealis = site.vendor("Acme"), site.vendor("Borealis")
    acme.post("/v1/sales", json=[SALE | {"id": f"s{i}"} for i in range(5)])
    borealis.post("/v1/sales", json=SALE)

    seen, after = [], ""
    for _ in range(3):
        page = acme.get("/v1/sales", params={"limit": 2, "after": after}).json()
        seen.append([sale["id"] for sale in page["data"]])
        after = page["next"]

    assert seen == [["s0", "s1"], ["s2", "s3"], ["s4"]]
    assert (page["has_more"], page["next"]) == (False, None)


@pytest.mark.parametrize("after", ["x", "-1", "1e3", "\uff11\uff12", "9" * 30, "1;DROP TABLE sale"])
def test_a_cursor_that_no_list_gave_is_refused(site, after):
    answer = site.vendor().get("/v1/sales", params={"after": after})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "9" * 400])
def test_a_limit_out_of_range_is_refused(site, limit):
    answer = site.vendor().get("/v1/sales", params={"limit": limit})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == "limit"


def test_a_refund_gives_back_the_rest_and_never_more(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    url = "/v1/sales/call-1/refunds"

    part = acme.post(url, json={"id": "r1", "amount": "0.002", "reason": "late"})
    again = acme.post(url, json={"id": "r1", "amount": "0.002"})
    other = acme.post(url, json={"id": "r1", "amount": "0.003"})
    too_much = acme.post(url, json={"id": "r2", "amount": "0.0041"})
    rest = acme.post(url, json={"id": "r3"})
    nothing_left = acme.post(url, json={"id": "r4"})

    assert (part.status_code, part.json()["amount"]) == (201, "0.002")
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")
    assert (other.status_code, other.json()["code"]) == (409, "refund-conflict")
    assert (too_much.status_code, too_much.json()["code"]) == (422, "refund-too-large")
    assert too_much.json()["errors"][0]["place"] == "amount"
    assert (rest.status_code, rest.json()["amount"]) == (201, "0.004")
    assert (nothing_left.status_code, nothing_left.json()["code"]) == (422, "refund-not-positive")
    assert site.bell.rings == 3


def test_a_refund_of_somebody_elses_sale_waits_for_a_sale_of_ones_own(site):
    site.vendor("Acme").post("/v1/sales", json=SALE)

    answer = site.vendor("Borealis").post("/v1/sales/call-1/refunds", json={"id": "r1"})

    assert (answer.status_code, answer.json()["outcome"]) == (202, "parked")
    assert (answer.json()["amount"], answer.json()["currency"]) == (None, None)
    again = site.vendor("Borealis").post("/v1/sales/call-1/refunds", json={"id": "r1"})
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")


def test_a_sale_is_restated_and_both_versions_are_visible(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    url = "/v1/sales/call-1/restatements"

    order = {"id": "fix", "output_tokens": 900, "reason": "counted twice"}
    first, again = acme.post(url, json=order), acme.post(url, json=order)
    same = acme.post(url, json={**order, "id": "fix 2"})
    other = acme.post(url, json={**order, "output_tokens": 800})
    gone = site.vendor("Borealis").post(url, json=order)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {
        "id": "fix",
        "outcome": "created",
        "sale": "call-1",
        "version": 2,
        "tier": "premium",
        "output_tokens": 900,
        "gross": "0.0054",
        "currency": "USD",
    }
    assert (same.status_code, same.json()["code"]) == (409, "nothing-restated")
    assert (other.status_code, other.json()["code"]) == (409, "restatement-conflict")
    assert (gone.status_code, gone.json()["code"]) == (404, "sale-not-found")
    told = acme.get("/v1/sales/call-1").json()
    assert (told["output_tokens"], told["gross"]) == (900, "0.0054")
    assert [(v["version"], v["gross"], v["reason"]) for v in told["versions"]] == [
        (1, "0.006", None),
        (2, "0.0054", "counted twice"),
    ]


@pytest.mark.parametrize(
    "amount", ["-1", "0", "1e3", "NaN", "\uff11", "0.0000000001", "9" * 13, "", " 1", "0x1"]
)
def test_a_refund_that_is_no_amount_is_refused(site, amount):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)

    answer = acme.post("/v1/sales/call-1/refunds", json={"id": "r1", "amount": amount})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == "amount"
