"""Works that derive from one another, and what statements say they earn."""

from datetime import UTC, date, datetime

from service.ledger.derivation import Change
from service.ledger.tiers import Tier
from service.store import parties, rights
from service.store.database import unit_of_work

ALL = 1_000_000
JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
POOL = 540_000_000
"""What a million premium tokens credit to the one work they draw on: $6, 10 %, less 10 % fee."""


def number(town, name):
    with unit_of_work(town.database) as session:
        return parties.holder_named(session, name, now=town.clock()).party_id


def change(town, work, *, day=date(2026, 1, 1), upstream=None, reason="agreed", **shares):
    """Change a work's rights; return the number of the change."""
    split = {number(town, name.title()): ppm for name, ppm in shares.items()} or None
    with unit_of_work(town.database) as session:
        changed = Change(day, split, upstream)
        return rights.change(
            session, work, changed, reason=reason, by="op", now=town.clock(), back_dated=True
        )[0]


def sells(town, text, *, at=JANUARY, name="s"):
    town.sells(name, text=text, tier=Tier.PREMIUM, tokens=1_000_000, at=at)


def earned(town, month="2026-01"):
    """Return what each holder's statement of a month says they earned, in nanos."""
    rows = town.tells(
        "SELECT name, earned_nanos FROM statement JOIN party ON party_id = holder_id "
        "WHERE period = :p AND earned_nanos <> 0 ORDER BY name",
        p=int(month.replace("-", "")),
    )
    return dict(rows)


def shelf_of(village, texts):
    """A song, a cover of it, a remix of the cover and a medley; each sold by its own text."""
    village.texts = {
        "song": texts.ode,
        "cover": texts.essay,
        "remix": "Granite quarries of Holmestrand shipped curbstones to eleven harbours in spring.",
        "medley": "Beekeepers along the canal label every jar with the hedgerow that fed it.",
    }
    village.work = {
        title: village.registers(title, text, {holder: ALL})
        for (title, text), holder in zip(
            village.texts.items(), ("Ada", "Ben", "Cleo", "Dee"), strict=True
        )
    }
    return village


def rows_of_page(repository, first_cell):
    """Return the cells of the rows of docs/rights.md that begin with one of these words."""
    page = (repository / "docs" / "rights.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    return [row for row in rows if row[0] in first_cell]
