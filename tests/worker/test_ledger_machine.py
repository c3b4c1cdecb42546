"""Everything that can happen to the books, in any order, beside a small ledger in fractions."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, time

from both_ledgers import BothLedgers
from changed_facts import back_date, correct_contract, reattribute, refund, restate
from exact_ledger import ALL, PRICE, ExactLedger, Sold
from examples import examples
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from licence_terms import corrects_terms, vendor_id

from service.ledger.correction import RefundNotPositive, RefundTooLarge
from service.ledger.tiers import Tier
from service.store import back_pay, findings, late_matches, parties, rights, works
from service.store.database import unit_of_work
from service.store.receipts import NewReceipt
from service.store.sale_versions import NothingRestated
from worker import receipts

DECEMBER, NEW_YEAR = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MONTHS = [date(2026, month, 1) for month in (1, 2, 3, 4, 5)]
VENDORS = ("Acme", "Borealis")
SPLITS = (
    {"Ada": ALL},
    {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333},
    {"Dee": 1, "Ada": ALL - 1},
    {f"Heir {n}": ALL // 20 for n in range(20)},
)

DAYS = (date(2026, 1, 2), date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 1))
days = st.sampled_from(DAYS)
tiers = st.sampled_from(["elite", "premium", "high-speed", "standard", "free"])
tokens = st.sampled_from([1_000_000, 999_983, 10**12, 1, 7, 0])


class LedgerMachine(BothLedgers, RuleBasedStateMachine):
    """Tells facts to a town and to the exact ledger; both must come to the same."""

    def __init__(self, town, texts):
        RuleBasedStateMachine.__init__(self)
        BothLedgers.__init__(self, town, ExactLedger(), dict.fromkeys(VENDORS, 0))
        self.told = 0
        self.texts = {
            "ode": texts.ode,
            "essay": texts.essay,
            "report": texts.nothing,
            "both": f"{texts.ode} {texts.nothing} {texts.essay}",
            "none": None,
        }
        self.since, self.parked = {}, []
        self.registers("ode", SPLITS[1], NEW_YEAR)
        elder = town.registers("Elder", texts.essay, {"Eve": ALL}, on=DECEMBER)
        self.copy = self.registers("essay", {"Bo": ALL}, NEW_YEAR, more=" The end.")
        town.works()
        with unit_of_work(town.database) as session:
            works.withdraw(session, elder, now=NEW_YEAR)
        for day in DAYS:
            for text in ("ode", "both"):  # one of each vendor
                self.sell(text, "premium", 999_983, day)

    def registers(self, title, shares, on, more=""):
        work = self.town.registers(title, self.texts[title] + more, shares, on=on)
        self.since[work] = on.date()
        self.note_split(work, shares, on.date())
        return work

    def note_split(self, work, shares, day):
        """The newest version takes the place of those that begin on its day or later."""
        query = "SELECT max(rights_version_id) FROM rights_version WHERE work_id = :work"
        ((version,),) = self.town.tells(query, work=work)
        earlier = {d: v for d, v in self.exact.splits[work].items() if d < day}
        self.exact.splits[work] = earlier | {day: version}
        self.exact.holders[version] = shares

    def number(self):
        self.told += 1
        return f"{self.told:04d}"

    # Facts: what a rule refuses has no effect, and the exact ledger says when

    @rule(
        text=st.sampled_from(["ode", "both", "essay", "report", "none"]),
        tier=tiers,
        count=tokens,
        day=days,
    )
    def sell(self, text, tier, count, day):
        name = f"s{len(self.exact.sales)}"
        vendor, at = vendor_of(name), datetime.combine(day, time(12), UTC)
        item = {"tier": Tier(tier), "tokens": count, "at": at, "vendor": vendor}
        self.town.sells(name, text=self.texts[text], **item)
        self.exact.sales[name] = Sold(vendor.lower(), day, (tier, count), tier, count)

    @rule(of=st.integers(0, 11), eighths=st.integers(0, 9), more=st.sampled_from([0, 0, 1, -1]))
    def give_back(self, of, eighths, more):
        name = f"s{of % (len(self.exact.sales) + 2)}"
        sale = self.exact.sales.get(name)
        gross = sale.gross if sale else 6_000_000_000
        self.refund(name, None if eighths == 0 else max(gross * eighths // 8 + more, 1))

    def refund(self, name, nanos):
        number, known = f"r{self.number()}", name in self.exact.sales
        if not known:
            self.parked.append((name, nanos))
        taken = not known or self.take(name, nanos)
        try:
            refund(self.town, number, name, nanos, vendor=vendor_of(name))
        except (RefundTooLarge, RefundNotPositive):
            assert not taken
        else:
            assert taken

    def take(self, name, nanos):
        """Take a refund into the exact ledger if its sale has so much left."""
        sale = self.exact.sales[name]
        left = sale.gross - sale.refunded
        fits = 0 < (left if nanos is None else nanos) <= left
        sale.refunded += (left if nanos is None else nanos) if fits else 0
        return fits

    @precondition(lambda self: self.exact.sales)
    @rule(of=st.integers(0, 11), tier=tiers, count=tokens)
    def tell_otherwise(self, of, tier, count):
        name = f"s{of % len(self.exact.sales)}"
        sale = self.exact.sales[name]
        same, left = (tier, count) == (sale.tier, sale.tokens), PRICE[tier] * count - sale.refunded
        if not same and left >= 0:
            sale.tier, sale.tokens = tier, count
        number, vendor = f"v{self.number()}", vendor_of(name)
        try:
            restate(self.town, number, name, tier=Tier(tier), tokens=count, vendor=vendor)
        except (NothingRestated, RefundTooLarge):
            assert same or left < 0
        else:
            assert not same
            assert left >= 0

    @rule(
        vendor=st.sampled_from(VENDORS), day=days, ppm=st.sampled_from([0, 1, 66_667, 150_000, ALL])
    )
    def sign_late(self, vendor, day, ppm):
        correct_contract(self.town, day=day, premium_ppm=ppm, vendor=vendor)
        self.exact.pools[vendor.lower()][day] = ppm

    @rule(of=st.integers(0, 2), shares=st.sampled_from(SPLITS), day=days)
    def split(self, of, shares, day):
        work = sorted(self.since)[of % len(self.since)]
        sold = [sale.day for sale in self.exact.sales.values()]
        if day > max([*self.exact.splits[work], *sold]):
            with unit_of_work(self.town.database) as session:
                now = self.town.clock()
                parts = {
                    parties.holder_named(session, name, now=now).party_id: ppm
                    for name, ppm in shares.items()
                }
                rights.change_split(session, work, parts, day=day, now=now)
        else:
            back_date(self.town, work, shares, day=day)
        self.note_split(work, shares, day)

    @rule(of=st.integers(0, 2), vendors=st.sets(st.sampled_from(VENDORS)), day=days)
    def exclude(self, of, vendors, day):
        """Only these vendors may not use a work from a day on, whatever was settled."""
        work = sorted(self.since)[of % len(self.since)]
        barred = frozenset(vendor_id(self.town, vendor) for vendor in vendors)
        corrects_terms(self.town, work, since=day, excluded_vendor_ids=barred)
        self.exact.excluded[work][day] = {vendor.lower() for vendor in vendors}

    @rule(vendor=st.sampled_from(VENDORS), nanos=st.integers(1, 10**10))
    def pay(self, vendor, nanos):
        with unit_of_work(self.town.database) as session:
            party = parties.vendor_named(session, vendor)
        receipt = NewReceipt(party.party_id, nanos, "USD", "bank")
        receipts.add(self.town.database, party, receipt, now=self.town.clock())
        self.received[vendor] += nanos

    @rule(upheld=st.booleans())
    def decide_the_finding(self, *, upheld):
        with unit_of_work(self.town.database) as session:
            (found,) = findings.of_work(session, self.copy)
            decide = findings.confirm if upheld else findings.dismiss
            with suppress(findings.FindingDecided):
                now = self.town.clock()
                decide(session, found.finding_id, by="op", reason="Seen.", now=now)
        for sale in self.town.tells("SELECT sale_id FROM sale"):
            reattribute(self.town, sale_id=sale[0])

    @precondition(lambda self: len(self.since) == 2)
    @rule()
    def claim_late(self):
        self.registers("report", {"Rae": ALL}, MARCH)
        self.work()
        with unit_of_work(self.town.database) as session:
            facts = {"by": "op", "reason": "Printed.", "evidence": "ISBN", "now": self.town.clock()}
            for match in late_matches.listing(session, only_open=True, limit=10):
                decided = late_matches.approve(session, match.late_match_id, **facts)
                back_pay.grant(session, decided, by="op", now=self.town.clock())

    # What the worker does about them

    @rule()
    def work(self):
        self.town.works()
        self.follow()
        self.compare()

    @precondition(lambda self: self.exact.closed < MONTHS[2])
    @rule()
    def close(self):
        closing = next(month for month in MONTHS if month > self.exact.closed)
        self.town.closes(f"{closing:%Y-%m}", early=True)
        self.exact.closed = closing
        self.follow(closing=closing)
        self.compare()
        assert self.town.broken() == []

    def follow(self, *, closing=None):
        """Let the exact ledger do what the worker did, by what outputs were found to be like."""
        granted = set(
            self.town.tells("SELECT external_id, work_id FROM sale JOIN back_pay USING (sale_id)")
        )
        judged = self.town.tells(
            "SELECT external_id, version, work_ids, shares_ppm FROM sale_attribution "
            "JOIN attribution USING (attribution_id) JOIN sale USING (sale_id) ORDER BY version"
        )
        for name, version, of_works, ppm in judged:
            sale = self.exact.sales[name]
            found = dict(zip(of_works, ppm, strict=True))
            earning = {w for w in found if sale.day >= self.since[w] or (name, w) in granted}
            sale.shares = {work: found[work] for work in earning}
            sale.first_shares = sale.shares if version == 1 else sale.first_shares
        self.exact.settle(closing=closing)
        came = [one for one in self.parked if one[0] in self.exact.sales]
        self.parked = [one for one in self.parked if one not in came]
        for name, nanos in came:
            self.take(name, nanos)
        self.exact.correct()

    def teardown(self):
        """Close, let vendors pay all they owe, pay it out, then give all of it back."""
        self.work()
        while self.exact.closed < MONTHS[2]:
            self.close()
        owed = Counter(self.town.balances("vendor"))
        for vendor in VENDORS:
            if owed[f"vendor:{vendor.lower()}:receivable"] > 0:
                self.pay(vendor, owed[f"vendor:{vendor.lower()}:receivable"])
        self.town.clock.now = datetime(2026, 5, 2, tzinfo=UTC)
        self.close()
        assert [a for a in self.town.balances("holder") if a.endswith("held")] == []
        self.pay_out_and_return_the_rest()
        for name, sale in self.exact.sales.items():
            if sale.gross > sale.refunded:
                self.refund(name, None)
        self.work()
        self.town.clock.now = datetime(2026, 6, 2, tzinfo=UTC)
        self.close()
        paid = {f"vendor:{v.lower()}:receivable": -n for v, n in self.received.items() if n}
        bank = {"bank": self.in_the_bank} if self.in_the_bank else {}
        assert self.town.balances() == paid | bank | self.overpaid()

    def overpaid(self):
        """What was paid of sales that were all given back: later earnings make it good."""
        names = dict(self.town.tells("SELECT name, party_id FROM party WHERE slug IS NULL"))
        moved = {name: self.moved(name) for name in names}
        return {f"holder:{names[name]}:payable": nanos for name, nanos in moved.items() if nanos}


def vendor_of(sale):
    """Even sales are of the one vendor, odd ones of the other."""
    return VENDORS[int(sale[1:]) % 2]


def test_in_any_order_the_books_come_to_what_fractions_come_to(new_village, texts):
    run_state_machine_as_test(
        lambda: LedgerMachine(new_village(), texts),
        settings=settings(
            max_examples=examples(5),
            stateful_step_count=14,
            deadline=None,
            phases=[
                Phase.generate
            ],  # shrinking takes minutes: add Phase.shrink to look for a cause
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
