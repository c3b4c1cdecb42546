"""What webhooks tell of: in the commit of its fact, to whom it concerns, in ids and instants."""

import json
from datetime import UTC, datetime

import pytest
from claim_scene import Disputes
from payee_facts import may_be_paid, pays, reserve, take
from webhook_scene import Scene

from service.api import webhook_events as documented
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.ledger.threshold import Threshold
from service.ledger.tiers import Tier
from service.store import erasures, personal_tables
from service.store.database import unit_of_work
from service.store.webhook_events import EventType
from worker import drain
from worker.rehearsal import rehearse

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
LONG_AGO = datetime(2019, 6, 1, tzinfo=UTC)
MARCH = "2026-03-10T12:00:00Z"
MILLION = 1_000_000


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    return Scene(town, tmp_path)


def told(scene, number):
    """Return type and data of what an endpoint is to be told of, in order."""
    return scene.town.tells(
        "SELECT type, data FROM webhook_delivery JOIN webhook_event USING (event_id) "
        "WHERE endpoint_id = :id ORDER BY event_id",
        id=number,
    )


def an_endpoint(scene, owner=None, **facts):
    extra = {"owner": owner} if owner else {}
    return scene.wants("https://hooks.example.org/", **extra, **facts)[0]


def test_a_quarantined_sale_is_told_to_its_vendor_and_the_operators(scene, texts):
    acme, house = an_endpoint(scene, scene.vendor()), an_endpoint(scene)
    borealis = an_endpoint(scene, scene.vendor("Borealis"))
    scene.town.sells("one", text=texts.ode, at=LONG_AGO)
    scene.town.works()
    data = {
        "vendor_id": scene.vendor().party_id,
        "sales": ["one"],
        "period": "2019-06",
        "reason": "no-contract",
        "quarantined_at": MARCH,
    }
    assert told(scene, acme) == told(scene, house) == [("sale.quarantined", data)]
    assert told(scene, borealis) == []


def test_many_sales_of_a_batch_are_told_fifty_at_a_time(scene):
    acme = an_endpoint(scene, scene.vendor())
    items = [scene.town.a_sale(f"s{n:03}", text=None, at=LONG_AGO) for n in range(120)]
    scene.town.reports(*items)
    scene.town.works()
    kinds, names = zip(*[(kind, data["sales"]) for kind, data in told(scene, acme)], strict=True)
    assert set(kinds) == {"sale.quarantined"}
    assert [len(part) for part in names] == [50, 50, 20]
    assert sorted(name for part in names for name in part) == [f"s{n:03}" for n in range(120)]


def test_a_conflicting_report_is_told_once(scene):
    acme = an_endpoint(scene, scene.vendor())
    first = scene.town.a_sale("one", text=None, tokens=10, at=JANUARY)
    other = scene.town.a_sale("one", text=None, tokens=20, at=JANUARY)
    scene.town.reports(first)
    scene.town.reports(other, other)
    scene.town.reports(other)
    data = {"vendor_id": scene.vendor().party_id, "sales": ["one"], "reported_at": MARCH}
    assert told(scene, acme) == [("sale.conflicted", data)]


def test_statements_and_payouts_are_told_to_whom_they_are_of(scene, texts):
    town = scene.town
    acme, house = an_endpoint(scene, scene.vendor()), an_endpoint(scene)
    ada, ben = (an_endpoint(scene, scene.holder(name)) for name in ("Ada", "Ben"))
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    pays(town, 600_000_000)
    town.closes("2026-01")
    may_be_paid(town)
    (number,) = reserve(town).payout_ids
    for state in (PayoutState.SENT, PayoutState.CONFIRMED, PayoutState.RETURNED):
        take(town, number, state)

    holder, vendor = scene.holder("Ada").party_id, scene.vendor().party_id
    issued = {"period": "2026-01", "issued_at": MARCH}
    of_ada = {"statement": f"2026-01-H{holder}-USD", "holder_id": holder, "vendor_id": None}
    of_acme = {"statement": f"2026-01-V{vendor}-USD", "holder_id": None, "vendor_id": vendor}
    step = {"payout_id": number, "statement": f"2026-01-H{holder}-USD", "taken_at": MARCH}
    step |= {"holder_id": holder, "payee_id": holder}
    assert told(scene, ada) == [
        ("statement.issued", of_ada | issued),
        ("payout.reserved", step | {"state": "reserved"}),
        ("payout.sent", step | {"state": "sent"}),
        ("payout.confirmed", step | {"state": "confirmed"}),
        ("payout.returned", step | {"state": "returned"}),
    ]
    assert dict(told(scene, acme)) == {
        "statement.issued": of_acme | issued,
        "period.closed": {"period": "2026-01", "closed_at": MARCH},
    }
    assert len(told(scene, house)) == 7
    assert told(scene, ben) == []


def test_a_conflict_is_told_to_those_who_claim_and_of_whom(scene, texts):
    ada, ben, cleo = (an_endpoint(scene, scene.holder(name)) for name in ("Ada", "Ben", "Cleo"))
    work = scene.town.registers("Ode", texts.ode, {"Ada": MILLION})
    claim = Disputes(scene.town).claim("Ben", work, 500_000)
    data = {
        "claim_id": claim.claim.claim_id,
        "work_id": work,
        "finding_id": None,
        "claimants": [scene.holder("Ben").party_id],
        "respondents": [scene.holder("Ada").party_id],
        "opened_at": MARCH,
    }
    assert told(scene, ada) == told(scene, ben) == [("conflict.opened", data)]
    assert told(scene, cleo) == []


def test_a_rehearsed_close_is_told_to_nobody(scene, texts):
    town, house = scene.town, an_endpoint(scene)
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    rehearsed = rehearse(
        town.database,
        Period(202601),
        early=False,
        threshold=Threshold(),
        now=town.clock(),
        progress=drain.silent,
    )
    assert len(rehearsed.statements) == 1
    assert told(scene, house) == []


def test_only_chosen_types_are_told_and_only_while_enabled(scene):
    chosen = an_endpoint(scene, types=[EventType.SALE_CONFLICTED])
    off = an_endpoint(scene)
    scene.disables(off)
    with unit_of_work(scene.town.database) as session:
        scene.something_happens(session)
    assert told(scene, chosen) == told(scene, off) == []


def test_each_type_has_an_example_that_is_of_its_form():
    for kind in EventType:
        documented.model_of(kind).model_validate(documented.example_of(kind))


def test_what_is_recorded_is_of_the_form_that_is_documented(scene, texts):
    """Payloads have no names, texts or amounts: the forms have no room for any."""
    town, house = scene.town, an_endpoint(scene)
    work = town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("old", text=texts.ode, at=LONG_AGO)
    town.reports(*(town.a_sale("one", text=None, tokens=n, at=JANUARY) for n in (10, 20)))
    town.works()
    Disputes(town).claim("Ben", work, 500_000)
    town.closes("2026-01")
    seen = told(scene, house)
    assert {kind for kind, _ in seen} >= {
        *("sale.quarantined", "sale.conflicted", "conflict.opened", "period.closed"),
        "statement.issued",
    }
    for kind, data in seen:
        body = {"type": kind, "timestamp": MARCH, "data": data}
        documented.model_of(EventType(kind)).model_validate(body)


def test_erasing_a_holder_forgets_where_it_wanted_to_be_told_and_what_was_sent(scene):
    scene.wants("https://ada.example.org/", owner=scene.holder("Ada"))
    kept = an_endpoint(scene)
    with unit_of_work(scene.town.database) as session:
        scene.something_happens(session, parties=[scene.holder("Ada").party_id])
    facts = {"reason": "asked", "by": "op", "even_owed": False, "now": scene.town.clock()}
    with unit_of_work(scene.town.database) as session:
        erasures.erase(session, scene.holder("Ada").party_id, **facts)
    assert scene.town.tells("SELECT endpoint_id FROM webhook_endpoint") == [(kept,)]
    assert scene.town.tells("SELECT endpoint_id FROM webhook_secret") == [(kept,)]
    assert scene.town.tells("SELECT endpoint_id FROM webhook_delivery") == [(kept,)]


def test_an_export_of_a_holders_data_has_its_webhooks_and_no_secret(scene):
    ada, ben = scene.holder("Ada"), scene.holder("Ben")
    number, _ = scene.wants("https://ada.example.org/", owner=ada)
    scene.wants("https://ben.example.org/", owner=ben)
    with unit_of_work(scene.town.database) as session:
        for owner in (ada, ben):
            scene.something_happens(session, parties=[owner.party_id])
    with unit_of_work(scene.town.database) as session:
        known = {one.name: one for one in personal_tables.tables(session)}
        rows = {
            name: [
                json.loads(row)
                for row in personal_tables.rows_of(session, known[name], ada.party_id, [])
            ]
            for name in ("webhook_endpoint", "webhook_secret", "webhook_delivery", "webhook_event")
        }
    assert [row["url"] for row in rows["webhook_endpoint"]] == ["https://ada.example.org/"]
    assert [row["endpoint_id"] for row in rows["webhook_delivery"]] == [number]
    assert [row["party_ids"] for row in rows["webhook_event"]] == [[ada.party_id]]
    assert [one["endpoint_id"] for one in rows["webhook_secret"]] == [number]
    assert not {"sealed", "nonce"} & rows["webhook_secret"][0].keys()
