"""What is on file for payouts: tax rules, fees by currency and method, rates of exchange."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from service.ledger import tax
from service.ledger.errors import LedgerError
from service.ledger.exchange import Rate
from service.ledger.money import check_currency, format_nanos, minor_unit_nanos
from service.ledger.payee import check_country
from service.ledger.tax import PayeeKind, TaxRule
from service.ledger.transfer import Fee
from service.store import parties
from service.store.database import driver
from service.store.text_rules import BadText, check_text

METHODS = ("bank", "wallet")
MAX_FEE_PPM = 50_000


class BadFee(LedgerError):
    """A fee cannot be put on file."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"fee: {rule}", rule=rule)


def add_tax_rule(session: Session, rule: TaxRule, *, by: str, now: datetime) -> TaxRule:
    """Put a rule on file (its number is given here); raise BadTaxRule, BadCountry, BadText."""
    tax.check(rule.code, ppm=rule.ppm, valid_from=rule.valid_from, valid_until=rule.valid_until)
    check_country(rule.country)
    check_text(rule.source, place="source", max_chars=300)
    if rule.payee_id is not None:
        parties.check_holders(session, [rule.payee_id])
    row = (
        driver(session)
        .execute(
            "INSERT INTO tax_rule (code, country, payee_kind, payee_id, ppm, valid_from, "
            "valid_until, source, made_by, made_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING " + _RULE,
            (
                rule.code,
                rule.country,
                str(rule.payee_kind) if rule.payee_kind else None,
                rule.payee_id,
                rule.ppm,
                rule.valid_from,
                rule.valid_until,
                rule.source,
                by,
                now,
            ),
        )
        .fetchone()
    )
    assert row
    return _rule(*row)


_RULE = "tax_rule_id, code, country, payee_kind, payee_id, ppm, valid_from, valid_until, source"


def tax_rules(session: Session) -> list[TaxRule]:
    """Return all rules on file, in the order they were put there."""
    rows = driver(session).execute(f"SELECT {_RULE} FROM tax_rule ORDER BY tax_rule_id")  # noqa: S608
    return [_rule(*row) for row in rows]


def _rule(
    number: int,
    code: str,
    country: str,
    kind: str | None,
    payee_id: int | None,
    ppm: int,
    valid_from: date,
    valid_until: date | None,
    source: str,
) -> TaxRule:
    about = PayeeKind(kind) if kind else None
    return TaxRule(number, code, country, about, payee_id, ppm, valid_from, valid_until, source)


def add_fee(
    session: Session, currency: str, method: str, fee: Fee, *, day: date, by: str, now: datetime
) -> None:
    """Put a fee on file from a day on; raise BadFee, BadCurrency."""
    check_currency(currency)
    if method not in METHODS:
        raise BadFee(f"method {method[:40]!r} is none of {', '.join(METHODS)}")
    if not 0 <= fee.ppm <= MAX_FEE_PPM or fee.fixed_nanos < 0:
        rule = f"{fee.ppm} ppm is not between 0 and {MAX_FEE_PPM:,}, or the amount is below zero"
        raise BadFee(rule)
    if fee.fixed_nanos % minor_unit_nanos(currency):
        raise BadFee(f"{format_nanos(fee.fixed_nanos)} is not whole minor units of {currency}")
    driver(session).execute(
        "INSERT INTO payout_fee (currency, method, fixed_nanos, ppm, valid_from, made_by, made_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (currency, method, fee.fixed_nanos, fee.ppm, day, by, now),
    )


def fees_on(session: Session, day: date) -> dict[tuple[str, str], Fee]:
    """Return what transfers of a day cost, by earning currency and method."""
    rows = driver(session).execute(
        "SELECT DISTINCT ON (currency, method) currency, method, fixed_nanos, ppm FROM payout_fee "
        "WHERE valid_from <= %s ORDER BY currency, method, valid_from DESC, payout_fee_id DESC",
        (day,),
    )
    return {(currency, method): Fee(fixed, ppm) for currency, method, fixed, ppm in rows}


def add_rate(session: Session, rate: Rate, *, by: str, now: datetime) -> Rate:
    """Put a rate on file (its number is given here); the newest of a day counts."""
    for code in (rate.source, rate.target):
        check_currency(code)
    if rate.source == rate.target:
        raise BadText("target", "is the source: nothing is exchanged")
    check_text(rate.origin, place="origin", max_chars=200)
    row = (
        driver(session)
        .execute(
            "INSERT INTO fx_rate (source, target, day, numerator, denominator, origin, made_by, "
            "made_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
            "RETURNING fx_rate_id, source, target, numerator, denominator, day, origin",
            (
                *(rate.source, rate.target, rate.day, rate.numerator, rate.denominator),
                *(rate.origin, by, now),
            ),
        )
        .fetchone()
    )
    kept = rate_of(row or (None,))
    assert kept
    return kept


_RATE = "fx_rate_id, source, target, numerator, denominator, day, origin"


def rates_on(
    session: Session, day: date, *, max_age_days: int
) -> tuple[dict[tuple[str, str], Rate], dict[tuple[str, str], date]]:
    """Return the rate of each pair that counts on a day, and of pairs too old their newest day."""
    rows = driver(session).execute(
        f"SELECT DISTINCT ON (source, target) {_RATE} FROM fx_rate WHERE day <= %s "  # noqa: S608
        "ORDER BY source, target, day DESC, fx_rate_id DESC",
        (day,),
    )
    rates = [rate for rate in map(rate_of, rows) if rate]
    oldest = day - timedelta(days=max_age_days)
    return (
        {(rate.source, rate.target): rate for rate in rates if rate.day >= oldest},
        {(rate.source, rate.target): rate.day for rate in rates if rate.day < oldest},
    )


def rate_of(columns: Sequence[Any]) -> Rate | None:
    """Make a rate of the columns of its row, None where an outer join found none."""
    if columns[0] is None:
        return None
    number, source, target, numerator, denominator, day, origin = columns
    return Rate(number, source, target, int(numerator), denominator, day, origin)
