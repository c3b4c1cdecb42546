"""The web application: the JSON API, to which the portal adds its pages."""

from fastapi import FastAPI
from starlette.middleware import Middleware

from service.api import (
    api_keys,
    approvals,
    backlog,
    claims,
    dilutions,
    editions,
    engine,
    findings,
    health,
    ledger,
    licence_feeds,
    licence_proposals,
    licence_questions,
    licences,
    line_disputes,
    members,
    metrics,
    money,
    offers,
    own_data,
    payees,
    payout_runs,
    payouts,
    people,
    pool_rules,
    pools,
    previews,
    problems,
    proposals,
    receipts,
    reconciliations,
    report_flags,
    report_receipts,
    reporting,
    rights_changes,
    sale_changes,
    sales,
    splits,
    statements,
    tax_summaries,
    tier_rules,
    traces,
    uploads,
    vendor_book,
    vendor_statements,
    vendor_terms,
    vendor_usage,
    webhook_events,
    webhook_log,
    webhooks,
    widespread,
    work_imports,
    works,
)
from service.api.admission import Admission
from service.api.back_pressure import Room
from service.api.body_limit import BodyLimit
from service.api.documented import TAGS
from service.api.doors import WebContext
from service.api.middleware import Observed
from service.api.rate_limits import RateLimits

VERSION = "0.1.0"
_DESCRIPTION = """\
A royalty ledger for original content in AI tokens. Amounts are decimal strings, shares are parts
per million, instants are RFC 3339. Every refusal is an RFC 9457 problem with the name of the rule
in `code` and every wrong field in `errors`. Lists take `limit` and `after` and answer `data`,
`has_more` and `next`.
"""


def create_api(context: WebContext) -> FastAPI:
    """Make the application with every route of the API; ``app.state.context`` keeps what it got."""
    counted = metrics.make(context.database)
    app = FastAPI(
        title="Wellspring",
        version=VERSION,
        description=_DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,  # stable: what clients call it
        middleware=[
            Middleware(Observed, metrics=counted),
            Middleware(BodyLimit),
            Middleware(Admission),
        ],
    )
    app.state.context = context
    app.state.metrics = counted
    app.state.rates = RateLimits(context.settings)
    app.state.room = Room(context.database, context.settings)
    problems.install(app)
    of_sales = (reporting, traces, backlog, sales, sale_changes, report_receipts)
    of_works = (own_data, uploads, work_imports, works, editions, receipts, findings, widespread)
    of_rights = (splits, proposals, dilutions, rights_changes)
    told = (previews, engine, people, members, api_keys, tier_rules, ledger, approvals)
    of_licences = (licences, licence_proposals, licence_questions, licence_feeds, offers)
    of_money = (statements, money, pools, pool_rules, claims, line_disputes)
    of_vendors = (vendor_terms, vendor_statements, vendor_usage, reconciliations, report_flags)
    of_payouts = (payouts, payees, tax_summaries, payout_runs)
    rooms = (*of_sales, *of_works, *of_rights, *of_licences, *told, *of_money, *of_payouts)
    webhook_events.describe(app)
    for room in (*rooms, *of_vendors, webhooks, webhook_log, vendor_book, health):
        app.include_router(room.router)
    return app
