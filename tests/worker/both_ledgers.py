"""What the books say beside what fractions come to: the same but for the rounding allowed."""

from collections import Counter
from datetime import date
from fractions import Fraction

from exact_ledger import ALL
from payout_rules import PayoutRules

from service.ledger.money_state import MoneyState
from service.ledger.threshold import Threshold
from service.ledger.tiers import Tier
from service.store import money_states, statements
from service.store.database import unit_of_work

HOLDS = ("held", "payable")
"""Where what a holder earned stands until it is paid."""


class BothLedgers(PayoutRules):
    """A town, the exact ledger of the same facts, and what each vendor paid."""

    def __init__(self, town, exact, received):
        super().__init__()
        self.town, self.exact, self.received = town, exact, received

    def compare(self):
        posted, released = self.posted(), self.posted(until=self.exact.closed)
        self.compare_accounts(posted)
        self.compare_lines(released)
        earned = self.earned()
        exact, allowed = self.exact.earned()
        for holder in exact.keys() | earned.keys():
            assert abs(earned[holder] - exact[holder]) <= allowed[holder], holder
        self.compare_statements(earned)
        self.compare_money_states(earned)

    def compare_money_states(self, earned):
        """Settled, held, payable and paid of each holder are what it earned."""
        with unit_of_work(self.town.database) as session:
            for number, name in self.town.tells(
                "SELECT party_id, name FROM party WHERE slug IS NULL"
            ):
                today = self.town.clock().date()
                found = money_states.of_holder(session, number, threshold=Threshold(), today=today)
                states = Counter({s: one.total(s) for one in found for s in MoneyState})
                assert sum(states.values()) - states[MoneyState.ESTIMATED] == earned[name]

    def posted(self, *, until=date(9999, 1, 1)):
        """Return what sales and their corrections put on each account."""
        lines = {
            f"line:{line}": ("line", version, vendor, str(Tier.numbered(tier)))
            for line, version, vendor, tier in self.town.tells(
                "SELECT line_id, rights_version_id, slug, tier FROM line "
                "JOIN party ON party_id = vendor_id"
            )
        }
        rows = self.town.tells(
            "SELECT name, sum(amount_nanos) FROM posting JOIN account USING (account_id) "
            "WHERE kind IN (1, 2) AND period <= :until GROUP BY name",
            until=until.year * 100 + until.month,
        )
        debits = ("receivable", "settled-direct")
        return Counter(
            {lines.get(n, n): int(sum_) if n.endswith(debits) else -int(sum_) for n, sum_ in rows}
        )

    def compare_accounts(self, posted):
        exact, allowed = self.exact.balances()
        for account in exact.keys() | posted.keys():
            assert abs(posted[account] - exact[account]) <= allowed[account], account
        balances = Counter(self.town.balances())
        assert balances["bank"] == self.in_the_bank
        assert balances["payout:clearing"] == self.reserved
        for vendor, nanos in self.received.items():
            account = f"vendor:{vendor.lower()}:receivable"
            assert balances[account] == posted[account] - nanos

    def compare_lines(self, released):
        """Nobody is a nano away from the exact part of what a line was credited."""
        parts = Counter()
        for version, vendor, tier, holder, nanos in self.town.tells(
            "SELECT rights_version_id, v.slug, tier, h.name, nanos FROM release_part "
            "JOIN release USING (release_id) JOIN line USING (line_id) "
            "JOIN party v ON v.party_id = vendor_id JOIN party h ON h.party_id = holder_id"
        ):
            parts[("line", version, vendor, str(Tier.numbered(tier))), holder] += nanos
        for line in [account for account in released if account[0] == "line"]:
            for holder, ppm in self.exact.holders[line[1]].items():
                assert abs(parts.pop((line, holder), 0) - Fraction(released[line] * ppm, ALL)) < 1
        assert not any(parts.values())

    def earned(self):
        """What holders have and what they were paid."""
        balances = Counter(self.town.balances("holder"))
        holders = self.town.tells("SELECT party_id, name FROM party WHERE slug IS NULL")
        return Counter(
            {
                name: sum(balances[f"holder:{h}:{on}"] for on in HOLDS) - self.moved(name)
                for h, name in holders
            }
        )

    def compare_statements(self, earned):
        """Each opens where the one before closed and adds up; the last says what there is."""
        closings = Counter()
        with unit_of_work(self.town.database) as session:
            for summary in statements.listing(session):
                said = statements.get(session, summary.number).statement
                assert said.opening_nanos == closings[summary.holder_name]
                lines = sum(line.nanos for line in said.lines)
                month = date(said.period.number // 100, said.period.number % 100, 1)
                paid = self.moved(summary.holder_name, since=month, until=month)
                assert sum(move.nanos for move in said.payouts) == paid
                assert said.opening_nanos + lines + paid == said.closing_nanos
                closings[summary.holder_name] = said.closing_nanos
        stands = Counter({h: n + self.moved(h, until=self.exact.closed) for h, n in earned.items()})
        assert +closings == +stands
        assert -closings == -stands
