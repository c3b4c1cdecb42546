"""Our own form of a sale: one JSON object, checked field by field; faults are named, not raised."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from service.api.doors import FingerprintCheck
from service.api.formats.said import MAX_ID_CHARS, Said, Unreadable, without_none
from service.api.formats.sale_item import SaleItem
from service.api.formats.sale_output import output_of
from service.api.formats.sale_price import gross_of, rate_card_of
from service.api.json_body import printable
from service.ledger.sale_marks import NO_FLAGS, SaleFlag, TierBy
from service.ledger.sale_report import MAX_FUTURE, FieldError, ReportedSale
from service.ledger.tier_rule import NO_RULES, TierRules
from service.ledger.tiers import Tier, UnknownTier, parse_tier
from service.ledger.token_estimate import estimate_tokens
from service.store.terms import Terms

MAX_MODEL_CHARS = 200
MAX_TOKENS = 10**15
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FIELDS = (
    *("id", "tier", "output_tokens", "input_tokens", "text", "fingerprint"),
    *("sold_at", "gross", "currency", "model"),
)

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class SaleDefaults:
    """What an import states for every sale that does not say it itself."""

    tier: Tier | None = None
    sold_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checks:
    """What a sale is checked against."""

    terms: Terms
    now: datetime
    fingerprints: FingerprintCheck
    defaults: SaleDefaults = SaleDefaults()
    rules: TierRules = NO_RULES


def parse_sale(
    value: object,
    place: str,
    *,
    terms: Terms,
    now: datetime,
    defaults: SaleDefaults,
    fingerprints: FingerprintCheck,
) -> ReportedSale | tuple[FieldError, ...]:
    """Read one sale, or say everything that is wrong with it.

    place: how faults name the item, e.g. ``sales[3]``. The payload's hash covers what was given and
    the defaults, not ``now``: the same report sent again later is the same report.
    """
    said = said_by(value, place)
    if isinstance(said, Unreadable):
        return said.errors
    return parse_said(said, Checks(terms, now, fingerprints, defaults))


def said_by(value: object, place: str) -> Said | Unreadable:
    """Read one item of our own form."""
    if not isinstance(value, dict):
        return Unreadable(None, (FieldError(place, "must be an object"),))
    return Said(place, without_none(value))


def parse_said(said: Said, checks: Checks) -> ReportedSale | tuple[FieldError, ...]:
    """Check what an item of any form says of a sale; the same rules for all of them."""
    item = SaleItem(said.fields, said.place, said.names, said.within)
    sale = _sale(item, said, checks)
    return tuple(item.errors) if sale is None else sale


def _sale(item: SaleItem, said: Said, checks: Checks) -> ReportedSale | None:
    """Read the fields in their order; None where one of them is wrong."""
    _refuse_unknown(item)
    external_id = _external_id(item)
    tier, tier_by = _tier(item, said, checks)
    output = output_of(item, checks.fingerprints)
    tokens = _tokens(item, output.text)
    _whole(item, "input_tokens")
    sold_at = _sold_at(item, now=checks.now, defaults=checks.defaults)
    model = item.text("model", max_chars=MAX_MODEL_CHARS)
    card = rate_card_of(item, checks.terms, sold_at)
    gross = gross_of(item, card, tier, tokens)
    if external_id is None or tier is None or tokens is None or item.errors:
        return None
    assert sold_at is not None
    assert card is not None
    assert gross is not None
    told = None if tier_by is TierBy.RULE else tier
    compared = _compared(said, checks.defaults, tier=told, sold_at=sold_at, gross_nanos=gross)
    return ReportedSale(
        external_id=external_id,
        sold_at=sold_at,
        tier=tier,
        output_tokens=tokens,
        tokens_estimated=item.given("output_tokens") is None,
        gross_nanos=gross,
        currency=card.currency,
        model=model,
        text=output.text,
        text_hash=output.hash,
        payload_hash=_payload_hash(compared),
        fingerprint=output.fingerprint,
        format=said.format,
        tier_by=tier_by,
        flags=_flags(tier, tokens, gross, model, checks.rules),
    )


def _refuse_unknown(item: SaleItem) -> None:
    for name in item.value:
        if name not in FIELDS:
            rule = f"is not a field of a sale; fields are {', '.join(FIELDS)}"
            item.wrong(printable(name), rule)


def _external_id(item: SaleItem) -> str | None:
    if item.given("id") is None:
        item.wrong("id", f"must be given: your own id of the sale, 1 to {MAX_ID_CHARS} characters")
    return item.text("id", max_chars=MAX_ID_CHARS)


def _tier(item: SaleItem, said: Said, checks: Checks) -> tuple[Tier | None, TierBy]:
    """Return the tier and who said it: the report, a tag, what an import states, or a rule."""
    given, model = item.given("tier"), item.given("model")
    if given is None and checks.defaults.tier is not None:
        return checks.defaults.tier, TierBy.REPORT
    if given is None and isinstance(model, str):
        ruled = checks.rules.tier_of(model)
        if ruled is not None:
            return ruled, TierBy.RULE
    by = TierBy.TAG if said.tier_is_tagged else TierBy.REPORT
    try:
        if isinstance(given, str):
            return parse_tier(given), by
    except UnknownTier:
        pass
    or_ruled = "" if given is not None else ", or a rule of the key must name it for the model"
    item.wrong("tier", f"must be one of {', '.join(Tier)}{or_ruled}")
    return None, by


def _flags(tier: Tier, tokens: int, gross: int, model: str | None, rules: TierRules) -> SaleFlag:
    flags = NO_FLAGS
    if not tokens:
        flags |= SaleFlag.ZERO_TOKENS
    if not gross and tier is not Tier.FREE:
        flags |= SaleFlag.ZERO_GROSS
    if rules.tier_by_model and (model is None or rules.tier_of(model) is None):
        flags |= SaleFlag.UNKNOWN_MODEL
    return flags


def _tokens(item: SaleItem, body: str | None) -> int | None:
    if item.given("output_tokens") is not None:
        return _whole(item, "output_tokens")
    if body is not None:
        return estimate_tokens(body)
    if item.given("text") is None:
        item.wrong("output_tokens", "must be given where there is no text")
    return None


def _whole(item: SaleItem, name: str) -> int | None:
    given = item.given(name)
    if given is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= MAX_TOKENS:
        return given
    item.wrong(name, f"must be a whole number from 0 to {MAX_TOKENS}")
    return None


def _sold_at(item: SaleItem, *, now: datetime, defaults: SaleDefaults) -> datetime | None:
    given = item.given("sold_at")
    sold_at = defaults.sold_at or now
    if given is not None:
        read = _instant(given)
        if read is None:
            item.wrong("sold_at", "must be an instant with offset like 2026-01-31T23:59:59Z")
            return None
        sold_at = read
    if not EARLIEST <= sold_at <= now + MAX_FUTURE:
        item.wrong("sold_at", "must not lie before the year 2000 or more than one day ahead")
        return None
    return sold_at.astimezone(UTC)


def _instant(given: object) -> datetime | None:
    if not isinstance(given, str) or not _INSTANT.fullmatch(given):
        return None
    try:
        return datetime.fromisoformat(given.upper())
    except ValueError:
        return None


def _compared(
    said: Said, defaults: SaleDefaults, *, tier: Tier | None, sold_at: datetime, gross_nanos: int
) -> dict[str, object]:
    """Return what makes two reports one: what was given by name, in one spelling, but the id.

    A tier that a rule of the key said, was not given: the rule may change, the report does not.
    """
    given = dict(said.fields)
    if tier is not None:
        given["tier"] = str(tier)
    if "gross" in given:
        given["gross"] = str(gross_nanos)
    if "sold_at" in given or defaults.sold_at is not None:
        given["sold_at"] = sold_at.isoformat()
    return {name: value for name, value in given.items() if name not in {"id", *said.uncompared}}


def _payload_hash(compared: Mapping[str, object]) -> bytes:
    """BLAKE2b of the canonical JSON."""
    canonical = json.dumps(compared, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(canonical.encode(), digest_size=32).digest()
