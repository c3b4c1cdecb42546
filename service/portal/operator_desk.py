"""What the operator's pages need of the worker, as a protocol; ``worker/web.py`` hands it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from service.ledger.ageing import Aged
from service.ledger.payout import PayoutState
from service.ledger.payout_correction import NewCorrection
from service.store.payouts import StoredPayout


@dataclass(frozen=True, slots=True)
class Explained:
    """An amount explained: a heading, named facts, tables of (heading, columns, rows)."""

    heading: str
    facts: Mapping[str, object]
    tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[object]]]]


@dataclass(frozen=True, slots=True)
class Debt:
    """What one vendor owes in one currency, by month."""

    vendor_id: int
    currency: str
    aged: Aged


@dataclass(frozen=True, slots=True)
class BankTaken:
    """What a file of a bank came to. errors: sentences, one a line that was not taken."""

    confirmed: int
    returned: int
    known: int
    errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class FileForBank:
    """A file of transfers; the same bytes whenever it is asked for again."""

    name: str
    payout_ids: Sequence[int]
    content: bytes


class OperatorDesk(Protocol):
    """What only the worker can do, asked for by an operator and done at once."""

    def explain(self, kind: str, name: str) -> Explained:
        """Recompute an amount named as the command ``explain KIND NAME`` takes it."""
        ...

    def debts(self) -> Sequence[Debt]:
        """List what vendors owe for months that are closing or closed."""
        ...

    def receive(self, vendor: str, nanos: int, currency: str, reference: str) -> int:
        """Post money that a vendor paid; return the number of the receipt."""
        ...

    def write_off(self, vendor: str, nanos: int, currency: str, *, reason: str, by: str) -> int:
        """Post that money of a vendor is not expected any more."""
        ...

    def files_for_bank(self, run_id: int, *, by: str) -> Sequence[FileForBank]:
        """Write the files of a run that was carried out, and mark its payouts as sent."""
        ...

    def take_from_bank(self, content: bytes, *, by: str, dry_run: bool) -> BankTaken:
        """Take what the bank says, or say what it would come to."""
        ...

    def take_step(
        self, payout_id: int, state: PayoutState, *, reference: str, by: str
    ) -> StoredPayout:
        """Say that a payout was sent, confirmed or returned."""
        ...

    def correct(self, new: NewCorrection, *, by: str) -> int:
        """Correct a confirmed payout by a further entry."""
        ...


def desk_of(request: Request) -> OperatorDesk:
    """Return what the portal was handed at start."""
    desk: OperatorDesk = request.app.state.desk
    return desk


Desk = Annotated[OperatorDesk, Depends(desk_of)]
