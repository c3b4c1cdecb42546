"""A page on which one thing is decided: both sides, what happened so far, and the form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.field_errors import errors_of

Facts = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Happened:
    """A step of the history."""

    at: datetime
    who: str
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. Its name says what it does."""

    value: str
    name: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field beside the reason."""

    name: str
    label: str
    hint: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to be decided. effects: what each choice will do, before it is made."""

    kind: str
    title: str
    path: str
    facts: Facts
    sides: Sequence[tuple[str, Facts]] = ()
    history: Sequence[Happened] = ()
    effects: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    fields: Sequence[Field] = ()
    max_chars: int = 2_000
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the form, and what is wrong with it by field."""

    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def show(request: Request, case: Case, typed: Typed | None = None) -> Response:
    """Show a case, again with what was typed where something was wrong with it."""
    typed = typed or Typed()
    return pages.render(
        request,
        "operator_decision.html",
        title=f"{case.kind.capitalize()}: {case.title}",
        status=422 if typed.errors else 200,
        case=case,
        typed=typed,
    )


def decided(
    request: Request,
    case: Callable[[], Case],
    decide: Callable[[], None],
    *,
    reason: str,
    values: Mapping[str, str] | None = None,
) -> Response:
    """Decide and lead back to the case; a refusal shows it with what was typed.

    ``case`` is asked only then: ``decide`` may have changed it.
    """
    try:
        decide()
    except LedgerError as refusal:
        errors = errors_of([refusal], {"reason", *(values or {})})
        return show(request, case(), Typed(reason, values or {}, errors))
    return pages.goto(f"{case().path}?done=decided")
