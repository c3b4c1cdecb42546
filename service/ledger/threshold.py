"""The threshold of payouts: the smallest payable balance of a statement, by currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.ledger.errors import LedgerError
from service.ledger.money import check_currency, parse_nanos


class BadThreshold(LedgerError):
    """Text is not a threshold."""

    def __init__(self, text: str, rule: str) -> None:
        super().__init__(
            f"{text[:80]!r} is not a threshold: {rule}; write 10.00, or 10.00, JPY=1000, KWD=3",
            text=text[:80],
            rule=rule,
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """Nanos by currency; ``others_nanos`` for every currency that is not named."""

    others_nanos: int = 0
    by_currency: Mapping[str, int] = field(default_factory=dict)

    def of(self, currency: str) -> int:
        """Return the smallest payable balance in a currency."""
        return self.by_currency.get(currency, self.others_nanos)


def parse_threshold(text: str) -> Threshold:
    """Read ``10.00`` or ``10.00, JPY=1000``: an amount for all, then those of currencies.

    Raises BadThreshold.
    """
    others, by_currency = 0, dict[str, int]()
    for at, part in enumerate(text.split(",")):
        name, equals, amount = part.strip().rpartition("=")
        try:
            nanos = parse_nanos(amount.strip())
            currency = check_currency(name.strip()) if equals else ""
        except LedgerError as error:
            raise BadThreshold(text, error.sentence) from None
        if nanos < 0:
            raise BadThreshold(text, "it is not below zero")
        if currency in by_currency or (at and not equals):
            raise BadThreshold(text, "each currency stands once, the amount for all others first")
        if equals:
            by_currency[currency] = nanos
        else:
            others = nanos
    return Threshold(others, by_currency)
