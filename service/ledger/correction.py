"""Every correction is target minus posted (docs/accounting.md, *Corrections*)."""

from collections.abc import Mapping

from service.ledger.allocation import allocate
from service.ledger.errors import LedgerError
from service.ledger.journal import summed
from service.ledger.money import format_nanos


class RefundTooLarge(LedgerError):
    """A refund passes what is left of the sale."""

    def __init__(self, *, asked_nanos: int, left_nanos: int) -> None:
        super().__init__(
            f"refund of {format_nanos(asked_nanos)} asked, {format_nanos(left_nanos)} left",
            asked=format_nanos(asked_nanos),
            left=format_nanos(left_nanos),
        )


class RefundNotPositive(LedgerError):
    """A refund of nothing, or less."""

    def __init__(self, asked_nanos: int) -> None:
        super().__init__(
            f"a refund is above zero, not {format_nanos(asked_nanos)}",
            asked=format_nanos(asked_nanos),
        )


def check_refund(asked_nanos: int, *, gross_nanos: int, refunded_nanos: int) -> int:
    """Return the refund if the sale has so much left, else raise."""
    if asked_nanos <= 0:
        raise RefundNotPositive(asked_nanos)
    left = gross_nanos - refunded_nanos
    if asked_nanos > left:
        raise RefundTooLarge(asked_nanos=asked_nanos, left_nanos=left)
    return asked_nanos


def target(whole: Mapping[str, int], refunded_nanos: int, *, tie: int) -> dict[str, int]:
    """Return what a sale's accounts must hold once ``refunded_nanos`` of it were given back.

    whole: signed nanos by account, summing to zero. The refund is allocated over the debit legs and
    over the credit legs apart, so that the target balances; a refund of the gross leaves nothing.
    """
    if not refunded_nanos:
        return summed(whole.items())
    debits = {account: nanos for account, nanos in whole.items() if nanos > 0}
    credits = {account: -nanos for account, nanos in whole.items() if nanos < 0}
    back = allocate(refunded_nanos, debits, tie=tie)
    returned = allocate(refunded_nanos, credits, tie=tie)
    taken = [(account, -nanos) for account, nanos in back.items()]
    return summed([*whole.items(), *taken, *returned.items()])


def correction(target_legs: Mapping[str, int], posted: Mapping[str, int]) -> dict[str, int]:
    """Return target minus posted; empty where nothing is to be said."""
    return summed([*target_legs.items(), *((account, -n) for account, n in posted.items())])
