"""Commands of payouts: plan a run, approve it, reserve what it says, then say what the bank did."""

from collections.abc import Sequence
from typing import Annotated

import typer

from service.ledger.errors import LedgerError
from service.ledger.money import format_nanos, parse_nanos
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.store import approvals, payout_runs, people
from service.store import payouts as stored
from service.store.database import unit_of_work
from service.store.payout_runs import PayoutRun, RunItem
from service.store.payouts import StoredPayout
from worker import payout_steps, payouts
from worker.cli import bank, payees, payout_terms, screen
from worker.cli.application import workplace
from worker.cli.books import Json, PeriodText
from worker.cli.findings import BY
from worker.cli.screen import Column
from worker.payout_planning import policy_of

_MOST = 100_000

Payout = Annotated[int, typer.Argument(help="Number of a payout, see `payouts list`.")]
Run = Annotated[int, typer.Argument(help="Number of a run, see `payouts runs`.")]
Operator = Annotated[str, typer.Option(help="Login of the operator who makes it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Payouts of statements to their holders.", no_args_is_help=True)
    group.command("plan")(payouts_plan)
    group.command("runs")(payouts_runs)
    group.command("approve")(payouts_approve)
    group.command("carry-out")(payouts_carry_out)
    group.command("reserve")(payouts_reserve)
    group.command("list")(payouts_list)
    group.command("sent")(payouts_sent)
    group.command("confirm")(payouts_confirm)
    group.command("return")(payouts_return)
    bank.add_to(group)
    app.add_typer(group, name="payouts")
    payees.add_to(app)
    payout_terms.add_to(app)


def payouts_plan(period: PeriodText, operator: Operator = BY, *, as_json: Json = False) -> None:
    """Make a run of all that can be paid of a closed period; nothing is reserved yet."""
    month = Period.parse(period)
    with workplace() as place, screen.progress_bars() as progress:
        made = payouts.make(
            place.database,
            month,
            by=operator,
            now=place.clock(),
            progress=progress,
            policy=policy_of(place.settings),
        )
    passed = [error.sentence for error in made.passed_over]
    if as_json:
        told = _run_facts(made.run) | {"items": [_item_facts(item) for item in made.items]}
        screen.facts(told | {"passed_over": passed}, as_json=True)
        return
    columns = [Column("statement"), Column("payee", number=True), Column("by"), Column("currency")]
    columns += [Column(name, number=True) for name in ("gross", "tax", "fee", "paid")]
    columns += [Column("in")]
    rows = [tuple(_item_facts(item).values()) for item in made.items]
    screen.table(f"Run {made.run.run_id}, digest {made.run.digest}", columns, rows)
    _tell(made.passed_over)


def payouts_runs(*, as_json: Json = False) -> None:
    """List runs of payouts with who approved each."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = [
            (
                *(run.run_id, str(run.period), run.item_count, run.made_by, run.digest),
                ", ".join(one.approved_by for one in payout_runs.approvals(session, run.run_id)),
            )
            for run in payout_runs.listing(session)
        ]
    columns = [Column("run", number=True), Column("period"), Column("payouts", number=True)]
    columns += [Column("made by"), Column("digest"), Column("approved by")]
    screen.table("Runs of payouts", columns, rows, as_json=as_json)


def payouts_approve(
    run: Run,
    digest: Annotated[str, typer.Argument(help="As `payouts plan` shows it.")],
    operator: Annotated[str, typer.Option(help="Login of the operator who approves.")],
    *,
    as_json: Json = False,
) -> None:
    """Approve what a run pays, by its digest; not by who made it."""
    with workplace() as place, unit_of_work(place.database) as session:
        people.check_operator(session, operator)
        read = approvals.parse_digest(digest)
        payout_runs.approve(session, run, read, by=operator, now=place.clock())
        given = payout_runs.approvals(session, run)
    screen.facts({"run": run, "approved by": [o.approved_by for o in given]}, as_json=as_json)


def payouts_carry_out(run: Run, *, as_json: Json = False) -> None:
    """Reserve what an approved run says; run again, only the rest."""
    with workplace() as place:
        with screen.progress_bars() as progress:
            told = payouts.carry_out(
                place.database,
                run,
                needed=place.settings.payout_approvals,
                by=BY,
                now=place.clock(),
                progress=progress,
                policy=policy_of(place.settings),
            )
        with unit_of_work(place.database) as session:
            made = [stored.get(session, number) for number in told.payout_ids]
    if as_json:
        facts = {"reserved": [_as_facts(one) for one in made]}
        passed = [error.sentence for error in told.passed_over]
        screen.facts(facts | {"passed_over": passed}, as_json=True)
        return
    _show(made, title=f"Payouts of run {run} reserved")
    _tell(told.passed_over)


def payouts_reserve(period: PeriodText, *, as_json: Json = False) -> None:
    """Make a run and carry it out, where the settings ask for nobody's approval."""
    month = Period.parse(period)
    with workplace() as place:
        made = payouts.make(
            place.database,
            month,
            by=BY,
            now=place.clock(),
            progress=lambda *_: None,
            policy=policy_of(place.settings),
        )
    if not as_json:
        _tell(made.passed_over)
    payouts_carry_out(made.run.run_id, as_json=as_json)


def payouts_list(
    period: Annotated[str | None, typer.Option(help="YYYY-MM of the statements.")] = None,
    state: Annotated[PayoutState | None, typer.Option(help="Only those in this state.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List payouts with the last step each has taken."""
    month = Period.parse(period) if period else None
    with workplace() as place, unit_of_work(place.database) as session:
        rows = stored.listing(session, period=month, state=state, limit=_MOST)
    if as_json:
        screen.facts({"payouts": [_as_facts(one) for one in rows]}, as_json=True)
    else:
        _show(rows, title="Payouts")


def payouts_sent(
    payout: Payout,
    reference: Annotated[str, typer.Option(help="Name of the bank's file or order.")],
    *,
    as_json: Json = False,
) -> None:
    """Say that a reserved payout was given to the bank."""
    _take(payout, PayoutState.SENT, reference, as_json=as_json)


def payouts_confirm(
    payout: Payout,
    reference: Annotated[str, typer.Option(help="What the bank's statement says.")],
    took: Annotated[str | None, typer.Option(help="What an exchange cost, if known.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Say that the bank has paid: the money has left."""
    _take(payout, PayoutState.CONFIRMED, reference, bank=took, as_json=as_json)


def payouts_return(
    payout: Payout,
    reason: Annotated[str, typer.Option(help="Why it is not paid, or came back.")],
    got: Annotated[str | None, typer.Option(help="What came back of an exchange.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Give a payout back to its holder: the next statement states it again."""
    _take(payout, PayoutState.RETURNED, reason, bank=got, as_json=as_json)


def _take(
    payout: int, wanted: PayoutState, reference: str, *, bank: str | None = None, as_json: bool
) -> None:
    moved = parse_nanos(bank) if bank is not None else None
    with workplace() as place:
        told = payout_steps.step(
            place.database,
            payout,
            wanted,
            reference=reference,
            by=BY,
            now=place.clock(),
            bank_nanos=moved,
        )
    screen.facts(_as_facts(told), as_json=as_json)


def _tell(passed_over: Sequence[LedgerError]) -> None:
    for error in passed_over:
        screen.say(error.sentence)


def _run_facts(run: PayoutRun) -> dict[str, object]:
    return {"run": run.run_id, "period": str(run.period), "digest": run.digest}


def _item_facts(item: RunItem) -> dict[str, object]:
    return {
        "statement": item.statement,
        "payee": item.payee_id,
        "by": item.method,
        "currency": item.currency,
        "gross": format_nanos(item.gross_nanos),
        "tax": format_nanos(item.tax_nanos),
        "fee": format_nanos(item.fee_nanos),
        "paid": format_nanos(item.paid_nanos),
        "in": item.to_currency,
    }


def _as_facts(one: StoredPayout) -> dict[str, object]:
    return {
        "payout": one.payout_id,
        "statement": one.number,
        "holder": one.holder_name,
        "payee": one.payee_id,
        "currency": one.currency,
        "amount": format_nanos(one.amount_nanos),
        **_division(one),
        "state": str(one.state),
        "reference": one.reference,
        "by": one.taken_by,
        "at": one.taken_at.isoformat(),
    }


def _division(one: StoredPayout) -> dict[str, object]:
    """Say what of a payout is tax, fee and exchange, as far as there is any."""
    told, parts = dict[str, object](), one.transfer
    if parts.tax_nanos:
        told["tax"] = f"{format_nanos(parts.tax_nanos)} ({parts.tax_rule}, {one.tax_ppm} ppm)"
    if parts.fee_nanos:
        told["fee"] = format_nanos(parts.fee_nanos)
    if one.rate:
        told["rate"] = f"{one.rate} of {one.rate.day}, {one.rate.origin}"
    return told | {"paid": f"{format_nanos(parts.paid_nanos)} {parts.to_currency}"}


def _show(rows: list[StoredPayout], *, title: str) -> None:
    columns = [Column("payout", number=True), Column("statement"), Column("holder")]
    columns += [Column("currency"), Column("amount", number=True)]
    columns += [Column("tax", number=True), Column("fee", number=True)]
    columns += [Column("paid", number=True), Column("in"), Column("state")]
    columns += [Column("reference"), Column("at")]
    table = [
        (
            one.payout_id,
            one.number,
            one.holder_name,
            one.currency,
            format_nanos(one.amount_nanos),
            format_nanos(one.transfer.tax_nanos),
            format_nanos(one.transfer.fee_nanos),
            format_nanos(one.transfer.paid_nanos),
            one.transfer.to_currency,
            str(one.state),
            one.reference,
            f"{one.taken_at:%Y-%m-%d %H:%M}",
        )
        for one in rows
    ]
    screen.table(title, columns, table)
