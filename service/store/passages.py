"""Passages of registered works, as the engine looks at them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from service.store.database import driver


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage of a work; offsets in characters of the registered text.

    origin_passage_id: the first passage of its chain of finds, None where it stands for itself.
    """

    passage_id: int
    work_id: int
    start_char: int
    end_char: int
    content_hash: bytes
    origin_passage_id: int | None


@dataclass(frozen=True, slots=True, eq=False)
class StoredFingerprint:
    """The fingerprint of a text as rows; row i of every field is one passage, vectors [n, dim]."""

    passage_ids: tuple[int, ...]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: tuple[bytes, ...]
    vectors: NDArray[np.float32]
    prints: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.passage_ids)


def located(session: Session, passage_ids: Sequence[int]) -> list[PassageRow]:
    """Return these passages, each with the root of its chain of origins; others are left out."""
    connection = driver(session)
    rows = connection.execute(
        "SELECT passage_id, work_id, start_char, end_char, content_hash, origin_passage_id "
        "FROM passage WHERE passage_id = ANY(%s)",
        (list(passage_ids),),
    ).fetchall()
    root = {origin: origin for *_, origin in rows if origin is not None}
    open_ = set(root)
    while open_:
        further = connection.execute(
            "SELECT passage_id, origin_passage_id FROM passage "
            "WHERE passage_id = ANY(%s) AND origin_passage_id IS NOT NULL",
            (list(open_),),
        ).fetchall()
        step = {int(passage_id): int(origin) for passage_id, origin in further}
        root = {origin: step.get(at, at) for origin, at in root.items()}
        open_ = set(step.values())
    return [PassageRow(p, w, s, e, bytes(h), root.get(o)) for p, w, s, e, h, o in rows]


def of_work(session: Session, work_id: int, encoder: int, *, dimension: int) -> StoredFingerprint:
    """Return all passages of a work that have a print and this encoder's vector, in order."""
    rows = driver(session).execute(
        "SELECT p.passage_id, p.start_char, p.end_char, p.content_hash, e.vector, p.lexical "
        "FROM passage p JOIN embedding e ON e.encoder_id = %s AND e.passage_id = p.passage_id "
        "WHERE p.work_id = %s AND p.lexical IS NOT NULL ORDER BY p.ordinal",
        (encoder, work_id),
        binary=True,
    )
    return fingerprint_of(rows.fetchall(), dimension=dimension)


def fingerprint_of(rows: Sequence[tuple[object, ...]], *, dimension: int) -> StoredFingerprint:
    """Make a fingerprint of rows (id, start, end, content hash, float16 vector, print)."""
    columns = list(zip(*rows, strict=True)) or [()] * 6
    ids, starts, ends, hashes, vectors, prints = columns
    flat = np.frombuffer(b"".join(bytes(one) for one in vectors), "<f2")
    return StoredFingerprint(
        tuple(int(one) for one in ids),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        tuple(bytes(one) for one in hashes),
        flat.reshape(len(rows), dimension).astype(np.float32),
        tuple(bytes(one) for one in prints),
    )
