"""A vendor's sales: found by its own id, by state, flag and day; one with all that is known."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context
from service.ledger.contract import NoContract, run_down
from service.ledger.sale_marks import SaleFlag, SaleFormat, TierBy
from service.ledger.tiers import Tier
from service.portal import pages
from service.portal.vendor_person import VendorPerson, day_of, vendor_of
from service.store import (
    attributions,
    corrections,
    entries,
    sale_conflicts,
    sale_history,
    sale_search,
    sale_versions,
    sales,
    terms,
    works,
)
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.sale_search import CONFLICT, FLAGS, SaleSearch, SaleState
from service.store.sales import StoredSale

router = APIRouter()
_MOST_SPANS = 50


def path_of(external_id: str) -> str:
    """Return the path of a sale's page."""
    return f"/vendor/sales/of/{quote(external_id, safe='')}"


def flags_of(sale: StoredSale) -> list[str]:
    """Return the words of what to look at."""
    return [*SaleFlag(sale.flags).words, *([CONFLICT] if sale.has_conflict else [])]


@router.get("/vendor/sales")
def sales_page(
    request: Request,
    person: VendorPerson,
    context: Context,
    sale: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    flag: Annotated[str, Query(max_length=20)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List sales, newest received first; the vendor's own id leads to the sale."""
    asked = {"sale": sale.strip(), "state": state, "flag": flag, "day": day}
    wanted = _wanted(person, asked)
    errors = {}
    if day.strip() and wanted.day is None:
        errors["day"] = "Must be a day like 2026-01-31."
    found: list[StoredSale] = []
    with unit_of_work(context.database) as session:
        if asked["sale"] and sales.find_any(session, wanted.vendor_id, asked["sale"]):
            return pages.goto(path_of(asked["sale"]))
        if asked["sale"]:
            errors["sale"] = "You have reported no sale of this id."
        if not errors:
            found = sale_search.page(session, wanted, before=before, limit=pages.PAGE_SIZE + 1)
    return _list(request, asked, errors, found, is_first=before is None)


def _wanted(person: Person, asked: Mapping[str, str]) -> SaleSearch:
    return SaleSearch(
        vendor_of(person),
        SaleState(asked["state"]) if asked["state"] in {*SaleState} else None,
        asked["flag"] if asked["flag"] in FLAGS else None,
        day_of(asked["day"]),
    )


def _list(
    request: Request,
    asked: Mapping[str, str],
    errors: Mapping[str, str],
    found: Sequence[StoredSale],
    *,
    is_first: bool,
) -> Response:
    shown = found[: pages.PAGE_SIZE]
    more = {**asked, "before": shown[-1].sale_id} if len(found) > len(shown) else None
    return pages.render(
        request,
        "vendor_sales.html",
        title="Sales",
        status=422 if errors else 200,
        sales=[
            (one, Tier.numbered(one.tier), flags_of(one), path_of(one.external_id)) for one in shown
        ],
        asked=asked,
        states=[("", "any"), *((str(one), str(one)) for one in SaleState)],
        flags=[("", "any or none"), *((one, one) for one in FLAGS)],
        errors=errors,
        first=f"/vendor/sales?{urlencode(asked)}",
        is_first=is_first,
        more=f"/vendor/sales?{urlencode(more)}" if more else "",
    )


@router.get("/vendor/sales/of/{sale:path}")
def sale_page(request: Request, person: VendorPerson, context: Context, sale: str) -> Response:
    """Show one sale: what happened when, whose works it drew on, where its gross went."""
    with unit_of_work(context.database) as session:
        found = sales.find(session, vendor_of(person), sale)
        values = _about(session, found)
    return pages.render(
        request,
        "vendor_sale.html",
        title=f"Sale {found.external_id}",
        sale=found,
        tier=Tier.numbered(found.tier),
        flags=flags_of(found),
        format=SaleFormat(found.format).word,
        tier_by=TierBy(found.tier_by).word,
        most_spans=_MOST_SPANS,
        **values,
    )


def _about(session: Session, sale: StoredSale) -> dict[str, Any]:
    known = attributions.of_sale(session, sale.sale_id)
    spans = sorted(known.evidence, key=lambda one: one.output_start) if known else []
    named = {one.work_id for one in spans} | set(known.share_ppm if known else ())
    return {
        "history": sale_history.of_sale(session, sale.sale_id),
        "known": known,
        "titles": works.titles(session, sorted(named)),
        "spans": spans[:_MOST_SPANS],
        "hidden": max(len(spans) - _MOST_SPANS, 0),
        "waterfall": _waterfall(session, sale),
        "entries": entries.about_sale(session, sale.sale_id),
        "versions": sale_versions.of_sale(session, sale.sale_id),
        "conflicts": sale_conflicts.of_sale(session, sale.sale_id),
        "corrections": corrections.of_sale(session, sale.sale_id),
    }


def _waterfall(session: Session, sale: StoredSale) -> list[tuple[str, int, int]]:
    """Return the contract's steps with what each takes and misses; none without a contract."""
    valid = terms.of_vendors(session, [sale.vendor_id])[sale.vendor_id]
    try:
        contract = valid.contract_on(sale.sold_at.date())
    except NoContract:
        return []
    tier = Tier.numbered(sale.tier)
    flow = run_down(sale.gross_nanos, sale.output_tokens, tier, contract.steps)
    names = [one.name for one in contract.steps]
    return list(zip(names, flow.taken, flow.shortfall, strict=True))
