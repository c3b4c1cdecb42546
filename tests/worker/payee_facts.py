"""What tests put on file of payees and for payouts."""

from datetime import date

from service.ledger.exchange import Rate, parse_ratio
from service.ledger.payee import Profile
from service.ledger.period import Period
from service.ledger.tax import PayeeKind, TaxRule
from service.ledger.transfer import Fee
from service.store import parties, payees, payout_terms
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from worker import drain, payouts, receipts


def holder_id(town, name):
    return town.tells(
        "SELECT party_id FROM party WHERE name = :name AND kind = 'holder'", name=name
    )[0][0]


def pays(town, nanos, vendor="Acme"):
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
    receipt = NewReceipt(party.party_id, nanos, "USD", "")
    receipts.add(town.database, party, receipt, now=town.clock())


def lives(town, name, country, currency, kind=PayeeKind.PERSON, **more):
    profile = Profile(name, country, kind, currency, **more)
    with unit_of_work(town.database) as session:
        payees.add(session, holder_id(town, name), profile, by="op", now=town.clock())


def taxes(town, code, country, ppm, *, since=date(2026, 1, 1), until=None, kind=None, payee=None):
    rule = TaxRule(0, code, country, kind, payee, ppm, since, until, "law")
    with unit_of_work(town.database) as session:
        return payout_terms.add_tax_rule(session, rule, by="op", now=town.clock())


def costs(town, nanos, ppm=0, *, currency="USD", method="bank", since=date(2026, 1, 1)):
    with unit_of_work(town.database) as session:
        fee = Fee(nanos, ppm)
        payout_terms.add_fee(session, currency, method, fee, day=since, by="op", now=town.clock())


def rates(town, source, target, text, day):
    one = Rate(0, source, target, *parse_ratio(text), day, "ECB")
    with unit_of_work(town.database) as session:
        return payout_terms.add_rate(session, one, by="op", now=town.clock())


def reserve(town, month="2026-01"):
    return payouts.reserve(
        town.database, Period.parse(month), by="op", now=town.clock(), progress=drain.silent
    )


def take(town, number, wanted, bank_nanos=None):
    facts = {"reference": "bank", "by": "op", "now": town.clock(), "bank_nanos": bank_nanos}
    return payouts.step(town.database, number, wanted, **facts)
