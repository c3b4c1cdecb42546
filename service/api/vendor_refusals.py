"""Which refusal about what vendors owe and report answers with which HTTP status."""

from collections.abc import Mapping

from service.api import asked_books, delivery, focus_csv
from service.ledger import reconciliation, tier_rule
from service.ledger.errors import LedgerError
from service.store import (
    mode,
    reconciliations,
    report_receipts,
    tier_rules,
    vendor_books,
    vendor_series,
    vendor_statements,
)

STATUS: Mapping[type[LedgerError], int] = {
    report_receipts.ReceiptNotFound: 404,
    vendor_statements.VendorStatementNotFound: 404,
    reconciliations.ReconciliationNotFound: 404,
    reconciliation.AccrualDecided: 409,
    reconciliation.NothingToAccrue: 409,
    report_receipts.SequenceTaken: 409,
    asked_books.TestKeyNeeded: 403,
    mode.NotLive: 409,
    vendor_books.NoTestBook: 404,
    vendor_books.ClockBackwards: 409,
    vendor_books.ClockTooFar: 422,
    vendor_books.TestBookFull: 409,
    vendor_books.NoTestMode: 409,
    vendor_books.NoRightToMake: 503,
    tier_rules.TierRulesChanged: 412,
    focus_csv.BadBill: 422,
    delivery.DeliveryIncomplete: 422,
    vendor_series.RangeTooLong: 422,
    tier_rule.BadTierRule: 422,
}
