"""Journal entries as rows of PostgreSQL's binary COPY format, and their canonical bytes.

The canonical bytes of an entry are its COPY tuple without the field count and the batch: kind int2,
source int8, subject int8 or NULL, period int4, currency text, accounts int4[], amounts int8[], each
preceded by its length in an int4, all big-endian (PostgreSQL documentation, *COPY*, binary format,
and the send functions of arrays). A batch's content hash is the SHA-256 of its entries' canonical
bytes in order of source.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.ledger.allocation import Int64s

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NO_SUBJECT = -1
_INT4, _INT8 = 23, 20


@dataclass(frozen=True, slots=True)
class EntryColumns:
    """n entries of one kind, period and currency, in order of source.

    source_ids, subject_ids (NO_SUBJECT: none), counts: [n]. account_ids, amounts: [sum(counts)],
    legs of one entry together, in order of account.
    """

    kind: int
    period: int
    currency: str
    source_ids: Int64s
    subject_ids: Int64s
    counts: Int64s
    account_ids: Int64s
    amounts: Int64s


def canonical_rows(entries: EntryColumns) -> list[bytes]:
    """Encode the entries, each as its canonical bytes, in their order."""
    starts = np.concatenate(([0], np.cumsum(entries.counts)[:-1])).astype(np.int64)
    rows = np.full(len(entries.source_ids), b"", object)
    without = entries.subject_ids == NO_SUBJECT
    for count in np.unique(entries.counts):
        for no_subject in (False, True):
            chosen = np.flatnonzero((entries.counts == count) & (without == no_subject))
            if len(chosen):
                legs = starts[chosen, None] + np.arange(count)
                table = _table(entries, chosen, legs, no_subject=no_subject)
                rows[chosen] = table.view(f"V{table.dtype.itemsize}").astype(object)
    return list(rows.tolist())


def _table(
    entries: EntryColumns, chosen: Int64s, legs: Int64s, *, no_subject: bool
) -> NDArray[np.void]:
    table = np.zeros(len(chosen), _layout(legs.shape[1], no_subject=no_subject))
    table["kind_length"], table["kind"] = 2, entries.kind
    table["source_length"], table["source"] = 8, entries.source_ids[chosen]
    if no_subject:
        table["subject_length"] = -1
    else:
        table["subject_length"], table["subject"] = 8, entries.subject_ids[chosen]
    table["period_length"], table["period"] = 4, entries.period
    table["currency_length"], table["currency"] = 3, entries.currency.encode()
    for name, oid, size in (("accounts", _INT4, 4), ("amounts", _INT8, 8)):
        table[f"{name}_length"] = 20 + legs.shape[1] * (4 + size)
        table[f"{name}_header"] = (1, 0, oid, legs.shape[1], 1)
        table[name]["length"] = size
    table["accounts"]["value"] = entries.account_ids[legs]
    table["amounts"]["value"] = entries.amounts[legs]
    return table


def _layout(count: int, *, no_subject: bool) -> np.dtype[np.void]:
    subject = [("subject_length", ">i4")] + ([] if no_subject else [("subject", ">i8")])
    return np.dtype(
        [
            ("kind_length", ">i4"),
            ("kind", ">i2"),
            ("source_length", ">i4"),
            ("source", ">i8"),
            *subject,
            ("period_length", ">i4"),
            ("period", ">i4"),
            ("currency_length", ">i4"),
            ("currency", "S3"),
            ("accounts_length", ">i4"),
            ("accounts_header", ">i4", 5),
            ("accounts", [("length", ">i4"), ("value", ">i4")], count),
            ("amounts_length", ">i4"),
            ("amounts_header", ">i4", 5),
            ("amounts", [("length", ">i4"), ("value", ">i8")], count),
        ]
    )


_BLOCK = 500
"""Rows that are joined at once: what stays in the cache is joined twice as fast."""


def content_hash(rows: Sequence[bytes]) -> bytes:
    """Hash canonical rows in the order given."""
    digest = hashlib.sha256()
    for start in range(0, len(rows), _BLOCK):
        digest.update(b"".join(rows[start : start + _BLOCK]))
    return digest.digest()


def copy_blocks(batch_id: int, rows: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the binary COPY stream of canonical rows, each led by its batch."""
    lead = (8).to_bytes(2, "big") + (8).to_bytes(4, "big") + batch_id.to_bytes(8, "big")
    yield HEADER
    for start in range(0, len(rows), _BLOCK):
        yield lead + lead.join(rows[start : start + _BLOCK])
    yield TRAILER
