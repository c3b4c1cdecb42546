"""Refusals as sentences beside the fields they are about."""

from collections.abc import Collection, Iterable
from http import HTTPStatus

from service.api.problems import problem_of
from service.ledger.errors import LedgerError

FORM = "form"
"""Where a refusal about no single field is said: above them all."""


def errors_of(
    refusals: Iterable[LedgerError], fields: Collection[str], *, other: str = FORM
) -> dict[str, str]:
    """Return the sentence by field; one about none of these stands at ``other``."""
    errors = {}
    for refusal in refusals:
        said = problem_of(refusal).errors
        place = said[0].place if said else str(refusal.facts.get("place", other))
        rule = said[0].rule if said else str(refusal.facts.get("rule", refusal.sentence))
        field = place if place in fields else other
        errors[field] = rule[0].upper() + rule[1:] + "."
    return errors


_SAID = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


def said_or_raised(refusal: LedgerError, fields: Collection[str]) -> dict[str, str]:
    """Return a refusal of what was typed as sentences; raise any other, as of what is not there."""
    if problem_of(refusal).status not in _SAID:
        raise refusal
    return errors_of([refusal], fields)
