"""The command that lists works which win a little in many outputs."""

from typing import Annotated

import typer

from service.documents.figures import percent_of
from service.store import widespread
from service.store.database import unit_of_work
from service.store.widespread import Presence
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.screen import Column

MOST_LISTED = 1_000


def findings_widespread(
    *,
    commons: Annotated[
        bool, typer.Option("--commons", help="How often each text of the commons wins instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List works that win a little in more than 5 % of a month's outputs, the latest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = widespread.listing(session, commons=commons, before=None, limit=MOST_LISTED)
    columns = [Column("month"), Column("work", number=True), Column("title"), Column("holder")]
    columns += [Column("outputs", number=True), Column("of", number=True)]
    columns += [Column("percent", number=True), Column("finding", number=True)]
    screen.table(
        "The commons" if commons else "Widespread works",
        columns,
        [_row(one) for one in rows],
        as_json=as_json,
    )


def _row(one: Presence) -> tuple[object, ...]:
    return (
        str(one.month),
        one.work_id,
        one.title,
        ", ".join(one.holders),
        one.output_count,
        one.of_output_count,
        percent_of(one.part_ppm),
        one.finding_id,
    )
