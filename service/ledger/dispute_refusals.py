"""Why a step of a claim is not taken."""

from service.ledger.claim import Action, ClaimState, Outcome, Side
from service.ledger.errors import LedgerError


class ActionOutOfOrder(LedgerError):
    """A step was to be taken that does not follow the state a claim is in."""

    def __init__(self, claim_id: int, *, state: ClaimState, action: Action) -> None:
        super().__init__(
            f"claim {claim_id} is {state}: {action} does not follow",
            claim_id=claim_id,
            state=str(state),
            action=str(action),
        )


class WrongSide(LedgerError):
    """A step belongs to the other side, or to nobody but an operator."""

    def __init__(self, claim_id: int, *, side: Side | None, action: Action) -> None:
        who = f"the {side}" if side else "a stranger"
        super().__init__(
            f"claim {claim_id}: {action} is not for {who}",
            claim_id=claim_id,
            side=str(side),
            action=str(action),
        )


class AnsweredAlready(LedgerError):
    """A holder who gave up wanted to give up again, or to contest after all."""

    def __init__(self, claim_id: int, holder_id: int) -> None:
        super().__init__(
            f"claim {claim_id}: holder {holder_id} has given up already",
            claim_id=claim_id,
            holder_id=holder_id,
        )


class NothingProven(LedgerError):
    """A claim without evidence was to be upheld."""

    def __init__(self, claim_id: int) -> None:
        super().__init__(f"claim {claim_id} has no evidence to be upheld on", claim_id=claim_id)


class GrantOutOfRange(LedgerError):
    """A decision grants what its outcome does not allow."""

    def __init__(self, claim_id: int, *, outcome: Outcome, granted_ppm: int, most: int) -> None:
        super().__init__(
            f"claim {claim_id}: {outcome} cannot grant {granted_ppm} of {most} ppm claimed",
            claim_id=claim_id,
            outcome=str(outcome),
            granted_ppm=granted_ppm,
            claimed_ppm=most,
        )


class SameOperator(LedgerError):
    """Who decided first was to decide the appeal too, though somebody else could."""

    def __init__(self, claim_id: int, login: str) -> None:
        super().__init__(
            f"claim {claim_id} was decided by {login} first: another operator decides its appeal",
            claim_id=claim_id,
            login=login,
        )


class NothingToAppeal(LedgerError):
    """The side that won appealed."""

    def __init__(self, claim_id: int, *, side: Side, outcome: Outcome) -> None:
        super().__init__(
            f"claim {claim_id} is {outcome}: the {side} has nothing to appeal",
            claim_id=claim_id,
            side=str(side),
            outcome=str(outcome),
        )
