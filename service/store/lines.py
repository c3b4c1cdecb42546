"""Lines: work x rights version x vendor x tier x currency, opened when a sale first credits one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.accounts import line as line_account
from service.ledger.errors import LedgerError
from service.ledger.release import Line
from service.ledger.tiers import Tier
from service.store import rights
from service.store.binary_columns import as_array, columns
from service.store.database import driver

MAX_ID = 2**63


class LineKey(NamedTuple):
    """What makes a line; ``tier`` is its number. A tuple: settlement hashes thousands a batch."""

    work_id: int
    rights_version_id: int
    vendor_id: int
    tier: int
    currency: str


class LineNotFound(LedgerError):
    """No such line."""

    def __init__(self, line_id: int) -> None:
        super().__init__(f"no line {line_id}", line_id=line_id)


_KEY = "work_id, rights_version_id, vendor_id, tier, currency"


def ids(
    session: Session, keys: Iterable[LineKey], *, known: dict[LineKey, int] | None = None
) -> dict[LineKey, int]:
    """Return the line of each key, opening those not met before.

    ``known``: what was found before, if anything; filled with what was not.
    """
    found = {} if known is None else known
    wanted = [key for key in dict.fromkeys(keys) if key not in found]
    found |= _known(session, wanted)
    missing = sorted(key for key in wanted if key not in found)
    if missing:
        driver(session).execute(
            f"INSERT INTO line ({_KEY}) SELECT * FROM unnest("  # noqa: S608 - a constant
            "%s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::text[]) "
            "ON CONFLICT DO NOTHING",
            _columns(missing),
        )
        found |= _known(session, missing)
    return found


def _columns(keys: Sequence[LineKey]) -> list[str]:
    return [as_array(column) for column in zip(*keys, strict=True)]


_KNOWN: LiteralString = (
    "SELECT at, line_id AS lines FROM line JOIN unnest("  # noqa: S608 - a constant
    "%s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::text[]) "
    f"WITH ORDINALITY AS k ({_KEY}, at) USING ({_KEY})"
)


def _known(session: Session, keys: Sequence[LineKey]) -> dict[LineKey, int]:
    if not keys:
        return {}
    kinds = {"at": "int8", "lines": "int8"}
    rows = columns(driver(session), _KNOWN, _columns(keys), kinds)
    return {
        keys[at - 1]: line
        for at, line in zip(rows["at"].tolist(), rows["lines"].tolist(), strict=True)
    }


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line with the ids its rows carry, beside the ledger's value."""

    line: Line
    vendor_id: int


def load(session: Session, line_ids: Sequence[int]) -> dict[int, StoredLine]:
    """Load lines with their rights versions."""
    rows = session.execute(
        text(
            "SELECT line_id, rights_version_id, slug, vendor_id, tier, currency "
            "FROM line JOIN party ON party_id = vendor_id WHERE line_id = ANY(:ids)"
        ),
        {"ids": list(line_ids)},
    ).all()
    versions = rights.versions(session, [row[1] for row in rows])
    return {
        row[0]: StoredLine(
            Line(row[0], versions[row[1]], row[2], Tier.numbered(row[4]), row[5]), row[3]
        )
        for row in rows
    }


def get(session: Session, line_id: int) -> StoredLine:
    """Return one line; raise LineNotFound."""
    found = load(session, [line_id]) if 0 < line_id < MAX_ID else {}
    if line_id not in found:
        raise LineNotFound(line_id)
    return found[line_id]


def balance(session: Session, line_id: int) -> int:
    """Return what a line was credited and has not released: nanos, positive."""
    query = text(
        "SELECT coalesce(-sum(delta), 0) FROM balance_delta JOIN account USING (account_id) "
        "WHERE name = :name"
    )
    return int(session.execute(query, {"name": line_account(line_id)}).scalar_one())
