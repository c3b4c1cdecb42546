"""From a vendor's offer to the statement: rate of the deal, advance, recoupment, guarantee."""

import json
from datetime import UTC, date, datetime

import pytest
from licence_terms import vendor_id

from service.ledger.licence import Licence
from service.ledger.offer import NoLongerOpen, Offer, OfferState
from service.store import advances, licences, personal_tables, procurement
from service.store.database import unit_of_work
from service.store.licences import NewLicence
from service.store.procurement import Answer
from worker import recouping

ALL = 1_000_000
MARCH, APRIL, MAY = (datetime(2026, month, 20, tzinfo=UTC) for month in (3, 4, 5))


def offers(town, *, work=None, holder=None, **terms):
    """Let Acme offer half the usual royalty for April, with an advance of $1 and $2 guaranteed."""
    told = {
        "currency": "USD",
        "advance_nanos": 1_000_000_000,
        "guarantee_nanos": 2_000_000_000,
        "multiplier_ppm": 500_000,
        "starts_on": date(2026, 4, 1),
        "ends_on": date(2026, 5, 1),
        "open_until": date(2026, 3, 30),
    }
    offer = Offer(vendor_id=vendor_id(town, "Acme"), **(told | terms))
    with unit_of_work(town.database) as session:
        if work:
            made = procurement.make_for_work(session, offer, work, by="Acme", now=town.clock())
        else:
            made = procurement.make_for_catalogue(
                session, offer, holder_id(town, holder), by="Acme", now=town.clock()
            )
    return made.offer_id


def holder_id(town, name):
    ((number,),) = town.tells("SELECT party_id FROM party WHERE name = :name", name=name)
    return number


def accepts(town, offer, name):
    with unit_of_work(town.database) as session:
        answer = Answer(holder_id(town, name), name)
        return procurement.accept(session, offer, answer, now=town.clock()).state(town.clock())


def opened(town):
    """Return the advances: holder, amount, guarantee, works, last day, offer."""
    return town.tells(
        "SELECT h.name, amount_nanos, guarantee_nanos, work_ids, until, offer_id "
        "FROM advance JOIN party h ON h.party_id = holder_id ORDER BY h.name"
    )


def test_what_was_offered_is_what_is_settled_paid_early_and_earned_back(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    offer = offers(village, work=ode, guarantee_nanos=0)
    assert accepts(village, offer, "Ada") is OfferState.ACCEPTED
    assert opened(village) == [("Ada", 1_000_000_000, 0, [ode], date(2026, 4, 30), offer)]
    for name, at in (("march", MARCH), ("april", APRIL), ("may", MAY)):
        village.sells(name, text=texts.ode, at=at)
    village.clock.now = datetime(2026, 6, 1, tzinfo=UTC)
    village.works()
    with unit_of_work(village.database) as session:
        (stored,) = advances.listing(session)
    number = stored.advance.advance_id
    recouping.pay(village.database, number, reference="wire", by="op", now=village.clock())
    for month in ("2026-03", "2026-04", "2026-05"):
        village.closes(month)
    earned = [
        sum(line.nanos for line in village.statement("Ada", month).lines)
        for month in ("2026-03", "2026-04", "2026-05")
    ]
    assert earned == [540_000_000, 270_000_000, 540_000_000]
    with unit_of_work(village.database) as session:
        (stored,) = advances.listing(session)
    assert (stored.paid_nanos, stored.recouped_nanos) == (1_000_000_000, 1_000_000_000)
    assert village.broken() == []


def test_holders_get_their_parts_of_advance_and_guarantee(village, texts):
    duet = village.registers("Duet", texts.ode, {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333})
    offer = offers(village, work=duet)
    assert [accepts(village, offer, name) for name in ("Ada", "Ben")] == [OfferState.OFFERED] * 2
    assert opened(village) == []
    assert accepts(village, offer, "Cleo") is OfferState.ACCEPTED
    assert [row[:3] for row in opened(village)] == [
        ("Ada", 333_334_000, 666_668_000),
        ("Ben", 333_333_000, 666_666_000),
        ("Cleo", 333_333_000, 666_666_000),
    ]


def test_a_guarantee_is_made_up_by_the_close_of_the_last_month(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    accepts(village, offers(village, work=ode, advance_nanos=0), "Ada")
    village.sells("april", text=texts.ode, at=APRIL)
    village.clock.now = datetime(2026, 6, 1, tzinfo=UTC)
    village.works()
    village.closes("2026-04")
    with unit_of_work(village.database) as session:
        (stored,) = advances.listing(session)
    assert stored.made_up_nanos == 2_000_000_000 - 270_000_000
    assert village.broken() == []


def test_a_catalogue_is_licensed_work_by_work(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    essay = village.registers("Essay", texts.essay, {"Ada": ALL})
    village.registers("Report", texts.nothing, {"Ada": 1, "Ben": ALL - 1})
    accepts(village, offers(village, holder="Ada", multiplier_ppm=2_500_000), "Ada")
    assert [row[3] for row in opened(village)] == [[ode, essay]]
    assert village.tells("SELECT work_id, multiplier_ppm FROM licence_deal ORDER BY 1") == [
        (ode, 2_500_000),
        (essay, 2_500_000),
    ]


def test_terms_set_after_a_deal_do_not_take_it_away(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    accepts(village, offers(village, work=ode, advance_nanos=0, guarantee_nanos=0), "Ada")
    assert opened(village) == []
    nobody = Licence(uses=frozenset())
    with unit_of_work(village.database) as session:
        new = NewLicence(ode, date(2026, 4, 10), nobody)
        licences.set_terms(
            session, new, earliest=date(2026, 3, 12), seen=0, by="Ada", now=village.clock()
        )
    village.sells("deal", text=texts.ode, at=APRIL)
    village.sells("after", text=texts.ode, at=MAY)
    village.sells("other", text=texts.ode, at=APRIL, vendor="Borealis")
    village.works()
    assert village.balances("line") == {"line:1": 270_000_000}
    assert village.tells("SELECT count(*) FROM use_against_terms") == [(2,)]
    assert village.broken() == []


def test_an_offer_answered_too_late_changes_nothing(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    offer = offers(village, work=ode)
    village.clock.now = datetime(2026, 3, 30, tzinfo=UTC)
    with pytest.raises(NoLongerOpen):
        accepts(village, offer, "Ada")
    assert village.tells("SELECT count(*) FROM offer_step") == [(0,)]
    assert village.tells("SELECT count(*) FROM licence_deal") == [(0,)]


def test_offers_for_a_work_and_for_a_catalogue_are_in_what_a_creator_is_told(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    for offer in ({"work": ode}, {"holder": "Ada"}):
        offers(village, **offer)
    village.registers("Essay", texts.essay, {"Ben": ALL})
    with unit_of_work(village.database) as session:
        (table,) = [one for one in personal_tables.tables(session) if one.name == "offer"]
        told = [
            [json.loads(row)["offer_id"] for row in personal_tables.rows_of(session, table, *asked)]
            for asked in ((holder_id(village, "Ada"), [ode]), (holder_id(village, "Ben"), [2]))
        ]
    assert told == [[1, 2], []]


def test_an_operator_answers_for_holders_without_a_login(village, texts, wellspring):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    village.clock.now = datetime(2030, 1, 1, tzinfo=UTC)
    term = {"starts_on": date(2040, 4, 1), "ends_on": date(2040, 5, 1)}
    for _ in range(2):
        offers(village, work=ode, **term, open_until=date(2040, 3, 1))
    ada = str(holder_id(village, "Ada"))
    code, out, err = wellspring("offers", "list", "--json")
    assert code == 0, err
    assert [(one["offer"], one["state"], one["waits_for_holders"]) for one in json.loads(out)] == [
        (2, "offered", ada),
        (1, "offered", ada),
    ]
    by_letter = ("--holder", ada, "--note", "by letter")
    code, out, err = wellspring("offers", "accept", 1, *by_letter, "--json")
    assert (code, json.loads(out)["state"]) == (0, "accepted"), err
    code, _, err = wellspring("offers", "decline", 1, *by_letter)
    assert (code, err) == (1, "error: offer 1 is accepted: nothing more can be said\n")
    code, out, _ = wellspring("offers", "withdraw", 2, "--json")
    assert (code, json.loads(out)["state"]) == (0, "withdrawn")
    assert wellspring("offers", "list", "--state", "expired", "--json")[1].strip() == "[]"
