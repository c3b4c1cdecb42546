"""Payouts in random orders: what moves, when a statement says so, and what is out of order."""

from datetime import date

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from payee_facts import may_be_paid

from service.ledger.payout import BankTooLow, PayoutOutOfOrder, PayoutState
from service.ledger.period import Period
from service.store import payouts as stored
from service.store.database import unit_of_work
from worker import drain, payouts

JANUARY = date(2026, 1, 1)
FOLLOWS = {
    ("reserved", "sent"),
    ("sent", "confirmed"),
    ("reserved", "returned"),
    ("sent", "returned"),
    ("confirmed", "returned"),
}


class PayoutRules:
    """Rules of a machine that has a town, what vendors paid, and how far months are closed.

    ``moves``: month a step is posted into, holder, nanos it adds to what the holder has.
    """

    def __init__(self):
        self.moves, self.transfers = [], {}

    @property
    def in_the_bank(self):
        """What vendors paid, less what transfers took out of the bank."""
        left = [n for _, n, state in self.transfers.values() if state == "confirmed"]
        return sum(self.received.values()) - sum(left)

    @property
    def reserved(self):
        return sum(n for _, n, state in self.transfers.values() if state in {"reserved", "sent"})

    def moved(self, holder, *, until=date(9999, 1, 1), since=date(1, 1, 1)):
        """What payouts added to what a holder has, by months of posting."""
        return sum(n for month, to, n in self.moves if to == holder and since <= month <= until)

    @precondition(lambda self: self.exact.closed >= JANUARY)
    @rule()
    def reserve(self):
        month = Period(self.exact.closed.year * 100 + self.exact.closed.month)
        may_be_paid(self.town)
        facts = {"by": "op", "now": self.town.clock(), "progress": drain.silent}
        told = payouts.reserve(self.town.database, month, **facts)
        with unit_of_work(self.town.database) as session:
            made = [stored.get(session, number) for number in told.payout_ids]
        for one in made:
            self.transfers[one.payout_id] = (one.holder_name, one.amount_nanos, "reserved")
            self.note(one.holder_name, -one.amount_nanos)
            assert self.town.balances().get(f"holder:{one.holder_id}:payable", 0) >= 0
        free = self.in_the_bank - self.reserved
        assert free >= 0
        for refused in told.passed_over:
            if isinstance(refused, BankTooLow):
                assert refused.facts["wanted_nanos"] > free

    @precondition(lambda self: self.transfers)
    @rule(of=st.integers(0, 9), wanted=st.sampled_from(["sent", "confirmed", "returned"]))
    def tell_what_the_bank_did(self, of, wanted):
        number = sorted(self.transfers)[of % len(self.transfers)]
        holder, nanos, state = self.transfers[number]
        try:
            self.take_step(number, wanted)
        except PayoutOutOfOrder:
            assert (state, wanted) not in FOLLOWS
            assert state != wanted
            return
        if state != wanted:
            assert (state, wanted) in FOLLOWS
            self.transfers[number] = (holder, nanos, wanted)
            self.note(holder, nanos if wanted == "returned" else 0)

    def take_step(self, number, wanted):
        facts = {"reference": "bank", "by": "op", "now": self.town.clock()}
        payouts.step(self.town.database, number, PayoutState(wanted), **facts)

    def note(self, holder, nanos):
        """Steps are posted into the month they are taken in, or the first that is open after it."""
        closed = self.exact.closed
        is_open = closed.replace(month=closed.month % 12 + 1, year=closed.year + closed.month // 12)
        month = max(self.town.clock().date().replace(day=1), is_open)
        self.moves.append((month, holder, nanos))

    def pay_out_and_return_the_rest(self):
        """Reserve what the newest statements state; every second transfer comes to its end."""
        self.reserve()
        for number, (holder, nanos, state) in sorted(self.transfers.items())[::2]:
            for wanted in {"reserved": ("sent", "confirmed"), "sent": ("confirmed",)}.get(
                state, ()
            ):
                self.take_step(number, wanted)
                self.transfers[number] = (holder, nanos, wanted)
        self.return_what_is_under_way()

    def return_what_is_under_way(self):
        for number, (holder, nanos, state) in self.transfers.items():
            if state in {"reserved", "sent"}:
                self.take_step(number, "returned")
                self.transfers[number] = (holder, nanos, "returned")
                self.note(holder, nanos)
