"""Random histories of one holder's payouts: in every step all that was earned is somewhere."""

from collections import Counter
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from service.ledger.exchange import Rate
from service.ledger.money import floor_to_minor
from service.ledger.payout import FOLLOWS, PayoutState, moved
from service.ledger.payout_correction import (
    Corrected,
    CorrectionKind,
    CorrectionRefused,
    NewCorrection,
    check,
    legs,
)
from service.ledger.payout_correction import moved as corrected_by
from service.ledger.transfer import Fee, NothingLeft, divide, entries

DAY = date(2026, 2, 2)
PAYABLE = "holder:7:payable"
RESERVED, SENT, CONFIRMED, RETURNED = PayoutState

rates = st.one_of(
    st.none(),
    st.builds(
        Rate,
        st.just(1),
        st.just("USD"),
        st.sampled_from(["JPY", "KWD", "EUR"]),
        st.integers(200, 10**6),
        st.sampled_from([100, 1_000]),
        st.just(DAY),
        st.just("ECB"),
    ),
)
events = st.one_of(
    st.tuples(st.just("earn"), st.integers(-40, 10**6)),
    st.tuples(
        st.just("reserve"),
        st.sampled_from([0, 50_000, 204_200, 900_000]),
        st.builds(Fee, st.sampled_from([0, 10**9]), st.sampled_from([0, 25_000])),
        rates,
    ),
    st.tuples(
        st.just("step"),
        st.integers(0, 5),
        st.sampled_from([SENT, CONFIRMED, RETURNED]),
        st.sampled_from([-7, 0, 0, 1, 10**7]),
    ),
    st.tuples(
        st.just("correct"),
        st.integers(0, 5),
        st.sampled_from(list(CorrectionKind)),
        st.sampled_from([-(10**9), -1, 1, 10**9]),
    ),
)


class Books:
    """Balances by account and currency, and what each payout has come to."""

    def __init__(self):
        self.balances, self.earned, self.taken = Counter(), 0, 0
        self.payouts = []

    def post(self, currency, legs_):
        assert sum(legs_.values()) == 0
        for account, nanos in legs_.items():
            self.balances[account, currency] += nanos

    def on(self, account, currency="USD"):
        return self.balances[account, currency]

    def reserved(self):
        """What the bank owes for payouts under way."""
        under_way = (one for one, state, *_ in self.payouts if state in {RESERVED, SENT})
        return sum(one.net_nanos for one in under_way)

    def earn(self, dimes):
        nanos = dimes * 10**8 + 3
        self.earned += nanos
        self.post("USD", {"held": nanos, PAYABLE: -nanos})
        if nanos > 0:  # a vendor's receipt stands behind it
            self.post("USD", {"bank": nanos, "vendor": -nanos})

    def reserve(self, ppm, fee, rate):
        due = floor_to_minor(-self.on(PAYABLE), "USD")
        try:
            one = divide(7, "USD", due, tax_rule="x", tax_ppm=ppm, fee=fee, rate=rate)
        except NothingLeft:
            return
        if one.net_nanos <= self.on("bank") - self.reserved():
            self.payouts.append([one, RESERVED, Corrected(), 0])
            self.say(one, RESERVED, None)

    def say(self, one, wanted, state, bank_nanos=None):
        said = entries(one, wanted=wanted, state=state, bank_nanos=bank_nanos)
        for currency, each in said.values():
            self.post(currency, each)
        self.taken += moved(one.gross_nanos, wanted)

    def step(self, of, wanted, beside):
        if not self.payouts:
            return
        payout = self.payouts[of % len(self.payouts)]
        one, state, corrected, gain = payout
        astray = wanted is RETURNED and corrected.misdirected
        if state not in FOLLOWS[wanted] or astray:
            return
        moves = (state, wanted) in {(SENT, CONFIRMED), (CONFIRMED, RETURNED)}
        bank = max(one.net_nanos + beside, 1) if one.exchanged and moves else None
        if wanted is CONFIRMED and (bank or 0) - one.net_nanos > self.on("bank") - self.reserved():
            return
        self.say(one, wanted, state, bank)
        sign = 1 if wanted is CONFIRMED else -1
        payout[1], payout[3] = wanted, gain + sign * ((bank or one.net_nanos) - one.net_nanos)
        if wanted is RETURNED and state is not CONFIRMED:
            payout[3] = 0

    def correct(self, of, kind, nanos):
        if not self.payouts:
            return
        payout = self.payouts[of % len(self.payouts)]
        one, state, before, gain = payout
        whole = kind is CorrectionKind.MISDIRECTED
        new = NewCorrection(1, kind, one.net_nanos if whole else nanos, "wrong")
        try:
            check(new, one, state, before)
        except CorrectionRefused:
            return
        said = legs(new, one)
        if -said.get("bank", 0) > self.on("bank") - self.reserved():
            return
        self.post("USD", said)
        self.taken += corrected_by(new, one)
        amount = new.nanos if kind is CorrectionKind.AMOUNT else 0
        left = before.astray_nanos + (one.net_nanos if whole else 0)
        left -= new.nanos if kind in {CorrectionKind.RECOVERED, CorrectionKind.LOST} else 0
        payout[2] = Corrected(before.too_much_nanos + amount, before.misdirected or whole, left)
        payout[3] = gain - (amount if one.exchanged else 0)

    def compare(self):
        currencies = {currency for _, currency in self.balances}
        for currency in currencies:
            assert sum(n for (_, c), n in self.balances.items() if c == currency) == 0
        # earned = payable and what was taken of it; taken = tax, fee and what the payee was paid
        assert -self.on(PAYABLE) == self.earned + self.taken
        standing = [one for one in self.payouts if one[1] is not RETURNED]
        kept = [one for one, _, corrected, _ in standing if not corrected.misdirected]
        assert -self.on("tax:x:payable") == sum(one.tax_nanos for one in kept)
        astray = sum(corrected.astray_nanos for _, _, corrected, _ in self.payouts)
        assert self.on("payout:recovery") == astray
        assert self.on("bank") >= self.reserved() >= 0
        self.compare_exchange()

    def compare_exchange(self):
        """Beside what is under way only what the bank made of it is left on exchanges."""
        for target in ("JPY", "KWD", "EUR"):
            of_pair = [each for each in self.payouts if each[0].to_currency == target]
            under_way = [one for one, state, *_ in of_pair if state in {RESERVED, SENT}]
            paid = sum(one.paid_nanos for one in under_way)
            assert self.on(f"fx:USD:{target}", target) == paid
            assert self.on("payout:clearing", target) == -paid
            gains = sum(gain for *_, gain in of_pair)
            left = gains - sum(one.net_nanos for one in under_way)
            assert self.on(f"fx:USD:{target}") == left


@settings(max_examples=400, deadline=None)
@given(st.lists(events, min_size=4, max_size=30))
def test_paid_and_payable_are_what_was_earned_and_exchanges_net_out(history):
    books = Books()
    for name, *facts in (("earn", 540), *history):
        getattr(books, name)(*facts)
        books.compare()
