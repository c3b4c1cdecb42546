"""Sales, refunds, receipts, closes and releases of pools in any order: nothing is lost or made."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime

from changed_facts import back_date, refund
from examples import examples
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from pool_facts import announce, fund, pays, rate, release, simulate

from service.ledger.errors import LedgerError
from service.ledger.money_state import MoneyState
from service.ledger.period import Period
from service.ledger.threshold import Threshold
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.store import money_states, pool_plans, pools
from service.store.database import unit_of_work

ALL = 1_000_000
MONTHS = tuple(Period(202600 + month) for month in range(1, 8))
SPLITS = (
    {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333},
    {"Ada": ALL},
    {"Dee": 1, "Ben": ALL - 1},
)
VENDORS = ("Acme", "Borealis")
KNOWN = (pool_plans.WindowOpen, pool_plans.PoolUnsettled, pools.PoolReleased)


class PoolMachine(RuleBasedStateMachine):
    """A town whose vendors sell in January and February; every month a month is closed."""

    def __init__(self, town, texts):
        super().__init__()
        self.town = town
        self.texts = {"ode": texts.ode, "essay": texts.essay, "none": None}
        self.texts["part"] = f"{texts.ode} {texts.nothing}"
        self.sold, self.refunds, self.received = {}, 0, Counter()
        self.closed, self.released = 0, set()
        town.clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
        fund(town)
        rate(town, 123_457, date(2026, 2, 1))
        announce(town, "same-vendor", "all-vendors", "fund:Writers' Fund", window=15)
        self.ode = town.registers("Ode", texts.ode, SPLITS[0])
        town.registers("Essay", texts.essay, {"Bo": ALL})
        town.works()
        for vendor in VENDORS:
            for text, month in (("ode", 1), ("none", 1), ("part", 2), ("none", 2)):
                self.sell(text, vendor, 999_983, month)
        self.close()
        self.close()

    @rule(
        text=st.sampled_from(["ode", "essay", "part", "none", "none"]),
        vendor=st.sampled_from(VENDORS),
        tokens=st.sampled_from([1, 7, 999_983, 10**9]),
        month=st.sampled_from([1, 2]),
    )
    def sell(self, text, vendor, tokens, month):
        name, at = f"s{len(self.sold)}", datetime(2026, month, 5, tzinfo=UTC)
        facts = {"tier": Tier.PREMIUM, "tokens": tokens, "at": at, "vendor": vendor}
        self.town.sells(name, text=self.texts[text], **facts)
        self.sold[name] = [vendor, STANDARD_NANOS_PER_TOKEN[Tier.PREMIUM] * tokens]

    @precondition(lambda self: self.sold)
    @rule(of=st.integers(0, 20), thirds=st.integers(1, 3))
    def give_back(self, of, thirds):
        name = sorted(self.sold)[of % len(self.sold)]
        vendor, left = self.sold[name]
        part = left * thirds // 3
        if part:
            self.refunds += 1
            refund(self.town, f"r{self.refunds}", name, part, vendor=vendor)
            self.sold[name][1] -= part

    @rule(shares=st.sampled_from(SPLITS), day=st.sampled_from([1, 4, 6]))
    def split(self, shares, day):
        self.town.works()
        back_date(self.town, self.ode, shares, day=date(2026, 1, day))

    @rule(vendor=st.sampled_from(VENDORS), nanos=st.integers(1, 10**9))
    def pay(self, vendor, nanos):
        pays(self.town, nanos, vendor)
        self.received[vendor] += nanos

    @precondition(lambda self: self.closed < 4)
    @rule()
    def close(self):
        month = MONTHS[self.closed]
        self.town.works()
        self.town.closes(str(month))
        self.closed += 1
        after = MONTHS[self.closed]
        self.town.clock.now = after.end.replace(day=20, hour=12)
        assert self.town.broken() == []
        self.compare_money()

    @precondition(lambda self: self.closed > 1)
    @rule(vendor=st.sampled_from(VENDORS), month=st.sampled_from(["2026-01", "2026-02"]))
    def release(self, vendor, month):
        self.town.works()
        key = (vendor.lower(), month)
        if f"pool:unmatched:{key[0]}:{month}" not in self.town.balances("pool"):
            return
        with suppress(*KNOWN):
            told = simulate(self.town, month, key[0])
            given = sum(told.plan.parts.by_name.values())
            assert sum(told.gains.by_holder.values()) == given
            assert sum(told.gains.by_work.values()) == given
            before = sum(self.town.balances("line").values())
            posted = release(self.town, month, key[0], digest=told.plan.digest)
            assert posted.parts == told.plan.parts
            assert sum(self.town.balances("line").values()) - before == given
            assert f"pool:unmatched:{key[0]}:{month}" not in self.town.balances("pool")
            self.released.add(key)

    def compare_money(self):
        """Settled, held, payable and paid are what holders' accounts hold."""
        balances = Counter(self.town.balances("holder"))
        holders = self.town.tells("SELECT party_id FROM party WHERE slug IS NULL")
        today = self.town.clock().date()
        with unit_of_work(self.town.database) as session:
            for (number,) in holders:
                found = money_states.of_holder(session, number, threshold=Threshold(), today=today)
                stands = sum(
                    one.total(state)
                    for one in found
                    for state in MoneyState
                    if state is not MoneyState.ESTIMATED
                )
                own = (n for a, n in balances.items() if a.startswith(f"holder:{number}:"))
                assert stands == sum(own)

    def teardown(self):
        """Release what can be, let vendors pay all, then give everything back."""
        while self.closed < 3:
            self.close()
        for vendor in VENDORS:
            for month in ("2026-01", "2026-02"):
                with suppress(LedgerError):
                    self.release(vendor, month)
        for vendor in VENDORS:
            owed = self.town.balances("vendor").get(f"vendor:{vendor.lower()}:receivable", 0)
            if owed > 0:
                self.pay(vendor, owed)
        while self.closed < 5:
            self.close()
        assert [a for a in self.town.balances("holder") if a.endswith("held")] == []
        for name, (vendor, left) in self.sold.items():
            if left:
                refund(self.town, f"all {name}", name, None, vendor=vendor)
        self.town.works()
        self.close()
        bank = sum(self.received.values())
        owed = {f"vendor:{v.lower()}:receivable": -n for v, n in self.received.items() if n}
        assert self.town.balances() == owed | ({"bank": bank} if bank else {})


def test_in_any_order_a_pool_is_given_once_and_given_back_whole(new_village, texts):
    run_state_machine_as_test(
        lambda: PoolMachine(new_village(), texts),
        settings=settings(
            max_examples=examples(3),
            stateful_step_count=14,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
