"""What statements say, as one hash: what is approved is what is posted."""

import hashlib
import json
from dataclasses import asdict

from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.statement import Statement
from service.store import statements

MOST_STATEMENTS = 10_000_000


def digest_of_statements(session: Session, period: Period) -> str:
    """Hash the statements of a period in order of holder and currency, lines included.

    A line is named by work, vendor, tier and month, never by a serial number: a close that was
    only rehearsed takes numbers with it.
    """
    digest = hashlib.sha256()
    listed = statements.listing(session, period=period, limit=MOST_STATEMENTS)
    for one in sorted(listed, key=lambda each: (each.holder_id, each.currency)):
        said = statements.get(session, one.number).statement
        digest.update(json.dumps(_canonical(said), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def _canonical(said: Statement) -> dict[str, object]:
    lines = []
    for line in said.lines:
        told = asdict(line) | {"tier": str(line.tier), "month": str(line.month)}
        del told["line_id"]
        lines.append(told)
    return {
        "holder": said.holder_id,
        "currency": said.currency,
        "period": str(said.period),
        "opening": said.opening_nanos,
        "paid": [[move.statement, move.state, move.nanos] for move in said.payouts],
        "moved": [[move.reference, str(move.kind), move.nanos] for move in said.moves],
        "closing": said.closing_nanos,
        "held": said.closing.held_nanos,
        "under_hold": [[str(part.reason), part.nanos, part.causes] for part in said.held],
        "holdback": said.closing.holdback_nanos,
        "advance": said.advance.closing_nanos,
        "payable": said.closing.payable_nanos,
        "carried": said.closing.carried_nanos,
        "lines": lines,
    }
