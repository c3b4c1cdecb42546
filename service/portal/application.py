"""The portal: pages for creators, operators and vendors, beside the API in one application."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from service.api.doors import WebContext
from service.api.problems import Problem
from service.portal import (
    account,
    account_factor,
    account_members,
    arrivals,
    creator_claims,
    creator_disputes,
    creator_editions,
    creator_home,
    creator_licence,
    creator_offers,
    creator_payout,
    creator_proposals,
    creator_records,
    creator_rights,
    creator_statements,
    creator_uses,
    creator_works,
    entrance,
    operator_acts,
    operator_conflicts,
    operator_decisions,
    operator_explain,
    operator_findings,
    operator_health,
    operator_jobs,
    operator_journal,
    operator_payout,
    operator_payouts,
    operator_period,
    operator_periods,
    operator_pools,
    operator_quarantine,
    operator_reconciliations,
    operator_terms,
    operator_vendors,
    pages,
    registration,
    registration_batch,
    trial,
    vendor_bills,
    vendor_home,
    vendor_keys,
    vendor_owed,
    vendor_reports,
    vendor_sales,
    vendor_terms,
    vendor_usage,
)
from service.portal.operator_desk import OperatorDesk

_ROOMS = (
    entrance,
    arrivals,
    account,
    account_factor,
    account_members,
    creator_home,
    registration,  # /works/new and /works/import stand before /works/{work_id}
    registration_batch,
    creator_works,
    creator_uses,
    creator_rights,
    creator_licence,
    creator_editions,
    creator_claims,
    creator_proposals,
    creator_statements,
    creator_disputes,
    creator_payout,
    creator_offers,
    creator_records,
    trial,
    operator_health,
    operator_jobs,
    operator_quarantine,
    operator_conflicts,
    operator_decisions,
    operator_reconciliations,
    operator_findings,
    operator_periods,
    operator_journal,
    operator_period,
    operator_vendors,
    operator_terms,
    operator_pools,
    operator_payouts,  # /payouts/runs stands before /payouts/{payout_id}
    operator_payout,
    operator_explain,
    operator_acts,
    vendor_home,
    vendor_keys,
    vendor_sales,
    vendor_usage,
    vendor_bills,
    vendor_owed,
    vendor_terms,
    vendor_reports,
)


def add_portal(app: FastAPI, context: WebContext, desk: OperatorDesk) -> None:
    """Add all pages, the static files and the page that tells of a problem."""
    app.state.context, app.state.desk = context, desk
    app.state.problem_page = problem_page
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    for room in _ROOMS:
        app.include_router(room.router, include_in_schema=False)


def problem_page(request: Request, problem: Problem) -> Response:
    """Show a refusal as a page; lead who is not logged in through the login to where they meant."""
    if problem.code == "not-signed-in":
        wanted = request.url.path if request.method == "GET" else "/"
        if request.url.query and request.method == "GET":
            wanted += f"?{request.url.query}"
        return pages.goto(f"/login?next={quote(wanted)}")
    if problem.code == "second-factor-needed":
        return pages.goto("/account/second-factor")
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not hasattr(request.state, "person"):
        request.state.person = None  # who it is would be asked of the database that just failed
    title = HTTPStatus(problem.status).phrase
    answer = pages.render(
        request, "problem.html", title=title, status=problem.status, problem=problem
    )
    answer.headers.update(problem.headers)
    return answer
