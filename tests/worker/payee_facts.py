"""What tests put on file of payees and for payouts."""

import json
from datetime import date

from service.ledger.exchange import Rate, parse_ratio
from service.ledger.payee import CheckKind, CheckOutcome, Profile
from service.ledger.period import Period
from service.ledger.tax import PayeeKind, TaxRule
from service.ledger.transfer import Fee
from service.store import parties, payee_accounts, payee_checks, payees, payout_terms, people
from service.store.account_details import checked
from service.store.database import unit_of_work
from service.store.key_ring import KeyRing
from service.store.payee_checks import NewCheck
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


RING = KeyRing("test", {"test": bytes(range(32))})
IBAN = "DE89370400440532013000"


def account(town, payee, *, ring=RING, cooling_days=7, now=None, **given):
    """Say where a payee is paid from now on."""
    details = checked(**given or {"iban_text": IBAN})
    facts = {"by": "payee", "now": now or town.clock(), "cooling_days": cooling_days}
    with unit_of_work(town.database) as session:
        return payee_accounts.set_account(session, payee, details, ring, **facts)


def check(town, payee, kind, outcome=CheckOutcome.PASSED, *, until=None, evidence="seen"):
    new = NewCheck(payee, CheckKind(kind), outcome, evidence, until)
    with unit_of_work(town.database) as session:
        payee_checks.add(session, new, by="op", now=town.clock())


def may_be_paid(town, *names):
    """Let holders be paid at home, all that have no profile yet where none are named."""
    known = dict(town.tells("SELECT party_id, name FROM party WHERE kind = 'holder'"))
    had = {payee for (payee,) in town.tells("SELECT party_id FROM payee_profile")}
    for payee, name in sorted(known.items()):
        if name in names or (not names and payee not in had):
            profile = Profile(name, "US", PayeeKind.PERSON, "USD")
            with unit_of_work(town.database) as session:
                payees.add(session, payee, profile, by="op", now=town.clock())
                for kind in CheckKind:
                    new = NewCheck(payee, kind, CheckOutcome.PASSED, "seen")
                    payee_checks.add(session, new, by="op", now=town.clock())
            account(town, payee)


def lives(town, name, country, currency, kind=PayeeKind.PERSON, **more):
    if not town.tells(
        "SELECT 1 FROM payee_account WHERE party_id = :payee", payee=holder_id(town, name)
    ):
        may_be_paid(town, name)
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


def reserve(town, month="2026-01", policy=None):
    facts = {"by": "op", "now": town.clock(), "progress": drain.silent, "policy": policy}
    return payouts.reserve(town.database, Period.parse(month), **facts)


def take(town, number, wanted, bank_nanos=None):
    facts = {"reference": "bank", "by": "op", "now": town.clock(), "bank_nanos": bank_nanos}
    return payouts.step(town.database, number, wanted, **facts)


def operator(town, login):
    with unit_of_work(town.database) as session:
        people.add_user(session, login, "a long password", "operator", None, now=town.clock())


def approve_run(town, wellspring, month):
    """Plan a run by the command line and let another operator approve it."""
    operator(town, "olga")
    code, out, _ = wellspring("payouts", "plan", month, "--json")
    assert code == 0
    digest = json.loads(out)["digest"]
    assert wellspring("payouts", "approve", 1, digest, "--operator", "olga")[0] == 0
