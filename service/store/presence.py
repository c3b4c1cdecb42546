"""In how many outputs a work wins a little: what boilerplate registered as a work shows by.

An attack: text that is in every output anyway, a closing phrase or one that prompts ask for, is
registered as somebody's work. No attribution alone looks wrong; that it wins everywhere does.

What waits to be counted is a row beside each attribution, written by a trigger in the transaction
of the attribution, as every piece of work here is (decision 001). There is no watermark to pass by
what commits late: numbers become visible out of order, and numbers of transactions, which could be
compared with the oldest that runs, start anew where a dump is restored into another server.
Counting takes the rows away and adds to the counts in one transaction of one process at a time:
whoever is killed has counted nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.money import PPM
from service.ledger.period import Period
from service.store import attributions
from service.store.attributions import EvidenceRow
from service.store.database import driver

LITTLE_ONE_IN = 3
"""Less than a third of an output's passages is a little. A work that an output was made of takes up
more, unless it is one of many; a phrase that stands in every output takes up less."""
OFTEN_PPM = 50_000
"""Above 5 % of a month's outputs a work is widespread: the bound that ``make gaming`` uses, where
it is known which outputs are unrelated."""
LEAST_OUTPUTS = 200
"""Nothing is said of a month before that many outputs: fewer than ten wins would be chance."""

_COUNTING = 7_440_000


def wins_little(
    evidence: Sequence[EvidenceRow], *, unmatched_ppm: int, unmatched_chars: int
) -> set[int]:
    """Return the works that win passages of an output, but only a little of it.

    unmatched_chars: of its passages that no work won; 0 where they are no longer kept, and then the
    part that was paid says how long they were.
    """
    chars: Counter[int] = Counter()
    paid_chars = 0
    for one in evidence:
        length = one.output_end - one.output_start
        chars[one.work_id] += length
        paid_chars += length if one.paid else 0
    whole = chars.total() + unmatched_chars
    if not unmatched_chars and unmatched_ppm < PPM:
        whole = max(whole, paid_chars * PPM // (PPM - unmatched_ppm))
    return {work for work, count in chars.items() if count * LITTLE_ONE_IN < whole}


_TAKE = """
WITH taken AS (
    DELETE FROM presence_waiting WHERE attribution_id IN
        (SELECT attribution_id FROM presence_waiting ORDER BY attribution_id LIMIT %s)
    RETURNING attribution_id
)
SELECT a.attributed_at, a.engine_id, a.text_hash, a.evidence, a.unmatched_ppm,
    (SELECT coalesce(sum(u.end_char - u.start_char), 0) FROM unmatched_passage u
     WHERE u.attribution_id = a.attribution_id)
FROM taken JOIN attribution a USING (attribution_id)
"""


def count_next(session: Session, *, limit: int) -> int:
    """Count the next attributions; return how many, 0 where none waits or another process counts.

    An attribution whose transaction has not ended is counted later, and holds up no other.
    """
    connection = driver(session)
    alone = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_COUNTING,)).fetchone()
    if not (alone and alone[0]):
        return 0
    newest: dict[tuple[int, int], datetime] = {}
    outputs: set[tuple[int, int, bytes]] = set()
    wins: set[tuple[int, int, bytes, int]] = set()
    taken = connection.execute(_TAKE, (limit,)).fetchall()
    for attributed_at, engine, text_hash, evidence, unmatched_ppm, unmatched_chars in taken:
        month, digest = Period.of(attributed_at).number, bytes(text_hash)
        newest[month, engine] = max(attributed_at, newest.get((month, engine), attributed_at))
        outputs.add((month, engine, digest))
        little = wins_little(
            attributions.read(evidence),
            unmatched_ppm=unmatched_ppm,
            unmatched_chars=int(unmatched_chars),
        )
        wins |= {(month, engine, digest, work) for work in little}
    if taken:
        _add_outputs(session, outputs, newest)
        _add_wins(session, wins)
    return len(taken)


def _add_outputs(
    session: Session,
    outputs: Iterable[tuple[int, int, bytes]],
    newest: dict[tuple[int, int], datetime],
) -> None:
    columns = [list(column) for column in zip(*outputs, strict=True)]
    driver(session).execute(
        "WITH fresh AS (INSERT INTO presence_output (month, engine_id, text_hash) "
        "SELECT * FROM unnest(%s::int[], %s::smallint[], %s::bytea[]) ON CONFLICT DO NOTHING "
        "RETURNING month, engine_id) "
        "INSERT INTO presence_month (month, engine_id, output_count, newest_at) "
        "SELECT n.m, n.e, count(f.month), n.at "
        "FROM unnest(%s::int[], %s::smallint[], %s::timestamptz[]) AS n (m, e, at) "
        "LEFT JOIN fresh f ON f.month = n.m AND f.engine_id = n.e GROUP BY n.m, n.e, n.at "
        "ON CONFLICT (month, engine_id) DO UPDATE SET "
        "output_count = presence_month.output_count + excluded.output_count, "
        "newest_at = greatest(presence_month.newest_at, excluded.newest_at)",
        (*columns, [m for m, _ in newest], [e for _, e in newest], list(newest.values())),
    )


def _add_wins(session: Session, wins: Iterable[tuple[int, int, bytes, int]]) -> None:
    columns = [list(column) for column in zip(*wins, strict=True)] or [[], [], [], []]
    driver(session).execute(
        "WITH fresh AS (INSERT INTO presence_win (month, engine_id, text_hash, work_id) "
        "SELECT m, e, h, coalesce(w.edition_of, t.w) "
        "FROM unnest(%s::int[], %s::smallint[], %s::bytea[], %s::bigint[]) AS t (m, e, h, w) "
        "LEFT JOIN work w ON w.work_id = t.w "
        "ON CONFLICT DO NOTHING RETURNING month, engine_id, work_id) "
        "INSERT INTO presence_work (month, engine_id, work_id, output_count) "
        "SELECT month, engine_id, work_id, count(*) FROM fresh GROUP BY month, engine_id, work_id "
        "ON CONFLICT (month, engine_id, work_id) DO UPDATE SET "
        "output_count = presence_work.output_count + excluded.output_count",
        columns,
    )


def any_waiting(session: Session) -> bool:
    """Whether an attribution waits to be counted."""
    query = text("SELECT EXISTS (SELECT 1 FROM presence_waiting)")
    return bool(session.execute(query).scalar_one())


def forget_texts(session: Session, *, now: datetime) -> int:
    """Forget which texts were counted before last month, never the counts; return how many texts.

    Nothing is attributed in those months any more. While something waits to be counted that was
    (after an upgrade), all is kept: it would be counted twice.
    """
    last_month = Period.of(Period.of(now).start - timedelta(days=1))
    connection = driver(session)
    waits = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM presence_waiting w JOIN attribution a USING (attribution_id) "
        "WHERE a.attributed_at < %s)",
        (last_month.start,),
    ).fetchone()
    if waits and waits[0]:
        return 0
    connection.execute("DELETE FROM presence_win WHERE month < %s", (last_month.number,))
    forgotten = connection.execute(
        "DELETE FROM presence_output WHERE month < %s", (last_month.number,)
    )
    return forgotten.rowcount
