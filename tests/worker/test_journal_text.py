"""The exported journal: other programs accept it and agree on every balance."""

import re
import shutil
import subprocess
from decimal import Decimal

import pytest
from changed_facts import two_closed_months

from service.ledger.period import Period
from service.ledger.plain_text import Form, account
from service.store import account_history
from service.store.database import unit_of_work
from worker.journal_text import journal_text

LEG = re.compile(r"\s+(\S+:\S+)  (-?[0-9.]+) ([A-Z]{3})")


@pytest.fixture
def told(town, texts):
    """Two closed months with a refund across them and thirds of a nano to divide."""
    return two_closed_months(town, texts.ode, then=texts.essay)


def text(town, form, period=None):
    with unit_of_work(town.database) as session:
        return "".join(f"{line}\n" for line in journal_text(session, form, period))


def summed(told):
    """Add up the legs of a text as a reader does that knows nothing of us."""
    sums = {}
    for line in told.splitlines():
        found = LEG.match(line)
        if found and "=" not in line:
            name, nanos, _ = found.groups()
            sums[name] = sums.get(name, 0) + Decimal(nanos)
    return {name: total for name, total in sums.items() if total}


def balances(town, period=None):
    with unit_of_work(town.database) as session:
        rows = account_history.balances_as_of(session, period=period)
    return {account(one.account): Decimal(one.nanos) / 10**9 for one in rows}


@pytest.mark.parametrize("form", Form)
def test_legs_add_up_to_the_balances(told, form):
    assert summed(text(told, form)) == balances(told)
    for month in ("2026-01", "2026-02"):
        period = Period.parse(month)
        assert summed(text(told, form, period)) == balances(told, period)


@pytest.mark.parametrize(
    ("form", "program"),
    [(Form.BEANCOUNT, ["bean-check"]), (Form.HLEDGER, ["hledger", "check", "-s", "-f"])],
)
@pytest.mark.parametrize("period", [None, "2026-02"])
def test_the_program_accepts_it_and_a_balance_that_is_off_is_refused(
    told, tmp_path, form, program, period
):
    if not shutil.which(program[0]):
        pytest.skip(f"{program[0]} is not installed (Debian: beancount, hledger)")
    path = tmp_path / "journal"
    good = text(told, form, Period.parse(period) if period else None)
    path.write_text(good)
    assert subprocess.run([*program, path], check=False, capture_output=True).returncode == 0
    at = good.rindex("0000 USD") if "0000 USD" in good else good.rindex(" USD")
    path.write_text(good[:at] + "1111" + good[at + 4 :])
    assert subprocess.run([*program, path], check=False, capture_output=True).returncode != 0


def test_an_empty_journal_is_an_empty_text(town):
    assert text(town, Form.BEANCOUNT) == ""


def test_the_command_writes_a_file_and_overwrites_none(told, wellspring, tmp_path):
    path = tmp_path / "books.beancount"
    assert wellspring("export", "journal", "--format", "beancount", "--out", path)[0] == 0
    assert path.read_text() == text(told, Form.BEANCOUNT)
    code, _, err = wellspring("export", "journal", "--format", "hledger", "--out", path)
    assert (code, "File exists" in err) == (1, True)
