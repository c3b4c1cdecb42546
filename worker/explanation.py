"""An explained amount: named facts and tables, and what each division rounded away."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Table = tuple[str, tuple[str, ...], list[tuple[object, ...]]]
"""Heading, columns, rows."""


@dataclass(slots=True)
class Explanation:
    """Facts about one amount: a heading, named facts, and tables of (heading, columns, rows)."""

    heading: str
    facts: dict[str, object] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)


def rounding(got_nanos: int, exact: Fraction) -> str:
    """Say by how much of a nano an amount is off its exact value: ``+1/3``, ``-1/2``, ``none``."""
    off = got_nanos - exact
    return f"{'+' * (off > 0)}{off}" if off else "none"


def divided(amount_nanos: int, weights: Mapping[str, int]) -> dict[str, Fraction]:
    """Return the exact parts, in nanos, of an amount divided by whole weights."""
    whole = sum(weights.values())
    return {key: Fraction(amount_nanos * weight, whole) for key, weight in weights.items()}
