"""What a statement is made of: who is due one, releases, payouts, balances before and held."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.accounts import holder_held
from service.ledger.period import Period
from service.ledger.statement import LineKind, PayoutMove, StatementLine
from service.ledger.tiers import Tier
from service.store import payout_terms
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a statement is for; it has one row of lines in the period or a balance to carry."""

    holder_id: int
    currency: str


def recipients(session: Session, period: Period) -> list[Recipient]:
    """Return who is due a statement of a closing period and has none yet."""
    rows = driver(session).execute(
        "SELECT holder_id, currency FROM ("
        "SELECT p.holder_id, l.currency FROM release r JOIN release_part p USING (release_id) "
        "JOIN line l USING (line_id) WHERE r.period = %(p)s AND p.holder_id IS NOT NULL "
        "UNION SELECT holder_id, currency FROM payout_move WHERE period = %(p)s "
        "UNION SELECT a.holder_id, a.currency FROM advance_step t JOIN advance a "
        "USING (advance_id) WHERE t.period = %(p)s "
        "UNION SELECT holder_id, currency FROM (SELECT DISTINCT ON (holder_id, currency) "
        "holder_id, currency, closing_nanos FROM statement WHERE period < %(p)s "
        "ORDER BY holder_id, currency, period DESC) AS last WHERE closing_nanos <> 0) AS due "
        "WHERE NOT EXISTS (SELECT 1 FROM statement s WHERE s.holder_id = due.holder_id "
        "AND s.currency = due.currency AND s.period = %(p)s) ORDER BY holder_id, currency",
        {"p": period.number},
    )
    return [Recipient(*row) for row in rows]


_LINES = """
WITH passed AS (
    SELECT r.line_id, p.to_line_id, p.month, p.nanos
    FROM release r JOIN release_part p USING (release_id)
    WHERE r.period = %(p)s AND p.to_line_id IS NOT NULL),
onward AS (SELECT line_id, month, sum(nanos) AS nanos FROM passed GROUP BY 1, 2),
pooled AS (
    SELECT line_id, month, sum(nanos) AS nanos FROM pool_part JOIN pool_step USING (pool_step_id)
    WHERE period = %(p)s GROUP BY 1, 2),
inward AS (SELECT to_line_id AS line_id, month, sum(nanos) AS nanos FROM passed GROUP BY 1, 2)
SELECT p.holder_id, l.currency, l.line_id, l.work_id, party.slug, l.tier, p.month, c.sales_count,
    c.output_tokens, c.nanos, v.holder_ids, v.shares_ppm, p.nanos, coalesce(inward.nanos, 0),
    coalesce(onward.nanos, 0), coalesce(pooled.nanos, 0)
FROM release r
JOIN release_part p USING (release_id)
JOIN release_credit c USING (release_id, month)
JOIN line l USING (line_id)
JOIN rights_version v USING (rights_version_id)
JOIN party ON party.party_id = l.vendor_id
LEFT JOIN inward ON inward.line_id = l.line_id AND inward.month = p.month
LEFT JOIN onward ON onward.line_id = l.line_id AND onward.month = p.month
LEFT JOIN pooled ON pooled.line_id = l.line_id AND pooled.month = p.month
WHERE r.period = %(p)s AND p.holder_id = ANY(%(holders)s)
"""


def lines_of(
    session: Session, period: Period, holder_ids: Sequence[int]
) -> dict[Recipient, list[StatementLine]]:
    """Return the statement lines of these holders from the releases of a period."""
    found: dict[Recipient, list[StatementLine]] = defaultdict(list)
    asked = {"p": period.number, "holders": list(holder_ids)}
    for row in driver(session).execute(_LINES, asked):
        holder, currency, line_id, work_id, vendor, tier, month, count, tokens, credited = row[:10]
        shares = dict(zip(row[10], row[11], strict=True))
        kind = LineKind.EARNED if month == period.number else LineKind.ADJUSTMENT
        found[Recipient(holder, currency)].append(
            StatementLine(
                kind,
                line_id,
                work_id,
                vendor,
                Tier.numbered(tier),
                Period(month),
                count,
                int(tokens),
                int(credited),
                shares[holder],
                row[12],
                int(row[13]),
                int(row[14]),
                int(row[15]),
            )
        )
    return found


def openings(session: Session, period: Period, holder_ids: Sequence[int]) -> dict[Recipient, int]:
    """Return the closing balances of the newest statements before a period."""
    rows = driver(session).execute(
        "SELECT DISTINCT ON (holder_id, currency) holder_id, currency, closing_nanos "
        "FROM statement WHERE period < %s AND holder_id = ANY(%s) "
        "ORDER BY holder_id, currency, period DESC",
        (period.number, list(holder_ids)),
    )
    return {Recipient(holder, currency): int(nanos) for holder, currency, nanos in rows}


def held(session: Session, period: Period, holder_ids: Sequence[int]) -> dict[Recipient, int]:
    """Return what holders have earned and cannot be paid, at the end of a period."""
    by_name = {holder_held(holder): holder for holder in holder_ids}
    rows = driver(session).execute(
        "SELECT a.name, a.currency, -sum(d.delta) FROM account a "
        "JOIN balance_delta d USING (account_id) "
        "WHERE a.name = ANY(%s) AND d.period <= %s GROUP BY a.name, a.currency",
        (list(by_name), period.number),
    )
    return {Recipient(by_name[name], currency): int(nanos) for name, currency, nanos in rows}


_MOVES = """
SELECT p.holder_id, p.currency, s.number, m.move, m.moved_nanos, m.moved_at, p.amount_nanos,
    coalesce(r.code, ''), coalesce(r.ppm, 0), p.tax_nanos, p.fee_nanos,
    p.amount_nanos - p.tax_nanos - p.fee_nanos, p.to_currency, p.paid_nanos,
    f.fx_rate_id, f.source, f.target, f.numerator::text, f.denominator, f.day, f.origin,
    party.name, m.note, r.valid_from, r.valid_until
FROM payout_move m JOIN payout p USING (payout_id)
JOIN statement s ON s.statement_id = p.statement_id
JOIN party ON party.party_id = p.payee_id
LEFT JOIN tax_rule r USING (tax_rule_id) LEFT JOIN fx_rate f USING (fx_rate_id)
WHERE m.period = %s AND m.holder_id = ANY(%s) ORDER BY m.payout_id, m.move, m.moved_at,
    m.moved_nanos
"""


def payout_moves(
    session: Session, period: Period, holder_ids: Sequence[int]
) -> dict[Recipient, list[PayoutMove]]:
    """Return what payouts moved in a period, by whom it belongs to, in order of payout."""
    found: dict[Recipient, list[PayoutMove]] = defaultdict(list)
    for row in driver(session).execute(_MOVES, (period.number, list(holder_ids))):
        holder, currency, number, move, nanos, at, gross, rule, ppm, withheld = row[:10]
        fee, net, paid_currency, paid = row[10:14]
        payee, note = row[21:23]
        moved = PayoutMove(
            number,
            str(move),
            int(nanos),
            at,
            gross,
            rule if withheld else "",
            ppm if withheld else 0,
            withheld,
            fee,
            net,
            paid_currency,
            paid,
            payout_terms.rate_of(row[14:21]),
            payee,
            note,
            *(row[23:25] if withheld else ()),
        )
        found[Recipient(holder, currency)].append(moved)
    return found
