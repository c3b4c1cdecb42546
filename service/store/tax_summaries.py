"""A year's payouts of each payee by tax rule: what was paid, and what was withheld of it."""

from dataclasses import dataclass

from sqlmodel import Session

from service.store.database import driver


@dataclass(frozen=True, slots=True)
class TaxSummary:
    """What a payee was paid in a year under one rule; ``rule`` is empty where none was on file.

    A payment counts in the year the bank confirmed it; what came back, or went astray, is taken off
    in the year it did. gross = tax + fee + net, in the earning currency.
    """

    year: int
    payee_id: int
    payee_name: str
    country: str
    rule: str
    source: str
    ppm: int
    currency: str
    payout_count: int
    gross_nanos: int
    tax_nanos: int
    fee_nanos: int
    net_nanos: int


_SUMMED = """
WITH moved AS (
    SELECT payout_id, taken_at AS at, 1 AS sign FROM payout_step WHERE state = 'confirmed'
    UNION ALL SELECT r.payout_id, r.taken_at, -1 FROM payout_step r JOIN payout_step c
        ON c.payout_id = r.payout_id AND c.state = 'confirmed' WHERE r.state = 'returned'
    UNION ALL SELECT payout_id, made_at, -1 FROM payout_correction WHERE kind = 'misdirected')
SELECT p.payee_id, coalesce(nullif(who.legal_name, ''), party.name), coalesce(who.country, ''),
    coalesce(r.code, ''), coalesce(r.source, ''), coalesce(r.ppm, 0), p.currency, sum(m.sign),
    sum(m.sign * p.amount_nanos), sum(m.sign * p.tax_nanos), sum(m.sign * p.fee_nanos),
    sum(m.sign * (p.amount_nanos - p.tax_nanos - p.fee_nanos))
FROM moved m JOIN payout p USING (payout_id) JOIN party ON party.party_id = p.payee_id
LEFT JOIN tax_rule r USING (tax_rule_id)
LEFT JOIN LATERAL (SELECT * FROM payee_profile f WHERE f.party_id = p.payee_id
    ORDER BY profile_id DESC LIMIT 1) AS who ON true
WHERE extract(year FROM m.at AT TIME ZONE 'UTC') = %(year)s
    AND (%(payee)s::bigint IS NULL OR p.payee_id = %(payee)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY p.payee_id, 4, 6, 7
"""


def of_year(session: Session, year: int, *, payee_id: int | None = None) -> list[TaxSummary]:
    """Return the summaries of a year by payee, rule, rate and currency."""
    rows = driver(session).execute(_SUMMED, {"year": year, "payee": payee_id})
    return [TaxSummary(year, *row[:7], *map(int, row[7:])) for row in rows]
