"""Every route of the OpenAPI document, asked by everybody: nobody gets more than is theirs."""

from dataclasses import dataclass

import pytest
from sqlalchemy import text

from service.ledger import vendor_statement
from service.ledger.period import Period
from service.ledger.statement import LineKind, StatementLine, make
from service.ledger.tiers import Tier
from service.store import parties, statements, vendor_statements
from service.store.database import unit_of_work

ASKERS = (
    *("anonymous", "creator", "other creator", "operator"),
    *("vendor user", "vendor", "other vendor"),
)

# route -> body, then the status for each of ASKERS in turn
TABLE = {
    "POST /v1/sales": ([], 401, 401, 401, 401, 401, 200, 200),
    "POST /v1/sales/litellm": ([], 401, 401, 401, 401, 401, 200, 200),
    "POST /v1/traces": ({}, 401, 401, 401, 401, 401, 200, 200),
    "POST /api/v1/events": ([], 401, 401, 401, 401, 401, 204, 204),
    "GET /v1/sales": (None, 401, 401, 401, 401, 401, 200, 200),
    "GET /v1/sales/{sale}": (None, 401, 401, 401, 401, 401, 200, 404),
    "POST /v1/sales/{sale}/refunds": ({"id": "r"}, 401, 401, 401, 401, 401, 201, 202),
    "POST /v1/sales/{sale}/restatements": (
        {"id": "r", "tier": "elite", "output_tokens": 10**8, "reason": "It was."},
        *(401, 401, 401, 401, 401, 201, 404),
    ),
    "POST /v1/works": (
        {"title": "T", "text": "A text of its own.", "language": "en"},
        *(401, 201, 409, 422, 403, 401, 401),
    ),
    "GET /v1/works": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/works/{work_id}": (None, 401, 200, 404, 200, 403, 401, 401),
    "POST /v1/works/{work_id}/withdraw": (None, 401, 200, 404, 409, 403, 401, 401),
    "POST /v1/works/files": ({}, 401, 415, 415, 415, 403, 401, 401),
    "GET /v1/own-data": (None, 401, 200, 200, 403, 403, 401, 401),
    "POST /v1/works/imports": ([], 401, 201, 201, 201, 403, 401, 401),
    "POST /v1/works/{work_id}/identifiers": (
        {"identifiers": [{"scheme": "doi", "value": "10.1000/182"}]},
        *(401, 409, 404, 409, 403, 401, 401),
    ),
    "POST /v1/works/{work_id}/editions": (
        {"text": "Another text of its own."},
        *(401, 409, 404, 409, 403, 401, 401),
    ),
    "POST /v1/works/{work_id}/editions/files": ({}, 401, 415, 415, 415, 403, 401, 401),
    "GET /v1/works/{work_id}/receipt": (None, 401, 409, 404, 409, 403, 401, 401),
    "GET /v1/registrations": (None, 401, 200, 200, 200, 200, 200, 200),
    "GET /v1/receipt-keys": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /v1/works/{work_id}/split": (None, 401, 200, 404, 200, 403, 401, 401),
    "PUT /v1/works/{work_id}/split": (
        {"valid_from": "2026-03-01", "holders": []},
        *(401, 422, 404, 422, 403, 401, 401),
    ),
    "POST /v1/works/{work_id}/proposals": (
        {"valid_from": "2026-03-01"},
        *(401, 422, 404, 422, 403, 401, 401),
    ),
    "GET /v1/works/{work_id}/proposals": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/works/{work_id}/dilution": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/rights-changes": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/rights-changes/{change_id}": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/rights-changes/{change_id}/adjustments": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/proposals": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/proposals/{proposal_id}": (None, 401, 200, 404, 200, 403, 401, 401),
    "POST /v1/proposals/{proposal_id}/accept": (None, 401, 409, 404, 403, 403, 401, 401),
    "POST /v1/proposals/{proposal_id}/decline": (
        {"reason": "No."},
        *(401, 409, 404, 403, 403, 401, 401),
    ),
    "POST /v1/proposals/{proposal_id}/decide": (
        {"takes_effect": False, "reason": "No."},
        *(401, 403, 403, 200, 403, 401, 401),
    ),
    "POST /v1/proposals/{proposal_id}/withdraw": (
        {"reason": "No."},
        *(401, 409, 404, 403, 403, 401, 401),
    ),
    "GET /v1/works/{work_id}/licence": (None, 401, 200, 404, 200, 403, 401, 401),
    "PUT /v1/works/{work_id}/licence": (
        {"valid_from": "2026-03-01", "uses": []},
        *(401, 428, 404, 428, 403, 401, 401),
    ),
    "POST /v1/works/{work_id}/licence-proposals": (
        {"valid_from": "2026-03-01", "uses": []},
        *(401, 428, 404, 403, 403, 401, 401),
    ),
    "GET /v1/works/{work_id}/licence-proposals": (None, 401, 200, 404, 200, 403, 401, 401),
    "POST /v1/licence-proposals/{licence_proposal_id}/accept": (
        None,
        *(401, 409, 404, 403, 403, 401, 401),
    ),
    "POST /v1/licence-proposals/{licence_proposal_id}/decline": (
        None,
        *(401, 409, 404, 403, 403, 401, 401),
    ),
    "POST /v1/licence-proposals/{licence_proposal_id}/withdraw": (
        None,
        *(401, 409, 404, 403, 403, 401, 401),
    ),
    "GET /v1/licences": (None, 401, 401, 401, 401, 401, 422, 422),
    "POST /v1/offers": (
        {"currency": "USD", "starts_on": "2026-07-01", "ends_on": "2026-08-01"},
        *(401, 401, 401, 401, 401, 422, 422),
    ),
    "GET /v1/offers": (None, 401, 200, 200, 200, 200, 200, 200),
    "GET /v1/offers/{offer_id}": (None, 401, 200, 404, 200, 404, 200, 404),
    "POST /v1/offers/{offer_id}/withdraw": (None, 401, 401, 401, 401, 401, 200, 404),
    "POST /v1/offers/{offer_id}/accept": (None, 401, 409, 404, 403, 403, 401, 401),
    "POST /v1/offers/{offer_id}/decline": (None, 401, 409, 404, 403, 403, 401, 401),
    "GET /v1/uses-against-terms": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/licences/rsl": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /v1/licences/rsl/{work_id}": (None, 404, 404, 404, 404, 404, 404, 404),
    "GET /v1/licences/tdm-policy": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /v1/licences/tdm-policy/{work_id}": (None, 404, 404, 404, 404, 404, 404, 404),
    "GET /robots.txt": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /.well-known/tdmrep.json": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /v1/operator/findings": (None, 401, 403, 403, 200, 403, 401, 401),
    "GET /v1/widespread-works": (None, 401, 403, 403, 200, 403, 401, 401),
    "GET /v1/findings/{finding_id}": (None, 401, 403, 403, 200, 403, 401, 401),
    "POST /v1/findings/{finding_id}/confirm": (
        {"reason": "It is."},
        *(401, 403, 403, 200, 403, 401, 401),
    ),
    "POST /v1/findings/{finding_id}/dismiss": (
        {"reason": "It is not."},
        *(401, 403, 403, 409, 403, 401, 401),
    ),
    "POST /v1/attribution-previews": ({"text": "x"}, 401, 200, 200, 200, 200, 200, 200),
    "GET /v1/engine": (None, 401, 200, 200, 200, 200, 200, 200),
    "GET /v1/backlog": (None, 401, 200, 200, 200, 200, 200, 200),
    # after five failures in a row the door is shut for a while
    "POST /v1/session": ({"login": "x", "password": "y"}, 401, 401, 401, 401, 401, 429, 429),
    "GET /v1/session": (None, 401, 200, 200, 200, 200, 401, 401),
    "GET /v1/keys": (None, 401, 403, 403, 422, 200, 401, 401),
    "POST /v1/keys": ({"label": "k"}, 401, 403, 403, 422, 201, 401, 401),
    "GET /v1/keys/{key_id}/tier-rules": (None, 401, 403, 403, 422, 404, 401, 401),
    "PUT /v1/keys/{key_id}/tier-rules": ({"rules": []}, 401, 403, 403, 422, 428, 401, 401),
    "DELETE /v1/keys/{key_id}": (None, 401, 403, 403, 422, 404, 401, 401),
    "POST /v1/keys/{key_id}/rotate": (None, 401, 403, 403, 422, 404, 401, 401),
    "GET /v1/periods": (None, 401, 403, 403, 200, 403, 401, 401),
    "POST /v1/periods/{period}/close": (None, 401, 403, 403, 202, 403, 401, 401),
    "GET /v1/periods/{period}/approvals": (None, 401, 403, 403, 200, 403, 401, 401),
    "POST /v1/periods/{period}/approvals": (
        {"digest": "0" * 64},
        *(401, 403, 403, 201, 403, 401, 401),
    ),
    "GET /v1/accounts": (None, 401, 403, 403, 200, 403, 401, 401),
    "GET /v1/accounts/{name}/history": (None, 401, 403, 403, 404, 403, 401, 401),
    "GET /v1/accounts/{name}/entries": (None, 401, 403, 403, 404, 403, 401, 401),
    "GET /v1/entries/{kind}/{source_id}": (None, 401, 403, 403, 404, 403, 401, 401),
    "GET /v1/money": (None, 401, 200, 200, 422, 403, 401, 401),
    "GET /v1/pools": (None, 401, 403, 403, 200, 403, 401, 401),
    "GET /v1/pools/{vendor}/{month}": (None, 401, 403, 403, 404, 403, 401, 401),
    "POST /v1/pools/{vendor}/{month}/approvals": (
        {"digest": "0" * 64},
        *(401, 403, 403, 404, 403, 401, 401),
    ),
    "GET /v1/pool-rules": (None, 200, 200, 200, 200, 200, 200, 200),
    "POST /v1/pool-rules": (
        {"name": "n", "text": "t", "valid_from": "2026-01", "steps": ["all-vendors"]},
        *(401, 403, 403, 201, 403, 401, 401),
    ),
    "GET /v1/payees/{payee_id}": (None, 401, 200, 404, 200, 403, 401, 401),
    "PUT /v1/payees/{payee_id}/profile": (
        {"legal_name": "Ada", "country": "DE", "currency": "EUR"},
        *(401, 200, 404, 200, 403, 401, 401),
    ),
    # nobody here has a password; after five failures in a row the door is shut
    "PUT /v1/payees/{payee_id}/account": (
        {"password": "x", "iban": "DE89370400440532013000"},
        *(401, 401, 404, 401, 403, 401, 401),
    ),
    "POST /v1/payees/{payee_id}/checks": (
        {"kind": "identity", "outcome": "passed", "evidence": "Seen."},
        *(401, 403, 403, 201, 403, 401, 401),
    ),
    "GET /v1/payees/{payee_id}/tax-summaries/{year}": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/payout-runs": (None, 401, 403, 403, 200, 403, 401, 401),
    "GET /v1/payout-runs/{run_id}": (None, 401, 403, 403, 404, 403, 401, 401),
    "GET /v1/payout-runs/{run_id}/items": (None, 401, 403, 403, 404, 403, 401, 401),
    "POST /v1/payout-runs/{run_id}/approvals": (
        {"digest": "0" * 64},
        *(401, 403, 403, 404, 403, 401, 401),
    ),
    "GET /v1/payouts": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/statements": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/statements/{number}": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/statements/{number}.{form}": (None, 401, 200, 404, 200, 403, 401, 401),
    "GET /v1/report-receipts": (None, 401, 403, 403, 200, 200, 200, 200),
    "GET /v1/report-receipts/{content}": (None, 401, 403, 403, 200, 404, 200, 404),
    "GET /v1/sequence-gaps": (None, 401, 403, 403, 200, 200, 200, 200),
    "GET /v1/usage": (None, 401, 403, 403, 422, 422, 422, 422),
    "GET /v1/sale-evidence/{sale}": (None, 401, 403, 403, 422, 404, 200, 404),
    "POST /v1/reconciliations": ([], 401, 403, 403, 415, 415, 415, 415),
    "GET /v1/reconciliations": (None, 401, 403, 403, 200, 200, 200, 200),
    "GET /v1/reconciliations/{reconciliation_id}/rows": (
        None,
        *(401, 403, 403, 200, 404, 200, 404),
    ),
    "POST /v1/reconciliations/{reconciliation_id}/accrual": (
        {"approved": False, "reason": "Known."},
        *(401, 403, 403, 200, 403, 401, 401),
    ),
    "GET /v1/report-flags": (None, 401, 403, 403, 422, 422, 422, 422),
    "GET /v1/terms": (None, 401, 403, 403, 422, 200, 200, 200),
    "GET /v1/test/book": (None, 401, 401, 401, 401, 401, 403, 403),
    "POST /v1/test/reset": (None, 401, 401, 401, 401, 401, 403, 403),
    "POST /v1/test/terms": (None, 401, 401, 401, 401, 401, 403, 403),
    "GET /v1/test/clock": (None, 401, 401, 401, 401, 401, 403, 403),
    "POST /v1/test/clock": ({"advance_by_days": 1}, 401, 401, 401, 401, 401, 403, 403),
    "POST /v1/test/close": (None, 401, 401, 401, 401, 401, 403, 403),
    "GET /v1/test/works": (None, 401, 401, 401, 401, 401, 403, 403),
    "POST /v1/test/works": ({"title": "T", "text": "A."}, 401, 401, 401, 401, 401, 403, 403),
    "GET /v1/vendor-statements": (None, 401, 403, 403, 200, 200, 200, 200),
    "GET /v1/vendor-statements/{vendor_statement}.{form}": (
        None,
        *(401, 403, 403, 200, 404, 200, 404),
    ),
    "GET /v1/vendor-statements/{vendor_statement}/invoice": (
        None,
        *(401, 403, 403, 200, 404, 200, 404),
    ),
    "GET /v1/vendor-statements/{vendor_statement}": (None, 401, 403, 403, 200, 404, 200, 404),
    "GET /v1/schemas/statement-1.json": (None, 200, 200, 200, 200, 200, 200, 200),
    "POST /v1/claims": (
        {"work_id": 1, "claimed_ppm": 1, "reason": "It is mine."},
        *(401, 409, 409, 422, 403, 401, 401),
    ),
    "GET /v1/claims": (None, 401, 200, 200, 200, 403, 401, 401),
    "GET /v1/claims/{claim_id}": (None, 401, 200, 200, 200, 403, 401, 401),
    "POST /v1/claims/{claim_id}/evidence": (
        {"reason": "See.", "evidence": {"text": "A letter."}},
        *(401, 200, 200, 200, 403, 401, 401),
    ),
    "POST /v1/claims/{claim_id}/answer": (
        {"answer": "contest", "reason": "It is not."},
        *(401, 200, 403, 403, 403, 401, 401),
    ),
    "POST /v1/claims/{claim_id}/decide": (
        {"outcome": "rejected", "reason": "It is not."},
        *(401, 403, 403, 200, 403, 401, 401),
    ),
    "POST /v1/claims/{claim_id}/appeal": (
        {"reason": "It is."},
        *(401, 409, 200, 403, 403, 401, 401),
    ),
    "POST /v1/claims/{claim_id}/withdraw": (
        {"reason": "It was not."},
        *(401, 403, 200, 403, 403, 401, 401),
    ),
    "GET /v1/statements/{number}/lines/{line}/dispute": (
        None,
        *(401, 200, 404, 200, 403, 401, 401),
    ),
    "POST /v1/statements/{number}/lines/{line}/dispute": (
        {"reason": "More.", "expected": "1.00"},
        *(401, 201, 404, 409, 403, 401, 401),
    ),
    "GET /v1/line-disputes": (None, 401, 200, 200, 200, 403, 401, 401),
    "POST /v1/line-disputes/{line_dispute_id}/answer": (
        {"answer": "rejected", "reason": "No."},
        *(401, 403, 403, 200, 403, 401, 401),
    ),
    "GET /v1/webhooks": (None, 401, 200, 200, 200, 200, 200, 200),
    "POST /v1/webhooks": (
        {"url": "https://93.184.215.14/"},
        *(401, 201, 201, 201, 201, 201, 201),
    ),
    "GET /v1/webhooks/{webhook_id}": (None, 401, 404, 404, 200, 404, 200, 404),
    "PUT /v1/webhooks/{webhook_id}": (
        {"url": "https://93.184.215.14/"},
        *(401, 428, 428, 428, 428, 428, 428),
    ),
    "POST /v1/webhooks/{webhook_id}/rotate": (None, 401, 404, 404, 403, 404, 201, 404),
    "POST /v1/webhooks/{webhook_id}/test": (None, 401, 404, 404, 403, 404, 202, 404),
    "GET /v1/webhooks/{webhook_id}/deliveries": (None, 401, 404, 404, 200, 404, 200, 404),
    "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}": (
        None,
        *(401, 404, 404, 200, 404, 200, 404),
    ),
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": (
        None,
        *(401, 404, 404, 403, 404, 202, 404),
    ),
    "POST /v1/webhooks/{webhook_id}/replay": (
        {"since": "2026-01-01T00:00:00Z"},
        *(401, 404, 404, 403, 404, 202, 404),
    ),
    "POST /v1/webhooks/{webhook_id}/disable": (None, 401, 404, 404, 200, 404, 200, 404),
    "POST /v1/webhooks/{webhook_id}/enable": (None, 401, 404, 404, 200, 404, 200, 404),
    "DELETE /v1/webhooks/{webhook_id}": (None, 401, 404, 404, 403, 404, 204, 404),
    "GET /v1/members": (None, 401, 200, 200, 200, 200, 401, 401),
    "POST /v1/members": (
        {"email": "new@example.org", "member_role": "viewer"},
        *(401, 202, 202, 202, 429, 401, 401),
    ),
    "PUT /v1/members/{user_id}/role": (
        {"member_role": "viewer"},
        *(401, 404, 404, 404, 404, 401, 401),
    ),
    "DELETE /v1/members/{user_id}": (None, 401, 404, 404, 404, 404, 401, 401),
    "GET /v1/sessions": (None, 401, 200, 200, 200, 200, 401, 401),
    "DELETE /v1/sessions/{session_no}": (None, 401, 404, 404, 404, 404, 401, 401),
    "GET /v1/acts": (None, 401, 200, 200, 200, 200, 401, 401),
    "DELETE /v1/session": (None, 401, 204, 204, 204, 204, 401, 401),
    "GET /healthz": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /readyz": (None, 200, 200, 200, 200, 200, 200, 200),
    "GET /metrics": (None, 200, 200, 200, 200, 200, 200, 200),
}


@dataclass
class Town:
    """A work, a statement, a sale and an old period, and everybody who may ask for them."""

    askers: dict
    ids: dict


def a_reconciliation(acme) -> int:
    bill = (
        "ChargePeriodStart,ConsumedQuantity,ConsumedUnit,BilledCost,BillingCurrency,x_Tier\n"
        "2026-02-01T00:00:00Z,1000,Tokens,0.15,USD,elite\n"
    )
    kind = {"Content-Type": "text/csv"}
    answer = acme.post("/v1/reconciliations", content=bill, headers=kind)
    return answer.json()["reconciliation_id"]


def a_webhook(acme) -> dict:
    made = acme.post("/v1/webhooks", json={"url": "https://93.184.215.14/"}).json()
    sent = acme.post(f"/v1/webhooks/{made['webhook_id']}/test").json()
    return {"webhook_id": made["webhook_id"], "delivery_id": sent["delivery_id"]}


def a_vendor_statement(site) -> str:
    """State to Acme that it owes nothing."""
    with unit_of_work(site.database) as session:
        acme = parties.vendor_named(session, "Acme").party_id
        said = vendor_statement.make("acme", "USD", Period(202601), vendor_statement.VendorFacts())
        number, day = f"2026-01-V{acme}-USD", site.clock.now.date()
        issue = vendor_statements.Issue(number, acme, day, site.clock.now, bytes(32))
        vendor_statements.insert(session, issue, said)
    return number


def a_finding(site, work_id) -> int:
    with unit_of_work(site.database) as session:
        query = (
            "INSERT INTO finding (work_id, of_work_id, kind, share_ppm, evidence, found_at) "
            "SELECT :work, w.work_id, 'derived', 200000, '[]', now() FROM work w "
            "WHERE w.work_id <> :work RETURNING finding_id"
        )
        return session.execute(text(query), {"work": work_id}).scalar_one()


def a_change(operator, ada, work_id) -> int:
    order = {"valid_from": "2026-02-20", "holders": [{"holder_id": ada, "share_ppm": 1_000_000}]}
    assert operator.put(f"/v1/works/{work_id}/split", json=order).status_code == 200
    return operator.get("/v1/rights-changes").json()["data"][0]["change_id"]


def agreed_terms(creator, work_id) -> int:
    url, terms = f"/v1/works/{work_id}/licence-proposals", {"valid_from": "2026-06-01", "uses": []}
    return creator.post(url, json=terms, headers={"If-Match": '"0"'}).json()["proposal_id"]


def a_proposal(site, creator, ada, work_id) -> int:
    half = [{"holder_id": h, "share_ppm": 500_000} for h in (ada, site.holder("Cleo"))]
    order = {"valid_from": "2026-03-01", "holders": half}
    return creator.post(f"/v1/works/{work_id}/proposals", json=order).json()["proposal_id"]


def town_of(site) -> Town:
    ada, acme = site.holder("Ada"), site.vendor("Acme")
    creator = site.person("creator", ada)
    askers = {
        "anonymous": site.anonymous(),
        "creator": creator,
        "other creator": site.creator("Bob"),
        "operator": site.operator(),
        "vendor user": site.vendor_user("Borealis"),
        "vendor": acme,
        "other vendor": site.vendor("Borealis"),
    }
    sale = {"id": "s", "tier": "elite", "output_tokens": 1}
    receipt = acme.post("/v1/sales", json=sale).headers["Wellspring-Receipt"]
    work = {"title": "Ode", "text": "The tide keeps no ledger.", "language": "en"}
    work_id = creator.post("/v1/works", json=work).json()["work_id"]
    creator.post("/v1/works", json=work | {"text": "Another text of hers."})
    line = StatementLine(
        *(LineKind.EARNED, 1, work_id, "acme", Tier.ELITE, Period(202601)), 1, 1, 5, 1_000_000, 5
    )
    said = make(
        ada, "USD", Period(202601), opening_nanos=0, lines=[line], held_nanos=0, threshold=0
    )
    with unit_of_work(site.database) as session:
        statements.insert(session, said, parties.vendor_ids(session), now=site.clock.now)
    offer = {"work_id": work_id, "currency": "USD"}
    offer |= {"starts_on": "2026-07-01", "ends_on": "2026-08-01"}
    claim = {"work_id": work_id, "claimed_ppm": 1, "reason": "It is mine."}
    ids = {
        "offer_id": acme.post("/v1/offers", json=offer).json()["offer_id"],
        "sale": "s",
        "work_id": work_id,
        "finding_id": a_finding(site, work_id),
        "change_id": a_change(askers["operator"], ada, work_id),
        "proposal_id": a_proposal(site, creator, ada, work_id),
        "licence_proposal_id": agreed_terms(creator, work_id),
        "payee_id": ada,
        "year": 2026,
        "run_id": 1,
        "key_id": 1,  # Acme's: a user of Borealis does not find it
        "period": "2026-01",
        "name": "bank",
        "kind": "sale",
        "source_id": 1,
        "number": statements.number_of(said),
        "vendor_statement": a_vendor_statement(site),
        "content": receipt,
        "reconciliation_id": a_reconciliation(acme),
        **a_webhook(acme),
        "line": 1,
        "claim_id": askers["other creator"].post("/v1/claims", json=claim).json()["claim_id"],
        "line_dispute_id": 1,
        "form": "csv",
        "vendor": "acme",
        "month": "2026-01",
        "user_id": 9_999,
        "session_no": 9_999,
    }
    return Town(askers, ids)


def routes_of(site) -> list[str]:
    paths = site.app.openapi()["paths"]
    return [f"{method.upper()} {path}" for path, of in paths.items() for method in of]


def test_every_route_is_in_the_table(site):
    assert sorted(routes_of(site)) == sorted(TABLE)


def test_every_route_gives_everybody_what_is_theirs(site):
    town = town_of(site)
    found = {}

    for route, (body, *_) in TABLE.items():
        method, path = route.split(" ")
        found[route] = tuple(
            town.askers[asker].request(method, path.format(**town.ids), json=body).status_code
            for asker in ASKERS
        )

    assert found == {route: tuple(statuses) for route, (_, *statuses) in TABLE.items()}


def test_every_refusal_is_documented(site):
    paths = site.app.openapi()["paths"]

    for route, (_, *statuses) in TABLE.items():
        method, path = route.split(" ")
        documented = set(paths[path][method.lower()]["responses"])
        assert {str(status) for status in statuses} <= documented, route


BY_KEY = {
    *("POST /v1/offers", "POST /v1/offers/{offer_id}/withdraw"),
    *("POST /v1/traces", "POST /api/v1/events"),
    *(route for route in TABLE if "/v1/test/" in route),
}
BY_COOKIE = [
    route
    for route in TABLE
    if not route.startswith("GET") and "sales" not in route and route not in BY_KEY
]


@pytest.mark.parametrize("route", BY_COOKIE)
def test_what_changes_something_needs_the_csrf_token(shared_site, route):
    method, path = route.split(" ")
    ids = {"number": "s", "line": 1, "claim_id": 1, "line_dispute_id": 1, "period": "2026-01"}
    numbers = ("work_id", "offer_id", "finding_id", "proposal_id", "licence_proposal_id", "key_id")
    ids |= dict.fromkeys(numbers, 1)
    ids |= {"vendor": "acme", "month": "2026-01", "payee_id": 1, "run_id": 1}
    ids |= {"reconciliation_id": 1, "webhook_id": 1, "delivery_id": 1}
    ids |= {"user_id": 1, "session_no": 1}
    url = path.format(**ids)
    operators = ("periods", "findings", "decide", "line-disputes", "pool", "checks", "payout-runs")
    operators = (*operators, "accrual")
    by_operator = any(word in route for word in operators)
    person = shared_site.operator() if by_operator else shared_site.creator()
    person = shared_site.vendor_user() if "keys" in route else person
    person.headers["X-CSRF-Token"] = "wrong"

    answer = person.request(method, url, json=TABLE[route][0])

    expected = (401, "login-refused") if route == "POST /v1/session" else (403, "csrf-refused")
    assert (answer.status_code, answer.json()["code"]) == expected


def test_a_request_from_another_site_is_refused_though_it_has_the_token(shared_site):
    ada = shared_site.creator()

    def ask(origin):
        url = "/v1/attribution-previews"
        return ada.post(url, json={"text": "x"}, headers={"Origin": origin}).status_code

    assert ask("http://testserver") == 200
    assert ask("http://evil.example") == 403
    assert ask("http://testserver.evil.example") == 403
    assert ask("http://testserver:81") == 403
    assert ask("null") == 403
    assert ask("http://[") == 403


def test_routes_for_keys_ignore_cookies(shared_site):
    person = shared_site.vendor_user("Acme")

    assert person.get("/v1/sales").status_code == 401
    person.headers["Authorization"] = "Bearer ws_live_wrong"
    assert person.get("/v1/sales").status_code == 401
    assert person.post("/v1/attribution-previews", json={"text": "x"}).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic dXNlcjpwYXNz",
        "Bearer ws_live_",
        "Bearer ws_live_" + "0" * 72,
        "Bearer ws_live_" + "0" * 5_000,
        "Bearer \xff",
        "bearer null",
    ],
)
def test_a_key_that_is_none_is_refused(shared_site, authorization):
    client = shared_site.anonymous()

    answer = client.get("/v1/sales", headers={"Authorization": authorization.encode("latin-1")})

    assert (answer.status_code, answer.json()["code"]) == (401, "key-refused")
    assert answer.headers["www-authenticate"] == 'Bearer realm="wellspring"'
