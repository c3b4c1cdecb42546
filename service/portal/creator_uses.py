"""Where a creator's work was used: the list, and what of the work one output drew on."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.api.dependencies import Context, Creator
from service.portal import pages
from service.portal.marks import Span, excerpts
from service.store import attributions, holdings, work_uses, works
from service.store.attributions import EvidenceRow
from service.store.database import unit_of_work

router = APIRouter()
_AROUND = 160
_MOST_PASSAGES = 60


@router.get("/works/{work_id}/uses")
def uses_page(
    request: Request,
    person: Creator,
    context: Context,
    work_id: int,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List the outputs that drew on the work, the latest first."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        found = work_uses.page(session, [work_id], before=before, limit=pages.PAGE_SIZE + 1)
    shown = found[: pages.PAGE_SIZE]
    return pages.render(
        request,
        "work_uses.html",
        title=f"Uses of {work.title}",
        work=work,
        uses=shown,
        before=before,
        more=shown[-1].sale_id if len(found) > len(shown) else None,
    )


@router.get("/works/{work_id}/uses/{sale_id}")
def use_page(
    request: Request, person: Creator, context: Context, work_id: int, sale_id: int
) -> Response:
    """Show which passages of the work an output drew on, and where in the output they stood."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        use = work_uses.get(session, work_id, sale_id)
        stored = attributions.of_sale(session, sale_id)
        body = works.body_of(session, work_id) or ""
    evidence = [one for one in (stored.evidence if stored else ()) if one.work_id == work_id]
    return pages.render(
        request,
        "work_use.html",
        title=f"A use of {work.title}",
        work=work,
        use=use,
        passages=_passages(evidence[:_MOST_PASSAGES], body),
        hidden=max(len(evidence) - _MOST_PASSAGES, 0),
        engine_version=stored.engine_version if stored else "",
    )


def _passages(evidence: Sequence[EvidenceRow], body: str) -> list[dict[str, object]]:
    return [
        {
            "number": number,
            "pieces": [
                piece
                for run in excerpts(
                    body, [Span(one.source_start, one.source_end, number)], around=_AROUND
                )
                for piece in run
            ],
            "kind": one.kind,
            "confidence_ppm": one.confidence_ppm,
            "output_start": one.output_start,
            "output_end": one.output_end,
        }
        for number, one in enumerate(evidence, start=1)
    ]
