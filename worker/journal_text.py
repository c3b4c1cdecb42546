"""Writing the journal as plain-text accounting, with every balance to be checked by the reader."""

from collections.abc import Iterator
from datetime import timedelta

from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.plain_text import Form, TextEntry, written
from service.store import account_history, journal_export


def journal_text(session: Session, form: Form, period: Period | None) -> Iterator[str]:
    """Write the whole journal, or one period with its opening balances; line by line.

    An entry stands on the last day of its period, the balances on the day after.
    """
    known = journal_export.span(session)
    if known is None:
        return
    first, last = (period, period) if period else known
    before = Period.of(first.start - timedelta(days=1))
    yield from written(
        form,
        first_day=first.first_day,
        last_day=last.next().first_day,
        opening=_balances(session, before) if period else {},
        entries=(
            TextEntry(
                one.period.next().first_day - timedelta(days=1),
                f"{one.kind}/{one.source_id}",
                one.batch_id,
                one.currency,
                one.legs,
            )
            for one in journal_export.entries(session, first, last)
        ),
        closing=_touched(session, last),
    )


def _balances(session: Session, period: Period) -> dict[tuple[str, str], int]:
    rows = account_history.balances_as_of(session, period=period)
    return {(one.account, one.currency): one.nanos for one in rows}


def _touched(session: Session, period: Period) -> dict[tuple[str, str], int]:
    """Return the balance of every account touched by then, zero ones too."""
    rows = account_history.balances_as_of(session, period=period, only_open=False)
    return {(one.account, one.currency): one.nanos for one in rows}
