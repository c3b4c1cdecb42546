"""What a name means: an address, an ISCC, ISBN, DOI or ISRC, a reference, or our own number."""

import re
from collections.abc import Mapping

from sqlmodel import Session

from service.store import identifiers
from service.store.database import driver
from service.store.identifiers import BadIdentifier, Identifier, Scheme
from service.store.text_rules import BadText

_OURS = re.compile(r"urn:wellspring:work:([1-9][0-9]{0,18})", re.ASCII)
_ISCC = re.compile(r"ISCC:[A-Z2-7]{10,100}", re.ASCII)
_PREFIX: Mapping[Scheme, re.Pattern[str]] = {
    Scheme.ISBN: re.compile(r"(urn:)?isbn:\s*", re.IGNORECASE),
    Scheme.ISRC: re.compile(r"(urn:)?isrc:\s*", re.IGNORECASE),
    Scheme.DOI: re.compile(r"doi:\s*|(?=10\.)|(?=https?://(dx\.)?doi\.org/)", re.IGNORECASE),
    Scheme.URL: re.compile(r"(?=https?://)", re.IGNORECASE),
}
"""How a name of each scheme begins; an ISBN may also stand bare."""
MOST_MEANT = 100


def meant(session: Session, name: str) -> list[int]:
    """Return the works that a name may mean, by number; at most a hundred.

    Identifiers count in their normal form: an ISBN of ten digits is that of thirteen, a DOI is a
    DOI with or without prefix. An address means the same with http or https, and with a slash or a
    fragment at its end.
    """
    ours = _OURS.fullmatch(name)
    if ours:
        return [int(ours[1])] if int(ours[1]) < 2**63 else []
    if not _can_be_kept(name):
        return []
    known = identifiers_in(name)
    rows = driver(session).execute(
        "SELECT work_id FROM work WHERE reference = %(name)s "
        "UNION SELECT coalesce(edition_of, work_id) FROM work WHERE iscc = %(iscc)s "
        "UNION SELECT work_id FROM identifier JOIN unnest(%(schemes)s::text[], %(values)s::text[]) "
        "AS k (scheme, value) USING (scheme, value) WHERE ended_at IS NULL "
        "UNION SELECT work_id FROM licence l WHERE uri = ANY(%(addresses)s) AND NOT EXISTS ("
        "SELECT 1 FROM licence n WHERE n.work_id = l.work_id AND n.licence_id > l.licence_id) "
        "ORDER BY 1 LIMIT %(most)s",
        {
            "name": name,
            "iscc": name.upper() if _ISCC.fullmatch(name.upper()) else None,
            "schemes": [str(one.scheme) for one in known],
            "values": [one.value for one in known],
            "addresses": spellings(name),
            "most": MOST_MEANT,
        },
    )
    return [int(row[0]) for row in rows]


def _can_be_kept(name: str) -> bool:
    try:
        return "\0" not in name and bool(name.encode())
    except UnicodeEncodeError:
        return False


def identifiers_in(name: str) -> list[Identifier]:
    """Return the identifiers that a name is, in normal form; none where it is no valid one."""
    found = []
    for scheme, begins in _PREFIX.items():
        start = begins.match(name)
        bare = name[start.end() :] if start else name
        if start or scheme is Scheme.ISBN:
            for value in spellings(bare) if scheme is Scheme.URL else [bare]:
                try:
                    found.append(identifiers.parse(scheme, value))
                except (BadIdentifier, BadText):
                    continue
    return found


def spellings(address: str) -> list[str]:
    """Return the ways an address is written that mean the same place, or nothing for no address.

    With http or https, with a slash at its end or none; scheme and host in lower case in all.
    """
    scheme, colon, rest = address.partition("#")[0].rstrip("/").partition("://")
    if scheme.lower() not in {"http", "https"} or not colon:
        return []
    host, slash, path = rest.partition("/")
    place = f"{host.lower()}{slash}{path}"
    return [f"{one}://{place}{end}" for one in ("https", "http") for end in ("", "/")]
