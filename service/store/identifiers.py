"""Identifiers that a registrant gives a work: checked, kept in one normal form."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit, urlunsplit

from sqlalchemy import text
from sqlmodel import Session
from stdnum import isbn, isni, isrc
from stdnum.exceptions import (
    InvalidChecksum,
    InvalidComponent,
    InvalidFormat,
    InvalidLength,
    ValidationError,
)

from service.ledger.errors import LedgerError
from service.store.text_rules import check_text

MAX_CHARS = 2_000
MOST_OF_A_WORK = 50
_DOI = re.compile(r"10\.[0-9]{4,9}(\.[0-9]+)*/[!-~]+", re.ASCII)
_DOI_PREFIX = re.compile(r"(https?://(dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_ORCID = re.compile(r"[0-9]{4}-?[0-9]{4}-?[0-9]{4}-?[0-9]{3}[0-9X]", re.ASCII)
_ORCID_PREFIX = re.compile(r"https?://orcid\.org/", re.IGNORECASE)
_ORCID_BLOCKS = (
    ("0000000150000007", "0000000350000001"),
    ("0009000000000000", "0009001000000000"),
)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\]", re.ASCII)
_WEB_PORTS = {"http": 80, "https": 443}


class Scheme(StrEnum):
    """What an identifier is of. ISCC is none of them: it is computed from the text, by us."""

    ISBN = "isbn"
    DOI = "doi"
    ISRC = "isrc"
    ORCID = "orcid"
    ISNI = "isni"
    URL = "url"


ONE_WORK = frozenset({Scheme.ISBN, Scheme.DOI, Scheme.ISRC})
"""Schemes whose identifier names one publication, so one work. ORCID and ISNI name people, who have
many works; several works may stand at one URL."""


class BadIdentifier(LedgerError):
    """An identifier breaks the rule of its scheme."""

    def __init__(self, scheme: str, value: str, rule: str) -> None:
        super().__init__(
            f"{scheme} {value[:80]!r}: {rule}", place=f"identifiers.{scheme}", rule=rule
        )


class IdentifierTaken(LedgerError):
    """Another work that is not withdrawn has this identifier, and its scheme allows one work."""

    def __init__(self, scheme: str, value: str, work_id: int) -> None:
        rule = f"{value} names work {work_id} already"
        super().__init__(
            f"{scheme} {rule}", place=f"identifiers.{scheme}", rule=rule, work_id=work_id
        )


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """An identifier in the normal form of its scheme."""

    scheme: Scheme
    value: str


@dataclass(frozen=True, slots=True)
class GivenIdentifier:
    """An identifier of a work, with the edition it was given to."""

    scheme: Scheme
    value: str
    edition_no: int


def parse(scheme: str, value: str) -> Identifier:
    """Check an identifier and bring it to its normal form; raise BadIdentifier.

    isbn: 13 digits. doi: lower case, without prefix. orcid: four groups. isni: 16 characters.
    isrc: 12 characters. url: http or https, host in lower case, no fragment.
    """
    try:
        known = Scheme(scheme)
    except ValueError:
        rule = f"is no scheme; known are {', '.join(Scheme)}"
        if scheme.lower() == "iscc":
            rule = "is computed from the text and cannot be given"
        raise BadIdentifier(scheme[:20], value, rule) from None
    given = value.strip()
    check_text(given, place=f"identifiers.{known}", max_chars=MAX_CHARS)
    if known is not Scheme.URL and not given.isascii():
        raise BadIdentifier(known, given, "must be written in ASCII")
    return Identifier(known, _NORMAL[known](given))


def _isbn(given: str) -> str:
    return _standard(Scheme.ISBN, given, lambda one: isbn.to_isbn13(isbn.validate(one)))


def _isni(given: str) -> str:
    bare = re.sub(r"^https?://(www\.)?isni\.org/(isni/)?", "", given, flags=re.IGNORECASE)
    return _standard(Scheme.ISNI, bare, isni.validate)


def _isrc(given: str) -> str:
    return _standard(Scheme.ISRC, given, isrc.validate)


def _standard(scheme: Scheme, given: str, validate: Callable[[str], str]) -> str:
    try:
        return isbn.compact(validate(given)) if scheme is Scheme.ISBN else validate(given)
    except ValidationError as error:
        rules = {
            InvalidChecksum: "the check digit does not fit",
            InvalidLength: "has the wrong number of characters",
            InvalidFormat: "has a character that does not belong there",
            InvalidComponent: "has a part that is never given out",
        }
        raise BadIdentifier(scheme, given, rules.get(type(error), "is not valid")) from None


def _doi(given: str) -> str:
    bare = _DOI_PREFIX.sub("", given, count=1)
    if not _DOI.fullmatch(bare):
        raise BadIdentifier(Scheme.DOI, given, "must be like 10.1000/182")
    return bare.lower()


def _orcid(given: str) -> str:
    bare = _ORCID_PREFIX.sub("", given, count=1).upper()
    if not _ORCID.fullmatch(bare):
        raise BadIdentifier(Scheme.ORCID, given, "must be like 0000-0002-1825-0097")
    digits = bare.replace("-", "")
    if mod_11_2(digits[:-1]) != digits[-1]:
        raise BadIdentifier(Scheme.ORCID, given, "the check digit does not fit")
    if not any(first <= digits <= last for first, last in _ORCID_BLOCKS):
        raise BadIdentifier(Scheme.ORCID, given, "lies outside what ORCID gives out")
    return "-".join(digits[at : at + 4] for at in range(0, 16, 4))


def mod_11_2(digits: str) -> str:
    """Return the check character of digits as ISO 7064 MOD 11-2 has it: 0 to 9, or X."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11]


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
    except (ValueError, UnicodeError):
        raise BadIdentifier(Scheme.URL, given, "is not an address") from None
    if ":" in host:
        host = f"[{host}]"
    scheme = parts.scheme.lower()
    if scheme not in _WEB_PORTS or not _HOST.fullmatch(host):
        raise BadIdentifier(Scheme.URL, given, "must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise BadIdentifier(Scheme.URL, given, "must not name a user or password")
    if any(char.isspace() or not char.isprintable() for char in given):
        raise BadIdentifier(Scheme.URL, given, "has a blank or a character that is not printed")
    place = host if port in {None, _WEB_PORTS[scheme]} else f"{host}:{port}"
    return urlunsplit(SplitResult(scheme, place, parts.path or "/", parts.query, ""))


_NORMAL: dict[Scheme, Callable[[str], str]] = {
    Scheme.ISBN: _isbn,
    Scheme.DOI: _doi,
    Scheme.ISRC: _isrc,
    Scheme.ORCID: _orcid,
    Scheme.ISNI: _isni,
    Scheme.URL: _url,
}


def give(
    session: Session,
    work_id: int,
    identifiers: Sequence[Identifier],
    *,
    edition_no: int,
    now: datetime,
) -> None:
    """Give a work identifiers; those it has stay with their edition. Raise IdentifierTaken."""
    for one in sorted(set(identifiers)):
        if one.scheme in ONE_WORK:
            session.execute(
                text("SELECT pg_advisory_xact_lock(7210000, hashtext(:name))"),
                {"name": f"{one.scheme} {one.value}"},
            )
            other = session.execute(
                text(
                    "SELECT work_id FROM identifier WHERE scheme = :scheme AND value = :value "
                    "AND ended_at IS NULL AND work_id <> :work"
                ),
                {"scheme": str(one.scheme), "value": one.value, "work": work_id},
            ).scalar()
            if other is not None:
                raise IdentifierTaken(one.scheme, one.value, int(other))
        session.execute(
            text(
                "INSERT INTO identifier (work_id, scheme, value, edition_no, given_at) "
                "VALUES (:work, :scheme, :value, :edition, :now) ON CONFLICT DO NOTHING"
            ),
            {
                "work": work_id,
                "scheme": str(one.scheme),
                "value": one.value,
                "edition": edition_no,
                "now": now,
            },
        )


def of_works(session: Session, work_ids: Sequence[int]) -> dict[int, list[GivenIdentifier]]:
    """Return the identifiers of works, by edition, scheme and value; ended ones too."""
    found: dict[int, list[GivenIdentifier]] = {work_id: [] for work_id in work_ids}
    rows = session.execute(
        text(
            "SELECT work_id, scheme, value, edition_no FROM identifier "
            "WHERE work_id = ANY(:works) ORDER BY work_id, edition_no, scheme, value"
        ),
        {"works": list(work_ids)},
    )
    for work_id, scheme, value, edition_no in rows:
        found[work_id].append(GivenIdentifier(Scheme(scheme), value, edition_no))
    return found


def end(session: Session, work_id: int, *, now: datetime) -> None:
    """Let other works have the identifiers of a withdrawn work."""
    session.execute(
        text("UPDATE identifier SET ended_at = :now WHERE work_id = :work AND ended_at IS NULL"),
        {"work": work_id, "now": now},
    )


def works_with(session: Session, identifier: Identifier) -> list[int]:
    """Return the works that have an identifier and are not withdrawn."""
    rows = session.execute(
        text(
            "SELECT work_id FROM identifier WHERE scheme = :scheme AND value = :value "
            "AND ended_at IS NULL ORDER BY work_id"
        ),
        {"scheme": str(identifier.scheme), "value": identifier.value},
    )
    return [int(work_id) for work_id in rows.scalars()]
