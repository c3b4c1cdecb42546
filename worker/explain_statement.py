"""Explain a statement: from its lines and payouts to what is held, payable and carried forward."""

from sqlmodel import Session

from service.ledger.money import floor_to_minor, format_nanos, minor_unit_nanos
from service.ledger.statement import Statement
from service.store import advances, holds, statements, unbacked
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
        "moved": f"{format_nanos(said.moved_nanos)}, sum of what advances added and took",
        "paid out": f"{format_nanos(said.paid_nanos)}, sum of the payouts",
        "closing": f"{format_nanos(said.closing_nanos)} = opening + earned + moved - paid out",
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
            format_nanos(line.upstream_received_nanos),
            format_nanos(line.upstream_paid_nanos),
            format_nanos(line.pool_nanos),
            line.share_ppm,
            line.nanos,
        )
        for line in said.lines
    ]
    columns = ("kind", "arithmetic", "work", "tier", "month", "credited", "from downstream",
               "to upstream", "from the pool", "share ppm", "nanos")  # fmt: skip
    told.tables.append(("Lines: what each release passed on", columns, rows))
    _explain_moves(told, said)
    _explain_held(session, told, said)
    return told


def _explain_moves(told: Explanation, said: Statement) -> None:
    if said.moves:
        moved: list[tuple[object, ...]] = [
            (
                f"wellspring explain advance {one.reference.removeprefix('advance ')}",
                str(one.kind),
                one.vendor,
                one.nanos,
            )
            for one in said.moves
        ]
        told.tables.append(("Advances", ("arithmetic", "step", "vendor", "nanos"), moved))
    if said.payouts:
        paid: list[tuple[object, ...]] = [
            (one.statement, one.state, one.at.isoformat(), one.nanos) for one in said.payouts
        ]
        told.tables.append(("Payouts", ("of statement", "state", "at", "nanos"), paid))


def _parts(said: Statement) -> dict[str, object]:
    """Say how the closing balance divides, and what the floor to a minor unit left."""
    parts = said.closing
    kept, early = said.holdback, said.advance
    free = said.closing_nanos - parts.held_nanos - parts.holdback_nanos
    whole = floor_to_minor(free, said.currency)
    unit = f"{format_nanos(minor_unit_nanos(said.currency))} {said.currency}"
    besides = " or kept" if kept.closing_nanos else ""
    rule = f"{format_nanos(free)} that is not held{besides}, rounded down to whole {unit}"
    if whole and not parts.payable_nanos:
        rule += f" is {format_nanos(whole)}, below the threshold"
    causes = {
        str(part.reason): f"{format_nanos(part.nanos)}"
        + (f" ({', '.join(part.causes)})" if part.causes else "")
        for part in said.held
    }
    return {
        "held": f"{format_nanos(parts.held_nanos)}: "
        + (", ".join(f"{reason} {told}" for reason, told in causes.items()) or "nothing"),
        "holdback": f"{format_nanos(parts.holdback_nanos)} = {format_nanos(kept.opening_nanos)} "
        f"+ {format_nanos(kept.taken_nanos)} taken - {format_nanos(kept.released_nanos)} released",
        "advance to earn back": f"{format_nanos(early.closing_nanos)} = "
        f"{format_nanos(early.opening_nanos)} + {format_nanos(early.paid_nanos)} paid - "
        f"{format_nanos(early.recouped_nanos)} recouped",
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
    whose = Recipient(said.holder_id, said.currency)
    if whose in moved:
        rows.append(("under a hold", "", "", "", moved[whose]))
    besides = advances.net_of_vendors(session, [said.holder_id], said.period)
    for vendor, nanos in sorted(besides.get(whose, {}).items()):
        rows.append((vendor, "advances", format_nanos(nanos), "", nanos))
    total = sum(int(str(row[-1])) for row in rows)
    assert total == said.closing.held_nanos, "held is earned and not backed, or under a hold"
    rows.append(("sum", "", "", "", total))
    columns = ("vendor", "period", "earned", "backed by receipts", "nanos")
    told.tables.append(
        ("Held: earned less backed, and under a hold, at the end of the period", columns, rows)
    )
