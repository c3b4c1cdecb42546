"""Claims among sales, refunds, receipts, closes and payouts in any order: the books stay whole."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from claim_scene import PROOF, Disputes
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ledger.errors import LedgerError
from service.ledger.hold import HoldReason
from service.ledger.tiers import Tier
from service.store import holds, rights
from service.store.database import unit_of_work
from worker import holding

NAMES = ("Ada", "Ben", "Cleo", "Dan")

who = st.sampled_from(NAMES)
_A_STEP = st.tuples(
    st.just("takes"),
    st.tuples(st.sampled_from(["contest", "accept", "withdraw", "appeal"]), who, st.integers(0, 3)),
)
steps = st.one_of(
    st.tuples(st.sampled_from(["sells", "pays"]), st.tuples(st.integers(1, 3))),
    st.tuples(st.just("refunds"), st.tuples(st.integers(1, 9))),
    st.tuples(st.sampled_from(["closes", "pays_out"]), st.just(())),
    st.tuples(st.just("waits"), st.tuples(st.integers(-3, 31))),
    st.tuples(st.just("gives_away"), st.tuples(st.integers(1, 10))),
    st.tuples(st.just("claims"), st.tuples(who, st.integers(1, 1_000_000), st.booleans())),
    st.tuples(st.just("counters"), st.tuples(who, st.integers(0, 3))),
    *[_A_STEP] * 2,
    st.tuples(
        st.just("decides"),
        st.tuples(
            st.sampled_from(["upheld", "partly", "rejected"]),
            st.integers(0, 3),
            st.sampled_from(["op-1", "op-2"]),
        ),
    ),
)


class Story:
    """A town in which Ada and Ben hold Ode, Cleo and Dan claim of it, and months go by."""

    def __init__(self, town, ode):
        self.town, self.text, self.scene = town, ode, Disputes(town)
        self.sold, self.month = 0, datetime(2026, 3, 1, tzinfo=UTC)
        self.ode = town.registers("Ode", ode, {"Ada": 600_000, "Ben": 400_000})
        for name in NAMES:
            self.scene.number(name)

    def claim_at(self, place):
        numbers = [row[0] for row in self.town.tells("SELECT claim_id FROM claim ORDER BY 1")]
        return numbers[place % len(numbers)] if numbers else 0

    def sells(self, parts):
        self.sold += 1
        name, tokens = f"s{self.sold}", parts * 100_003
        self.town.sells(
            name, text=self.text, tier=Tier.PREMIUM, tokens=tokens, at=self.town.clock()
        )

    def pays(self, parts):
        self.scene.pays(parts * 60_001_801)

    def refunds(self, parts):
        if self.sold:
            name = f"r{self.town.clock()}{parts}"
            self.town.refunds(name, f"s{self.sold}", parts * 70_000_007)

    def pays_out(self):
        self.scene.reserve(f"{self.month - timedelta(days=1):%Y-%m}")

    def waits(self, days):
        self.town.clock.now += timedelta(days=days)

    def claims(self, name, ppm, proven):
        self.scene.claim(name, self.ode, ppm, evidence=PROOF if proven else None)

    def counters(self, name, place):
        self.scene.counters(name, self.claim_at(place), self.ode, 50_000)

    def takes(self, step, name, place):
        self.scene.takes(name, step, self.claim_at(place))

    def decides(self, outcome, place, by):
        self.scene.decides(self.claim_at(place), outcome, 1, by=by)

    def closes(self):
        """Close the oldest month that is open; the clock goes on to its end where it must."""
        after = (self.month + timedelta(days=32)).replace(day=1)
        self.town.clock.now = max(self.town.clock.now, after)
        self.town.closes(f"{self.month:%Y-%m}")
        self.month = after

    def gives_away(self, tenth):
        with unit_of_work(self.town.database) as session:
            split = rights.history(session, self.ode)[-1].shares_ppm
            giver = max(split, key=split.get)
            part = split[giver] * tenth // 10
            to = self.scene.number("Dan")
            shares = split | {giver: split[giver] - part}
            shares[to] = shares.get(to, 0) + part
            rights.back_date(
                session,
                self.ode,
                {h: s for h, s in shares.items() if s},
                day=self.town.clock().date(),
                reason="sold",
                by="op",
                now=self.town.clock(),
            )

    def check_holds(self):
        """An open claim has its holds, one that has ended and settled has none."""
        rows = self.town.tells(
            "SELECT c.state IN ('verified', 'rejected', 'withdrawn', 'expired'), c.settled_at, "
            "(SELECT count(*) FROM hold h WHERE h.ended_at IS NULL AND h.cause = 'claim ' "
            "|| c.claim_id) FROM claim c"
        )
        for is_final, settled_at, active in rows:
            assert (settled_at is None) is (active > 0)
            assert is_final or settled_at is None

    def check_money(self):
        """Nobody is held more than is earned; nothing is paid of what is contested."""
        with unit_of_work(self.town.database) as session:
            everybody = [self.scene.number(name) for name in NAMES]
            active = holds.active_of(session)
            for whose, parts in holding.free_amounts(session, everybody).items():
                for one in parts:
                    assert 0 <= one.contested_nanos <= max(one.earned_nanos, 0), whose
                held = {h.hold.reason for h in active if h.hold.holder_id == whose.holder_id}
                assert held <= {HoldReason.CONTESTED}

    def end(self):
        """Let every claim come to its end and close the months its corrections were posted in."""
        for _ in range(4):
            open_ones = self.town.tells(
                "SELECT claim_id FROM claim WHERE state IN ('contested', 'unanswered', 'appealed')"
            )
            for place, (number,) in enumerate(open_ones):
                outcome = "upheld" if place % 2 else "rejected"
                for by in ("op-1", "op-2"):
                    with suppress(LedgerError):
                        self.scene.decides(number, outcome, by=by)
            self.town.clock.now += timedelta(days=31)
            self.town.works()
        last = self.town.clock()
        while self.month <= last:
            self.closes()
        self.town.works()


@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    claimed=st.tuples(*(st.integers(1, 1_000_000) for _ in range(3))),
    history=st.lists(steps, min_size=8, max_size=24),
)
def test_any_history_leaves_whole_books_and_no_hold_behind(new_village, texts, claimed, history):
    """It begins with sales, a part of them paid for, and three claims, one without evidence."""
    story = Story(new_village(), texts.ode)
    story.sells(3)
    story.pays(2)
    for name, ppm, proven in zip(("Cleo", "Dan", "Ben"), claimed, (True, True, False), strict=True):
        with suppress(LedgerError):
            story.claims(name, ppm, proven)
    story.closes()
    for step, told in history:
        with suppress(LedgerError):
            getattr(story, step)(*told)
        story.town.works()
        story.check_holds()
        story.check_money()
    story.end()
    assert story.town.broken() == []
    assert story.town.tells("SELECT count(*) FROM claim WHERE settled_at IS NULL") == [(0,)]
    assert story.town.tells("SELECT count(*) FROM hold WHERE ended_at IS NULL") == [(0,)]
    moved = story.town.tells("SELECT coalesce(sum(nanos), 0) FROM hold_posting")
    assert moved == [(0,)]
