"""Commands of claims over shares: entered, proven, answered, appealed and decided by operators."""

from collections.abc import Mapping
from typing import Annotated

import typer

from service.ledger.claim import Actor, Outcome, why_held
from service.ledger.dispute import Decision
from service.store import claim_course, claim_filing, claim_steps, claims, parties, people
from service.store.claim_filing import NewClaim
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import ClaimStep, Evidence, Said
from service.store.database import unit_of_work
from worker.cli import screen
from worker.cli.application import workplace
from worker.cli.books import Json
from worker.cli.findings import BY, MOST_LISTED
from worker.cli.screen import Column
from worker.import_lines import BadOption

Number = Annotated[int, typer.Argument(metavar="N", help="Number of a claim, see `claims list`.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the step.")]
Holder = Annotated[int, typer.Option("--for", metavar="HOLDER", help="Party it is done for.")]
Text = Annotated[str, typer.Option("--evidence", help="What is brought, in words.")]
Url = Annotated[str, typer.Option(help="Where it can be looked at.")]
Sha256 = Annotated[str, typer.Option(help="Hash of an attachment, 64 hexadecimal digits.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="Claims over shares of works.", no_args_is_help=True)
    group.command("list")(claims_list)
    group.command("show")(claims_show)
    group.command("enter")(claims_enter)
    group.command("evidence")(claims_evidence)
    group.command("accept")(claims_accept)
    group.command("contest")(claims_contest)
    group.command("counter")(claims_counter)
    group.command("withdraw")(claims_withdraw)
    group.command("appeal")(claims_appeal)
    group.command("decide")(claims_decide)
    app.add_typer(group, name="claims")


def claims_list(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only what is not final.")] = False,
    work: Annotated[int | None, typer.Option(help="Number of a work.")] = None,
    as_json: Json = False,
) -> None:
    """List claims, newest first."""
    with workplace() as place, unit_of_work(place.database) as session:
        rows = claims.listing(session, work_id=work, only_open=only_open, limit=MOST_LISTED)
    columns = [Column("claim", number=True), Column("work", number=True), Column("title")]
    columns += [Column("claimed ppm", number=True), Column("claimants"), Column("respondents")]
    columns += [Column("state"), Column("due"), Column("held")]
    screen.table(
        "Claims",
        columns,
        [
            (
                one.claim.claim_id,
                one.claim.work_id,
                one.title,
                one.claim.claimed_ppm,
                _names(one.claim.claimants, one.names),
                _names(one.claim.respondents, one.names),
                str(one.claim.state),
                f"{one.claim.due_at:%Y-%m-%d %H:%M}" if one.claim.due_at else "",
                "yes" if one.settled_at is None else "no",
            )
            for one in rows
        ],
        as_json=as_json,
    )


def claims_show(number: Number, *, as_json: Json = False) -> None:
    """Show one claim with everything that was said and decided of it."""
    with workplace() as place, unit_of_work(place.database) as session:
        found = claims.get(session, number)
        steps = claim_steps.listing(session, number)
    columns = [Column("step", number=True), Column("at"), Column("what"), Column("for")]
    columns += [Column("by"), Column("reason"), Column("evidence"), Column("then")]
    rows = [_step(one, found.names) for one in steps]
    if as_json:
        keys = [column.name for column in columns]
        told = [dict(zip(keys, row, strict=True)) for row in rows]
        screen.facts(_facts(found) | {"steps": told}, as_json=True)
        return
    screen.facts(_facts(found))
    screen.table(f"Claim {number}", columns, rows)


def claims_enter(
    work: Annotated[int, typer.Argument(help="Number of the work.")],
    ppm: Annotated[int, typer.Argument(help="Part of the work that is claimed, in ppm.")],
    reason: Reason,
    *,
    holder: Annotated[int | None, typer.Option("--for", help="Holder it is claimed for.")] = None,
    name: Annotated[str | None, typer.Option(help="Or the name of a third person.")] = None,
    against: Annotated[list[int] | None, typer.Option(help="From these holders only.")] = None,
    evidence: Text = "",
    url: Url = "",
    sha256: Sha256 = "",
    as_json: Json = False,
) -> None:
    """Enter a claim for a holder, or for a third person who becomes one."""
    if (holder is None) == (name is None):
        raise BadOption("claims enter", "takes one of --for and --name")
    with workplace() as place, unit_of_work(place.database) as session:
        if name is not None:
            holder = parties.add_holder(session, name, now=place.clock()).party_id
        assert holder is not None
        new = NewClaim(
            work,
            ppm,
            {holder: ppm},
            _said(reason, evidence, url, sha256),
            frozenset(against) if against else None,
        )
        made = claim_filing.file(session, new, by=Actor(BY), now=place.clock())
    screen.facts(_facts(made), as_json=as_json)


def claims_evidence(
    number: Number,
    reason: Reason,
    *,
    evidence: Text = "",
    url: Url = "",
    sha256: Sha256 = "",
    holder: Annotated[int | None, typer.Option("--for", help="Party that brings it.")] = None,
    as_json: Json = False,
) -> None:
    """Add evidence, for a party or as operator."""
    said = Said(reason, Evidence(evidence, url, sha256))
    _take(claim_course.add_evidence, number, said, Actor(BY, holder), as_json=as_json)


def claims_accept(number: Number, reason: Reason, holder: Holder, *, as_json: Json = False) -> None:
    """Give a respondent's part up for it, as it asked."""
    _take(claim_course.accept, number, Said(reason), Actor(BY, holder), as_json=as_json)


def claims_contest(
    number: Number,
    reason: Reason,
    holder: Holder,
    *,
    evidence: Text = "",
    url: Url = "",
    sha256: Sha256 = "",
    as_json: Json = False,
) -> None:
    """Contest a claim for a respondent."""
    said = _said(reason, evidence, url, sha256)
    _take(claim_course.contest, number, said, Actor(BY, holder), as_json=as_json)


def claims_counter(
    number: Number,
    work: Annotated[int, typer.Argument(help="Number of the work that is claimed in turn.")],
    ppm: Annotated[int, typer.Argument(help="Part of it that is claimed, in ppm.")],
    reason: Reason,
    holder: Holder,
    *,
    evidence: Text = "",
    url: Url = "",
    sha256: Sha256 = "",
    as_json: Json = False,
) -> None:
    """Contest a claim for a respondent with a claim of its own against the claimants."""
    said = _said(reason, evidence, url, sha256)
    with workplace() as place, unit_of_work(place.database) as session:
        actor, facts = Actor(BY, holder), {"work_id": work, "claimed_ppm": ppm}
        _, made = claim_course.counter(session, number, actor, said, **facts, now=place.clock())
    screen.facts(_facts(made), as_json=as_json)


def claims_withdraw(
    number: Number, reason: Reason, holder: Holder, *, as_json: Json = False
) -> None:
    """Withdraw a claim for a claimant."""
    _take(claim_course.withdraw, number, Said(reason), Actor(BY, holder), as_json=as_json)


def claims_appeal(number: Number, reason: Reason, holder: Holder, *, as_json: Json = False) -> None:
    """Appeal for a party that lost."""
    _take(claim_course.appeal, number, Said(reason), Actor(BY, holder), as_json=as_json)


def claims_decide(
    number: Number,
    outcome: Annotated[Outcome, typer.Argument(help="What is decided.")],
    reason: Reason,
    operator: Annotated[str, typer.Option(help="Login of the operator who decides.")],
    *,
    granted: Annotated[int | None, typer.Option(help="Ppm of the work, with partly.")] = None,
    as_json: Json = False,
) -> None:
    """Decide a claim that was heard, or its appeal."""
    if (outcome is Outcome.PARTLY) != (granted is not None):
        raise BadOption("--granted", "goes with partly, and with nothing else")
    with workplace() as place, unit_of_work(place.database) as session:
        people.check_operator(session, operator)
        claimed = claims.get(session, number).claim.claimed_ppm
        ppm = claimed if outcome is Outcome.UPHELD else granted or 0
        decision = Decision(outcome, ppm)
        actor, said, now = Actor(operator), Said(reason), place.clock()
        found = claim_course.decide(session, number, actor, said, decision, now=now)
    screen.facts(_facts(found), as_json=as_json)


def _take(step: claim_course.Step, number: int, said: Said, actor: Actor, *, as_json: bool) -> None:
    with workplace() as place, unit_of_work(place.database) as session:
        found = step(session, number, actor, said, now=place.clock())
    screen.facts(_facts(found), as_json=as_json)


def _said(reason: str, evidence: str, url: str, sha256: str) -> Said:
    brought = Evidence(evidence, url, sha256) if evidence or url or sha256 else None
    return Said(reason, brought)


def _facts(stored: StoredClaim) -> dict[str, object]:
    claim = stored.claim
    sentence, day = why_held(claim) if stored.settled_at is None else ("", None)
    return {
        "claim": claim.claim_id,
        "work": f"{claim.work_id} {stored.title}",
        "state": str(claim.state),
        "claimed ppm": claim.claimed_ppm,
        "claimants": _names(claim.claimants, stored.names),
        "respondents": _names(claim.respondents, stored.names),
        "over claimed ppm": stored.over_ppm,
        "filed": f"{stored.filed_at.isoformat(timespec='seconds')} by {stored.filed_by}",
        "reason": stored.reason,
        "contested from": claim.held_from.isoformat(),
        "due": claim.due_at.isoformat(timespec="seconds") if claim.due_at else "",
        "outcome": f"{claim.outcome} {claim.granted_ppm} ppm" if claim.outcome else "",
        "counters": stored.counters or "",
        "finding": stored.finding_id or "",
        "why not paid": sentence,
        "may change on": day.isoformat() if day else "",
    }


def _names(shares: Mapping[int, int], names: Mapping[int, str]) -> str:
    return ", ".join(f"{names[holder]} {ppm}" for holder, ppm in sorted(shares.items()))


def _step(one: ClaimStep, names: Mapping[int, str]) -> tuple[object, ...]:
    brought = one.said.evidence
    return (
        one.step_no,
        f"{one.taken_at:%Y-%m-%d %H:%M}",
        str(one.action),
        names[one.holder_id] if one.holder_id is not None else str(one.side),
        one.taken_by,
        one.said.reason,
        " ".join(filter(None, (brought.text, brought.url, brought.sha256))) if brought else "",
        f"{one.state} {one.outcome} {one.granted_ppm} ppm" if one.outcome else str(one.state),
    )
