"""What `close --dry-run` prints: the statements a close would issue, and why they differ."""

from service.ledger.money import format_nanos
from service.ledger.period import Period
from worker.cli import screen
from worker.cli.screen import Column
from worker.rehearsal import Rehearsed, rehearse
from worker.workplace import Workplace

CAUSES = ("volume", "price", "attribution", "split", "adjustment", "total")


def show(
    place: Workplace, period: Period, *, early: bool, settle: bool = False, as_json: bool
) -> None:
    """Rehearse a close, on request after settling what waits, and print it."""
    with screen.progress_bars() as progress:
        told = rehearse(
            place.database,
            period,
            early=early,
            settle=settle,
            threshold=place.threshold,
            now=place.clock(),
            progress=progress,
        )
    if as_json:
        screen.facts(as_facts(told), as_json=True)
        return
    if settle:
        rows = [(b.account, b.currency, format_nanos(b.nanos)) for b in told.settled.balances]
        columns = [Column("account"), Column("currency"), Column("debit less credit", number=True)]
        screen.table("What settling would post", columns, rows)
    screen.table(*_holders(told))
    screen.facts(
        {
            "statements": len(told.statements),
            "sales settled here": told.settled.sales,
            "sales put aside here": told.settled.quarantined,
            "sales not settled yet": told.waiting,
            "digest": told.digest,
            "posted": "nothing",
        }
    )


def _holders(told: Rehearsed) -> tuple[str, list[Column], list[tuple[object, ...]]]:
    columns = [Column("holder"), Column("currency")]
    columns += [Column(name, number=True) for name in ("earned", "payable", *CAUSES)]
    named = {(one.holder_id, one.currency): one for one in told.statements}
    rows: list[tuple[object, ...]] = []
    for recipient, change in told.changes.items():
        one = named.get((recipient.holder_id, recipient.currency))
        rows.append(
            (
                one.holder_name if one else f"holder {recipient.holder_id}",
                recipient.currency,
                format_nanos(one.earned_nanos if one else 0),
                format_nanos(one.payable_nanos if one else 0),
                *(format_nanos(getattr(change, cause)) for cause in CAUSES),
            )
        )
    return f"{told.period} if it were closed now, beside the month before", columns, rows


def as_facts(told: Rehearsed) -> dict[str, object]:
    """Give a rehearsal as JSON: amounts as decimal strings."""
    return {
        "period": str(told.period),
        "sales_settled_here": told.settled.sales,
        "sales_put_aside_here": told.settled.quarantined,
        "sales_not_settled": told.waiting,
        "settled": [
            {"account": b.account, "currency": b.currency, "nanos": b.nanos}
            for b in told.settled.balances
        ],
        "digest": told.digest,
        "statements": [
            {
                "number": one.number,
                "holder": one.holder_name,
                "currency": one.currency,
                "opening": format_nanos(one.opening_nanos),
                "earned": format_nanos(one.earned_nanos),
                "paid out": format_nanos(one.paid_nanos),
                "closing": format_nanos(one.closing_nanos),
                "held": format_nanos(one.held_nanos),
                "payable": format_nanos(one.payable_nanos),
                "carried": format_nanos(one.carried_nanos),
            }
            for one in told.statements
        ],
        "changes": [
            {"holder": who.holder_id, "currency": who.currency}
            | {cause: format_nanos(getattr(change, cause)) for cause in CAUSES}
            for who, change in told.changes.items()
        ],
    }
