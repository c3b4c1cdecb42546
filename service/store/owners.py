"""Who stands behind a work: the first holder of the work it was first seen in."""

from collections.abc import Sequence

from sqlmodel import Session

from service.store.database import driver

NOBODY = 0
"""Owner of texts of the commons; no party has this number."""

# The works of ``asked`` with the earliest work of their chain of near copies, then its first
# holder. An origin is always registered earlier, so the chain ends; 100 bounds it all the same.
ROOTS = """
chain (work_id, root_id, depth) AS (
    SELECT work_id, work_id, 0 FROM asked
    UNION ALL
    SELECT chain.work_id, w.origin_work_id, depth + 1 FROM chain JOIN work w
    ON w.work_id = chain.root_id WHERE w.origin_work_id IS NOT NULL AND depth < 100),
owner (work_id, owner_id) AS (
    SELECT work_id, coalesce((SELECT r.holder_ids[1] FROM rights_version r
        WHERE r.work_id = root_id ORDER BY lower(r.days) LIMIT 1), 0)
    FROM (SELECT DISTINCT ON (work_id) work_id, root_id FROM chain
          ORDER BY work_id, depth DESC) AS roots)
"""


def owner_of_works(session: Session, work_ids: Sequence[int]) -> dict[int, int]:
    """Return the owner of each work: the first holder of the work or of the one it copies.

    A near copy, open or confirmed, counts for the first holder of its origin: 100 accounts with one
    text are one owner. NOBODY for the commons.
    """
    rows = driver(session).execute(
        "WITH RECURSIVE asked AS (SELECT unnest(%s::bigint[]) AS work_id), "  # noqa: S608
        + ROOTS
        + "SELECT work_id, owner_id FROM owner",
        (list(set(work_ids)),),
    )
    return {int(work_id): int(owner_id) for work_id, owner_id in rows}
