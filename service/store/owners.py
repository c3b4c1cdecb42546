"""Who stands behind a work: the first holder of the work it was first seen in."""

from collections.abc import Sequence

from sqlmodel import Session

from service.store.database import driver

NOBODY = 0
"""Owner of texts of the commons and of works not examined yet; no party has this number."""
_CHANGING = 7_420_001

# The works of ``asked`` with the earliest work of their chain of near copies, then its first
# holder. An origin is always registered earlier, so the chain ends; 100 bounds it all the same.
# Whatever is registered faster than it is examined counts once, however many the accounts.
ROOTS = """
chain (work_id, root_id, depth) AS (
    SELECT work_id, work_id, 0 FROM asked
    UNION ALL
    SELECT chain.work_id, w.origin_work_id, depth + 1 FROM chain JOIN work w
    ON w.work_id = chain.root_id WHERE w.origin_work_id IS NOT NULL AND depth < 100),
owner (work_id, owner_id) AS (
    SELECT work_id, CASE WHEN w.examined_at IS NULL THEN 0 ELSE
        coalesce((SELECT r.holder_ids[1] FROM rights_version r
        JOIN work root ON r.work_id = coalesce(root.edition_of, root.work_id)
        WHERE root.work_id = root_id AND r.superseded_at IS NULL
        ORDER BY lower(r.days) LIMIT 1), 0) END
    FROM (SELECT DISTINCT ON (work_id) work_id, root_id FROM chain
          ORDER BY work_id, depth DESC) AS roots JOIN work w USING (work_id))
"""


def owner_of_works(session: Session, work_ids: Sequence[int]) -> dict[int, int]:
    """Return the owner of each work: the first holder of the work or of the one it copies.

    A near copy, open or confirmed, counts for the first holder of its origin: 100 accounts with one
    text are one owner. NOBODY for the commons and before examination.
    """
    rows = driver(session).execute(
        "WITH RECURSIVE asked AS (SELECT unnest(%s::bigint[]) AS work_id), "  # noqa: S608
        + ROOTS
        + "SELECT work_id, owner_id FROM owner",
        (list(set(work_ids)),),
    )
    return {int(work_id): int(owner_id) for work_id, owner_id in rows}


def changed(session: Session, work_id: int, *, with_copies: bool = False) -> None:
    """Note that a work, and where told all that copies it, may have another owner from now on."""
    connection = driver(session)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CHANGING,))
    connection.execute(
        "WITH RECURSIVE changed (work_id) AS (SELECT %(work)s::bigint UNION "
        "SELECT w.work_id FROM work w JOIN changed c ON w.origin_work_id = c.work_id "
        "WHERE %(copies)s) INSERT INTO owner_change (change_no, work_id) "
        "SELECT row_number() OVER (ORDER BY work_id) "
        "+ (SELECT coalesce(max(change_no), 0) FROM owner_change), work_id FROM changed",
        {"work": work_id, "copies": with_copies},
    )


def changed_after(session: Session, change_no: int, *, limit: int) -> tuple[int, list[int]]:
    """List the works of the next changes, and the number of the last one."""
    rows = (
        driver(session)
        .execute(
            "SELECT change_no, work_id FROM owner_change WHERE change_no > %s "
            "ORDER BY change_no LIMIT %s",
            (change_no, limit),
        )
        .fetchall()
    )
    return int(rows[-1][0]) if rows else change_no, sorted({int(row[1]) for row in rows})
