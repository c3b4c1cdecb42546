"""What is sent and shown of claims over shares of works."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.api.splits import NamedShare
from service.ledger.claim import Action, ClaimState, Outcome, Side, why_held
from service.ledger.money import PPM
from service.store import claim_steps
from service.store.claim_rows import StoredClaim
from service.store.claim_steps import ClaimStep, Evidence, Said
from service.store.people import Person

_MAX_ID = 2**63 - 1
_REASON = f"1 to {claim_steps.MAX_REASON_CHARS} characters, kept."
_FOR = "An operator names the holder it acts for; left out, it acts as operator."


class EvidenceBody(BaseModel):
    """What is brought: at least one of the three. Attachments are kept as their hash only."""

    model_config = ConfigDict(extra="forbid", strict=True)
    text: str = Field(default="", description=f"To {claim_steps.MAX_EVIDENCE_CHARS} characters.")
    url: str = Field(default="", description="Where it can be looked at: http or https.")
    sha256: str = Field(default="", description="Of an attachment, 64 hexadecimal digits.")


class ClaimantBody(BaseModel):
    """For whom an operator claims: a holder that is known, or the name of a third person."""

    model_config = ConfigDict(extra="forbid", strict=True)
    holder_id: int | None = Field(default=None, ge=1, le=_MAX_ID)
    name: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.holder_id is None) == (self.name is None):
            raise ValueError("give either holder_id or name")
        return self


class ClaimOrder(BaseModel):
    """A claim over a part of a work."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "work_id": 7,
                    "claimed_ppm": 300_000,
                    "reason": "I wrote the third chapter.",
                    "evidence": {"text": "Our letters of 2019.", "url": "https://example.org/a"},
                }
            ]
        },
    )
    work_id: int = Field(ge=1, le=_MAX_ID)
    claimed_ppm: int = Field(ge=1, le=PPM, description="Part of the work, in ppm.")
    reason: str = Field(description=_REASON)
    against: list[int] | None = Field(
        default=None, max_length=1_000, description="Holders it is claimed from; left out: all."
    )
    evidence: EvidenceBody | None = None
    claimant: ClaimantBody | None = Field(default=None, description="Operators give it.")


class StepOrder(BaseModel):
    """Why a step is taken, with evidence if there is some."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"reason": "It was licensed."}]},
    )
    reason: str = Field(description=_REASON)
    evidence: EvidenceBody | None = None
    holder_id: int | None = Field(default=None, ge=1, le=_MAX_ID, description=_FOR)


class EvidenceOrder(StepOrder):
    """Evidence, with what it shows."""

    evidence: EvidenceBody


class AnswerOrder(StepOrder):
    """What a respondent answers; a counter-claim names the work and the part claimed of it."""

    answer: Literal["accept", "contest", "counter-claim"]
    work_id: int | None = Field(default=None, ge=1, le=_MAX_ID)
    claimed_ppm: int | None = Field(default=None, ge=1, le=PPM)

    @model_validator(mode="after")
    def _counter_claims_name_a_work(self) -> Self:
        named = (self.work_id is not None, self.claimed_ppm is not None)
        if named != ((self.answer == "counter-claim"),) * 2:
            raise ValueError("a counter-claim, and no other answer, has work_id and claimed_ppm")
        return self


class ClaimDecision(BaseModel):
    """What an operator decides; granted_ppm of the work only where it is granted in part."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"outcome": "partly", "granted_ppm": 100_000, "reason": "One chapter."}]
        },
    )
    outcome: Literal["upheld", "partly", "rejected"]
    granted_ppm: int | None = Field(default=None, ge=1, le=PPM)
    reason: str = Field(description=_REASON)

    @model_validator(mode="after")
    def _part_is_named(self) -> Self:
        if (self.outcome == "partly") != (self.granted_ppm is not None):
            raise ValueError("granted_ppm goes with partly, and with nothing else")
        return self


class ShownStep(BaseModel):
    """One step of a claim. ``taken_by``: login, for operators only."""

    step_no: int
    action: Action
    side: Side
    holder_id: int | None
    holder_name: str | None
    taken_by: str | None
    taken_at: datetime
    reason: str
    evidence: EvidenceBody | None
    state: ClaimState = Field(description="Of the claim, after this step.")
    outcome: Outcome | None
    granted_ppm: int


class ShownClaim(BaseModel):
    """A claim as it stands. Amounts under its holds are in the statements of the respondents."""

    claim_id: int
    work_id: int
    work_title: str
    state: ClaimState
    claimed_ppm: int
    claimants: list[NamedShare]
    respondents: list[NamedShare]
    over_claimed_ppm: int = Field(description="By how much all shares and claims pass the whole.")
    reason: str
    filed_at: datetime
    held_from: date
    from_first_day: bool = Field(description="Made within five days of the split it disputes.")
    due_at: datetime | None = Field(description="When the clock decides; null: people do.")
    outcome: Outcome | None
    granted_ppm: int
    counters: int | None = Field(description="The claim this one counters.")
    finding_id: int | None
    settled_at: datetime | None = Field(description="When what was held was returned or moved.")
    why_not_paid: str | None
    may_change_on: date | None


class ClaimWithSteps(ShownClaim):
    """A claim with everything that was said and decided of it, in order."""

    steps: list[ShownStep]


def said_of(reason: str, evidence: EvidenceBody | None) -> Said:
    """Return what goes with a step; raise BadText."""
    brought = Evidence(evidence.text, evidence.url, evidence.sha256) if evidence else None
    return Said(reason, brought)


def shown(stored: StoredClaim) -> ShownClaim:
    """Show a claim to its parties and operators."""
    return ShownClaim(**_facts(stored))


def shown_with_steps(stored: StoredClaim, steps: list[ClaimStep], person: Person) -> ClaimWithSteps:
    """Show a claim with its steps; logins of other people only to operators."""
    told = [_step(one, stored.names, logins=person.party_id is None) for one in steps]
    return ClaimWithSteps(**_facts(stored), steps=told)


def _facts(stored: StoredClaim) -> dict[str, Any]:
    claim = stored.claim
    sentence, day = why_held(claim) if stored.settled_at is None else (None, None)
    return {
        "claim_id": claim.claim_id,
        "work_id": claim.work_id,
        "work_title": stored.title,
        "state": claim.state,
        "claimed_ppm": claim.claimed_ppm,
        "claimants": _named(claim.claimants, stored.names),
        "respondents": _named(claim.respondents, stored.names),
        "over_claimed_ppm": stored.over_ppm,
        "reason": stored.reason,
        "filed_at": stored.filed_at,
        "held_from": claim.held_from,
        "from_first_day": stored.from_first_day,
        "due_at": claim.due_at,
        "outcome": claim.outcome,
        "granted_ppm": claim.granted_ppm,
        "counters": stored.counters,
        "finding_id": stored.finding_id,
        "settled_at": stored.settled_at,
        "why_not_paid": sentence,
        "may_change_on": day,
    }


def _named(shares: Mapping[int, int], names: Mapping[int, str]) -> list[NamedShare]:
    return [
        NamedShare(holder_id=holder, name=names[holder], share_ppm=share)
        for holder, share in sorted(shares.items())
    ]


def _step(one: ClaimStep, names: Mapping[int, str], *, logins: bool) -> ShownStep:
    brought = one.said.evidence
    evidence = (
        EvidenceBody(text=brought.text, url=brought.url, sha256=brought.sha256) if brought else None
    )
    return ShownStep(
        step_no=one.step_no,
        action=one.action,
        side=one.side,
        holder_id=one.holder_id,
        holder_name=None if one.holder_id is None else names[one.holder_id],
        taken_by=one.taken_by if logins else None,
        taken_at=one.taken_at,
        reason=one.said.reason,
        evidence=evidence,
        state=one.state,
        outcome=one.outcome,
        granted_ppm=one.granted_ppm,
    )
