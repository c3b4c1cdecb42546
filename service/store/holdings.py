"""The works a holder has, or had, a share in: what a creator may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import punctuation

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.store.works import WorkNotFound


class NoPresentShare(LedgerError):
    """Somebody without a share in the newest split wanted to decide about a work."""

    def __init__(self, work_id: int) -> None:
        super().__init__(f"you have no share in work {work_id} any more", work_id=work_id)


class CoHoldersMustAgree(LedgerError):
    """A holder wanted to change alone what others have, or get, a share in."""

    def __init__(self, work_id: int, holder_ids: Sequence[int]) -> None:
        named = ", ".join(map(str, holder_ids[:10]))
        super().__init__(
            f"the split of work {work_id} concerns others (holders {named}): propose it, and they "
            "accept or decline",
            work_id=work_id,
            holders=list(holder_ids),
        )


@dataclass(frozen=True, slots=True)
class HeldWork:
    """A work and the holder's share in its newest split; zero once the split leaves it out."""

    work_id: int
    title: str
    language: str
    text_chars: int
    registered_at: datetime
    withdrawn_at: datetime | None
    embedded_at: datetime | None
    share_ppm: int


_BLANKS = str.maketrans(dict.fromkeys(punctuation, " "))
"""As the words of titles are cut; what is left needs no quoting."""
_HELD = """
SELECT w.work_id, w.title, w.language, w.text_chars, w.registered_at, w.withdrawn_at, w.embedded_at,
    coalesce(v.shares_ppm[array_position(v.holder_ids, CAST(:holder AS bigint))], 0)
FROM holding h JOIN work w USING (work_id)
JOIN LATERAL (SELECT holder_ids, shares_ppm FROM rights_version r WHERE r.work_id = w.work_id
              AND r.superseded_at IS NULL
              ORDER BY lower(days) DESC LIMIT 1) AS v ON true
WHERE h.holder_id = :holder
"""


_STATES = {
    "": "",
    "earning": "AND w.withdrawn_at IS NULL AND w.embedded_at IS NOT NULL ",
    "indexing": "AND w.withdrawn_at IS NULL AND w.embedded_at IS NULL ",
    "withdrawn": "AND w.withdrawn_at IS NOT NULL ",
    "finding": "AND EXISTS (SELECT 1 FROM finding f WHERE f.work_id = w.work_id "
    "AND f.state <> 'dismissed') ",
}
STATES = tuple(_STATES)
"""What a list of works can be narrowed to; ``finding``: owes something to an earlier work."""


def page(
    session: Session,
    holder_id: int,
    *,
    search: str,
    before: int | None,
    limit: int,
    state: str = "",
    oldest_first: bool = False,
) -> list[HeldWork]:
    """List a holder's works, newest first, below one number; or oldest first, above it.

    search: how words of the title begin, all of them, in any order; empty: every work. state: one
    of STATES.
    """
    words = search.replace("\0", " ").translate(_BLANKS).split()
    if search and not words:
        return []
    rows = session.execute(
        text(
            _HELD
            + ("AND title_words(w.title) @@ to_tsquery('simple', :words) " if words else "")
            + _STATES[state]
            + (f"AND h.work_id {'>' if oldest_first else '<'} :before " if before else "")
            + f"ORDER BY h.work_id {'ASC' if oldest_first else 'DESC'} LIMIT :limit"
        ),
        {
            "holder": holder_id,
            "words": " & ".join(f"'{word}':*" for word in words),
            "before": before,
            "limit": limit,
        },
    )
    return [HeldWork(*row) for row in rows]


def newest(session: Session, holder_id: int, *, limit: int) -> list[int]:
    """Return the numbers of a holder's newest works."""
    query = text("SELECT work_id FROM holding WHERE holder_id = :h ORDER BY work_id DESC LIMIT :n")
    return list(session.execute(query, {"h": holder_id, "n": limit}).scalars())


def get(session: Session, holder_id: int, work_id: int) -> HeldWork:
    """Return one work of a holder; raise WorkNotFound for none and for somebody else's alike."""
    row = None
    if 0 < work_id < 2**63:
        query = text(_HELD + "AND h.work_id = :work")
        row = session.execute(query, {"holder": holder_id, "work": work_id}).first()
    if not row:
        raise WorkNotFound(work_id)
    return HeldWork(*row)


def check_present(session: Session, holder_id: int, work_id: int) -> HeldWork:
    """Return a work the holder has a share in now; raise NoPresentShare or WorkNotFound."""
    work = get(session, holder_id, work_id)
    if not work.share_ppm:
        raise NoPresentShare(work_id)
    return work


def present_among(session: Session, holder_id: int, work_ids: Sequence[int]) -> set[int]:
    """Return which of these works the holder has a share in now, or will have."""
    query = text(
        "SELECT work_id FROM rights_version WHERE work_id = ANY(:works) AND upper_inf(days) "
        "AND superseded_at IS NULL AND holder_ids @> ARRAY[CAST(:holder AS bigint)]"
    )
    return set(session.execute(query, {"works": list(work_ids), "holder": holder_id}).scalars())


def check_alone(
    session: Session, holder_id: int, work_id: int, shares_ppm: Mapping[int, int]
) -> HeldWork:
    """Return a work whose new split concerns the holder alone.

    Raise as ``check_present``, or CoHoldersMustAgree.
    """
    work = check_present(session, holder_id, work_id)
    query = text(
        "SELECT DISTINCT unnest(holder_ids) FROM rights_version "
        "WHERE work_id = :work AND superseded_at IS NULL AND upper_inf(days)"
    )
    holders = {int(holder) for holder in session.execute(query, {"work": work_id}).scalars()}
    others = (holders | shares_ppm.keys()) - {holder_id}
    if others:
        raise CoHoldersMustAgree(work_id, sorted(others))
    return work


def among(session: Session, holder_id: int, work_ids: list[int]) -> set[int]:
    """Return which of these works the holder has, or had, a share in."""
    query = text("SELECT work_id FROM holding WHERE work_id = ANY(:works) AND holder_id = :holder")
    return set(session.execute(query, {"works": work_ids, "holder": holder_id}).scalars())
