"""What a holder has, in any order of sales, refunds, receipts, holds, advances and payouts.

Whatever happens, paid + payable + held + kept - advanced = earned, and held is, vendor by vendor,
the larger of what receipts do not back and what lies under holds.
"""

from collections import Counter, defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime, time
from fractions import Fraction

from examples import examples
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from money_facts import check_money_states
from payee_facts import may_be_paid

from service.ledger.advance import AdvancePaid
from service.ledger.correction import RefundNotPositive, RefundTooLarge
from service.ledger.hold import HoldReason
from service.ledger.holdback import HoldbackRule
from service.ledger.payout import PayoutOutOfOrder, PayoutState
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import advances, holdbacks, holds, parties, statements
from service.store.advances import NewAdvance
from service.store.database import unit_of_work
from service.store.holds import NewHold
from service.store.receipts import NewReceipt
from worker import drain, payouts, receipts, recouping

ALL = 1_000_000
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = [date(2026, month, 1) for month in (1, 2, 3)]
HOLDERS, VENDORS = ("Ada", "Ben"), ("Acme", "Borealis")
ppms = st.sampled_from([1, 300_000, 333_333, ALL])


class HolderMachine(RuleBasedStateMachine):
    """One town with two works: Ode is Ada's and Ben's, Essay is Ada's alone."""

    def __init__(self, town, texts):
        super().__init__()
        self.town, self.texts, self.closed, self.rules = town, texts, 0, 0
        self.sold, self.held, self.agreed, self.transfers = [], {}, [], []
        self.works = {
            "Ode": town.registers("Ode", texts.ode, {"Ada": 600_001, "Ben": 399_999}),
            "Essay": town.registers("Essay", texts.essay, {"Ada": ALL}),
        }
        town.works()
        self.holders = {
            name: town.tells("SELECT party_id FROM party WHERE name = :n", n=name)[0][0]
            for name in HOLDERS
        }
        for month in (1, 2):
            self.sell("Ode", month, 999_983, 0)
            self.sell("Essay", month, 7, 0)

    def facts(self):
        return {"by": "op", "now": self.town.clock()}

    @rule(
        work=st.sampled_from(["Ode", "Essay"]),
        month=st.integers(1, 3),
        tokens=st.sampled_from([1, 999_983, 5_000_000]),
        vendor=st.integers(0, 1),
    )
    def sell(self, work, month, tokens, vendor):
        name, text = f"s{len(self.sold)}", getattr(self.texts, work.lower())
        at = datetime.combine(date(2026, month, 9), time(), UTC)
        asked = {"tier": Tier.PREMIUM, "tokens": tokens, "at": at, "vendor": VENDORS[vendor]}
        self.town.sells(name, text=text, **asked)
        self.sold.append(VENDORS[vendor])

    @rule(of=st.integers(0, 9), nanos=st.sampled_from([None, 1, 3_000_001]))
    def give_back(self, of, nanos):
        at = of % len(self.sold)
        count = self.town.tells("SELECT count(*) FROM refund")[0][0]
        with suppress(RefundTooLarge, RefundNotPositive):
            self.town.refunds(f"r{count}", f"s{at}", nanos, vendor=self.sold[at])

    @rule(vendor=st.sampled_from(VENDORS), nanos=st.integers(1, 2 * 10**9))
    def receive(self, vendor, nanos):
        with unit_of_work(self.town.database) as session:
            party = parties.vendor_named(session, vendor)
        receipt = NewReceipt(party.party_id, nanos, "USD", "bank")
        receipts.add(self.town.database, party, receipt, now=self.town.clock())

    @rule(
        holder=st.sampled_from(HOLDERS),
        work=st.sampled_from(["Ode", "Essay"]),
        ppm=ppms,
        reason=st.sampled_from(HoldReason),
        since=st.sampled_from([None, Period(202602)]),
    )
    def hold(self, holder, work, ppm, reason, since):
        new = NewHold(self.holders[holder], self.works[work], ppm, reason, "dispute", since)
        with unit_of_work(self.town.database) as session:
            self.held[holds.start(session, new, now=self.town.clock())] = new

    @precondition(lambda self: self.held)
    @rule(of=st.integers(0, 9))
    def let_go(self, of):
        number = sorted(self.held)[of % len(self.held)]
        with unit_of_work(self.town.database) as session:
            holds.end(session, number, outcome="decided", now=self.town.clock())
        del self.held[number]

    @rule(
        nanos=st.sampled_from([1, 200_000_000, 10**10]),
        vendor=st.sampled_from(VENDORS),
        work=st.sampled_from(["Ode", "Essay", None]),
        guaranteed=st.sampled_from([None, date(2026, 1, 31), date(2026, 2, 28)]),
    )
    def agree(self, nanos, vendor, work, guaranteed):
        with unit_of_work(self.town.database) as session:
            payer = parties.vendor_named(session, vendor).party_id
            works = (self.works[work],) if work else None
            least = nanos + 7 if guaranteed else 0
            new = NewAdvance(payer, self.holders["Ada"], "USD", nanos, works, least, guaranteed)
            self.agreed.append(advances.insert(session, new, now=self.town.clock()))

    @precondition(lambda self: self.agreed)
    @rule(of=st.integers(0, 9))
    def pay_early(self, of):
        with suppress(AdvancePaid):
            number = self.agreed[of % len(self.agreed)]
            recouping.pay(self.town.database, number, reference="wire", **self.facts())

    @precondition(lambda self: self.rules < 2)
    @rule(ppm=ppms, months=st.integers(1, 2), holder=st.sampled_from([None, "Ada"]))
    def keep(self, ppm, months, holder):
        self.rules += 1
        self.set_rule(ppm, months, holder, Period(202601))

    def set_rule(self, ppm, months, holder, valid_from):
        with unit_of_work(self.town.database) as session:
            whose = self.holders[holder] if holder else None
            asked = {"holder_id": whose, "valid_from": valid_from}
            holdbacks.set_rule(session, HoldbackRule(ppm, months), **asked, **self.facts())

    @precondition(lambda self: self.closed)
    @rule()
    def pay_out(self):
        may_be_paid(self.town)
        made = payouts.reserve(
            self.town.database, Period(202600 + self.closed), progress=drain.silent, **self.facts()
        )
        self.transfers += made.payout_ids

    @precondition(lambda self: self.transfers)
    @rule(of=st.integers(0, 9), wanted=st.sampled_from(["sent", "confirmed", "returned"]))
    def tell_what_the_bank_did(self, of, wanted):
        with suppress(PayoutOutOfOrder):
            payouts.step(
                self.town.database,
                self.transfers[of % len(self.transfers)],
                PayoutState(wanted),
                reference="bank",
                **self.facts(),
            )

    @rule()
    def work(self):
        self.town.works()
        assert self.town.broken() == []
        self.compare()

    @precondition(lambda self: self.closed < len(MONTHS))
    @rule()
    def close(self):
        self.closed += 1
        self.town.closes(f"2026-0{self.closed}", early=True)
        self.work()

    def compare(self):
        """What each holder has is what was earned and not paid; held is what must be."""
        balances = Counter(self.town.balances("holder"))
        earned = self.earned()
        moved = Counter(
            dict(self.town.tells("SELECT holder_id, sum(moved_nanos) FROM payout_move GROUP BY 1"))
        )
        made_up = self.town.tells("SELECT sum(nanos) FROM advance_step WHERE kind = 'guarantee'")
        for holder in self.holders.values():
            has = sum(balances[f"holder:{holder}:{on}"] for on in ("held", "payable", "holdback"))
            has -= balances[f"holder:{holder}:advance"]
            whole = sum(n for (who, *_), n in earned.items() if who == holder)
            whole += int(made_up[0][0] or 0) if holder == self.holders["Ada"] else 0
            assert has - int(moved[holder]) == whole
            self.compare_held(holder, balances[f"holder:{holder}:held"], earned)
        self.compare_statements()
        check_money_states(self.town)

    def earned(self):
        rows = self.town.tells(
            "SELECT p.holder_id, l.vendor_id, l.work_id, r.period, sum(p.nanos) "
            "FROM release_part p JOIN release r USING (release_id) JOIN line l USING (line_id) "
            "GROUP BY 1, 2, 3, 4"
        )
        return {tuple(key): int(nanos) for *key, nanos in rows}

    def compare_held(self, holder, held, earned):
        whole, contested = Counter(), defaultdict(Fraction)
        for (who, vendor, work, period), nanos in earned.items():
            if who == holder:
                whole[vendor] += nanos
                over = [
                    new.share_ppm
                    for new in self.held.values()
                    if (new.holder_id, new.work_id) == (holder, work)
                    and (new.from_period is None or new.from_period.number <= period)
                ]
                contested[vendor] += Fraction(nanos * min(sum(over), ALL), ALL)
        backed = dict(
            self.town.tells(
                "SELECT vendor_id, sum(nanos) FROM backing JOIN backing_part USING (backing_id) "
                "WHERE holder_id = :h GROUP BY 1",
                h=holder,
            )
        )
        beside = dict(
            self.town.tells(
                "SELECT vendor_id, sum(CASE kind WHEN 'guarantee' THEN nanos ELSE -nanos END) "
                "FROM advance JOIN advance_step USING (advance_id) "
                "WHERE holder_id = :h AND kind <> 'advance' GROUP BY 1",
                h=holder,
            )
        )
        due = Fraction(0)
        for vendor in whole.keys() | backed.keys() | beside.keys():
            under_hold = min(max(contested[vendor], 0), max(whole[vendor], 0))
            left = whole[vendor] + int(beside.get(vendor, 0))
            due += max(left - int(backed.get(vendor, 0)), under_hold)
        assert abs(held - due) <= 4 * len(VENDORS)  # a nano a work, reason and vendor

    def compare_statements(self):
        """Each opens where the one before closed; all that is beside its lines adds up."""
        closings = Counter()
        with unit_of_work(self.town.database) as session:
            for row in statements.listing(session):
                said = statements.get(session, row.number).statement
                assert said.opening_nanos == closings[said.holder_id]
                closings[said.holder_id] = said.closing_nanos
                if said.closing.held_nanos:
                    assert sum(part.nanos for part in said.held) == said.closing.held_nanos

    def teardown(self):
        """Let every dispute end and every vendor pay: what is left is held of nobody."""
        while self.closed < len(MONTHS):
            self.close()
        for number in list(self.held):
            with unit_of_work(self.town.database) as session:
                holds.end(session, number, outcome="over", now=self.town.clock())
            del self.held[number]
        for holder in (None, "Ada"):
            self.set_rule(0, 1, holder, Period(202604))
        self.town.clock.now = datetime(2026, 7, 2, tzinfo=UTC)
        for month in (4, 5):  # what was posted late is released, and recouped or given back
            self.town.closes(f"2026-0{month}")
        owed = Counter(self.town.balances("vendor"))
        for vendor in VENDORS:
            if owed[f"vendor:{vendor.lower()}:receivable"] > 0:
                self.receive(vendor, owed[f"vendor:{vendor.lower()}:receivable"])
        self.town.closes("2026-06")
        assert [a for a in self.town.balances("holder") if a.endswith(("held", "holdback"))] == []
        self.work()


def test_in_any_order_a_holder_has_what_was_earned_and_not_paid(new_village, texts):
    run_state_machine_as_test(
        lambda: HolderMachine(new_village(), texts),
        settings=settings(
            max_examples=examples(4),
            stateful_step_count=16,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
