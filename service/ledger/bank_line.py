"""What a bank says of a transfer: paid or returned, how much, and by which reference."""

import hashlib
import re
from dataclasses import dataclass

from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos
from service.ledger.payout import PayoutState

_REFERENCE = re.compile(r"WS-PAYOUT-([1-9][0-9]{0,17})", re.ASCII)


class BadBankLine(LedgerError):
    """A line of what a bank says cannot be read."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


class UnknownTransfer(LedgerError):
    """A line speaks of a transfer that is not ours."""

    def __init__(self, place: str, reference: str) -> None:
        super().__init__(
            f"{place}: {reference[:80]!r} is no transfer of ours",
            place=place,
            reference=reference[:80],
        )


class AmountDiffers(LedgerError):
    """A line says another amount than the payout: nothing is done, an operator corrects it."""

    def __init__(
        self, place: str, payout_id: int, *, paid_nanos: int, said_nanos: int, currency: str
    ) -> None:
        super().__init__(
            f"{place}: payout {payout_id} pays {format_nanos(paid_nanos)} {currency}, the bank "
            f"says {format_nanos(said_nanos)}: confirm it by hand, then correct it",
            place=place,
            payout_id=payout_id,
            paid_nanos=paid_nanos,
            said_nanos=said_nanos,
            currency=currency,
        )


@dataclass(frozen=True, slots=True)
class BankLine:
    """One line. ``nanos`` are in the payee's ``currency``; ``bank_nanos`` what the account moved.

    ``outcome``: confirmed or returned. ``bank_reference``: the bank's own, which makes the line
    known again; ``note``: why it came back.
    """

    place: str
    reference: str
    outcome: PayoutState
    currency: str
    nanos: int
    bank_currency: str
    bank_nanos: int
    bank_reference: str
    note: str = ""

    @property
    def digest(self) -> bytes:
        """By what the same line is known again, whatever file it comes in."""
        fields = (self.reference, str(self.outcome), self.currency, str(self.nanos))
        return hashlib.sha256("\n".join((*fields, self.bank_reference)).encode()).digest()


def reference_of(payout_id: int) -> str:
    """Name a payout to the bank: its end-to-end id."""
    return f"WS-PAYOUT-{payout_id}"


def payout_id_of(reference: str) -> int | None:
    """Inverse of ``reference_of``; None for any other text."""
    found = _REFERENCE.fullmatch(reference.strip())
    return int(found[1]) if found else None
