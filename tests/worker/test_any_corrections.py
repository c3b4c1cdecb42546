"""Changes of every kind in any order, with closes and payments between: always target = posted."""

from contextlib import suppress
from datetime import UTC, date, datetime

from changed_facts import back_date, correct_contract, refund, restate
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ledger.correction import RefundTooLarge
from service.ledger.tiers import Tier
from service.store import sales
from service.store.database import unit_of_work
from service.store.sale_versions import NothingRestated

MONTHS = ("2026-01", "2026-02")
SOLD_AT = {
    "one": datetime(2026, 1, 20, tzinfo=UTC),
    "two": datetime(2026, 1, 5, tzinfo=UTC),
    "three": datetime(2026, 2, 3, tzinfo=UTC),
}
ALL = 1_000_000
SPLITS = (
    {"Ada": ALL},
    {"Ada": 333_334, "Ben": 333_333, "Cleo": 333_333},
    {"Dee": 1, "Ada": ALL - 1},
)

sale = st.sampled_from(sorted(SOLD_AT))
changes = st.one_of(
    st.tuples(st.just("refund"), sale, st.integers(1, 5_000_000_000)),
    st.tuples(
        st.just("restate"),
        sale,
        st.sampled_from([Tier.FREE, Tier.STANDARD, Tier.PREMIUM, Tier.ELITE]),
        st.integers(0, 2_000_000),
    ),
    st.tuples(
        st.just("contract"),
        st.dates(date(2026, 1, 1), date(2026, 2, 10)),
        st.sampled_from([0, 1, 50_000, 100_000]),
    ),
    st.tuples(
        st.just("split"), st.dates(date(2026, 1, 1), date(2026, 2, 10)), st.sampled_from(SPLITS)
    ),
    st.tuples(st.just("work")),
    st.tuples(st.just("close")),
)


class Story:
    """Tells changes to a town; what a rule refuses has no effect."""

    def __init__(self, town, texts):
        self.town, self.closed, self.told = town, 0, 0
        self.ode = town.registers("Ode", texts.ode, SPLITS[1])
        for name, at in SOLD_AT.items():
            town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=ALL, at=at)
        self.acme = town.tells("SELECT party_id FROM party WHERE slug = 'acme'")[0][0]

    def tell(self, kind, *facts):
        self.told += 1
        getattr(self, kind)(*facts)

    def refund(self, name, nanos):
        with suppress(RefundTooLarge):
            refund(self.town, f"r{self.told}", name, nanos)

    def restate(self, name, tier, tokens):
        with suppress(RefundTooLarge, NothingRestated):
            restate(self.town, f"s{self.told}", name, tier=tier, tokens=tokens)

    def contract(self, day, premium_ppm):
        correct_contract(self.town, day=day, premium_ppm=premium_ppm)

    def split(self, day, shares):
        back_date(self.town, self.ode, shares, day=day)

    def work(self):
        self.town.works()

    def close(self):
        if self.closed < len(MONTHS):
            self.town.closes(MONTHS[self.closed], early=True)
            self.closed += 1

    def give_all_back(self):
        """Refund what is left of every sale, and close until the books have said so."""
        self.town.works()
        for name in SOLD_AT:
            with unit_of_work(self.town.database) as session:
                sold = sales.find(session, self.acme, name)
            left = sold.gross_nanos - int(sold.refunded_nanos)
            if left:
                refund(self.town, f"last {name}", name, left)
        self.town.works()
        for month in (*MONTHS[self.closed :], "2026-03"):
            self.town.closes(month, early=True)


@given(told=st.lists(changes, max_size=8))
@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_happens_the_books_hold_and_giving_all_back_leaves_zero(new_town, texts, told):
    town = new_town()
    story = Story(town, texts)
    for one in told:
        story.tell(*one)
    town.works()
    assert town.broken() == []
    story.give_all_back()
    assert town.balances() == {}
    assert town.broken() == []
