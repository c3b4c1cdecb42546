"""Everything that is kept about one holder, table by table, found by the names of columns.

So a table that is added later is in the export as soon as it names people as the others do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from service.store.database import driver

UNTOLD = frozenset(
    ("password_hash", "session_hash", "csrf_token", "key_hash", "sealed", "nonce", "vector",
     "lexical", "signature")
)  # fmt: skip
"""Columns that are secrets of the platform, or no use to anybody outside it."""
_LEFT_OUT = frozenset(
    ("passage", "embedding", "work_text", "portal_session", "presence_win", "presence_work",
     "owner_change", "api_key", "use_against_terms", "back_pay")
)  # fmt: skip
"""Tables of the engine's and of single sales; texts are files of their own in an export."""
_BY_COLUMN = (
    ("holder_id", "{} = %(holder)s"),
    ("payee_id", "{} = %(holder)s"),
    ("party_id", "{} = %(holder)s"),
    ("proposer_id", "{} = %(holder)s"),
    ("holder_ids", "{} @> ARRAY[%(holder)s::bigint]"),
    ("subject_id", "subject = 'holder' AND {} = %(holder)s"),
    ("statement_id", "{} IN (SELECT statement_id FROM statement WHERE holder_id = %(holder)s)"),
    ("payout_id", "{} IN (SELECT payout_id FROM payout WHERE holder_id = %(holder)s)"),
    ("party_ids", "{} @> ARRAY[%(holder)s::bigint]"),
    ("endpoint_id", "{} IN (SELECT endpoint_id FROM webhook_endpoint WHERE party_id = %(holder)s)"),
    (
        "delivery_id",
        (
            "{} IN (SELECT delivery_id FROM webhook_delivery JOIN webhook_endpoint "
            "USING (endpoint_id) WHERE party_id = %(holder)s)"
        ),
    ),
    ("text_id", "{} = ANY(%(texts)s)"),
    ("work_id", "{} = ANY(%(texts)s)"),
)
"""The first of these columns that a table has says which of its rows are somebody's."""
_BY_TABLE: Mapping[str, str] = {
    "offer": "(holder_id = %(holder)s OR work_id = ANY(%(texts)s))",
}
"""Where one column does not say it: an offer is for a holder's catalogue, or for a work."""


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table with rows of people: columns that are told, and the condition on its rows."""

    name: str
    columns: tuple[str, ...]
    condition: str


def tables(session: Session) -> list[PersonalTable]:
    """Return the tables that name holders, their works, statements or payouts, by name."""
    rows = driver(session).execute(
        "SELECT t.table_name::text, array_agg(c.column_name::text ORDER BY c.ordinal_position) "
        "FROM information_schema.tables t JOIN information_schema.columns c "
        "USING (table_schema, table_name) WHERE t.table_schema = 'public' "
        "AND t.table_type = 'BASE TABLE' GROUP BY t.table_name ORDER BY t.table_name"
    )
    found = []
    for name, columns in rows:
        key = next((k for k in _BY_COLUMN if k[0] in columns), None)
        if key is None or name in _LEFT_OUT:
            continue
        told = tuple(column for column in columns if column not in UNTOLD)
        condition = _BY_TABLE.get(name, key[1].format(key[0]))
        found.append(PersonalTable(name, told, condition))
    return found


def texts_of(session: Session, holder_id: int) -> list[tuple[int, int, int]]:
    """Return (text, work, edition) of all works the holder has or had a share in, in order."""
    rows = driver(session).execute(
        "SELECT work_id, coalesce(edition_of, work_id), edition_no FROM work "
        "WHERE coalesce(edition_of, work_id) IN (SELECT work_id FROM rights_version "
        "WHERE holder_ids @> ARRAY[%s::bigint]) ORDER BY 2, 3",
        (holder_id,),
    )
    return [(int(text), int(work), int(edition)) for text, work, edition in rows]


def rows_of(
    session: Session, table: PersonalTable, holder_id: int, texts: Sequence[int]
) -> Iterator[str]:
    """Yield the rows of a table that are about a holder, each as JSON, a thousand at a time."""
    columns = ", ".join(f'"{column}"' for column in table.columns)
    query = (
        f"SELECT row_to_json(told)::text FROM (SELECT {columns} FROM {table.name} "  # noqa: S608
        f"WHERE {table.condition}) AS told ORDER BY 1"
    )
    values: Mapping[str, object] = {"holder": holder_id, "texts": list(texts)}
    with driver(session).cursor(name="personal") as cursor:
        cursor.itersize = 1_000
        cursor.execute(query.encode(), values)
        for row in cursor:
            yield str(row[0])
