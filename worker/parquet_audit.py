"""An exported period recomputed with another program's arithmetic: DuckDB, no database of ours.

Nothing here shares code with the ledger: each question is one query whose right answer is no row.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from service.ledger.errors import LedgerError
from worker.parquet_export import FORMAT, MANIFEST, sha256_of

MOST_FACTS = 20
_TABLES = (
    *("opening_balances", "postings", "closing_balances"),
    *("statements", "statement_lines", "released"),
)


class NoExport(LedgerError):
    """A folder holds no exported period."""

    def __init__(self, folder: Path, rule: str) -> None:
        super().__init__(f"{folder}: {rule}", folder=str(folder), rule=rule)


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, over how many rows, and the facts that contradict it."""

    question: str
    looked_at: int
    facts: tuple[str, ...]


_QUESTIONS = (
    (
        "every entry sums to zero",
        "postings",
        (
            "SELECT format('entry {}/{} sums to {} {}', kind, source_id, sum(nanos), currency) "
            "FROM postings GROUP BY kind, source_id, currency HAVING sum(nanos) <> 0"
        ),
    ),
    (
        "every entry has one currency, and each account once",
        "postings",
        (
            "SELECT format('entry {}/{}', kind, source_id) FROM postings GROUP BY kind, source_id "
            "HAVING count(DISTINCT currency) > 1 OR count(DISTINCT account) < count(*)"
        ),
    ),
    (
        "opening balances + postings = closing balances",
        "closing_balances",
        (
            "SELECT format('{} {}: {} + {} is not {}', account, currency, opened, posted, closed) "
            "FROM (SELECT account, currency, sum(o) AS opened, sum(p) AS posted, sum(c) AS closed "
            "FROM (SELECT account, currency, nanos AS o, 0 AS p, 0 AS c FROM opening_balances "
            "UNION ALL SELECT account, currency, 0, nanos, 0 FROM postings "
            "UNION ALL SELECT account, currency, 0, 0, nanos FROM closing_balances) "
            "GROUP BY account, currency) WHERE opened + posted <> closed"
        ),
    ),
    (
        "opening + lines + moves - paid = closing = held + holdback + payable + carried forward",
        "statements",
        (
            "SELECT format('statement {}: {} + {} + {} - {} is not {}', number, opening_nanos, "
            "lines, moved_nanos, paid_nanos, closing_nanos) "
            "FROM (SELECT s.*, coalesce((SELECT sum(l.nanos) "
            "FROM statement_lines l WHERE l.number = s.number), 0) AS lines FROM statements s) "
            "WHERE opening_nanos + lines + moved_nanos - paid_nanos <> closing_nanos "
            "OR lines <> earned_nanos "
            "OR held_nanos + holdback_nanos + payable_nanos + carried_nanos <> closing_nanos"
        ),
    ),
    (
        "a holder's lines are what the lines of works released",
        "released",
        (
            "SELECT format('holder {}: released {} {}, stated {}', holder_id, released, currency, "
            "stated) FROM (SELECT holder_id, currency, sum(r) AS released, sum(t) AS stated FROM "
            "(SELECT holder_id, currency, nanos AS r, 0 AS t FROM released "
            "WHERE holder_id IS NOT NULL UNION ALL "
            "SELECT holder_id, currency, 0, earned_nanos FROM statements) "
            "GROUP BY holder_id, currency) WHERE released <> stated"
        ),
    ),
    (
        "a statement closes with what the holder's accounts hold",
        "statements",
        (
            "SELECT format('statement {}: closes with {}, accounts hold {}', number, "
            "closing_nanos, held) FROM (SELECT s.*, coalesce((SELECT -sum(b.nanos) "
            "FROM closing_balances b WHERE b.currency = s.currency "
            "AND b.account IN (format('holder:{}:held', s.holder_id), "
            "format('holder:{}:holdback', s.holder_id), "
            "format('holder:{}:payable', s.holder_id))), 0) AS held FROM statements s) "
            "WHERE closing_nanos <> held"
        ),
    ),
    (
        "what a statement says was paid is what payouts posted",
        "statements",
        (
            "SELECT format('{} {}: payouts posted {}, stated {}', account, currency, posted, "
            "stated) FROM (SELECT account, currency, sum(p) AS posted, sum(t) AS stated FROM "
            "(SELECT account, currency, nanos AS p, 0 AS t FROM postings "
            "WHERE kind IN ('payout', 'payout-returned', 'payout-correction') "
            "AND account LIKE 'holder:%' UNION ALL "
            "SELECT format('holder:{}:payable', holder_id), currency, 0, paid_nanos "
            "FROM statements) GROUP BY account, currency) WHERE posted <> stated"
        ),
    ),
    (
        "what a statement says was moved is what advances posted",
        "statements",
        (
            "SELECT format('holder {}: advances posted {} {}, stated {}', holder_id, posted, "
            "currency, stated) "
            "FROM (SELECT holder_id, currency, sum(p) AS posted, sum(t) AS stated "
            "FROM (SELECT CAST(split_part(account, ':', 2) AS BIGINT) AS holder_id, currency, "
            "-nanos AS p, 0 AS t FROM postings "
            "WHERE kind IN ('advance', 'recoupment', 'guarantee') "
            "AND (account LIKE 'holder:%:held' OR account LIKE 'holder:%:payable') "
            "UNION ALL SELECT holder_id, currency, 0, moved_nanos FROM statements) "
            "GROUP BY holder_id, currency) WHERE posted <> stated"
        ),
    ),
    (
        "a line pays no more than its rights allow",
        "statement_lines",
        (
            "SELECT format('statement {} line {}: {} of {} at {} ppm', number, ordinal, nanos, "
            "credited_nanos, share_ppm) FROM statement_lines "
            "WHERE abs(nanos) > abs(credited_nanos) + 1 OR share_ppm NOT BETWEEN 1 AND 1000000"
        ),
    ),
)


def audit(folder: Path) -> list[Answer]:
    """Check the files against their manifest, then recompute; raise NoExport for no export."""
    manifest = _manifest(folder)
    files = [_file(folder, name, told["sha256"]) for name, told in manifest["files"].items()]
    answers = [
        Answer("each file is the one that was exported", len(files), tuple(f for f in files if f))
    ]
    with duckdb.connect(":memory:") as connection:
        for table in _TABLES:
            path = str(folder / f"{table}.parquet").replace("'", "''")
            try:
                query = f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{path}')"  # noqa: S608
                connection.execute(query)
            except duckdb.Error as error:
                raise NoExport(folder, f"{table}.parquet cannot be read: {error}") from None
        for question, over, query in _QUESTIONS:
            counted = connection.execute(f"SELECT count(*) FROM {over}").fetchone()  # noqa: S608
            assert counted
            facts = connection.execute(f"{query} LIMIT {MOST_FACTS}").fetchall()
            answers.append(Answer(question, counted[0], tuple(row[0] for row in facts)))
    return answers


def _manifest(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    try:
        read = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoExport(folder, f"{MANIFEST} cannot be read: {error}") from None
    wanted = {f"{table}.parquet" for table in _TABLES}
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise NoExport(folder, f"{MANIFEST} is not of format {FORMAT}")
    if set(read.get("files", {})) != wanted:
        raise NoExport(folder, f"{MANIFEST} must name {', '.join(sorted(wanted))}")
    return read


def _file(folder: Path, name: str, expected: str) -> str | None:
    path = folder / name
    if not path.exists():
        return f"{name} is missing"
    return None if sha256_of(path) == expected else f"{name} is another file than was exported"
