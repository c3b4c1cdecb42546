"""Creators read where their money stands; operators whose they name."""

from service.store import parties
from service.store.database import unit_of_work


def test_who_has_earned_nothing_has_no_money(site):
    body = site.creator("Ada").get("/v1/money").json()
    assert body["data"] == []


def test_an_operator_names_a_holder_and_a_creator_sees_only_their_own(site):
    ada = site.holder("Ada")
    operator = site.operator()
    assert operator.get(f"/v1/money?holder_id={ada}").json() == {"holder_id": ada, "data": []}
    refused = operator.get("/v1/money")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-holder")
    bo = site.holder("Bo")
    assert site.person("creator", ada).get(f"/v1/money?holder_id={bo}").json()["holder_id"] == ada
    assert operator.get("/v1/money?holder_id=9223372036854775808").status_code == 422
    with unit_of_work(site.database) as session:
        vendor = parties.vendor_named(session, "Acme").party_id
    assert operator.get(f"/v1/money?holder_id={vendor}").status_code == 422
