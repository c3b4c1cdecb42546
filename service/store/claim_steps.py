"""Steps of claims: who said or decided what, when and why. A step is never changed."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.claim import Action, Actor, Claim, ClaimState, Outcome, Side
from service.store.database import driver
from service.store.text_rules import BadText, check_text

MAX_REASON_CHARS = 2_000
MAX_EVIDENCE_CHARS = 20_000
MAX_URL_CHARS = 2_000
_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is brought: text, where it can be looked at, and the SHA-256 of an attachment, in hex.

    Attachments themselves are not kept. Empty strings for what is not given, not all of them.
    """

    text: str
    url: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        check_text(self.text, place="evidence.text", max_chars=MAX_EVIDENCE_CHARS, empty=True)
        check_text(self.url, place="evidence.url", max_chars=MAX_URL_CHARS, empty=True)
        if self.url and not _is_web_address(self.url):
            raise BadText("evidence.url", "must be an address like https://example.org/page")
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise BadText("evidence.sha256", "must be 64 hexadecimal digits")
        if not (self.text.strip() or self.url or self.sha256):
            raise BadText("evidence", "must have a text, an address or a hash")


@dataclass(frozen=True, slots=True)
class Said:
    """What goes with a step: why, and evidence if there is some."""

    reason: str
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        check_text(self.reason, place="reason", max_chars=MAX_REASON_CHARS)


@dataclass(frozen=True, slots=True)
class ClaimStep:
    """A step that was taken, and what the claim was after it."""

    step_no: int
    action: Action
    side: Side
    holder_id: int | None
    taken_by: str
    taken_at: datetime
    said: Said
    state: ClaimState
    outcome: Outcome | None
    granted_ppm: int
    due_at: datetime | None


def insert(
    session: Session,
    step_no: int,
    claim: Claim,
    *,
    action: Action,
    side: Side,
    actor: Actor,
    said: Said,
) -> None:
    """Keep a step, with the claim as it stands after it; what is said in a row that can be erased.

    A claim that an operator enters speaks of its claimant, and so do its words.
    """
    brought = said.evidence
    told, url, sha256 = (brought.text, brought.url, brought.sha256) if brought else ("", "", "")
    driver(session).execute(
        "INSERT INTO claim_step (claim_id, step_no, action, side, holder_id, taken_by, taken_at, "
        "evidence_sha256, said_hash, state, outcome, granted_ppm, due_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            claim.claim_id,
            step_no,
            str(action),
            str(side),
            actor.holder_id,
            actor.login,
            claim.last_at,
            bytes.fromhex(sha256) if sha256 else None,
            _hash(said.reason, told, url),
            str(claim.state),
            str(claim.outcome) if claim.outcome else None,
            claim.granted_ppm,
            claim.due_at,
        ),
    )
    whose = actor.holder_id
    if action is Action.CLAIM and whose is None and len(claim.claimants) == 1:
        (whose,) = claim.claimants
    _insert_said(session, claim.claim_id, step_no, whose, said)


def _insert_said(
    session: Session, claim_id: int, step_no: int, whose: int | None, said: Said
) -> None:
    brought = said.evidence
    driver(session).execute(
        "INSERT INTO claim_said (claim_id, step_no, holder_id, reason, evidence_text, "
        "evidence_url) VALUES (%s, %s, %s, %s, %s, %s)",
        (
            *(claim_id, step_no, whose, said.reason),
            *((brought.text, brought.url) if brought else ("", "")),
        ),
    )


def erase(session: Session, holder_id: int, *, now: datetime) -> None:
    """Write over what a holder said; that it was said, when, and its hash stay."""
    session.execute(
        text(
            "UPDATE claim_said SET reason = 'erased', evidence_text = '', evidence_url = '', "
            "erased_at = :now WHERE holder_id = :holder AND erased_at IS NULL"
        ),
        {"holder": holder_id, "now": now},
    )


def _hash(reason: str, told: str, url: str) -> bytes:
    return hashlib.sha256(f"{reason}\n{told}\n{url}".encode()).digest()


def listing(session: Session, claim_id: int) -> list[ClaimStep]:
    """List the steps of a claim in order."""
    rows = session.execute(
        text(
            "SELECT step_no, action, side, t.holder_id, taken_by, taken_at, reason, evidence_text, "
            "evidence_url, coalesce(encode(evidence_sha256, 'hex'), ''), state, outcome, "
            "granted_ppm, due_at FROM claim_step t JOIN claim_said USING (claim_id, step_no) "
            "WHERE claim_id = :id ORDER BY step_no"
        ),
        {"id": claim_id},
    )
    return [_step(row) for row in rows]


def _step(row: Sequence[Any]) -> ClaimStep:
    number, action, side, holder, by, at, reason = row[:7]
    state, outcome, granted, due_at = row[10:]
    return ClaimStep(
        number,
        Action(action),
        Side(side),
        holder,
        by,
        at,
        Said(reason, Evidence(*row[7:10]) if any(row[7:10]) else None),
        ClaimState(state),
        Outcome(outcome) if outcome else None,
        granted,
        due_at,
    )


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable()
