"""A vendor pays early; its own sales earn it back, and what it owes for them falls by as much."""

import json
from datetime import UTC, date, datetime

import pytest
from payee_facts import may_be_paid

from service.ledger.advance import AdvancePaid, BadAdvance
from service.ledger.hold import HoldReason
from service.ledger.holdback import HoldbackRule
from service.ledger.period import Period
from service.ledger.statement import AdvanceStanding, HoldbackStanding
from service.ledger.tiers import Tier
from service.store import advances, holdbacks, holds, parties
from service.store.advances import AdvanceNotFound, NewAdvance
from service.store.database import unit_of_work
from service.store.holds import NewHold
from service.store.receipts import NewReceipt
from worker import drain, payouts, receipts, recouping

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
MILLION = 1_000_000
EARNED, OWED = 540_000_000, 600_000_000


def number_of(town, name):
    return town.tells("SELECT party_id FROM party WHERE name = :n", n=name)[0][0]


def pays(town, nanos):
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, "Acme")
    receipts.add(
        town.database, party, NewReceipt(party.party_id, nanos, "USD", ""), now=town.clock()
    )


def agrees(town, nanos, *, works=None, guarantee=0, until=None):
    new = NewAdvance(number_of(town, "Acme"), town.ada, "USD", nanos, works, guarantee, until)
    with unit_of_work(town.database) as session:
        return advances.insert(session, new, now=town.clock())


def advances_paid(town, number):
    return recouping.pay(town.database, number, reference="wire 7", by="op", now=town.clock())


@pytest.fixture
def home(town, texts):
    """Ode is Ada's; Acme sold for 6.00 in January: it owes 0.60, of which 0.54 is Ada's."""
    town.ode = town.registers("Ode", texts.ode, {"Ada": MILLION})
    town.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=JANUARY)
    town.works()
    town.ada = number_of(town, "Ada")
    return town


def test_an_advance_is_payable_at_once_and_recouped_by_the_close(home):
    advances_paid(home, agrees(home, 400_000_000))
    assert home.balances("vendor:acme:prepaid") == {"vendor:acme:prepaid": 400_000_000}
    home.closes("2026-01")
    assert home.balances("holder") == {
        f"holder:{home.ada}:held": 140_000_000,  # earned, less 0.40 recouped, waits for receipts
        f"holder:{home.ada}:payable": 400_000_000,
    }
    assert home.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 200_000_000}
    assert home.balances("vendor:acme:prepaid") == {}
    pays(home, 200_000_000)
    assert home.balances("holder") == {f"holder:{home.ada}:payable": 540_000_000}
    assert home.broken() == []


def test_the_statement_says_what_was_advanced_and_recouped(home):
    number = agrees(home, 700_000_000)
    home.clock.now = JANUARY.replace(day=25)
    advances_paid(home, number)
    home.clock.now = FEBRUARY.replace(day=1)
    home.closes("2026-01")
    said = home.statement("Ada", "2026-01")
    assert [(str(move.kind), move.reference, move.nanos) for move in said.moves] == [
        ("advance", "advance 1", 700_000_000),
        ("recoupment", "advance 1", -EARNED),
    ]
    assert said.advance == AdvanceStanding(0, 700_000_000, EARNED)
    assert said.advance.closing_nanos == 160_000_000
    assert (said.earned_nanos, said.closing_nanos) == (EARNED, 700_000_000)
    assert (said.closing.held_nanos, said.closing.payable_nanos) == (0, 700_000_000)
    assert home.broken() == []


def test_a_refund_of_what_was_recouped_is_to_be_earned_again(home, texts):
    advances_paid(home, agrees(home, 400_000_000))
    home.closes("2026-01")
    home.refunds("back", "one")
    home.works()
    home.closes("2026-02")
    assert home.balances("holder") == {
        f"holder:{home.ada}:payable": 400_000_000,
        f"holder:{home.ada}:advance": 400_000_000,
    }
    assert home.balances("vendor:acme") == {"vendor:acme:prepaid": 400_000_000}
    assert home.broken() == []


def test_sales_of_another_vendor_and_of_other_works_do_not_recoup(home, texts):
    essay = home.registers("Essay", texts.essay, {"Ada": MILLION})
    home.sells("two", text=texts.ode, tier=Tier.PREMIUM, at=JANUARY, vendor="Borealis")
    home.works()
    advances_paid(home, agrees(home, 400_000_000, works=(essay,)))
    home.closes("2026-01")
    assert home.balances(f"holder:{home.ada}:advance") == {
        f"holder:{home.ada}:advance": 400_000_000
    }
    assert home.broken() == []


def test_what_is_contested_is_not_recouped(home):
    with unit_of_work(home.database) as session:
        new = NewHold(home.ada, home.ode, 500_000, HoldReason.CONTESTED, "dispute 1")
        hold = holds.start(session, new, now=home.clock())
    advances_paid(home, agrees(home, 700_000_000))
    home.closes("2026-01")
    assert home.balances(f"holder:{home.ada}") == {
        f"holder:{home.ada}:advance": 430_000_000,
        f"holder:{home.ada}:held": 270_000_000,
        f"holder:{home.ada}:payable": 700_000_000,
    }
    with unit_of_work(home.database) as session:
        holds.end(session, hold, outcome="rejected", now=home.clock())
    home.works()
    home.closes("2026-02")
    assert home.balances(f"holder:{home.ada}:advance") == {
        f"holder:{home.ada}:advance": 160_000_000
    }
    assert home.broken() == []


def test_what_a_guarantee_is_short_of_is_owed_by_the_vendor(home):
    number = agrees(home, 0, guarantee=2_000_000_000, until=date(2026, 1, 31))
    with pytest.raises(BadAdvance):
        advances_paid(home, number)
    home.closes("2026-01")
    assert home.balances("vendor:acme:receivable") == {"vendor:acme:receivable": 2_060_000_000}
    assert home.balances("holder") == {f"holder:{home.ada}:held": 2_000_000_000}
    pays(home, 2_060_000_000)
    assert home.balances("holder") == {f"holder:{home.ada}:payable": 2_000_000_000}
    (move,) = home.statement("Ada", "2026-01").moves
    assert (str(move.kind), move.nanos) == ("guarantee", 1_460_000_000)
    assert home.broken() == []


def test_a_statement_and_an_advance_explain_themselves(home, wellspring):
    home.clock.now = JANUARY
    advances_paid(home, agrees(home, 400_000_000))
    home.closes("2026-01", early=True)
    code, told, _ = wellspring("explain", "statement", f"2026-01-H{home.ada}-USD", "--json")
    said = json.loads(told)
    assert code == 0
    assert said["moved"].startswith("0.00,")
    assert said["advance to earn back"] == "0.00 = 0.00 + 0.40 paid - 0.40 recouped"
    moves = next(table for table in said["tables"] if table["heading"] == "Advances")
    assert [row["nanos"] for row in moves["rows"]] == [400_000_000, -400_000_000]
    code, told, _ = wellspring("explain", "advance", 1, "--json")
    said = json.loads(told)
    assert code == 0
    assert said["earned"].startswith("0.54,")
    assert said["recouped"].startswith("0.40,")
    assert [(row["step"], row["nanos"]) for row in said["tables"][0]["rows"]] == [
        ("advance", 400_000_000),
        ("recoupment", 400_000_000),
    ]
    assert wellspring("explain", "advance", 99)[2] == "error: no advance 99\n"


def test_an_advance_is_paid_once(home):
    number = agrees(home, 400_000_000)
    advances_paid(home, number)
    with pytest.raises(AdvancePaid):
        advances_paid(home, number)
    with pytest.raises(AdvanceNotFound):
        advances_paid(home, 99)


def test_a_holdback_is_kept_shown_and_given_back(home, texts):
    """A tenth of what becomes payable in January is kept until the close of February."""
    with unit_of_work(home.database) as session:
        rule = HoldbackRule(100_000, 1)
        facts = {"valid_from": Period.parse("2026-01"), "by": "op", "now": home.clock()}
        holdbacks.set_rule(session, rule, holder_id=None, **facts)
    pays(home, OWED)
    home.closes("2026-01")
    january = home.statement("Ada", "2026-01")
    assert january.holdback == HoldbackStanding(0, 54_000_000, 0, Period.parse("2026-02"))
    assert (january.closing.holdback_nanos, january.closing.payable_nanos) == (
        54_000_000,
        480_000_000,
    )
    assert home.balances("holder") == {
        f"holder:{home.ada}:holdback": 54_000_000,
        f"holder:{home.ada}:payable": 486_000_000,
    }
    home.closes("2026-02")
    february = home.statement("Ada", "2026-02")
    assert february.holdback == HoldbackStanding(54_000_000, 0, 54_000_000)
    assert february.closing.payable_nanos == EARNED
    assert home.broken() == []


def test_what_was_kept_makes_good_what_refunds_take_after_a_payout(home):
    with unit_of_work(home.database) as session:
        rule = HoldbackRule(500_000, 6)
        facts = {"valid_from": Period.parse("2026-01"), "by": "op", "now": home.clock()}
        holdbacks.set_rule(session, rule, holder_id=home.ada, **facts)
    pays(home, OWED)
    home.closes("2026-01")
    may_be_paid(home)
    paid = payouts.reserve(
        home.database, Period.parse("2026-01"), by="op", now=home.clock(), progress=drain.silent
    )
    assert len(paid.payout_ids) == 1
    home.refunds("half", "one", 3_000_000_000)
    home.works()
    home.closes("2026-02")
    assert home.balances("holder") == {}
    assert home.broken() == []


def test_an_operator_agrees_pays_and_lists_from_the_command_line(home, wellspring):
    agreed = ("advances", "agree", "Acme", home.ada, "0.4", "--work", home.ode)
    code, said, _ = wellspring(*agreed, "--guarantee", "1", "--until", "2026-12-31", "--json")
    assert code == 0
    assert '"unrecouped": "0.00"' in said
    code, said, _ = wellspring("advances", "paid", 1, "--reference", "wire 7", "--json")
    assert code == 0
    assert '"unrecouped": "0.40"' in said
    code, _, error = wellspring("advances", "paid", 1, "--reference", "wire 7")
    assert (code, error) == (1, "error: advance 1 is paid already\n")
    code, said, _ = wellspring("advances", "list", "--holder", home.ada)
    assert code == 0
    assert "acme" in said
    code, said, _ = wellspring("holdback", "set", 100_000, 3, "--from", "2026-01", "--json")
    assert (code, '"of": "everybody"' in said) == (0, True)
    code, _, error = wellspring("holdback", "set", 100_000, 3, "--from", "2026-01", "--holder", 999)
    assert code == 1
    assert "999" in error
