"""Tiny sales to a hundred equal holders over twelve closes: nobody drifts from the exact part."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from service.ledger.tiers import Tier

HOLDERS = 100
CREDITED = (
    "SELECT a.name, -sum(p.amount_nanos) FROM posting p JOIN account a USING (account_id) "
    "WHERE p.kind = 1 AND starts_with(a.name, 'line:') GROUP BY a.name"
)
MOST_OF_A_SALE = (
    "SELECT max(-p.amount_nanos) FROM posting p JOIN account a USING (account_id) "
    "WHERE p.kind = 1 AND starts_with(a.name, 'line:')"
)
STATED = (
    "SELECT 'line:' || l.line_id, s.holder_id, sum(l.nanos) FROM statement s "
    "JOIN statement_line l USING (statement_id) GROUP BY l.line_id, s.holder_id"
)


@pytest.fixture
def a_year_of_tiny_sales(village, texts):
    """Sell an ode 30 times a month for 11 to 98 nanos, at two tiers; close every month."""
    equal = {f"Holder {n}": 1_000_000 // HOLDERS for n in range(HOLDERS)}
    village.registers("Ode", texts.ode, equal, on=datetime(2025, 1, 1, tzinfo=UTC))
    for month in range(1, 13):
        items = []
        for n in range(30):
            at = datetime(2025, month, 1 + n % 28, tzinfo=UTC)
            tier = Tier.ELITE if n % 3 else Tier.PREMIUM
            sale = village.a_sale(f"{month}-{n}", text=texts.ode, tier=tier, tokens=0, at=at)
            items.append(replace(sale, gross_nanos=11 + (month * 31 + n * 7) % 88))
        village.reports(*items)
        village.works()
        village.closes(f"2025-{month:02}")
    return village


def test_no_holder_drifts_a_nano_from_the_exact_part_of_any_line(a_year_of_tiny_sales):
    credited = {name: int(nanos) for name, nanos in a_year_of_tiny_sales.tells(CREDITED)}
    assert sorted(credited.values()) == [521, 1692]
    stated = a_year_of_tiny_sales.tells(STATED)
    assert len(stated) == 2 * HOLDERS
    for line, holder, nanos in stated:
        drift = int(nanos) - Fraction(credited[line], HOLDERS)
        assert abs(drift) < 1, f"holder {holder} stands {drift} nanos off"
    assert {line: sum(n for at, _, n in stated if at == line) for line in credited} == credited
    assert a_year_of_tiny_sales.broken() == []
    in_one_sale = a_year_of_tiny_sales.tells(MOST_OF_A_SALE)
    assert in_one_sale == [(13,)]  # dividing each sale by itself, 87 of 100 would never get a nano
