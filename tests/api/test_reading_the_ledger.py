"""Periods are closed by order, statements and entries are read and never changed."""

from datetime import UTC, datetime

import pytest

from service.ledger.journal import Kind, Source, entry
from service.ledger.period import Period
from service.ledger.statement import LineKind, StatementLine, make
from service.ledger.tiers import Tier
from service.store import journal, parties, periods, statements, works
from service.store.database import driver, unit_of_work
from service.store.works import NewWork

JANUARY = Period(202601)


def post_entries(site, *amounts: int) -> None:
    """Post one sale's entry an amount: Acme owes it, it stays in Acme's pool."""
    with unit_of_work(site.database) as session:
        said = [
            entry(
                Source(Kind.SALE, number),
                "USD",
                {"vendor:acme:receivable": nanos, "pool:unmatched:acme:2026-01": -nanos},
                subject_sale_id=number,
            )
            for number, nanos in enumerate(amounts, start=1)
        ]
        journal.append_entries(session, said, period=202601, now=site.clock.now)


def issue_statement(site, holder_id: int, title: str = "Ode") -> str:
    with unit_of_work(site.database) as session:
        new = NewWork(title, f"Text of {title}.", "en")
        row = works.register(session, new, registered_at=site.clock.now, now=site.clock.now)
        line = StatementLine(
            LineKind.EARNED,
            1,
            row.work_id,
            "acme",
            Tier.ELITE,
            JANUARY,
            3,
            9_000,
            1_350,
            500_000,
            675,
        )
        made = make(
            holder_id, "USD", JANUARY, opening_nanos=0, lines=[line], held_nanos=675, threshold=0
        )
        vendor_ids = parties.vendor_ids(session)
        statements.insert(session, made, vendor_ids, now=site.clock.now)
    return statements.number_of(made)


def test_an_ended_month_is_closed_by_order_and_the_bell_rings(site):
    operator = site.operator()

    answer = operator.post("/v1/periods/2026-01/close")

    assert answer.status_code == 202
    assert answer.json() == {"period": "2026-01", "state": "closing", "closed_at": None}
    assert site.bell.rings == 1
    again = operator.post("/v1/periods/2026-01/close", json={})
    assert (again.status_code, again.json()["state"]) == (202, "closing")
    listed = operator.get("/v1/periods").json()["data"]
    assert listed == [{"period": "2026-01", "state": "closing", "closed_at": None}]


def test_what_waits_of_the_month_still_settles_into_it(site):
    sale = {"id": "s", "tier": "elite", "output_tokens": 1, "sold_at": "2026-01-15T12:00:00Z"}
    site.vendor().post("/v1/sales", json=sale)

    site.operator().post("/v1/periods/2026-01/close")

    with unit_of_work(site.database) as session:
        marked = driver(session).execute("SELECT period, closes FROM work_batch").fetchall()
    assert marked == [(202601, True)]


def test_a_running_month_is_closed_only_on_purpose(site):
    operator = site.operator()

    refused = operator.post("/v1/periods/2026-02/close")
    early = operator.post("/v1/periods/2026-02/close", json={"early": True})
    future = operator.post("/v1/periods/2026-03/close", json={"early": True})

    assert (refused.status_code, refused.json()["code"]) == (409, "period-running")
    assert early.status_code == 202
    assert (future.status_code, future.json()["code"]) == (409, "period-running")


def test_a_closed_month_is_not_closed_again(site):
    operator = site.operator()
    operator.post("/v1/periods/2026-01/close")
    with unit_of_work(site.database) as session:
        periods.finish_closing(session, JANUARY, now=site.clock.now)

    answer = operator.post("/v1/periods/2026-01/close")

    assert (answer.status_code, answer.json()["code"]) == (409, "period-closed")


def test_months_are_closed_in_order(site):
    sale = {"id": "s", "tier": "elite", "output_tokens": 1, "sold_at": "2025-12-15T12:00:00Z"}
    site.vendor().post("/v1/sales", json=sale)

    answer = site.operator().post("/v1/periods/2026-01/close")

    assert (answer.status_code, answer.json()["code"]) == (409, "earlier-period-open")
    assert site.operator().get("/v1/periods").json()["data"] == []


@pytest.mark.parametrize("period", ["2026-13", "2026-1", "202601", "1999-01", "x", "%00", "\uff12"])
def test_a_month_that_is_none_is_refused(shared_site, period):
    answer = shared_site.operator().post(f"/v1/periods/{period}/close")

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-period")


@pytest.mark.parametrize("order", [{"early": 1}, {"early": "true"}, {"late": True}, [], "early"])
def test_an_order_to_close_says_early_or_nothing(shared_site, order):
    answer = shared_site.operator().post("/v1/periods/2026-01/close", json=order)

    assert answer.status_code == 422


def test_a_statement_is_read_by_its_holder_as_json_and_csv(site):
    ada = site.holder("Ada")
    number = issue_statement(site, ada)
    client = site.person("creator", ada)

    as_json = client.get(f"/v1/statements/{number}")
    as_csv = client.get(f"/v1/statements/{number}.csv")

    assert number == f"2026-01-H{ada}-USD"
    assert as_json.json()["closing_balance"] == "0.000000675"
    assert as_json.json()["lines"][0]["work"]["title"] == "Ode"
    assert as_json.json()["lines"][0]["amount"] == "0.000000675"
    assert as_json.json()["issued_at"] == "2026-02-10T12:00:00Z"
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = f'attachment; filename="{number}.csv"'
    assert as_csv.headers["content-disposition"] == disposition
    assert "0.000000675" in as_csv.text


def test_statements_are_listed_to_their_holder_and_to_operators(site):
    ada, bob = site.holder("Ada"), site.holder("Bob")
    numbers = [issue_statement(site, ada, "Ode"), issue_statement(site, bob, "Essay")]

    mine = site.person("creator", ada).get("/v1/statements").json()["data"]
    first = site.operator().get("/v1/statements?limit=1").json()
    rest = site.operator().get(f"/v1/statements?limit=1&after={first['next']}").json()

    assert mine == [
        {
            "number": numbers[0],
            "holder_id": ada,
            "holder_name": "Ada",
            "period": "2026-01",
            "currency": "USD",
            "opening_balance": "0.00",
            "earned": "0.000000675",
            "moved": "0.00",
            "paid_out": "0.00",
            "closing_balance": "0.000000675",
            "held": "0.000000675",
            "holdback": "0.00",
            "payable": "0.00",
            "carried_forward": "0.00",
            "newest_document": numbers[0],
        }
    ]
    assert [one["number"] for one in first["data"] + rest["data"]] == numbers
    assert rest["has_more"] is False
    assert site.operator().get("/v1/statements?period=2025-12").json()["data"] == []


def test_balances_are_listed_page_by_page(site):
    post_entries(site, 7_000, 500)
    operator = site.operator()

    first = operator.get("/v1/accounts?limit=1").json()
    rest = operator.get("/v1/accounts", params={"after": first["next"]}).json()
    vendors = operator.get("/v1/accounts?prefix=vendor:").json()

    assert first["data"] == [
        {
            "account": "pool:unmatched:acme:2026-01",
            "currency": "USD",
            "normal_side": "credit",
            "balance": "-0.0000075",
        }
    ]
    assert first["next"] == "pool:unmatched:acme:2026-01@USD"
    assert [one["account"] for one in rest["data"]] == ["vendor:acme:receivable"]
    assert vendors["data"] == rest["data"]
    assert operator.get("/v1/accounts?prefix=%25").json()["data"] == []


def test_the_entries_of_an_account_are_listed_page_by_page(site):
    post_entries(site, 7_000, 500, 3)
    operator = site.operator()
    url = "/v1/accounts/vendor:acme:receivable/entries"

    first = operator.get(f"{url}?limit=2").json()
    rest = operator.get(url, params={"limit": 2, "after": first["next"]}).json()

    assert [one["source_id"] for one in first["data"]] == [1, 2]
    assert first["next"] == "sale/2"
    assert [one["source_id"] for one in rest["data"]] == [3]
    assert rest["data"][0]["postings"] == [
        {"account": "pool:unmatched:acme:2026-01", "amount": "-0.000000003"},
        {"account": "vendor:acme:receivable", "amount": "0.000000003"},
    ]


def test_an_entry_is_read_by_its_source(site):
    post_entries(site, 7_000)
    operator = site.operator()

    answer = operator.get("/v1/entries/sale/1").json()

    assert answer["sale_id"] == 1
    assert answer["posted_at"] == "2026-02-10T12:00:00Z"
    assert [one["amount"] for one in answer["postings"]] == ["-0.000007", "0.000007"]
    missing = operator.get("/v1/entries/correction/1")
    assert (missing.status_code, missing.json()["code"]) == (404, "entry-not-found")


def test_the_clock_of_the_site_is_what_closes(site):
    site.clock.now = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    operator = site.operator()

    assert operator.post("/v1/periods/2026-01/close").status_code == 409
    site.clock.now = datetime(2026, 2, 1, tzinfo=UTC)
    assert operator.post("/v1/periods/2026-01/close").status_code == 202
