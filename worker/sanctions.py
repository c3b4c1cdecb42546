"""Sanctions: payees are screened against a list before they are paid; an operator decides hits."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.payee import CheckKind, CheckOutcome
from service.store import parties, payee_checks, payees
from service.store.payee_checks import NewCheck

SCREENED_BY = "screen"


class ListUnreadable(LedgerError):
    """The list of sanctioned names is not there, or is no text."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"sanctions list {path}: {reason}", path=str(path), reason=reason)


class SanctionsScreen(Protocol):
    """Somebody who knows which names may not be paid."""

    @property
    def edition(self) -> str:
        """Name what was asked: another edition screens everybody again."""

    def matches(self, names: Sequence[str], country: str) -> tuple[str, ...]:
        """Return the entries that one of these names of a payee may be, in order."""


@dataclass(frozen=True, slots=True)
class NamedList:
    """Entries of a list by their folded form: names equal but for accents, case and order match."""

    edition: str
    entries: Mapping[str, tuple[str, ...]]

    def matches(self, names: Sequence[str], country: str) -> tuple[str, ...]:
        """Return every entry that is one of these names when folded, whatever the country."""
        del country
        found = {entry for name in names for entry in self.entries.get(fold(name), ())}
        return tuple(sorted(found))


def fold(name: str) -> str:
    """Return a name without accents, case, punctuation and order of its words."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(sorted(re.findall(r"\w+", letters)))


def read_list(path: Path) -> NamedList:
    """Read a file of one name a line, blank lines and ``#`` comments aside.

    Raises ListUnreadable: a list that cannot be read screens nobody, so nobody is paid.
    """
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ListUnreadable(path, str(error)) from None
    return named_list(lines, edition=hashlib.sha256(content).hexdigest()[:16])


def named_list(lines: Iterable[str], *, edition: str) -> NamedList:
    """Make a list of its lines."""
    entries: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name = line.partition("#")[0].strip()
        if key := fold(name):
            entries[key] = (*entries.get(key, ()), name)
    return NamedList(edition, entries)


def screen(
    session: Session, payee_ids: Sequence[int], by: SanctionsScreen, *, now: datetime
) -> None:
    """Screen the payees that this edition has not seen under their present names.

    What an operator has cleared stays cleared while no other entry is found. Idempotent.
    """
    profiles = payees.profiles(session, payee_ids)
    names = parties.names(session, sorted(profiles))
    before = payee_checks.newest(session, sorted(profiles))
    for number, stored in profiles.items():
        last = before.get((number, CheckKind.SANCTIONS))
        check = last.check if last else None
        seen = f"{by.edition}:{stored.profile_id}"
        decided = check is not None and check.outcome is CheckOutcome.FAILED
        if stored.erased or decided or (check and check.screened_by == seen):
            continue
        called = (stored.profile.legal_name, names[number])
        matches = by.matches(called, stored.profile.country)
        new = _check(number, matches, _cleared(check, matches, now.date()), seen)
        payee_checks.add(session, new, by=SCREENED_BY, now=now)


def _cleared(last: NewCheck | None, matches: Sequence[str], day: date) -> NewCheck | None:
    """Return the check by which an operator has cleared all of these entries, if it counts."""
    if (
        last is None
        or last.outcome is not CheckOutcome.PASSED
        or (last.expires_on is not None and last.expires_on < day)
        or not set(matches) <= set(last.matches)
    ):
        return None
    return last


def _check(
    payee_id: int, matches: tuple[str, ...], cleared: NewCheck | None, seen: str
) -> NewCheck:
    kind = CheckKind.SANCTIONS
    if not matches:
        evidence = "no entry of the list"
        return NewCheck(payee_id, kind, CheckOutcome.PASSED, evidence, screened_by=seen)
    found = ", ".join(matches)[:400]
    if cleared is None:
        evidence = f"found {found}"
        return NewCheck(payee_id, kind, CheckOutcome.HIT, evidence, None, seen, matches)
    evidence, until = f"cleared before: {found}", cleared.expires_on
    return NewCheck(payee_id, kind, CheckOutcome.PASSED, evidence, until, seen, matches)
