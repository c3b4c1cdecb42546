"""Which refusal of payees and payout runs answers with which HTTP status."""

from collections.abc import Mapping

from service.ledger import payee
from service.ledger.errors import LedgerError
from service.store import account_details, key_ring, payees, payout_runs

STATUS: Mapping[type[LedgerError], int] = {
    payees.PayeeNotFound: 404,
    payout_runs.RunNotFound: 404,
    payout_runs.DigestDiffers: 409,
    payout_runs.OwnRun: 409,
    payout_runs.RunNotApproved: 409,
    account_details.BadAccount: 422,
    payee.BadCountry: 422,
    key_ring.BadKeys: 503,
}

PLACE: Mapping[type[LedgerError], str] = {payee.BadCountry: "country"}
