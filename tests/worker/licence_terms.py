"""How tests set licence terms and agree deals."""

from datetime import date

from service.ledger.licence import Deal, Licence
from service.store import against_terms, deals, licences, parties
from service.store.database import unit_of_work
from service.store.licences import NewLicence


def vendor_id(town, name):
    with unit_of_work(town.database) as session:
        return parties.vendor_named(session, name).party_id


def sets_terms(town, work, *, since, uri=None, **terms):
    """Set terms for days of which no sale is settled yet."""
    with unit_of_work(town.database) as session:
        new = NewLicence(work, since, Licence(**terms), uri)
        return licences.set_terms(
            session, new, earliest=date(2020, 1, 1), seen=None, by="op", now=town.clock()
        )


def corrects_terms(town, work, *, since, reason="agreed late", **terms):
    """Let terms count for days whose sales are settled."""
    with unit_of_work(town.database) as session:
        new = NewLicence(work, since, Licence(**terms), None, reason)
        return licences.correct(session, new, by="op", now=town.clock())


def agrees(town, work, vendor, *, since, until, multiplier_ppm):
    """Let a vendor have a rate of its own within a term."""
    deal = Deal(vendor_id(town, vendor), since, until, multiplier_ppm)
    with unit_of_work(town.database) as session:
        deals.insert(session, [work], deal, offer_id=None, now=town.clock())


def uses_against(town):
    """Return uses against terms as (work, vendor, month, reason, sales)."""
    with unit_of_work(town.database) as session:
        rows = against_terms.listing(session, holder_id=None, work_id=None, skip=0, limit=50)
    return [(r.work_id, r.vendor, r.month, str(r.against), r.sale_count) for r in rows]
