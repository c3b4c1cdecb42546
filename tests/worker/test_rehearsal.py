"""A close as it would be: all of it, nothing posted, and only what was approved is posted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from changed_facts import correct_contract, refund

from service.ledger.period import Period, PeriodClosed, PeriodRunning
from service.ledger.threshold import Threshold
from service.ledger.tiers import Tier
from service.store import approvals, closing, parties, people, periods, receipts
from service.store.approvals import ApprovalsMissing, BadDigest, NothingToApprove
from service.store.database import rehearsal, unit_of_work
from service.store.receipts import NewReceipt
from service.store.statement_facts import Recipient
from worker import drain
from worker.approving import check_approved
from worker.receipts import add
from worker.rehearsal import rehearse
from worker.settlement import settle_batch
from worker.statement_digest import digest_of_statements

JANUARY = Period(202601)
SOLD = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
MILLION = 1_000_000
TABLES = (
    *("account", "batch", "journal_entry", "balance_delta", "line", "release", "release_part"),
    *("statement", "statement_line", "backing", "seal", "quarantine", "balance_snapshot"),
)


@pytest.fixture
def sold(town, texts):
    """An ode by two, sold in January and, settled, in February."""
    town.registers("Ode", texts.ode, {"Ada": 333_333, "Ben": 666_667})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=SOLD)
    town.sells("two", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=FEBRUARY)
    town.works()
    return town


def rehearsed(town, month=JANUARY, *, early=False, settle=False):
    return rehearse(
        town.database,
        month,
        early=early,
        settle=settle,
        threshold=Threshold(),
        now=town.clock(),
        progress=drain.silent,
    )


def counts(town):
    return {table: town.tells(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def begin(town, month=JANUARY):
    with unit_of_work(town.database) as session:
        closing.begin(session, month, early=False, now=town.clock())


def state(town, month=JANUARY):
    with unit_of_work(town.database) as session:
        return periods.state(session, month)


def test_it_says_what_the_close_then_issues_and_posts_nothing(sold):
    before = counts(sold)
    told = rehearsed(sold)
    assert counts(sold) == before
    assert state(sold) == "open"
    assert {s.holder_name: s.earned_nanos for s in told.statements} == {
        "Ada": 179_999_820,
        "Ben": 360_000_180,
    }
    sold.closes("2026-01")
    with unit_of_work(sold.database) as session:
        assert digest_of_statements(session, JANUARY) == told.digest
    assert sold.broken() == []


def test_another_fact_is_another_digest(sold):
    told = rehearsed(sold)
    refund(sold, "r1", "one", 1_000)
    sold.works()
    assert rehearsed(sold).digest != told.digest


def test_differences_from_the_month_before_are_told_by_cause(sold):
    sold.closes("2026-01")
    correct_contract(sold, day=date(2026, 2, 1), premium_ppm=50_000)
    refund(sold, "r1", "one")
    sold.works()
    told = rehearsed(sold, Period(202602))
    by_name = {
        s.holder_name: told.changes[Recipient(s.holder_id, s.currency)] for s in told.statements
    }
    assert (by_name["Ada"].price, by_name["Ada"].adjustment) == (-89_999_910, -179_999_820)
    assert {change.volume + change.attribution + change.split for change in by_name.values()} == {0}
    earned = {s.holder_name: s.earned_nanos for s in told.statements}
    assert earned["Ada"] == 179_999_820 + by_name["Ada"].total


def test_settling_first_is_part_of_it_where_asked(town, texts):
    town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.works()
    town.sells("one", text=None, tier=Tier.PREMIUM, tokens=MILLION, at=SOLD)
    drain.attribute(town.place)
    before = counts(town)
    assert rehearsed(town).waiting == 1
    told = rehearsed(town, settle=True)
    assert (told.waiting, told.settled.sales, told.settled.quarantined) == (0, 1, 0)
    posted = {b.account: b.nanos for b in told.settled.balances}
    assert posted["pool:unmatched:acme:2026-01"] == -600_000_000
    assert sum(posted.values()) == 0
    assert counts(town) == before
    assert settle_batch(town.database, now=town.clock()) == 1


def test_the_next_month_goes_on_settling_meanwhile(town, texts):
    town.sells("one", text=None, tier=Tier.PREMIUM, tokens=MILLION, at=FEBRUARY)
    drain.attribute(town.place)
    with rehearsal(town.database) as stage:
        with unit_of_work(stage) as session:
            periods.pretend_closing(session, JANUARY, now=town.clock())
        assert settle_batch(town.database, now=town.clock()) == 1
    assert town.balances("pool") == {"pool:unmatched:acme:2026-02": 600_000_000}
    assert state(town) == "open"


def test_the_rules_of_a_close_hold(sold):
    with pytest.raises(PeriodRunning):
        rehearsed(sold, Period(202603))
    sold.closes("2026-01")
    with pytest.raises(PeriodClosed):
        rehearsed(sold)


# Approvals


@pytest.fixture
def careful(sold):
    """The same where two operators must approve, in January's close."""
    sold.place.settings.close_approvals = 2
    begin(sold)
    sold.works()
    return sold


def approve(town, digest, by):
    with unit_of_work(town.database) as session:
        approvals.approve(session, JANUARY, approvals.parse_digest(digest), by=by, now=town.clock())
    town.works()


def check(town):
    check_approved(
        town.database,
        JANUARY,
        needed=2,
        threshold=Threshold(),
        now=town.clock(),
        progress=drain.silent,
    )


def test_a_close_waits_for_two_different_operators(careful):
    told = rehearsed(careful)
    approve(careful, told.digest, "op-1")
    approve(careful, told.digest, "op-1")
    assert state(careful) == "closing"
    with pytest.raises(ApprovalsMissing, match=f"digest {told.digest}: 1 of 2 operators"):
        check(careful)
    approve(careful, told.digest, "op-2")
    assert state(careful) == "closed"
    with unit_of_work(careful.database) as session:
        assert digest_of_statements(session, JANUARY) == told.digest
    assert careful.broken() == []


def test_approvals_of_something_else_are_void(careful):
    old = rehearsed(careful).digest
    approve(careful, old, "op-1")
    refund(careful, "r1", "one", 1_000)
    careful.works()
    assert rehearsed(careful).digest == old, "a refund of a closing month is late"
    approve(careful, "0" * 64, "op-2")
    approve(careful, "0" * 64, "op-3")
    assert state(careful) == "closing"
    with unit_of_work(careful.database) as session:
        given = approvals.listing(session, JANUARY)
    assert {one.approved_by for one in given if one.void_at} == {"op-2", "op-3"}
    approve(careful, old, "op-3")
    assert state(careful) == "closed"


def test_a_receipt_waits_while_a_close_posts_what_was_approved(careful):
    """Else it could come between the look at what is approved and what is issued."""
    with unit_of_work(careful.database) as session:
        acme = parties.vendor_named(session, "Acme")
    said = NewReceipt(acme.party_id, 1_000_000, "USD", "")
    facts = {"now": careful.clock()}
    with ThreadPoolExecutor(1) as pool:
        with receipts.stopped(careful.database):
            adding = pool.submit(add, careful.database, acme, said, **facts)
            while not careful.tells("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not adding.done()
            assert careful.balances("bank") == {}
        assert adding.result() == 1
    assert careful.balances("bank") == {"bank": 1_000_000}


def test_only_a_closing_month_is_approved_and_by_a_digest(sold):
    with pytest.raises(NothingToApprove, match="period 2026-01 is open, not closing"):
        approve(sold, "0" * 64, "op-1")
    for bad in ("", "0" * 63, "0" * 62, "x" * 64):
        with pytest.raises(BadDigest):
            approve(sold, bad, "op-1")


def test_commands_rehearse_approve_and_close(sold, wellspring, monkeypatch):
    monkeypatch.setenv("WELLSPRING_CLOSE_APPROVALS", "1")
    with unit_of_work(sold.database) as session:
        people.add_user(session, "op-1", "a long password", "operator", None, now=sold.clock())
    code, out, _ = wellspring("close", "2026-01", "--dry-run")
    assert code == 0
    assert "nothing" in out
    assert state(sold) == "open"
    code, _, err = wellspring("close", "2026-01")
    assert code == 1
    digest = rehearsed(sold).digest
    assert f"waits for approval of digest {digest}: 0 of 1" in err
    code, _, err = wellspring("approve", "2026-01", digest, "--operator", "nobody")
    assert (code, err.strip()) == (1, "error: no operator 'nobody'")
    assert wellspring("approve", "2026-01", digest, "--operator", "op-1")[0] == 0
    assert wellspring("close", "2026-01")[0] == 0
    assert state(sold) == "closed"
