"""Which refusal about what vendors owe and report answers with which HTTP status."""

from collections.abc import Mapping

from service.ledger.errors import LedgerError
from service.store import vendor_statements

STATUS: Mapping[type[LedgerError], int] = {
    vendor_statements.VendorStatementNotFound: 404,
}
