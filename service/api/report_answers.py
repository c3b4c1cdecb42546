"""What a report of sales is answered: what became of each item, in its order."""

from collections import Counter
from collections.abc import Sequence

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from service.api.problems import Problem, json_response
from service.ledger.sale_report import ItemOutcome, Outcome

_COUNTED = (
    *(Outcome.CREATED, Outcome.DUPLICATE, Outcome.CONFLICT),
    *(Outcome.REJECTED, Outcome.IGNORED),
)
_REFUSED = {
    Outcome.REJECTED: (422, "sale-rejected", "the sale was not stored: see errors"),
    Outcome.CONFLICT: (409, "sale-conflict", "a sale of this id was reported with other content"),
}
MOST_ERRORS = 100


def of_each(outcomes: Sequence[ItemOutcome]) -> Response:
    """Answer 200 with what became of each item."""
    return JSONResponse(_answer(outcomes))


def of_one(request: Request, outcome: ItemOutcome) -> Response:
    """Answer one item sent alone: its rejection is 422, its conflict 409."""
    if outcome.outcome in _REFUSED:
        return refused(request, [outcome], outcome.outcome)
    return of_each([outcome])


def first_refused(
    outcomes: Sequence[ItemOutcome], *, of: Sequence[Outcome] = tuple(_REFUSED)
) -> Outcome | None:
    """Return the gravest refusal among outcomes, a rejection before a conflict."""
    found = {one.outcome for one in outcomes}
    return next((outcome for outcome in _REFUSED if outcome in found and outcome in of), None)


def refused(request: Request, outcomes: Sequence[ItemOutcome], why: Outcome) -> Response:
    """Answer a problem with what became of each item: some of them may be stored."""
    status, code, detail = _REFUSED[why]
    if len(outcomes) > 1:
        count = sum(one.outcome is why for one in outcomes)
        detail = f"{count} of {len(outcomes)} items were not stored: see items"
    errors = [error for one in outcomes if one.outcome is why for error in one.errors]
    problem = Problem(status, code, detail, errors[:MOST_ERRORS], more=_answer(outcomes))
    return json_response(problem, request.state.request_id)


def _answer(outcomes: Sequence[ItemOutcome]) -> dict[str, object]:
    counts = Counter(outcome.outcome for outcome in outcomes)
    return {
        "accepted": counts[Outcome.CREATED] + counts[Outcome.DUPLICATE],
        "counts": {str(outcome): counts[outcome] for outcome in _COUNTED},
        "items": [_shown(outcome) for outcome in outcomes],
    }


def _shown(outcome: ItemOutcome) -> dict[str, object]:
    shown: dict[str, object] = {"id": outcome.external_id, "outcome": str(outcome.outcome)}
    if outcome.sale_id is not None:
        shown["sale_id"] = outcome.sale_id
    if outcome.errors:
        shown["errors"] = [{"place": one.place, "rule": one.rule} for one in outcome.errors]
    return shown
