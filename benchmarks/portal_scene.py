"""A large store behind the portal: works of one holder or spread; a closed month, an open one."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from bulk_sales import Request, draw_matches, holders, store, store_attributions
from ledger_scene import NOW, REGISTERED_AT, TIERS
from soak_figures import tell
from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.threshold import Threshold
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN
from service.store import attributions, closing, parties, people
from service.store.database import Database, driver, unit_of_work
from worker import close
from worker.founding import found
from worker.settlement import Memory, settle_batch
from worker.summing import add_for

PASSWORD = "correct horse battery"
A_REQUEST, A_CHUNK = 500, 20_000
CLOSED, OPEN = Period(202601), Period(202602)
PART_CLOSED = 0.02
_WORDS = [
    *("ode", "essay", "tides", "salt", "glaze", "ash", "pear", "winter", "harbour", "letter"),
    *("map", "stone", "river", "lamp", "field", "signal", "bread", "garden", "engine", "mirror"),
    *("paper", "thread", "copper", "orchard", "night"),
]

_WORKS = """
INSERT INTO work (title, language, content_hash, text_chars, registered_at, created_at,
    embedded_at, examined_at)
SELECT format('%%s on %%s %%s', (%(words)s::text[])[1 + n %% 25],
        (%(words)s::text[])[1 + n / 25 %% 25], n),
    'en', sha256(int8send(n)), 16, %(registered)s, %(now)s, %(now)s, %(now)s
FROM generate_series(1::bigint, %(count)s) AS n RETURNING work_id
"""
_TEXTS = "INSERT INTO work_text SELECT work_id, 'Text of the work.' FROM work"
_RIGHTS = """
WITH made AS (
    INSERT INTO rights_version (work_id, days, holder_ids, shares_ppm, known_at)
    SELECT w, daterange(%(day)s, NULL), string_to_array(h, ',')::bigint[],
        string_to_array(s, ',')::int[], %(now)s
    FROM unnest(%(works)s::bigint[], %(holders)s::text[], %(shares)s::text[]) AS t (w, h, s)
    RETURNING rights_version_id, work_id, days, known_at)
INSERT INTO rights_known (rights_version_id, work_id, days, known)
SELECT rights_version_id, work_id, days, tstzrange(known_at, NULL) FROM made
"""


def build(database: Database, *, sales: int, works: int, of_one: bool) -> None:
    """Fill a store; ``creator`` holds all works or, spread, those of a thousandth of the holders.

    Logins creator, vendor and operator.
    """
    rng = np.random.default_rng(23)
    with unit_of_work(database) as session:
        found(session, now=NOW)
        everybody = holders(session, 2 if of_one else 1_000)
        work_ids = _register(session, works, everybody, rng, of_one=of_one)
        engine = attributions.engine_id(session, "given")
        vendors = [parties.vendor_named(session, name) for name in ("Acme", "Borealis")]
        for login, party in (
            ("creator", everybody[0]),
            ("vendor", vendors[0].party_id),
            ("operator", None),
        ):
            role = login
            people.add_user(session, login, PASSWORD, role, party, now=NOW)
    tell(f"{works:,} works are registered")
    parted = [(one.party_id, one.slug) for one in vendors]
    early = max(int(sales * PART_CLOSED) // A_REQUEST, 1) * A_REQUEST
    _fill(database, rng, work_ids, engine, parted, CLOSED, range(early))
    with unit_of_work(database) as session:
        closing.begin(session, CLOSED, early=False, now=NOW)
    close.finish(
        database,
        CLOSED,
        threshold=Threshold(),
        payment_days=30,
        now=NOW,
        progress=lambda *_: None,
    )
    tell(f"{CLOSED} is closed")
    _fill(database, rng, work_ids, engine, parted, OPEN, range(early, sales))
    while add_for(database, seconds=10):
        pass
    tell("sums are kept")


def _register(
    session: Session,
    count: int,
    everybody: Sequence[int],
    rng: np.random.Generator,
    *,
    of_one: bool,
) -> list[int]:
    facts = {"words": _WORDS, "registered": REGISTERED_AT, "now": NOW, "count": count}
    work_ids = [row[0] for row in driver(session).execute(_WORKS, facts)]
    driver(session).execute(_TEXTS)
    held, shares = [], []
    for _ in work_ids:
        if of_one:
            some, parts = [everybody[0]], [1_000_000]
        else:
            some = rng.choice(everybody, rng.integers(1, 4), replace=False).tolist()
            parts = [1_000_000 // len(some)] * len(some)
            parts[0] += 1_000_000 - sum(parts)
        held.append(",".join(map(str, some)))
        shares.append(",".join(map(str, parts)))
    day: date = REGISTERED_AT.date()
    driver(session).execute(
        _RIGHTS, {"works": work_ids, "holders": held, "shares": shares, "day": day, "now": NOW}
    )
    return work_ids


def _fill(
    database: Database,
    rng: np.random.Generator,
    work_ids: Sequence[int],
    engine: int,
    vendors: Sequence[tuple[int, str]],
    month: Period,
    numbers: range,
) -> None:
    """Report, attribute and settle sales of one month."""
    for start in range(numbers.start, numbers.stop, A_CHUNK):
        size = min(A_CHUNK, numbers.stop - start)
        with unit_of_work(database) as session:
            matched = draw_matches(rng, work_ids, size)
            ids = store_attributions(session, engine, start, matched)
            store(
                session,
                [
                    _request(rng, vendors[at // A_REQUEST % 2], month, start + at, ids, at)
                    for at in range(0, size, A_REQUEST)
                ],
            )
        memory = Memory()
        while settle_batch(database, now=NOW, memory=memory):
            pass
        tell(f"{start + size:,} sales are settled")


def _request(
    rng: np.random.Generator,
    vendor: tuple[int, str],
    month: Period,
    first: int,
    ids: range,
    at: int,
) -> Request:
    tiers = [TIERS[(first + n) % len(TIERS)] for n in range(A_REQUEST)]
    tokens = rng.integers(100, 5_001, A_REQUEST).tolist()
    gross = [STANDARD_NANOS_PER_TOKEN[t] * n for t, n in zip(tiers, tokens, strict=True)]
    return Request(
        *vendor,
        month,
        first,
        [tier.number for tier in tiers],
        tokens,
        gross,
        range(first, first + A_REQUEST),
        ids[at : at + A_REQUEST],
    )
