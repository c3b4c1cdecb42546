"""A payout: one transfer for one statement, from the money that stands behind it to its holder."""

from collections.abc import Mapping
from enum import StrEnum

from service.ledger.errors import LedgerError
from service.ledger.money import floor_to_minor, format_nanos


class PayoutState(StrEnum):
    """How far a transfer has come. What the bank returned is the holder's again."""

    RESERVED = "reserved"
    SENT = "sent"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


FOLLOWS: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.SENT: frozenset((PayoutState.RESERVED,)),
    PayoutState.CONFIRMED: frozenset((PayoutState.SENT,)),
    PayoutState.RETURNED: frozenset(
        (PayoutState.RESERVED, PayoutState.SENT, PayoutState.CONFIRMED)
    ),
}
"""What each state may come after; a reserved payout is the beginning."""


BANK_MOVES = frozenset(
    (
        (PayoutState.SENT, PayoutState.CONFIRMED),
        (PayoutState.CONFIRMED, PayoutState.RETURNED),
    )
)
"""Steps with which the bank's balance changes."""


class PayoutOutOfOrder(LedgerError):
    """A payout was to take a step that does not follow the one it stands at."""

    def __init__(self, payout_id: int, *, state: PayoutState, wanted: PayoutState) -> None:
        super().__init__(
            f"payout {payout_id} is {state}: it cannot become {wanted}",
            payout_id=payout_id,
            state=str(state),
            wanted=str(wanted),
        )


class NothingPayable(LedgerError):
    """A statement says that nothing is payable, or what it said has been taken back since."""

    def __init__(self, number: str, *, stated_nanos: int, payable_nanos: int) -> None:
        super().__init__(
            f"statement {number} has nothing to pay: it states {format_nanos(stated_nanos)}, "
            f"{format_nanos(payable_nanos)} is payable now",
            number=number,
            stated_nanos=stated_nanos,
            payable_nanos=payable_nanos,
        )


class PayoutWaits(LedgerError):
    """Something about its payee keeps a statement from being paid; ``cause`` says what."""

    def __init__(self, number: str, payee_id: int, cause: LedgerError) -> None:
        super().__init__(
            f"statement {number} waits: {cause.sentence}",
            number=number,
            payee_id=payee_id,
            cause=cause.code,
            until=cause.facts.get("until"),
        )


class BankTooLow(LedgerError):
    """The bank holds less, after what is reserved already, than a payout would take."""

    def __init__(self, number: str, currency: str, *, wanted_nanos: int, free_nanos: int) -> None:
        super().__init__(
            f"statement {number} wants {format_nanos(wanted_nanos)} {currency}, the bank has "
            f"{format_nanos(free_nanos)} that is not reserved",
            number=number,
            currency=currency,
            wanted_nanos=wanted_nanos,
            free_nanos=free_nanos,
        )


class BankMovesNet(LedgerError):
    """The bank was said to have moved another amount where nothing was exchanged."""

    def __init__(self, payout_id: int, *, net_nanos: int, bank_nanos: int) -> None:
        super().__init__(
            f"payout {payout_id}: the bank moves {format_nanos(net_nanos)} with this step, not "
            f"{format_nanos(bank_nanos)}; a wrong payment is corrected after it is confirmed",
            payout_id=payout_id,
            net_nanos=net_nanos,
            bank_nanos=bank_nanos,
        )


def check_bank_moves(
    payout_id: int, *, exchanged: bool, net_nanos: int, bank_nanos: int | None
) -> None:
    """Raise BankMovesNet unless the bank moves the net, or exchanged and moves something."""
    if bank_nanos is None or bank_nanos == net_nanos:
        return
    if not exchanged or bank_nanos <= 0:
        raise BankMovesNet(payout_id, net_nanos=net_nanos, bank_nanos=bank_nanos)


def amount_due(number: str, currency: str, *, stated_nanos: int, payable_nanos: int) -> int:
    """Return what is paid of a statement: all it states, or what is still payable of it.

    ``payable_nanos``: the holder's account now, which may be less after a clawback; it is floored
    to the minor unit, the rest stays. Raises NothingPayable.
    """
    amount = min(stated_nanos, floor_to_minor(payable_nanos, currency))
    if amount <= 0:
        raise NothingPayable(number, stated_nanos=stated_nanos, payable_nanos=payable_nanos)
    return amount


def check_follows(payout_id: int, *, state: PayoutState, wanted: PayoutState) -> None:
    """Raise PayoutOutOfOrder unless one state may come after the other."""
    if state not in FOLLOWS.get(wanted, frozenset()):
        raise PayoutOutOfOrder(payout_id, state=state, wanted=wanted)


def moved(amount_nanos: int, wanted: PayoutState) -> int:
    """Return what a step adds to what a holder has: less when reserved, more when returned."""
    sign = {PayoutState.RESERVED: -1, PayoutState.RETURNED: 1}.get(wanted, 0)
    return sign * amount_nanos
