"""The way out of quarantine: a sale is settled by itself once what was wrong is put right."""

from datetime import datetime

from service.ledger.errors import LedgerError
from service.ledger.period import Period
from service.store import periods, quarantined, sale_table, sales
from service.store.database import Database, unit_of_work
from worker.fingerprints import FingerprintOutdated
from worker.settlement import settle_sales


class NotQuarantined(LedgerError):
    """A sale was to be taken out of quarantine that is not in it."""

    def __init__(self, sale_id: int, state: str) -> None:
        super().__init__(f"sale {sale_id} is {state}, not quarantined", sale_id=sale_id)


class CannotAttribute(LedgerError):
    """A sale is quarantined because its output cannot be compared with anything any more."""

    def __init__(self, sale_id: int) -> None:
        super().__init__(
            f"sale {sale_id} cannot be attributed: it settles only without attribution, "
            "its whole pool unmatched",
            sale_id=sale_id,
        )


def settle_again(
    database: Database, sale_id: int, *, without_attribution: bool, now: datetime
) -> str | None:
    """Settle a quarantined sale into the first open period at or after its own.

    Returns why it is quarantined again, None where it is settled. Raises SaleNotFound,
    NotQuarantined, and CannotAttribute unless ``without_attribution``.
    """
    with unit_of_work(database) as session:
        stored = sales.get(session, sale_id)
        month = Period(stored.period)
        into = periods.hold_open_from(session, month)
        stored = sales.get(session, sale_id, lock=True)
        if stored.state != "quarantined":
            raise NotQuarantined(sale_id, stored.state)
        if stored.reason == FingerprintOutdated.rule() and not without_attribution:
            raise CannotAttribute(sale_id)
        quarantined.release(session, sale_id)
        alone = sale_table.sales_between(session, [sale_id], [sale_id])
        settle_sales(session, alone, into, month, now=now)
        return sales.get(session, sale_id).reason
