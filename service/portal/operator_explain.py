"""One amount explained: recomputed from what it rests on, down to the nano."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, require_role
from service.portal import pages
from service.portal.operator_desk import Desk

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

KINDS = ("sale", "line", "statement", "vendor-statement", "payout")


@router.get("/operator/explain")
def explain_form(
    request: Request,
    desk: Desk,
    kind: Annotated[str, Query(max_length=40)] = "",
    name: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Ask what is to be explained, and lead there."""
    told = desk.explain(kind, name.strip()) if name.strip() else None
    return _page(request, kind, name, told=told)


@router.get("/operator/explain/{kind}/{name:path}")
def explain_page(request: Request, desk: Desk, kind: str, name: str) -> Response:
    """Explain an amount under an address of its own."""
    return _page(request, kind, name, told=desk.explain(kind, name))


def _page(request: Request, kind: str, name: str, *, told: object) -> Response:
    return pages.render(
        request,
        "operator_explain.html",
        title=f"Explain {kind} {name}" if told else "Explain an amount",
        kind=kind,
        name=name,
        kinds=KINDS,
        told=told,
    )
