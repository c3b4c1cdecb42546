"""The command that attributes a text as a sale reported now would be, and says why."""

from dataclasses import asdict
from typing import Annotated

import typer

from attribution.fingerprint_file import MAGIC
from service.api.doors import PreviewPassage
from service.store import works
from service.store.database import unit_of_work
from service.store.text_rules import check_text
from service.store.works import MAX_TEXT_BYTES
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column
from worker.cli.texts import content_of, text_of
from worker.preview import EnginePreview

SHOWN_CHARS = 60


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("preview")(preview)


def preview(
    path: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A text in UTF-8, or its fingerprint.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Attribute a text as if it were sold now, passage by passage; nothing is stored."""
    content, body = content_of(path), ""
    if not content.startswith(MAGIC):
        text = text_of(content, place=path)
        body = check_text(text, place=path, max_chars=MAX_TEXT_BYTES)
    with workplace() as place:
        previewing = EnginePreview(place)
        found = previewing.attribute(body) if body else previewing.attribute_fingerprint(content)
        named = {one.work_id for one in found.passages if one.work_id is not None}
        with unit_of_work(place.database) as session:
            titles = works.titles(session, sorted(named | set(found.share_ppm)))
    if as_json:
        screen.document(asdict(found) | {"titles": titles})
        return
    columns = [Column("span"), Column("text"), Column("state"), Column("work", number=True)]
    columns += [Column("title"), Column("source"), Column("kind")]
    columns += [Column("confidence ppm", number=True), Column("reason")]
    rows = [_row(one, body, titles) for one in found.passages]
    screen.table("Passages", columns, rows)
    shares = sorted(found.share_ppm.items(), key=lambda each: (-each[1], each[0]))
    screen.facts(
        {f"{titles[work]} (work {work})": f"{share} ppm" for work, share in shares}
        | {"unmatched": f"{found.unmatched_ppm} ppm", "engine": found.engine_version}
    )


def _row(one: PreviewPassage, body: str, titles: dict[int, str]) -> tuple[object, ...]:
    text = " ".join(body[one.start : one.end].split())
    return (
        f"{one.start}-{one.end}",
        text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…",
        one.state,
        one.work_id,
        "" if one.work_id is None else titles[one.work_id],
        "" if one.source_start is None else f"{one.source_start}-{one.source_end}",
        one.kind,
        one.confidence_ppm,
        one.reason,
    )
