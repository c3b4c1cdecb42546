"""What the books say of vendors' debts by the end of a period: read once, when it closes."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from service.ledger.accounts import vendor_receivable
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.ledger.vendor_statement import (
    ChainPart,
    Division,
    LineKind,
    MoveKind,
    VendorFacts,
    VendorLine,
    VendorMove,
)
from service.store.database import driver


@dataclass(frozen=True, slots=True, order=True)
class Debtor:
    """A vendor's account in one currency."""

    vendor_id: int
    vendor: str
    currency: str


_DEBTORS = """
SELECT v.party_id, v.slug, a.currency FROM party v
JOIN account a ON a.name LIKE 'vendor:' || v.slug || ':%%'
JOIN balance_delta d USING (account_id)
WHERE v.kind = 'vendor' AND d.period <= %(period)s
    AND NOT EXISTS (SELECT 1 FROM vendor_statement s WHERE s.vendor_id = v.party_id
        AND s.currency = a.currency AND s.period = %(period)s)
GROUP BY 1, 2, 3 HAVING bool_or(d.period = %(period)s)
    OR sum(d.delta) FILTER (WHERE a.name = 'vendor:' || v.slug || ':receivable') <> 0
ORDER BY 1, 3
"""


def unstated(session: Session, period: Period) -> list[Debtor]:
    """List whom a period is to be stated to yet: who sold or paid in it, or owes of before."""
    rows = driver(session).execute(_DEBTORS, {"period": period.number})
    return [Debtor(*row) for row in rows]


# What an entry of a sale or correction says, by its accounts; those of chain parties by name.
_POSTED = """
WITH about AS (
    SELECT e.kind, e.source_id, e.currency, e.accounts, e.amounts, s.vendor_id, s.period AS month,
        coalesce(n.tier, s.tier) AS tier, coalesce(c.cause, '') AS cause,
        CASE e.kind WHEN 1 THEN s.output_tokens ELSE 0 END AS tokens
    FROM journal_entry e
    JOIN sale s ON s.sale_id = CASE e.kind WHEN 1 THEN e.source_id ELSE e.subject_sale_id END
    LEFT JOIN correction c ON e.kind = 2 AND c.correction_id = e.source_id
    LEFT JOIN sale_version n ON n.sale_id = c.sale_id AND n.version = c.sale_version
    WHERE e.kind IN (1, 2) AND e.period = %s)
SELECT vendor_id, currency, kind, month, tier, cause, '' AS part, count(*), sum(tokens)
FROM about GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT vendor_id, about.currency, kind, month, tier, cause, CASE
        WHEN a.name LIKE 'vendor:%%:receivable' THEN 'due'
        WHEN a.name LIKE 'vendor:%%:settled-direct' THEN 'settled-direct'
        WHEN a.name LIKE 'vendor:%%:kept' THEN 'kept'
        WHEN a.name LIKE 'line:%%' THEN 'works'
        WHEN a.name = 'platform:fee' THEN 'fee'
        WHEN a.name LIKE 'pool:unmatched:%%' THEN 'unmatched'
        ELSE a.name END AS part, 0, -sum(u.nanos)
FROM about CROSS JOIN LATERAL unnest(accounts, amounts) AS u (account_id, nanos)
JOIN account a USING (account_id) GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


@dataclass(slots=True)
class _Group:
    """One line in the making: credit positive by part, chain parties by account."""

    count: int = 0
    tokens: int = 0
    parts: dict[str, int] = field(default_factory=dict)

    def chain(self) -> dict[str, int]:
        return {name: nanos for name, nanos in self.parts.items() if name.startswith("party:")}


@dataclass(frozen=True, slots=True)
class PostedSales:
    """Lines of a vendor, and what chain parties got of them."""

    lines: list[VendorLine] = field(default_factory=list)
    chain: list[ChainPart] = field(default_factory=list)


def posted(session: Session, period: Period) -> dict[tuple[int, str], PostedSales]:
    """Return by vendor and currency what sales and corrections posted into a period."""
    groups: dict[tuple[Any, ...], _Group] = defaultdict(_Group)
    for *key, part, count, number in driver(session).execute(_POSTED, (period.number,)):
        group = groups[tuple(key)]
        if part:
            group.parts[part] = int(number)
        else:
            group.count, group.tokens = int(count), int(number)
    found: dict[tuple[int, str], PostedSales] = defaultdict(PostedSales)
    parties: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for (vendor_id, currency, kind, month, tier, cause), group in groups.items():
        line = _line(kind, Period(month), Tier.numbered(tier), cause, group)
        found[vendor_id, currency].lines.append(line)
        sums = parties[vendor_id, currency]
        for name, nanos in group.chain().items():
            sums[name] = sums.get(name, 0) + nanos
    for whose, sums in parties.items():
        found[whose].chain.extend(_chain_part(name, nanos) for name, nanos in sums.items())
    return dict(found)


_SALE = 1


def _line(kind: int, month: Period, tier: Tier, cause: str, group: _Group) -> VendorLine:
    parts = group.parts
    division = Division(
        works_nanos=parts.get("works", 0),
        fee_nanos=parts.get("fee", 0),
        unmatched_nanos=parts.get("unmatched", 0),
        chain_nanos=sum(group.chain().values()),
        kept_nanos=parts.get("kept", 0),
    )
    said = LineKind.SALES if kind == _SALE else LineKind.CORRECTION
    due = -parts.get("due", 0)
    return VendorLine(said, month, tier, cause, group.count, group.tokens, division, due)


def _chain_part(account: str, nanos: int) -> ChainPart:
    _, party, how = account.split(":")
    return ChainPart(party, "direct" if how == "direct" else "platform", nanos)


_MOVES = """
SELECT 'receipt', r.receipt_id, e.period, -r.amount_nanos, r.reference, r.received_at
FROM receipt r JOIN journal_entry e ON e.kind = 4 AND e.source_id = r.receipt_id
WHERE r.vendor_id = %(vendor)s AND r.currency = %(currency)s AND e.period <= %(period)s
UNION ALL
SELECT 'write-off', w.write_off_id, e.period, -w.amount_nanos, w.reason, w.written_off_at
FROM write_off w JOIN journal_entry e ON e.kind = 6 AND e.source_id = w.write_off_id
WHERE w.vendor_id = %(vendor)s AND w.currency = %(currency)s AND e.period <= %(period)s
UNION ALL
SELECT t.kind, t.step_id, t.period, CASE t.kind WHEN 'guarantee' THEN t.nanos ELSE -t.nanos END,
    t.reference, t.taken_at
FROM advance_step t JOIN advance a USING (advance_id)
WHERE a.vendor_id = %(vendor)s AND a.currency = %(currency)s AND t.period = %(period)s
    AND t.kind <> 'advance'
"""
_DELTAS = """
SELECT d.period, sum(d.delta) FROM balance_delta d JOIN account a USING (account_id)
WHERE a.name = %s AND a.currency = %s AND d.period <= %s GROUP BY d.period
"""


def of_debtor(session: Session, who: Debtor, period: Period, sold: PostedSales) -> VendorFacts:
    """Return what the books say of one account by the end of a period."""
    account = (vendor_receivable(who.vendor), who.currency, period.number)
    owed = {
        Period(number): int(nanos) for number, nanos in driver(session).execute(_DELTAS, account)
    }
    opening = sum(nanos for month, nanos in owed.items() if month < period)
    settled = {MoveKind.RECEIPT: 0, MoveKind.WRITE_OFF: 0}
    moves = []
    facts = {"vendor": who.vendor_id, "currency": who.currency, "period": period.number}
    for kind, source, number, nanos, reference, at in driver(session).execute(_MOVES, facts):
        month, said = Period(number), MoveKind(kind)
        if said in settled:
            owed[month] = owed.get(month, 0) - int(nanos)
            settled[said] -= int(nanos)
        if month == period:
            moves.append(VendorMove(said, source, int(nanos), reference, at))
    received, written_off = settled[MoveKind.RECEIPT], settled[MoveKind.WRITE_OFF]
    return VendorFacts(opening, sold.lines, sold.chain, moves, owed, received, written_off)
