"""Status of the refusals that the operator's console can meet."""

from collections.abc import Mapping

from service.api import doors
from service.ledger.errors import LedgerError
from service.store import conflict_decisions, console_jobs

STATUS: Mapping[type[LedgerError], int] = {
    console_jobs.ConsoleJobNotFound: 404,
    doors.NothingToExplain: 404,
    conflict_decisions.ConflictNotFound: 404,
    conflict_decisions.ConflictDecided: 409,
}
