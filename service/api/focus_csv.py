"""Bills in FOCUS, the FinOps Open Cost and Usage Specification: rows of tokens are read, exactly.

Columns: https://focus.finops.org/ (ChargePeriodStart, ChargeCategory, ConsumedQuantity,
ConsumedUnit, BilledCost, BillingCurrency, SkuId, ServiceName); those that begin with ``x_`` are
ours: x_Model, x_Tier, x_TokenType.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from service.ledger.errors import LedgerError
from service.ledger.money import NANOS_PER_UNIT, check_currency
from service.ledger.reconciliation import Billed, UsageKey
from service.ledger.tiers import Tier

MOST_ROWS = 100_000
MOST_DAYS = 366
_MOST = Decimal(10**15)
_NUMBER = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?", re.ASCII)
_UNIT = re.compile(r"(1[ ]?|10{3}[ ]?|10{6}[ ]?|[1]?[KkMm][ ]?)?tokens?", re.IGNORECASE)
NEEDED = ("ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "BilledCost", "BillingCurrency")
_MODEL = ("x_Model", "SkuId", "ServiceName")
_THOUSAND, _MILLION = 1_000, 1_000_000


class BadBill(LedgerError):
    """A bill cannot be read; place names the row, from 1 for the header, and the column."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a bill says of output tokens; ``ignored_count``: rows of other things."""

    usage: Mapping[UsageKey, Billed]
    row_count: int
    ignored_count: int
    first_day: date
    last_day: date


def read(raw: bytes) -> Bill:
    """Read a bill of at most 100,000 rows and 366 days; raise BadBill.

    Rows of another ChargeCategory than Usage, of a unit other than tokens, and of input tokens are
    passed over. Costs are cut below a nano.
    """
    rows = _table(raw)
    usage: dict[UsageKey, Billed] = {}
    count = ignored = 0
    for at, row in enumerate(rows, start=2):
        count += 1
        if count > MOST_ROWS:
            raise BadBill(f"row {at}", f"at most {MOST_ROWS} rows are taken")
        factor = _factor(row)
        if factor is None:
            ignored += 1
            continue
        key, billed = _row(row, factor, f"row {at}")
        before = usage.get(key, Billed(0, 0, billed.tier))
        usage[key] = Billed(
            before.tokens + billed.tokens,
            before.cost_nanos + billed.cost_nanos,
            max((before.tier, billed.tier), key=lambda tier: tier.number if tier else -1),
        )
    days = [key.day for key in usage]
    if not days:
        raise BadBill("rows", "hold no usage in tokens")
    if (max(days) - min(days)).days >= MOST_DAYS:
        raise BadBill("ChargePeriodStart", f"spans at most {MOST_DAYS} days")
    return Bill(usage, count, ignored, min(days), max(days))


def _table(raw: bytes) -> "csv.DictReader[str]":
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadBill("body", "must be UTF-8") from None
    if "\0" in text:
        raise BadBill("body", "must hold no NUL")
    rows = csv.DictReader(io.StringIO(text, newline=""), restval="")
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise BadBill("row 1", f"lacks the columns {', '.join(missing)}")
    return rows


def _factor(row: Mapping[str, str]) -> int | None:
    """Return how many tokens the unit is; None for a row that is passed over."""
    if row.get("ChargeCategory", "Usage").strip() not in {"Usage", ""}:
        return None
    if row.get("x_TokenType", "").strip().lower() == "input":
        return None
    found = _UNIT.fullmatch(row["ConsumedUnit"].strip())
    if not found:
        return None
    size = (found[1] or "").strip().lower()
    if size.endswith("m") or size == str(_MILLION):
        return _MILLION
    return _THOUSAND if size.endswith("k") or size == str(_THOUSAND) else 1


def _row(row: Mapping[str, str], factor: int, place: str) -> tuple[UsageKey, Billed]:
    tokens = _number(row, "ConsumedQuantity", place) * factor
    if tokens != tokens.to_integral_value() or abs(tokens) > _MOST:
        raise BadBill(f"{place}.ConsumedQuantity", "must be a whole number of tokens, up to 10^15")
    cost = _number(row, "BilledCost", place)
    if abs(cost) > _MOST:
        raise BadBill(f"{place}.BilledCost", "must be at most 10^15")
    try:
        currency = check_currency(row["BillingCurrency"].strip())
    except LedgerError as error:
        raise BadBill(f"{place}.BillingCurrency", error.sentence) from None
    model = next((row[name].strip() for name in _MODEL if row.get(name, "").strip()), "")
    key = UsageKey(_day(row, place), model[:200], currency)
    return key, Billed(int(tokens), int(cost * NANOS_PER_UNIT), _tier(row, place))


def _number(row: Mapping[str, str], column: str, place: str) -> Decimal:
    said = row[column].strip()
    try:
        if _NUMBER.fullmatch(said):
            return Decimal(said)
    except InvalidOperation:
        pass
    raise BadBill(f"{place}.{column}", "must be a decimal number")


def _day(row: Mapping[str, str], place: str) -> date:
    said = row["ChargePeriodStart"].strip()
    try:
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        rule = "must be an instant like 2026-01-31T00:00:00Z"
        raise BadBill(f"{place}.ChargePeriodStart", rule) from None


def _tier(row: Mapping[str, str], place: str) -> Tier | None:
    said = row.get("x_Tier", "").strip()
    if not said:
        return None
    try:
        return Tier(said)
    except ValueError:
        raise BadBill(f"{place}.x_Tier", f"must be one of {', '.join(Tier)}") from None
