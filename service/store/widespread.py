"""Works that win a little in many outputs of a month: for an operator to look at."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.money import PPM
from service.ledger.period import Period
from service.store.presence import LEAST_OUTPUTS, OFTEN_PPM


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in a listing, which goes down by these three."""

    month: Period
    output_count: int
    work_id: int


@dataclass(frozen=True, slots=True)
class Presence:
    """In how many of a month's distinct outputs a work won a little.

    holders: of its newest split, none for the commons; finding_id: its newest finding, if any.
    """

    month: Period
    work_id: int
    title: str
    holders: tuple[str, ...]
    commons: bool
    withdrawn_at: datetime | None
    output_count: int
    of_output_count: int
    finding_id: int | None

    @property
    def place(self) -> Place:
        """Where it stands in a listing."""
        return Place(self.month, self.output_count, self.work_id)

    @property
    def part_ppm(self) -> int:
        """Part of the month's outputs, floored."""
        return self.output_count * PPM // self.of_output_count


_SHOWN = """
SELECT m.month, w.work_id, w.title,
    ARRAY(SELECT h.name FROM rights_version v JOIN party h ON h.party_id = ANY (v.holder_ids)
          WHERE v.work_id = w.work_id AND upper_inf(v.days)
          AND v.superseded_at IS NULL ORDER BY h.name, h.party_id),
    w.commons, w.withdrawn_at, p.output_count, m.output_count,
    (SELECT max(f.finding_id) FROM finding f WHERE f.work_id = w.work_id)
FROM presence_in_use m
"""
# Ordered inside, so that of each month only the works above the bound are read.
_WIDESPREAD = """
CROSS JOIN LATERAL (
    SELECT work_id, output_count FROM presence_work o
    WHERE o.month = m.month AND o.engine_id = m.engine_id
        AND o.output_count > m.output_count * :often / 1000000
    ORDER BY output_count DESC, work_id DESC
) AS p
JOIN work w ON w.work_id = p.work_id AND NOT w.commons
WHERE m.output_count >= :least
"""
_COMMONS = """
JOIN presence_work p USING (month, engine_id) JOIN work w ON w.work_id = p.work_id AND w.commons
WHERE true
"""
_BELOW = """
AND (m.month, p.output_count, w.work_id) < (:month, :outputs, :work)
ORDER BY m.month DESC, p.output_count DESC, w.work_id DESC LIMIT :limit
"""


def listing(session: Session, *, commons: bool, before: Place | None, limit: int) -> list[Presence]:
    """List widespread works below one place, the newest month and in it the most outputs first.

    commons: list the commons instead, each that won anything a little, with no other threshold:
    they are there to win what is everywhere.
    """
    bounds = {} if commons else {"least": LEAST_OUTPUTS, "often": OFTEN_PPM}
    place = {
        "month": before.month.number if before else 2**31 - 1,
        "outputs": before.output_count if before else 0,
        "work": before.work_id if before else 0,
        "limit": limit,
    }
    query = text(_SHOWN + (_COMMONS if commons else _WIDESPREAD) + _BELOW)
    rows = session.execute(query, place | bounds)
    return [
        Presence(Period(month), work, title, tuple(holders), *rest)
        for month, work, title, holders, *rest in rows
    ]


_STANDING = """
SELECT count(*)
FROM (SELECT * FROM presence_in_use WHERE output_count >= :least
      ORDER BY month DESC LIMIT 1) AS m
JOIN presence_work p USING (month, engine_id) JOIN work w USING (work_id)
WHERE p.output_count > m.output_count * :often / 1000000
    AND NOT w.commons AND w.withdrawn_at IS NULL
"""


def count(session: Session) -> int:
    """Count the widespread works of the latest month with enough outputs, less the withdrawn."""
    values = {"least": LEAST_OUTPUTS, "often": OFTEN_PPM}
    return int(session.execute(text(_STANDING), values).scalar_one())
