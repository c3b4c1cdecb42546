"""kill -9 of a worker in the middle of settlement, then a rerun, then ``verify``."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from service.ledger.tiers import Tier
from service.store.database import unit_of_work
from worker import drain

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)

# The child settles like any worker, but the named step of the n-th batch ends it by SIGKILL.
CHILD = """
import os, signal, sys
from datetime import UTC, datetime
from service.store import journal, work_batches
from service.store.database import Database
from worker import settlement

url, module, step, turns = sys.argv[1:]
where = {"journal": journal, "work_batches": work_batches}[module]
real, left = getattr(where, step), [int(turns)]

def deadly(*arguments, **named):
    result = real(*arguments, **named)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(where, step, deadly)
settlement.MOST_SALES = 20
database = Database.connect(url)
while settlement.settle_batch(database, now=datetime(2026, 3, 10, tzinfo=UTC)):
    pass
"""


@pytest.mark.parametrize(
    ("module", "step", "turns"),
    [
        ("work_batches", "claim_to_settle", 1),
        ("work_batches", "claim_to_settle", 3),
        ("journal", "account_ids", 2),
        ("journal", "append", 1),
        ("journal", "append", 4),
        ("work_batches", "settled", 2),
    ],
)
def test_a_worker_killed_while_settling_loses_and_doubles_nothing(
    town, texts, urls, module, step, turns
):
    town.registers("Ode", texts.ode, {"Ada": 1_000_000})
    for part in range(10):
        items = [
            town.a_sale(
                f"s{part}-{n}",
                text=texts.ode if n % 3 else None,
                tier=Tier.PREMIUM,
                tokens=1_000 + n,
                at=JANUARY + timedelta(minutes=n),
            )
            for n in range(10)
        ]
        town.reports(*items)
    while drain.embed(town.place) or drain.attribute(town.place):
        pass
    command = [sys.executable, "-c", CHILD, urls.app, module, step, str(turns)]
    child = subprocess.run(command, check=False)
    assert child.returncode == -9
    assert town.broken() == []  # whatever was committed is whole
    with unit_of_work(town.database) as session:
        settled = session.execute(text("SELECT count(*) FROM journal_entry")).scalar_one()
        assert settled < 100
    town.works()
    with unit_of_work(town.database) as session:
        assert session.execute(text("SELECT count(*) FROM journal_entry")).scalar_one() == 100
    assert town.broken() == []
