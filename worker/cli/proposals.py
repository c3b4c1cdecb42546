"""Commands of proposals: what waits for whom, and an operator's decision."""

from typing import Annotated

import typer
from sqlmodel import Session

from service.store import consent, parties
from service.store import proposals as stored
from service.store.database import unit_of_work
from service.store.proposals import StoredProposal
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column

Number = Annotated[int, typer.Argument(metavar="N", help="Number of a proposal.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Splits and upstream shares that wait for consent.", no_args_is_help=True
    )
    group.command("list")(proposals_list)
    group.command("show")(proposals_show)
    group.command("decide")(proposals_decide)
    app.add_typer(group, name="proposals")


def proposals_list(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits.")] = False,
    work: Annotated[int | None, typer.Option(help="Only of a work.")] = None,
    as_json: Json = False,
) -> None:
    """List proposals, newest first, with those who have not answered."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = stored.listing(
            session, holder_id=None, work_id=work, only_open=only_open, limit=MOST_LISTED
        )
        told = [_facts(session, one) for one in rows]
    names = ("proposal", "work", "title", "state", "valid from", "split", "upstream", "waits for")
    screen.table(
        "Proposals",
        [Column(name, number=name in {"proposal", "work"}) for name in names],
        [tuple(one[name] for name in names) for one in told],
        as_json=as_json,
    )


def proposals_show(number: Number, *, as_json: Json = False) -> None:
    """Show one proposal with its answers."""
    with workplace() as place, unit_of_work(place.database) as session:
        facts = _facts(session, stored.get(session, number))
    screen.facts(facts, as_json=as_json)


def proposals_decide(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the decision.")],
    *,
    takes_effect: Annotated[
        bool, typer.Option("--effect/--refuse", help="Let it take effect, or end it.")
    ],
    as_json: Json = False,
) -> None:
    """Decide an open proposal for those who cannot or will not answer."""
    with workplace() as place, unit_of_work(place.database) as session:
        decided = consent.decide(
            session, number, effect=takes_effect, reason=reason, by=BY, now=place.clock()
        )
        facts = _facts(session, decided)
    screen.facts(facts, as_json=as_json)


def _facts(session: Session, one: StoredProposal) -> dict[str, object]:
    change, waiting = one.proposal.change, consent.waits_for(session, one)
    holders = {*(change.shares_ppm or ()), *waiting, *one.said}
    names = parties.names(session, sorted(holders | {one.proposer.holder_id or 0}))
    return {
        "proposal": one.proposal_id,
        "work": one.proposal.work_id,
        "title": one.title,
        "state": f"{one.state}, counts already" if one.proposal.in_force else str(one.state),
        "valid from": str(change.day),
        "split": ", ".join(f"{names[h]} {p}" for h, p in sorted((change.shares_ppm or {}).items())),
        "upstream": ", ".join(
            f"work {work} {ppm}" for work, ppm in sorted((change.upstream_ppm or {}).items())
        ),
        "message": one.message,
        "proposed by": one.proposer.login,
        "proposed": one.proposed_at.isoformat(timespec="seconds"),
        "expires": one.expires_at.isoformat(timespec="seconds"),
        "answers": ", ".join(
            f"{names[each.holder_id]} {'accepted' if each.accepted else 'declined'}"
            + (f" ({each.reason})" if each.reason else "")
            for each in one.answers
        ),
        "waits for": ", ".join(names[holder] for holder in waiting),
        "ended by": one.ended_by or "",
        "reason": one.reason or "",
    }
