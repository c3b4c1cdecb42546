"""What a vendor sees of a sale: what happened when and why, flags, and what conflicts with it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store.database import driver, unit_of_work

SALE = {"id": "s", "tier": "premium", "output_tokens": 1_000, "text": "The tide pays."}


def history(acme, name="s"):
    steps = acme.get(f"/v1/sales/{name}").json()["history"]
    return [(one["state"], one["at"], one["reason"], one["amount"]) for one in steps]


def does(site, statement, **values):
    with unit_of_work(site.database) as session:
        driver(session).execute(statement, values)


RECEIVED = ("received", "2026-02-10T12:00:00Z", None, None)


def test_each_state_has_its_time(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    assert history(acme) == [RECEIVED]

    does(site, "UPDATE work_batch SET stage = 2, attributed_at = '2026-02-10T12:01:00Z'")
    assert history(acme)[1:] == [("attributed", "2026-02-10T12:01:00Z", None, None)]

    does(site, "UPDATE work_batch SET stage = 3, settled_at = '2026-02-10T12:02:00Z'")
    assert history(acme)[2:] == [("settled", "2026-02-10T12:02:00Z", None, None)]


def test_a_quarantined_sale_says_why_and_is_not_settled(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    does(site, "UPDATE work_batch SET stage = 3, settled_at = '2026-02-10T12:02:00Z'")
    does(
        site,
        "INSERT INTO quarantine (sale_id, vendor_id, period, reason, facts, quarantined_at) "
        "SELECT sale_id, vendor_id, period, 'no-contract', '{}', '2026-02-10T12:02:00Z' FROM sale",
    )

    assert history(acme) == [
        RECEIVED,
        ("quarantined", "2026-02-10T12:02:00Z", "no-contract", None),
    ]


def test_a_refund_is_waiting_until_it_is_posted(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    site.clock.now = site.clock.now.replace(hour=13)
    acme.post("/v1/sales/s/refunds", json={"id": "r", "amount": "0.002", "reason": "late"})
    assert history(acme)[1:] == [("refund-waiting", "2026-02-10T13:00:00Z", "late", "0.002")]

    does(site, "UPDATE refund SET applied_at = '2026-02-10T14:00:00Z'")
    assert history(acme)[1:] == [("refunded", "2026-02-10T14:00:00Z", "late", "0.002")]


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, []),
        ({"output_tokens": 0}, ["zero-tokens", "zero-gross"]),
        ({"output_tokens": 0, "tier": "free"}, ["zero-tokens"]),
        ({"tier": "free"}, []),
        ({"model": "anything"}, []),
    ],
)
def test_amounts_of_nothing_are_flagged(site, fields, flags):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE | fields)

    assert acme.get("/v1/sales/s").json()["flags"] == flags


def test_what_conflicts_is_in_sight_once_however_often_it_comes(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=SALE)
    site.clock.now = site.clock.now.replace(hour=15)
    other = SALE | {"tier": "elite", "output_tokens": 7}

    def report(_):
        return acme.post("/v1/sales", json=[other, other]).json()["counts"]["conflict"]

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(report, range(8))) == {2}
    acme.post("/v1/sales", json=[SALE | {"text": "Another text."}])

    sale = acme.get("/v1/sales/s").json()
    assert (sale["tier"], sale["output_tokens"], sale["flags"]) == ("premium", 1_000, ["conflict"])
    told = [(c["tier"], c["output_tokens"], c["gross"], c["same_text"]) for c in sale["conflicts"]]
    assert sorted(told) == [("elite", 7, "0.00105", True), ("premium", 1_000, "0.006", False)]


def test_flagged_sales_can_be_listed_alone(site):
    acme = site.vendor()
    acme.post("/v1/sales", json=[SALE | {"id": name} for name in "abc"])
    acme.post("/v1/sales", json=[SALE | {"id": "b", "tier": "free"}])
    acme.post("/v1/sales", json=[SALE | {"id": "d", "output_tokens": 0}])

    listed = acme.get("/v1/sales", params={"flagged": True}).json()["data"]

    assert [(one["id"], one["flags"]) for one in listed] == [
        ("b", ["conflict"]),
        ("d", ["zero-tokens", "zero-gross"]),
    ]
