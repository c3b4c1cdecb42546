"""Explain a statement: from its lines and payouts to what is held, payable and carried forward."""

from sqlmodel import Session

from service.ledger.money import floor_to_minor, format_nanos, minor_unit_nanos
from service.ledger.statement import Statement
from service.store import holds, statements, unbacked
from service.store.statement_facts import Recipient
from worker.explanation import Explanation


def explain_statement(session: Session, number: str) -> Explanation:
    """Explain a statement by its public number; raise StatementNotFound."""
    issued = statements.get(session, number)
    said = issued.statement
    told = Explanation(f"statement {number} of {issued.holder_name}")
    told.facts = {
        "opening": f"{format_nanos(said.opening_nanos)} {said.currency}, closing of the one before",
        "earned": f"{format_nanos(said.earned_nanos)}, sum of the lines",
        "paid out": f"{format_nanos(said.paid_nanos)}, sum of the payouts",
        "closing": f"{format_nanos(said.closing_nanos)} = opening + earned - paid out",
        **_parts(said),
    }
    rows: list[tuple[object, ...]] = [
        (
            str(line.kind),
            f"wellspring explain line {line.line_id}",
            issued.work_titles[line.work_id],
            str(line.tier),
            str(line.month),
            format_nanos(line.credited_nanos),
            line.share_ppm,
            line.nanos,
        )
        for line in said.lines
    ]
    columns = ("kind", "arithmetic", "work", "tier", "month", "credited", "share ppm", "nanos")
    told.tables.append(("Lines: what each release passed on", columns, rows))
    if said.payouts:
        paid: list[tuple[object, ...]] = [
            (one.statement, one.state, one.at.isoformat(), one.nanos) for one in said.payouts
        ]
        told.tables.append(("Payouts", ("of statement", "state", "at", "nanos"), paid))
    _explain_held(session, told, said)
    return told


def _parts(said: Statement) -> dict[str, object]:
    """Say how the closing balance divides, and what the floor to a minor unit left."""
    parts = said.closing
    free = said.closing_nanos - parts.held_nanos
    whole = floor_to_minor(free, said.currency)
    unit = f"{format_nanos(minor_unit_nanos(said.currency))} {said.currency}"
    rule = f"{format_nanos(free)} that is not held, rounded down to whole {unit}"
    if whole and not parts.payable_nanos:
        rule += f" is {format_nanos(whole)}, below the threshold"
    return {
        "held": f"{format_nanos(parts.held_nanos)}, not backed by receipts (below)",
        "payable": f"{format_nanos(parts.payable_nanos)}: {rule}",
        "carried forward": f"{format_nanos(parts.carried_nanos)}, what that left",
    }


def _explain_held(session: Session, told: Explanation, said: Statement) -> None:
    found = unbacked.of_holder(session, said.holder_id, said.currency, said.period)
    rows: list[tuple[object, ...]] = [
        (
            one.vendor,
            str(one.period),
            format_nanos(one.earned_nanos),
            format_nanos(one.backed_nanos),
            one.earned_nanos - one.backed_nanos,
        )
        for one in found
    ]
    moved = holds.moved(session, [said.holder_id], said.period)
    under_hold = moved.get(Recipient(said.holder_id, said.currency), 0)
    if under_hold:
        rows.append(("under a hold", "", "", "", under_hold))
    total = sum(one.earned_nanos - one.backed_nanos for one in found) + under_hold
    assert total == said.closing.held_nanos, "held is earned and not backed, or under a hold"
    rows.append(("sum", "", "", "", total))
    columns = ("vendor", "period", "earned", "backed by receipts", "nanos")
    told.tables.append(
        ("Held: earned less backed, and under a hold, at the end of the period", columns, rows)
    )
