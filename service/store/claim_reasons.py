"""Why holds of claims keep money back, and the day that may change."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import why_held
from service.store import claims


def of_holds(session: Session, hold_ids: Sequence[int]) -> dict[int, tuple[str, date | None]]:
    """Return for each hold that a claim started the sentence and the day; None: nobody can say."""
    rows = session.execute(
        text(
            "SELECT hold_id, claim_id FROM claim_party WHERE hold_id = ANY(:holds) "
            "UNION SELECT hold_id, claim_id FROM claim_hold WHERE hold_id = ANY(:holds)"
        ),
        {"holds": list(hold_ids)},
    ).all()
    return {hold_id: why_held(claims.get(session, claim_id).claim) for hold_id, claim_id in rows}
