"""Lines of the health page: what is looked at, its figure, whether it is well, where to act."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.store.console_jobs import ConsoleJob
from service.store.throughput import Failures, Lag
from service.store.webhook_states import Standing

LOOK_AFTER = timedelta(minutes=15)
ACT_AFTER = timedelta(hours=2)
"""How long a sale may wait for one stage before somebody looks, and before somebody must act."""
VERIFY_EVERY = timedelta(days=7)


class State(StrEnum):
    """Whether somebody must do something."""

    OK = "ok"
    LOOK = "look"
    ACT = "act"


_GRAVITY = tuple(State)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is looked at. href: where to act or to see more, empty for nowhere."""

    name: str
    figure: str
    state: State
    says: str
    href: str = ""


def worst(lines: list[Line]) -> State:
    """Return the gravest state."""
    return max((line.state for line in lines), key=_GRAVITY.index, default=State.OK)


def span(length: timedelta) -> str:
    """Say how long something is, in its largest two units."""
    seconds = int(length.total_seconds())
    if seconds < 1:
        return f"{length // timedelta(milliseconds=1)} ms"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            smaller = {"d": ("h", 3_600), "h": ("min", 60), "min": ("s", 1)}[unit]
            rest = seconds % size // smaller[1]
            return f"{seconds // size} {unit}" + (f" {rest} {smaller[0]}" if rest else "")
    return f"{seconds} s"


def of_lag(name: str, waits_for: str, lag: Lag, *, now: datetime) -> Line:
    """Say how far behind a stage is."""
    if lag.oldest_at is None:
        took = f" Within the last hour batches took {span(lag.usual)}" if lag.usual else ""
        took += f", {span(lag.longest)} at most." if lag.longest else ""
        return Line(name, "0", State.OK, f"Nothing waits.{took}")
    age = now - lag.oldest_at
    state = State.ACT if age > ACT_AFTER else State.LOOK if age > LOOK_AFTER else State.OK
    says = f"The oldest waits since {span(age)} to be {waits_for}."
    if state is State.ACT:
        says += " Is a worker running, and is there room for it? See its log."
    return Line(name, f"{lag.sale_count:,}", state, says)


def of_room(lacking: str, free_mib: int | None) -> list[Line]:
    """Say whether sales are taken, and how much disk is free."""
    taken = Line("Sales are taken", "yes", State.OK, "Nothing is refused for want of room.")
    if lacking:
        says = f"Vendors are told to report later: {lacking}."
        taken = Line("Sales are taken", "no", State.ACT, says)
    if free_mib is None:
        return [taken]
    return [taken, Line("Disk that is free", f"{free_mib:,} MiB", State.OK, "Where the home is.")]


def of_failures(found: Failures, hooks: Standing, *, now: datetime) -> list[Line]:
    """Say what failed and waits for somebody."""
    return [
        _counted(
            "Refunds that were refused",
            found.refunds_refused,
            State.LOOK,
            "Their sale left no room for them; the vendor has to say what it meant.",
        ),
        _counted(
            "Letters that were refused",
            found.letters_refused,
            State.LOOK,
            "A mail server did not take them; see `wellspring mail list`.",
        ),
        _counted(
            "Webhook deliveries given up in a day",
            found.deliveries_failed_in_a_day,
            State.LOOK,
            "They can be sent again with `wellspring webhooks`.",
        ),
        _counted(
            "Webhooks in trouble",
            hooks.failing + hooks.given_up,
            State.ACT if hooks.given_up else State.LOOK,
            f"{hooks.failing} take nothing now, {hooks.given_up} were given up: see "
            "`wellspring webhooks list`.",
        ),
        _of_jobs(found, now=now),
    ]


def _of_jobs(found: Failures, *, now: datetime) -> Line:
    line = _counted(
        "Corrections that wait", found.jobs_waiting, State.OK, "They are worked off by themselves."
    )
    if found.oldest_job_at and now - found.oldest_job_at > ACT_AFTER:
        says = f"The oldest waits since {span(now - found.oldest_job_at)}: is a worker running?"
        return Line(line.name, line.figure, State.ACT, says)
    return line


def _counted(name: str, count: int, state: State, says: str, href: str = "") -> Line:
    if not count:
        return Line(name, "0", State.OK, "None.")
    return Line(name, f"{count:,}", state, says, href)


def of_decisions(name: str, count: int, says: str, href: str, *, overdue: bool = False) -> Line:
    """Say how much waits for a person."""
    return _counted(name, count, State.ACT if overdue else State.LOOK, says, href)


def of_check(job: ConsoleJob | None, *, now: datetime) -> Line:
    """Say when the books were checked last, and what came of it."""
    name, href = "Check of the books", "/operator/jobs"
    if job is None:
        says = "No check was asked for here yet."
        return Line(name, "never", State.LOOK, says, href)
    href = f"/operator/jobs/{job.job_id}"
    if job.ended_at is None:
        return Line(name, "under way", State.OK, "A worker is at it.", href)
    age = span(now - job.ended_at)
    if job.result is None:
        return Line(name, "failed", State.ACT, f"It could not be done {age} ago.", href)
    broken = [one["invariant"] for one in job.result["checks"] if not one["holds"]]
    if broken:
        says = f"{age} ago {len(broken)} invariants were broken: {'; '.join(broken)}."
        return Line(name, "broken", State.ACT, says, href)
    late = now - job.ended_at > VERIFY_EVERY
    says = f"{age} ago all {len(job.result['checks'])} invariants held."
    return Line(name, "whole", State.LOOK if late else State.OK, says, href)
