"""Which refusal about what vendors owe and report answers with which HTTP status."""

from collections.abc import Mapping

from service.api import delivery, focus_csv
from service.ledger import reconciliation, tier_rule
from service.ledger.errors import LedgerError
from service.store import (
    reconciliations,
    report_receipts,
    tier_rules,
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
    tier_rules.TierRulesChanged: 412,
    focus_csv.BadBill: 422,
    delivery.DeliveryIncomplete: 422,
    vendor_series.RangeTooLong: 422,
    tier_rule.BadTierRule: 422,
}
