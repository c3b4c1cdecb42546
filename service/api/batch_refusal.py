"""A batch of which nothing was stored, with every line that is wrong."""

from collections.abc import Sequence

from service.ledger.errors import LedgerError
from service.ledger.sale_report import FieldError

MOST_LISTED = 1_000


class BatchRefused(LedgerError):
    """Lines of a batch break rules; nothing of it was stored."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"{len(errors)} lines are wrong, nothing was stored", count=len(errors))
        self.errors = tuple(errors[:MOST_LISTED])
