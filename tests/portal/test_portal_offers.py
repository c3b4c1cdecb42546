"""Offers of vendors in the portal, and what is kept about a creator."""

from datetime import date

from service.ledger.offer import Offer
from service.ledger.tiers import Tier
from service.store import procurement
from service.store.database import unit_of_work

DOLLARS = 1_000_000_000


def an_offer(world, catalogue):
    """Let Acme offer an advance of 500 USD for Ode, which Ada and Bo hold."""
    offer = Offer(
        world.vendor_id(),
        "USD",
        500 * DOLLARS,
        2_000 * DOLLARS,
        1_250_000,
        date(2026, 4, 1),
        date(2027, 4, 1),
        date(2026, 3, 1),
        "We <b>like</b> it.",
    )
    with unit_of_work(world.database) as session:
        return procurement.make_for_work(
            session, offer, catalogue.ode, by="vendor", now=world.now
        ).offer_id


def test_an_offer_waits_for_everybody_who_holds_the_work(world, catalogue):
    offer = an_offer(world, catalogue)
    ada = world.browser("ada")
    page = ada.get("/offers").text
    assert "We &lt;b&gt;like&lt;/b&gt; it." in page
    said = ada.text("/offers")
    assert "Acme, for “Ode to Tides” offered" in said
    assert "Advance 500.00 USD Guaranteed in all 2000.00 USD" in said
    assert "Waits for Ada, Bo" in said
    answer = ada.send(f"/offers/{offer}", decision="accept")
    assert answer.headers["location"] == "/offers?done=offer-answered"
    assert "Agreed Ada Waits for Bo" in ada.text("/offers")
    assert 'value="accept"' not in ada.get("/offers").text
    world.browser("bo").send(f"/offers/{offer}", decision="accept")
    assert "Acme, for “Ode to Tides” accepted" in ada.text("/offers")
    assert "Acme 2026-04-01 2027-04-01 125 %" in ada.text(f"/works/{catalogue.ode}/licence")


def test_who_declines_ends_it_and_nobody_answers_twice(world, catalogue):
    offer = an_offer(world, catalogue)
    bo = world.browser("bo")
    assert bo.send(f"/offers/{offer}", decision="").status_code == 422
    bo.send(f"/offers/{offer}", decision="decline", note="Too little.")
    assert "declined" in world.browser("ada").text("/offers")
    assert world.browser("ada").send(f"/offers/{offer}", decision="accept").status_code == 422


def test_offers_for_works_of_others_are_not_there(world, catalogue):
    offer = an_offer(world, catalogue)
    world.user("cy", "creator", world.holder("Cy"))
    stranger = world.browser("cy")
    assert "No offers" in stranger.text("/offers")
    assert stranger.send(f"/offers/{offer}", decision="accept").status_code == 404


def test_the_record_is_offered_whole_and_erasure_says_what_it_does(world, catalogue):
    world.sale("s1", tier=Tier.ELITE, tokens=1_000_000, drew_on={catalogue.essay: 100_000})
    world.close("2026-01")
    ada = world.browser("ada")
    assert 'href="/v1/own-data"' in ada.get("/records").text
    said = ada.text("/records")
    assert "Works that are yours alone are withdrawn and lose their texts" in said
    assert "Money is still yours: it should be paid out first. held 2.025 USD" in said
