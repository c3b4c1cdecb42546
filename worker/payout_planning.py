"""What would be paid of statements now: to whom, what of it is tax and fee, and at what rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from service.ledger import accounts, payout, succession, tax
from service.ledger.allocation import allocate, tie_of
from service.ledger.errors import LedgerError
from service.ledger.exchange import NoRate, Rate
from service.ledger.money import minor_unit_nanos
from service.ledger.payee import Payee, obstacles
from service.ledger.payout import BankTooLow, PayoutWaits
from service.ledger.succession import Assignment, Part
from service.ledger.tax import TaxRule
from service.ledger.transfer import Fee, divide
from service.settings import Settings
from service.store import journal, payee_assignments, payees, payout_terms, payouts
from service.store.payouts import NewPayout, Payable
from worker import sanctions
from worker.sanctions import SanctionsScreen


@dataclass(frozen=True, slots=True)
class Policy:
    """What an installation asks of payouts. ``screen``: None, where operators record checks."""

    rate_age_days: int = 7
    screen: SanctionsScreen | None = None


def policy_of(settings: Settings) -> Policy:
    """Return what the settings ask of payouts; raise ListUnreadable."""
    path = settings.sanctions_list
    return Policy(settings.fx_rate_age_days, sanctions.read_list(path) if path else None)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is on file on a day: rules, fees by currency and method, rates and days of old ones."""

    day: date
    rules: Sequence[TaxRule]
    fees: Mapping[tuple[str, str], Fee]
    rates: Mapping[tuple[str, str], Rate]
    stale: Mapping[tuple[str, str], date]
    assignments: Sequence[Assignment]


@dataclass(frozen=True, slots=True)
class Planned:
    """What can be paid now, and what cannot with the reason."""

    payouts: tuple[NewPayout, ...]
    passed_over: tuple[LedgerError, ...]


def terms_on(session: Session, day: date, policy: Policy) -> Terms:
    """Read what is on file for payouts of a day."""
    rates, stale = payout_terms.rates_on(session, day, max_age_days=policy.rate_age_days)
    fees = payout_terms.fees_on(session, day)
    given = payee_assignments.everything(session)
    return Terms(day, payout_terms.tax_rules(session), fees, rates, stale, given)


def plan(
    session: Session,
    some: Sequence[Payable],
    terms: Terms,
    policy: Policy,
    *,
    now: datetime,
    spent: Mapping[str, int] | None = None,
) -> Planned:
    """Plan what is paid of some statements; the bank is spent in their order.

    ``spent``: what was planned before of the bank and is not reserved yet, by currency. Payees are
    screened first, which may record checks.
    """
    parts = {one.statement_id: _parts(one, terms) for one in some}
    numbers = sorted({part.payee_id for each in parts.values() for part in each})
    if policy.screen:
        sanctions.screen(session, numbers, policy.screen, now=now)
    known, stands = payees.known(session, numbers), _balances(session, some)
    free = _free(session, stands, spent or {})
    made, passed_over = list[NewPayout](), list[LedgerError]()
    for one in some:
        payable = -stands[one.currency][accounts.holder_payable(one.holder_id)]
        try:
            due = _due(one, parts[one.statement_id], payable)
        except payout.NothingPayable as error:
            passed_over.append(error)
            continue
        for part, amount in due:
            try:
                new = _planned(one, part, amount, known[part.payee_id], terms, now)
                _check_bank(new, free[one.currency])
            except LedgerError as error:
                passed_over.append(error)
                continue
            free[one.currency] -= new.transfer.net_nanos
            made.append(new)
    return Planned(tuple(made), tuple(passed_over))


def _free(
    session: Session, stands: Mapping[str, Mapping[str, int]], spent: Mapping[str, int]
) -> dict[str, int]:
    """Return by currency what the bank holds and nobody has reserved or planned."""
    committed = payouts.committed(session)
    return {
        currency: each[accounts.BANK] - committed.get(currency, 0) - spent.get(currency, 0)
        for currency, each in stands.items()
    }


def _parts(one: Payable, terms: Terms) -> list[Part]:
    return succession.parts_of(
        one.holder_id, terms.assignments, issued_on=one.issued_at.date(), day=terms.day
    )


def _due(one: Payable, parts: Sequence[Part], payable_nanos: int) -> list[tuple[Part, int]]:
    """Return what is due of each part that is not paid yet; raise NothingPayable.

    Where less is payable than is stated, every part that is left has its part of less.
    """
    stated = succession.divided(parts, one.payable_nanos, currency=one.currency, number=one.number)
    left = {part.number: stated[part.number] for part in parts if part.number not in one.paid}
    if not any(left.values()):
        return []
    amount = payout.amount_due(
        one.number, one.currency, stated_nanos=sum(left.values()), payable_nanos=payable_nanos
    )
    unit = minor_unit_nanos(one.currency)
    weights = {f"part:{number}": nanos for number, nanos in left.items()}
    shares = allocate(amount // unit, weights, tie=tie_of(one.number))
    due = [(part, shares.get(f"part:{part.number}", 0) * unit) for part in parts]
    return [(part, nanos) for part, nanos in due if nanos]


def _planned(
    one: Payable, part: Part, amount: int, payee: Payee, terms: Terms, now: datetime
) -> NewPayout:
    """Plan the payout of a part; raise what stands in its way."""
    for obstacle in obstacles(payee, now=now):
        raise PayoutWaits(one.number, payee.payee_id, obstacle)
    assert payee.profile
    assert payee.account
    who, method = payee.profile, payee.account.method
    rule = tax.rule_for(
        terms.rules, country=who.country, kind=who.kind, payee_id=payee.payee_id, day=terms.day
    )
    rate = _rate(one.currency, who.currency, terms)
    transfer = divide(
        one.holder_id,
        one.currency,
        amount,
        tax_rule=rule.code if rule else "",
        tax_ppm=rule.ppm if rule else 0,
        fee=terms.fees.get((one.currency, method), Fee()),
        rate=rate,
    )
    return NewPayout(
        one,
        part.number,
        payee.payee_id,
        transfer,
        method,
        payee.account.account_id,
        tax_rule_id=rule.tax_rule_id if rule and transfer.tax_nanos else None,
        rate=rate,
    )


def _check_bank(new: NewPayout, free_nanos: int) -> None:
    wanted, said = new.transfer.net_nanos, new.statement
    if wanted > free_nanos:
        raise BankTooLow(
            said.number, said.currency, wanted_nanos=wanted, free_nanos=max(free_nanos, 0)
        )


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
