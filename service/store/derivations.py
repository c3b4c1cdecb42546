"""Which works derive from which: the graph that a change of rights runs down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.derivation import Timeline
from service.ledger.errors import LedgerError
from service.ledger.rights import RightsVersion
from service.store.database import driver
from service.store.version_rows import version_of

_CHANGING = 8_700_000


class NobodysWork(LedgerError):
    """A work was to derive from one that has no holders: nothing can be due to it."""

    def __init__(self, work_id: int) -> None:
        super().__init__(
            f"work {work_id} is nobody's (of the commons, or unknown): nothing is due to it",
            work_id=work_id,
        )


def lock(session: Session) -> None:
    """Be the only one, until the transaction ends, that changes rights or answers proposals.

    Two changes of two ancestors would each cut the descendants as they were before the other, and
    two that name one another would close a cycle that neither sees.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHANGING})


_COLUMNS = (
    "rights_version_id, work_id, lower(days), holder_ids, shares_ppm, upstream_version_ids, "
    "upstream_ppm"
)


def downstream(session: Session, work_id: int) -> dict[int, list[int]]:
    """Return every work that derives from one, through any depth, with what it derives from.

    On whatever day that counts; of what it derives from, only works that are found here, too.
    """
    connection = driver(session)
    found: dict[int, set[int]] = {}
    waiting, seen = [work_id], {work_id}
    while waiting:
        versions = connection.execute(
            "SELECT rights_version_id, work_id FROM rights_version "
            "WHERE work_id = ANY(%s) AND superseded_at IS NULL",
            (waiting,),
        )
        work_of = {int(version): int(work) for version, work in versions}
        rows = connection.execute(
            "SELECT work_id, upstream_version_ids FROM rights_version "
            "WHERE upstream_version_ids && %s::bigint[] AND upstream_version_ids <> '{}' "
            "AND superseded_at IS NULL",
            (list(work_of),),
        ).fetchall()
        waiting = sorted({derived for derived, _ in rows} - seen)
        seen.update(waiting)
        for derived, upstream in rows:
            found.setdefault(derived, set()).update(work_of[v] for v in upstream if v in work_of)
    return {work: sorted(upstream) for work, upstream in sorted(found.items())}


def timelines(
    session: Session,
    work_id: int,
    derives_from: Mapping[int, Sequence[int]],
    named: Sequence[int] = (),
) -> dict[int, Timeline]:
    """Return what counts of a work, of all downstream of it and of whatever these derive from.

    ``named``: works it is to derive from; raise NobodysWork for one without rights.
    """
    first = _of_works(session, sorted({work_id, *derives_from, *named}))
    for work in (work_id, *named):
        if work not in first:
            raise NobodysWork(work)
    upstream = {v for line in first.values() for each in line for v in each.upstream_ppm}
    known = {each.rights_version_id for line in first.values() for each in line}
    rows = driver(session).execute(
        "SELECT DISTINCT work_id FROM rights_version WHERE rights_version_id = ANY(%s)",
        (sorted(upstream - known),),
    )
    return first | _of_works(session, [int(row[0]) for row in rows])


def _of_works(session: Session, work_ids: Sequence[int]) -> dict[int, Timeline]:
    rows = driver(session).execute(
        f"SELECT {_COLUMNS} FROM rights_version "  # noqa: S608 - a constant
        "WHERE work_id = ANY(%s) AND superseded_at IS NULL ORDER BY work_id, lower(days)".encode(),
        (list(work_ids),),
    )
    found: dict[int, list[RightsVersion]] = defaultdict(list)
    for row in rows:
        version = version_of(row)
        found[version.work_id].append(version)
    return dict(found)


def upstream_versions(session: Session, version_id: int) -> dict[int, RightsVersion]:
    """Return a version and every one upstream of it, through any depth."""
    found: dict[int, RightsVersion] = {}
    waiting = {version_id}
    while waiting:
        rows = driver(session).execute(
            f"SELECT {_COLUMNS} FROM rights_version "  # noqa: S608 - a constant
            "WHERE rights_version_id = ANY(%s)".encode(),
            (sorted(waiting),),
        )
        met = [version_of(row) for row in rows]
        found |= {version.rights_version_id: version for version in met}
        waiting = {v for version in met for v in version.upstream_ppm} - found.keys()
    return found
