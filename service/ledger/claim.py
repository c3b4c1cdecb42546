"""A claim: somebody says that a part of a work is theirs, against those who hold it now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.ledger.errors import LedgerError
from service.ledger.money import PPM

HOLD_BACK_DAYS = 5
"""A claim this soon after the registration or proposal it disputes holds from the first day."""
ANSWER_DAYS = 30
APPEAL_DAYS = 7


class ClaimState(StrEnum):
    """How far a claim has come."""

    CLAIMED = "claimed"
    CONTESTED = "contested"
    UNANSWERED = "unanswered"
    DECIDED = "decided"
    APPEALED = "appealed"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


FINAL = frozenset(
    (ClaimState.VERIFIED, ClaimState.REJECTED, ClaimState.WITHDRAWN, ClaimState.EXPIRED)
)
OPEN = frozenset(ClaimState) - FINAL


class Side(StrEnum):
    """On whose behalf a step is taken."""

    CLAIMANT = "claimant"
    RESPONDENT = "respondent"
    OPERATOR = "operator"
    CLOCK = "clock"


class Action(StrEnum):
    """What a step does."""

    CLAIM = "claim"
    EVIDENCE = "evidence"
    ACCEPT = "accept"
    CONTEST = "contest"
    COUNTER = "counter-claim"
    WITHDRAW = "withdraw"
    DECIDE = "decide"
    APPEAL = "appeal"
    LAPSE = "lapse"


class Outcome(StrEnum):
    """What an operator decides."""

    UPHELD = "upheld"
    PARTLY = "partly"
    REJECTED = "rejected"


class Effect(StrEnum):
    """What a step does to money and rights.

    RETURN: the hold ends, what it kept is the respondents' again. TRANSFER: the split changes in
    the same transaction, and the hold ends once the corrections of that change are worked off.
    """

    HOLD = "hold"
    RETURN = "return"
    TRANSFER = "transfer"


class ClaimOutOfRange(LedgerError):
    """A claimed share is not in 1..1,000,000 ppm, or more than the respondents hold."""

    def __init__(self, claimed_ppm: int, *, held_ppm: int) -> None:
        super().__init__(
            f"{claimed_ppm} ppm are claimed of {held_ppm} ppm that others hold; "
            f"a claim lies in 1..{max(held_ppm, 0)}",
            claimed_ppm=claimed_ppm,
            held_ppm=held_ppm,
        )


class NothingToClaim(LedgerError):
    """Nobody but the claimant holds a share of the work, or the one named holds none."""

    def __init__(self, work_id: int) -> None:
        super().__init__(
            f"nobody you could claim it from holds a share of work {work_id}", work_id=work_id
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: the name that is kept, and the holder acted for; None: an operator.

    login: an operator's; of a holder who acts for itself its number, since steps are never erased.
    """

    login: str
    holder_id: int | None = None

    @classmethod
    def of_holder(cls, holder_id: int) -> "Actor":
        """Make a holder who acts for itself."""
        return cls(f"holder {holder_id}", holder_id)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it stands.

    claimants, respondents: ppm of the work by holder; both sum to what is claimed. held_from: the
    first day contested. due_at: when the clock decides; None: it waits for people. gave_up: who
    withdrew or accepted. granted_ppm: of the last decision. last_at: instant of the last step.
    """

    claim_id: int
    work_id: int
    state: ClaimState
    claimants: Mapping[int, int]
    respondents: Mapping[int, int]
    held_from: date
    last_at: datetime
    due_at: datetime | None = None
    has_evidence: bool = False
    is_countered: bool = False
    gave_up: frozenset[int] = frozenset()
    outcome: Outcome | None = None
    granted_ppm: int = 0
    decided_by: str | None = None

    def __post_init__(self) -> None:
        assert sum(self.claimants.values()) == sum(self.respondents.values()) <= PPM
        assert min([*self.claimants.values(), *self.respondents.values()]) > 0
        assert not self.claimants.keys() & self.respondents.keys(), "a claim against oneself"
        assert self.due_at is None or self.state not in FINAL, "the clock decides what is final"

    @property
    def claimed_ppm(self) -> int:
        """How much of the work is claimed."""
        return sum(self.claimants.values())

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.state in OPEN

    def side_of(self, actor: Actor) -> Side | None:
        """Return the side somebody is on; None for a stranger."""
        if actor.holder_id is None:
            return Side.OPERATOR
        if actor.holder_id in self.claimants:
            return Side.CLAIMANT
        return Side.RESPONDENT if actor.holder_id in self.respondents else None


def held_since(*, known_at: datetime, valid_from: date, now: datetime) -> tuple[date, bool]:
    """Return the first day a claim made now contests, and whether it is the very first.

    ``known_at`` and ``valid_from`` are of the split it disputes: within five days of its
    registration or proposal the claim reaches back to the split's first day.
    """
    if now <= known_at + timedelta(days=HOLD_BACK_DAYS):
        return valid_from, True
    return max(now.date(), valid_from), False


def why_held(claim: Claim) -> tuple[str, date | None]:
    """Say why a claim keeps money back, and the day that may change; None: nobody can name it."""
    what = f"{_percent(claim.claimed_ppm)} of work {claim.work_id} is claimed by claim "
    said = f"{what}{claim.claim_id}: {_WAITS_FOR[claim.state]}"
    if claim.due_at is None:
        return said, None
    return f"{said} {claim.due_at:%Y-%m-%d}", claim.due_at.date()


_WAITS_FOR = {
    ClaimState.CLAIMED: "its answer is awaited until",
    ClaimState.CONTESTED: "it is contested, evidence or a decision is awaited",
    ClaimState.UNANSWERED: "nobody answered, an operator decides on the evidence",
    ClaimState.DECIDED: "it is decided, an appeal may come until",
    ClaimState.APPEALED: "an appeal is to be decided",
    ClaimState.VERIFIED: "it is verified, the corrections of the change are under way",
    ClaimState.REJECTED: "it was rejected, what was held is being returned",
    ClaimState.WITHDRAWN: "it was withdrawn, what was held is being returned",
    ClaimState.EXPIRED: "it has expired, what was held is being returned",
}


def _percent(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + " %"
