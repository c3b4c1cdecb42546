"""Explain what licence terms made of a sale's shares."""

from sqlmodel import Session

from service.store import works
from worker.explanation import Explanation
from worker.settled_sale import SettledSale


def explain_terms(session: Session, told: Explanation, facts: SettledSale) -> None:
    """Show each work's share as attributed, its terms on the day, and its share as paid."""
    if not facts.licensed:
        return
    titles = works.titles(session, [one.work_id for one in facts.licensed])
    rows: list[tuple[object, ...]] = [
        (
            one.work_id,
            titles.get(one.work_id, ""),
            one.attributed_ppm,
            str(one.against) if one.against else f"x {one.multiplier_ppm} ppm",
            one.paid_ppm,
        )
        for one in facts.licensed
    ]
    rows.append(("unmatched", "", "", "what is left of 1000000", facts.matched.unmatched_ppm))
    columns = ("work", "title", "attributed ppm", "terms of the day", "paid ppm")
    told.tables.append(("Licence terms: what is paid of what was attributed", columns, rows))
