"""Attributions: kept once per text, engine, state of the index and of the catalogue."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.store.database import driver


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text to attribute: what it is, whose, and the era of the catalogue it is judged by."""

    vendor_id: int
    text_hash: bytes
    catalogue_at: datetime
    embedding_no: int


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A kept match; offsets in characters, confidence in ppm. ``paid``: not of the commons.

    Rows of before the commons have no ``paid``.
    """

    output_start: int
    output_end: int
    work_id: int
    passage_id: int
    source_start: int
    source_end: int
    confidence_ppm: int
    kind: str
    paid: bool = True


@dataclass(frozen=True, slots=True)
class StoredAttribution:
    """How one text divides: ppm by work, and the rest."""

    attribution_id: int
    share_ppm: Mapping[int, int]
    unmatched_ppm: int
    evidence: tuple[EvidenceRow, ...]
    engine_version: str


def engine_id(session: Session, version: str) -> int:
    """Return the number of an engine version."""
    driver(session).execute(
        "INSERT INTO engine (version) SELECT %(v)s WHERE NOT EXISTS "
        "(SELECT 1 FROM engine WHERE version = %(v)s) ON CONFLICT DO NOTHING",
        {"v": version},
    )
    query = text("SELECT engine_id FROM engine WHERE version = :v")
    return int(session.execute(query, {"v": version}).scalar_one())


def newest_engine(session: Session) -> str | None:
    """Return the engine version that was met last, None where nothing was attributed yet."""
    found = session.execute(text("SELECT version FROM engine ORDER BY engine_id DESC LIMIT 1"))
    version: str | None = found.scalar()
    return version


def known(session: Session, wanted: Sequence[Wanted], *, engine: int) -> dict[Wanted, int]:
    """Return which wanted texts this engine attributed already in the same era of the catalogue."""
    keys = {(w.text_hash, w.catalogue_at, w.embedding_no): w for w in wanted}
    rows = driver(session).execute(
        "SELECT DISTINCT ON (a.text_hash, a.catalogue_at, a.embedding_no) "
        "a.text_hash, a.catalogue_at, a.embedding_no, a.attribution_id FROM attribution a "
        "JOIN unnest(%s::bytea[], %s::timestamptz[], %s::bigint[]) AS w (h, c, n) "
        "ON a.text_hash = w.h AND a.catalogue_at = w.c AND a.embedding_no = w.n "
        "WHERE a.engine_id = %s "
        "ORDER BY a.text_hash, a.catalogue_at, a.embedding_no, a.revision DESC",
        (*([key[at] for key in keys] for at in range(3)), engine),
    )
    return {keys[bytes(h), at, n]: int(number) for h, at, n, number in rows}


def insert(
    session: Session,
    wanted: Wanted,
    *,
    engine: int,
    share_ppm: Mapping[int, int],
    unmatched_ppm: int,
    evidence: Sequence[EvidenceRow],
    now: datetime,
) -> int | None:
    """Keep one attribution; return its number, None where a second worker's equal one stands."""
    made = driver(session).execute(
        _INSERT + "VALUES (%(h)s, %(e)s, %(n)s, %(at)s, %(w)s, %(s)s, %(u)s, %(why)s, %(now)s, 1) "
        "ON CONFLICT DO NOTHING RETURNING attribution_id",
        _columns(wanted, engine, share_ppm, unmatched_ppm, evidence, now),
    )
    row = made.fetchone()
    return int(row[0]) if row else None


_INSERT = (
    "INSERT INTO attribution (text_hash, engine_id, embedding_no, catalogue_at, work_ids, "
    "shares_ppm, unmatched_ppm, evidence, attributed_at, revision) "
)


def _columns(
    wanted: Wanted,
    engine: int,
    share_ppm: Mapping[int, int],
    unmatched_ppm: int,
    evidence: Sequence[EvidenceRow],
    now: datetime,
) -> dict[str, object]:
    works = sorted(share_ppm)
    return {
        "h": wanted.text_hash,
        "e": engine,
        "n": wanted.embedding_no,
        "at": wanted.catalogue_at,
        "w": works,
        "s": [share_ppm[work] for work in works],
        "u": unmatched_ppm,
        "why": written(evidence),
        "now": now,
    }


def insert_again(
    session: Session,
    wanted: Wanted,
    *,
    engine: int,
    share_ppm: Mapping[int, int],
    unmatched_ppm: int,
    evidence: Sequence[EvidenceRow],
    now: datetime,
) -> int:
    """Keep a further attribution of a text that may have one; return its number.

    Two at a time of one text are for the caller to prevent.
    """
    made = driver(
        session
    ).execute(
        _INSERT  # noqa: S608 - constants
        + "SELECT %(h)s, %(e)s, %(n)s, %(at)s, %(w)s::bigint[], %(s)s::integer[], %(u)s, "
        "%(why)s::jsonb, %(now)s, 1 + coalesce((SELECT max(revision) FROM attribution "
        "WHERE text_hash = %(h)s AND engine_id = %(e)s AND embedding_no = %(n)s "
        "AND catalogue_at = %(at)s), 0) RETURNING attribution_id",
        _columns(wanted, engine, share_ppm, unmatched_ppm, evidence, now),
    )
    row = made.fetchone()
    assert row
    return int(row[0])


def written(evidence: Sequence[EvidenceRow]) -> str:
    """Write evidence as it is stored: a JSON array of arrays."""
    fields = EvidenceRow.__slots__
    return json.dumps([[getattr(one, name) for name in fields] for one in evidence])


def read(evidence: Sequence[Sequence[object]]) -> tuple[EvidenceRow, ...]:
    """Read what ``written`` wrote, today's rows and those of before."""
    return tuple(EvidenceRow(*one) for one in evidence)  # type: ignore[arg-type]


def link(session: Session, attribution_of: Mapping[int, int]) -> None:
    """Give sales their first attribution; a sale that has one keeps it."""
    driver(session).execute(
        "INSERT INTO sale_attribution (sale_id, version, attribution_id) "
        "SELECT s, 1, a FROM unnest(%s::bigint[], %s::bigint[]) AS t (s, a) ON CONFLICT DO NOTHING",
        (list(attribution_of), list(attribution_of.values())),
    )


def link_again(session: Session, attribution_of: Mapping[int, int]) -> None:
    """Give sales a further attribution: the newest one counts."""
    driver(session).execute(
        "INSERT INTO sale_attribution (sale_id, version, attribution_id) "
        "SELECT s, 1 + coalesce((SELECT max(version) FROM sale_attribution v "
        "WHERE v.sale_id = s), 0), a FROM unnest(%s::bigint[], %s::bigint[]) AS t (s, a)",
        (list(attribution_of), list(attribution_of.values())),
    )


def of_sale(session: Session, sale_id: int) -> StoredAttribution | None:
    """Return the newest attribution of a sale, None for one settled without."""
    row = session.execute(
        text(
            "SELECT a.attribution_id, a.work_ids, a.shares_ppm, a.unmatched_ppm, a.evidence, "
            "e.version FROM sale_attribution sa JOIN attribution a USING (attribution_id) "
            "JOIN engine e USING (engine_id) WHERE sa.sale_id = :sale "
            "ORDER BY sa.version DESC LIMIT 1"
        ),
        {"sale": sale_id},
    ).first()
    if not row:
        return None
    shares = dict(zip(row[1], row[2], strict=True))
    return StoredAttribution(row[0], shares, row[3], read(row[4]), row[5])


def evidence_of(
    session: Session, attribution_ids: Sequence[int]
) -> dict[int, tuple[EvidenceRow, ...]]:
    """Return the evidence of these attributions."""
    rows = driver(session).execute(
        "SELECT attribution_id, evidence FROM attribution WHERE attribution_id = ANY(%s)",
        (list(attribution_ids),),
    )
    return {int(number): read(evidence) for number, evidence in rows}


def outputs(
    session: Session, vendor_id: int, hashes: Sequence[bytes]
) -> tuple[dict[bytes, str], dict[bytes, bytes]]:
    """Return what is still kept of these outputs of a vendor: texts, and sealed fingerprints."""
    rows = driver(session).execute(
        "SELECT text_hash, body, fingerprint FROM output_text "
        "WHERE vendor_id = %s AND text_hash = ANY(%s)",
        (vendor_id, list(hashes)),
    )
    texts: dict[bytes, str] = {}
    fingerprints: dict[bytes, bytes] = {}
    for text_hash, body, fingerprint in rows:
        if fingerprint is None:
            texts[bytes(text_hash)] = str(body)
        else:
            fingerprints[bytes(text_hash)] = bytes(fingerprint)
    return texts, fingerprints


def delete_old_texts(session: Session, *, now: datetime) -> int:
    """Delete texts whose retention has ended and that wait for nothing; return how many."""
    deleted = driver(session).execute(
        "DELETE FROM output_text WHERE delete_after < %s AND NOT EXISTS "
        "(SELECT 1 FROM work_batch w WHERE w.stage = 1 AND w.vendor_id = output_text.vendor_id)",
        (now,),
    )
    return deleted.rowcount
