"""Try it: paste what an AI wrote and see which works it draws on, without anything being stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from service.api.dependencies import CREATOR, Context, Creator, require_role
from service.api.doors import PreviewedAttribution, PreviewPassage, WebContext
from service.portal import pages
from service.portal.marks import Piece, Span, excerpts, marked
from service.store import holdings, works
from service.store.database import unit_of_work
from service.store.text_rules import BadText, check_text

router = APIRouter()

MAX_CHARS = 50_000
_AROUND = 160
_REASONS = {
    "paid": "paid to the work",
    "commons": "nobody's: it is of the commons",
    "no likeness": "nothing registered is like it",
    "too faint": "unmatched: the likeness is too faint",
    "gate: too little of the work": "unmatched: too little of that work to be sure",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A work the text draws on. ``excerpts`` is empty for others' works: their text is theirs."""

    number: int
    work_id: int
    title: str
    is_own: bool
    share_ppm: int
    confidence_ppm: int
    kinds: tuple[str, ...]
    excerpts: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a passage. ``source`` is empty for others' works: their text is theirs."""

    passage: Piece
    reason: str
    title: str
    source: str
    confidence_ppm: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a text draws on: its pieces with marks by match number, and the matches."""

    pieces: tuple[Piece, ...]
    matches: tuple[Match, ...]
    verdicts: tuple[Verdict, ...]
    unmatched_ppm: int
    engine_version: str


@router.get("/try", dependencies=[Depends(require_role(CREATOR))])
def trial_page(request: Request) -> Response:
    """Show the empty form."""
    return _page(request, text="", error="", drawn=None)


@router.post("/try")
def attribute(
    request: Request, person: Creator, context: Context, text: Annotated[str, Form()] = ""
) -> Response:
    """Attribute the text as it would be now; the answer is the whole page, script or not."""
    assert person.party_id is not None
    text = text.replace("\r\n", "\n")
    try:
        check_text(text, place="text", max_chars=MAX_CHARS)
    except BadText as refusal:
        rule = str(refusal.facts["rule"])
        return _page(request, text=text, error=f"The text {rule}.", drawn=None)
    preview = context.preview.attribute(text)
    drawn = drawn_on(context, person.party_id, text, preview)
    return _page(request, text=text, error="", drawn=drawn)


def drawn_on(
    context: WebContext, holder_id: int, text: str, preview: PreviewedAttribution
) -> Drawn:
    """Put marks on both sides; matches are numbered by share, the largest first."""
    order = sorted(preview.share_ppm, key=lambda work: (-preview.share_ppm[work], work))
    numbers = {work: position for position, work in enumerate(order, start=1)}
    near = sorted({one.work_id for one in preview.passages if one.work_id} | set(order))
    with unit_of_work(context.database) as session:
        titles = works.titles(session, near)
        own = holdings.among(session, holder_id, near)
        open_ = own | works.commons_among(session, near)
        bodies = {work: works.body_of(session, work) or "" for work in near if work in open_}
    spans = [one for one in preview.spans if one.work_id in numbers]
    matches = []
    for work, number in numbers.items():
        of_work = [one for one in spans if one.work_id == work]
        source = [Span(one.source_start, one.source_end, number) for one in of_work]
        matches.append(
            Match(
                number,
                work,
                titles[work],
                work in own,
                preview.share_ppm[work],
                max((one.confidence_ppm for one in of_work), default=0),
                tuple(sorted({one.kind for one in of_work})),
                tuple(map(tuple, excerpts(bodies.get(work, ""), source, around=_AROUND))),
            )
        )
    pieces = marked(
        text, [Span(one.output_start, one.output_end, numbers[one.work_id]) for one in spans]
    )
    verdicts = [_verdict(one, text, numbers, titles, bodies) for one in preview.passages]
    return Drawn(
        tuple(pieces),
        tuple(matches),
        tuple(verdicts),
        preview.unmatched_ppm,
        preview.engine_version,
    )


def _verdict(
    one: PreviewPassage,
    text: str,
    numbers: Mapping[int, int],
    titles: Mapping[int, str],
    bodies: Mapping[int, str],
) -> Verdict:
    work = one.work_id or 0
    marks = (numbers[work],) if one.state == "work" and work in numbers else ()
    return Verdict(
        Piece(text[one.start : one.end], marks),
        _REASONS.get(one.reason, one.reason),
        titles.get(work, ""),
        bodies.get(work, "")[one.source_start : one.source_end],
        one.confidence_ppm,
    )


def _page(request: Request, *, text: str, error: str, drawn: Drawn | None) -> Response:
    return pages.render(
        request,
        "trial.html",
        title="Try it",
        status=422 if error else 200,
        text=text,
        error=error,
        drawn=drawn,
        max_chars=MAX_CHARS,
    )
