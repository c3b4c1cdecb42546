"""What would be paid of statements now: to whom, what of it is tax and fee, and at what rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from service.ledger import accounts, payout, tax
from service.ledger.errors import LedgerError
from service.ledger.exchange import NoRate, Rate
from service.ledger.payout import BankTooLow
from service.ledger.tax import TaxRule
from service.ledger.transfer import Fee, divide
from service.store import journal, payees, payout_terms, payouts
from service.store.payees import StoredProfile
from service.store.payouts import NewPayout, Payable


@dataclass(frozen=True, slots=True)
class Terms:
    """What is on file on a day: rules, fees by currency and method, rates and days of old ones."""

    day: date
    rules: Sequence[TaxRule]
    fees: Mapping[tuple[str, str], Fee]
    rates: Mapping[tuple[str, str], Rate]
    stale: Mapping[tuple[str, str], date]


@dataclass(frozen=True, slots=True)
class Planned:
    """What can be paid now, and what cannot with the reason."""

    payouts: tuple[NewPayout, ...]
    passed_over: tuple[LedgerError, ...]


def terms_on(session: Session, day: date, *, rate_age_days: int) -> Terms:
    """Read what is on file for payouts of a day."""
    rates, stale = payout_terms.rates_on(session, day, max_age_days=rate_age_days)
    fees = payout_terms.fees_on(session, day)
    return Terms(day, payout_terms.tax_rules(session), fees, rates, stale)


def plan(session: Session, some: Sequence[Payable], terms: Terms) -> Planned:
    """Plan what is paid of some statements; the bank is spent in their order."""
    stands = _balances(session, some)
    committed = payouts.committed(session)
    free = {
        currency: each[accounts.BANK] - committed.get(currency, 0)
        for currency, each in stands.items()
    }
    known = payees.profiles(session, [one.holder_id for one in some])
    made, passed_over = list[NewPayout](), list[LedgerError]()
    for one in some:
        try:
            payable = -stands[one.currency][accounts.holder_payable(one.holder_id)]
            new = _planned(one, payable, known.get(one.holder_id), terms)
            if new.transfer.net_nanos > free[one.currency]:
                raise BankTooLow(
                    one.number,
                    one.currency,
                    wanted_nanos=new.transfer.net_nanos,
                    free_nanos=free[one.currency],
                )
        except LedgerError as error:
            passed_over.append(error)
            continue
        free[one.currency] -= new.transfer.net_nanos
        made.append(new)
    return Planned(tuple(made), tuple(passed_over))


def _planned(
    one: Payable, payable_nanos: int, known: StoredProfile | None, terms: Terms
) -> NewPayout:
    """Plan one statement's payout; raise what stands in its way."""
    amount = payout.amount_due(
        one.number, one.currency, stated_nanos=one.payable_nanos, payable_nanos=payable_nanos
    )
    fee = terms.fees.get((one.currency, "bank"), Fee())
    if known is None:
        transfer = divide(one.holder_id, one.currency, amount, fee=fee)
        return NewPayout(one, 0, one.holder_id, transfer)
    who, payee_id = known.profile, known.payee_id
    rate = _rate(one.currency, who.currency, terms)
    rule = tax.rule_for(
        terms.rules, country=who.country, kind=who.kind, payee_id=payee_id, day=terms.day
    )
    transfer = divide(
        one.holder_id,
        one.currency,
        amount,
        tax_rule=rule.code if rule else "",
        tax_ppm=rule.ppm if rule else 0,
        fee=fee,
        rate=rate,
    )
    number = rule.tax_rule_id if rule and transfer.tax_nanos else None
    return NewPayout(one, 0, payee_id, transfer, tax_rule_id=number, rate=rate)


def _rate(source: str, target: str, terms: Terms) -> Rate | None:
    if source == target:
        return None
    if (source, target) not in terms.rates:
        newest = terms.stale.get((source, target))
        raise NoRate(source, target, day=terms.day, newest=newest)
    return terms.rates[source, target]


def _balances(session: Session, some: Sequence[Payable]) -> dict[str, dict[str, int]]:
    """Return by currency what the bank and the holders' payable accounts hold."""
    names: dict[str, list[str]] = {}
    for one in some:
        own = names.setdefault(one.currency, [accounts.BANK])
        own.append(accounts.holder_payable(one.holder_id))
    return {
        currency: journal.balances_named(session, each, currency)
        for currency, each in names.items()
    }
