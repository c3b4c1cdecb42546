"""The registration log: what a registration says, its place in a Merkle tree, its receipt.

The log only grows: each entry is the last leaf of the tree of all so far (RFC 6962, section 2.1),
and its receipt is signed over the root of that tree. Who keeps two receipts, or the whole log, can
tell whether anything before them was changed. Docs: docs/registry.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.ledger import leaves, merkle

FORMAT = "wellspring-receipt/1"
FIELDS = frozenset(
    ("leaf", "work", "edition", "content_hash", "iscc", "holders", "registered_at", "logged_at")
)
SIGNED_MEMBERS = ("format", "position", "leaf", "path", "root", "key")
"""Members of a receipt in the order of its file; its signature is over all of them."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of one registered text; ids only, no name and no title.

    content_hash: SHA-256 of the text as ``works.content_hash`` takes it. holders: ids of the split
    when it was logged, rising; none for the commons. registered_at: from when on the text earns,
    logged_at: when the platform took it into the log.
    """

    work_id: int
    edition_no: int
    content_hash: bytes
    iscc: str
    holder_ids: tuple[int, ...]
    registered_at: datetime
    logged_at: datetime

    @property
    def fields(self) -> Mapping[str, str]:
        """What is logged, as plain strings by name."""
        return {
            "leaf": "registration",
            "work": str(self.work_id),
            "edition": str(self.edition_no),
            "content_hash": self.content_hash.hex(),
            "iscc": self.iscc,
            "holders": " ".join(str(holder) for holder in self.holder_ids),
            "registered_at": leaves.instant(self.registered_at),
            "logged_at": leaves.instant(self.logged_at),
        }


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the log. position: counted from 1, so it is also the count of leaves by then.

    path: what the leaf's hash is joined with, from the leaf upwards, each on the left.
    """

    position: int
    fields: Mapping[str, str]
    path: tuple[bytes, ...]
    root: bytes

    @property
    def leaf_hash(self) -> bytes:
        """Hash of the entry's leaf."""
        return hash_of(self.fields)


def hash_of(fields: Mapping[str, str]) -> bytes:
    """Hash a leaf: SHA-256 of a zero byte and its canonical bytes."""
    return merkle.leaf_hash(leaves.canonical(fields))


def append(last: LogEntry | None, fields: Mapping[str, str]) -> LogEntry:
    """Make the entry that follows ``last``, None for the first."""
    position = last.position + 1 if last else 1
    path = tuple(reversed(_peaks(last))) if last else ()
    return LogEntry(position, fields, path, root_over(hash_of(fields), path))


def root_over(leaf_hash: bytes, path: Sequence[bytes]) -> bytes:
    """Return the root that the last leaf of a tree leads to: all it is joined with is older."""
    at = leaf_hash
    for older in path:
        at = merkle.node_hash(older, at)
    return at


def _peaks(last: LogEntry) -> list[bytes]:
    """Return the roots of the full subtrees once ``last`` is in, the largest first."""
    peaks, right = list(reversed(last.path)), last.leaf_hash
    older = last.position - 1
    while older & 1:
        right = merkle.node_hash(peaks.pop(), right)
        older >>= 1
    return [*peaks, right]


def path_length(position: int) -> int:
    """Return how many hashes the path of the entry at a position has."""
    return (position - 1).bit_count()


def signed_bytes(entry: LogEntry, key_id: str) -> bytes:
    """Return what a receipt's signature is over: its other members as JSON without blanks.

    Names in order, as RFC 8785 writes them; nothing in them needs an escape.
    """
    path = ",".join(f'"{one.hex()}"' for one in entry.path)
    leaf = leaves.canonical(entry.fields).decode()
    return (
        f'{{"format":"{FORMAT}","key":"{key_id}","leaf":{leaf},"path":[{path}],'
        f'"position":{entry.position},"root":"{entry.root.hex()}"}}'
    ).encode()


def document(entry: LogEntry, key_id: str, signature: bytes) -> dict[str, object]:
    """Return a receipt as the JSON of its file."""
    return {
        "format": FORMAT,
        "position": entry.position,
        "leaf": dict(entry.fields),
        "path": [one.hex() for one in entry.path],
        "root": entry.root.hex(),
        "key": key_id,
        "signature": signature.hex(),
    }
