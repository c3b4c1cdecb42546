"""What a sale cost: by the rate card of its day; a gross that is given must be the same."""

from datetime import datetime

from service.api.formats.sale_item import SaleItem
from service.ledger.contract import NoContract
from service.ledger.errors import LedgerError
from service.ledger.money import BadAmount, parse_nanos
from service.ledger.tiers import RateCard, Tier
from service.store.terms import Terms


def rate_card_of(item: SaleItem, terms: Terms, sold_at: datetime | None) -> RateCard | None:
    """Return the rate card of the day of sale; None, and a fault, where no terms are valid."""
    if sold_at is None:
        return None
    try:
        terms.contract_on(sold_at.date())
        return terms.rate_card_on(sold_at.date())
    except NoContract as error:
        item.wrong("sold_at", error.sentence)
        return None


def gross_of(
    item: SaleItem, card: RateCard | None, tier: Tier | None, tokens: int | None
) -> int | None:
    """Return the gross in nanos: that of tier and tokens, which a given one must equal."""
    given, currency = item.given("gross"), item.text("currency", max_chars=3)
    if card and currency is not None and currency != card.currency:
        item.wrong("currency", f"must be {card.currency}, the currency of the rate card")
    nanos = _amount(item, given) if given is not None else None
    if card is None or tier is None or tokens is None or (given is not None and nanos is None):
        return None
    try:
        computed = card.gross_nanos(tier, tokens)
        return computed if nanos is None else card.check_gross(nanos, tier, tokens)
    except LedgerError as error:
        item.wrong("gross" if given is not None else "output_tokens", error.sentence)
        return None


def _amount(item: SaleItem, given: object) -> int | None:
    if not isinstance(given, str):
        item.wrong("gross", 'must be a string of digits like "12.50"')
        return None
    if given.startswith("-"):
        item.wrong("gross", "must not be negative")
        return None
    try:
        return parse_nanos(given)
    except BadAmount as error:
        item.wrong("gross", str(error.facts["rule"]))
        return None
