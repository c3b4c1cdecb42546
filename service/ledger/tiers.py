"""Tiers of tokens, their order and the standard rate card."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from service.ledger.errors import LedgerError
from service.ledger.money import MAX_NANOS, format_nanos


class Tier(StrEnum):
    """Quality class of tokens sold."""

    FREE = "free"
    STANDARD = "standard"
    PREMIUM = "premium"
    HIGH_SPEED = "high-speed"
    ELITE = "elite"

    @property
    def number(self) -> int:
        """Position in the order of price, as stored: 0 is free."""
        return _ORDER.index(self)

    @classmethod
    def numbered(cls, number: int) -> "Tier":
        """Inverse of ``number``."""
        return _ORDER[number]


_ORDER = tuple(Tier)


class UnknownTier(LedgerError):
    """Text names no tier."""

    def __init__(self, text: str) -> None:
        known = ", ".join(Tier)
        super().__init__(f"unknown tier {text[:40]!r}; tiers are {known}", text=text[:40])


class GrossTooLarge(LedgerError):
    """Tokens times price passes what one posting can hold."""

    def __init__(self, tier: Tier, output_tokens: int) -> None:
        super().__init__(
            f"{output_tokens} tokens at tier {tier} are more than {format_nanos(MAX_NANOS)}",
            tier=str(tier),
            output_tokens=output_tokens,
        )


class GrossDiffers(LedgerError):
    """A given gross is not what tier and tokens make."""

    def __init__(self, *, given_nanos: int, computed_nanos: int) -> None:
        super().__init__(
            f"gross {format_nanos(given_nanos)} was given, "
            f"tier and tokens make {format_nanos(computed_nanos)}",
            given=format_nanos(given_nanos),
            computed=format_nanos(computed_nanos),
        )


def parse_tier(text: str) -> Tier:
    """Read a tier's name, raise UnknownTier otherwise."""
    try:
        return Tier(text)
    except ValueError:
        raise UnknownTier(text) from None


@dataclass(frozen=True, slots=True)
class RateCard:
    """Price of one token of each tier in nanos, from a day on."""

    valid_from: date
    currency: str
    nanos_per_token: Mapping[Tier, int]

    def gross_nanos(self, tier: Tier, output_tokens: int) -> int:
        """Return what the consumer pays; raise GrossTooLarge above 2^63 - 1 nanos."""
        gross = self.nanos_per_token[tier] * output_tokens
        if gross > MAX_NANOS:
            raise GrossTooLarge(tier, output_tokens)
        return gross

    def check_gross(self, given_nanos: int, tier: Tier, output_tokens: int) -> int:
        """Return the gross if the given one equals it to the nano, else raise GrossDiffers."""
        computed = self.gross_nanos(tier, output_tokens)
        if computed != given_nanos:
            raise GrossDiffers(given_nanos=given_nanos, computed_nanos=computed)
        return computed


STANDARD_NANOS_PER_TOKEN: Mapping[Tier, int] = MappingProxyType(
    {
        Tier.FREE: 0,
        Tier.STANDARD: 3_000,
        Tier.PREMIUM: 6_000,
        Tier.HIGH_SPEED: 45_000,
        Tier.ELITE: 150_000,
    }
)
"""$0, $3, $6, $45 and $150 per million tokens."""
