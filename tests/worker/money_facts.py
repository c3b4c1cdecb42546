"""What money states must come to, whatever happened: asked by every machine of random histories."""

from collections import Counter

from service.ledger.money_state import MoneyState, WhyNotPaid
from service.ledger.threshold import Threshold
from service.store import money_states
from service.store.database import unit_of_work


def check_money_states(town):
    """Settled, held, payable and paid of each holder are what its accounts and payouts say."""
    balances = Counter(town.balances("holder"))
    paid = Counter(
        {
            (holder, currency): -int(nanos)
            for holder, currency, nanos in town.tells(
                "SELECT holder_id, currency, sum(moved_nanos) FROM payout_move GROUP BY 1, 2"
            )
        }
    )
    today = town.clock().date()
    for (holder,) in town.tells("SELECT party_id FROM party WHERE kind = 'holder'"):
        with unit_of_work(town.database) as session:
            found = money_states.of_holder(session, holder, threshold=Threshold(), today=today)
        of = {state: sum(one.total(state) for one in found) for state in MoneyState}
        has = {on: balances[f"holder:{holder}:{on}"] for on in ("held", "holdback", "payable")}
        assert of[MoneyState.HELD] == has["held"] + has["holdback"]
        gone = sum(nanos for (who, _), nanos in paid.items() if who == holder)
        unpaid = [part for one in found for part in one.unpaid]
        way = sum(part.nanos for part in unpaid if part.why is WhyNotPaid.UNDER_WAY)
        assert of[MoneyState.PAID] + way == gone
        assert of[MoneyState.SETTLED] + of[MoneyState.PAYABLE] - way == has["payable"]
        assert all(part.sentence for part in unpaid)
        assert way >= 0
        earned = sum(one.earned_nanos for one in found)
        assert earned == sum(has.values()) - balances[f"holder:{holder}:advance"] + gone
