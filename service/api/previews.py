"""What a text would be attributed to now; nothing is stored."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, anyone_known
from service.api.documented import problems
from service.api.doors import PreviewPassage
from service.store import works
from service.store.database import unit_of_work
from service.store.text_rules import check_text

router = APIRouter(tags=["attribution"], route_class=StrictRoute)
MAX_CHARS = 100_000


class PreviewOrder(BaseModel):
    """A text to attribute."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "The tide keeps no ledger, and yet it pays."}]},
    )
    text: str = Field(description=f"1 to {MAX_CHARS} characters.")


class PreviewShare(BaseModel):
    """The part of one work."""

    work_id: int
    title: str
    share_ppm: int


class PreviewMatch(BaseModel):
    """A match; offsets in characters of the text and of the work, end exclusive."""

    work_id: int
    output_start: int
    output_end: int
    source_start: int
    source_end: int
    confidence_ppm: int
    kind: str


class PreviewVerdict(BaseModel):
    """What becomes of one passage, and why; the source is the likeliest one, paid or not."""

    start: int
    end: int
    state: str = Field(description="work, commons or none")
    work_id: int | None
    title: str | None
    source_start: int | None
    source_end: int | None
    confidence_ppm: int
    kind: str | None = Field(description="verbatim or paraphrase")
    reason: str = Field(
        description="paid, commons, no likeness, too faint, or gate: too little of the work"
    )


class AttributionPreview(BaseModel):
    """How the text divides among works; shares and unmatched sum to 1,000,000 ppm."""

    shares: list[PreviewShare]
    unmatched_ppm: int
    matches: list[PreviewMatch]
    passages: list[PreviewVerdict]
    engine_version: str


@router.post(
    "/v1/attribution-previews",
    summary="Attribute a text without storing it",
    dependencies=[Depends(anyone_known)],
    responses=problems(400, 401, 403, 413, 415),
)
def preview_attribution(
    context: Context, order: Annotated[PreviewOrder, Body()]
) -> AttributionPreview:
    """Say which registered works a text draws on, as a sale reported now would be attributed."""
    body = check_text(order.text, place="text", max_chars=MAX_CHARS)
    found = context.preview.attribute(body)
    named = {one.work_id for one in found.passages if one.work_id is not None}
    with unit_of_work(context.database) as session:
        titles = works.titles(session, sorted(named | set(found.share_ppm)))
    return AttributionPreview(
        shares=[
            PreviewShare(work_id=work, title=titles[work], share_ppm=share)
            for work, share in sorted(found.share_ppm.items(), key=lambda x: (-x[1], x[0]))
        ],
        unmatched_ppm=found.unmatched_ppm,
        matches=[
            PreviewMatch(
                work_id=span.work_id,
                output_start=span.output_start,
                output_end=span.output_end,
                source_start=span.source_start,
                source_end=span.source_end,
                confidence_ppm=span.confidence_ppm,
                kind=span.kind,
            )
            for span in found.spans
        ],
        passages=[_verdict(one, titles) for one in found.passages],
        engine_version=found.engine_version,
    )


def _verdict(one: PreviewPassage, titles: Mapping[int, str]) -> PreviewVerdict:
    return PreviewVerdict(
        start=one.start,
        end=one.end,
        state=one.state,
        work_id=one.work_id,
        title=None if one.work_id is None else titles[one.work_id],
        source_start=one.source_start,
        source_end=one.source_end,
        confidence_ppm=one.confidence_ppm,
        kind=one.kind,
        reason=one.reason,
    )
