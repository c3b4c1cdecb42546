import pytest
from contracts import MARGIN, POOL, REST, STANDARD, contracts
from hypothesis import given
from sales_told import ESSAY, ODE, a_sale, drawn_sales, matched, postings, ten_percent_pool

from service.ledger.contract import Contract, Settles, UnmatchedGoesTo
from service.ledger.journal import Kind, Source
from service.ledger.settlement import settle, waterfall
from service.ledger.tiers import Tier


def test_one_sale_worked():
    sale = a_sale(gross="150", tier=Tier.ELITE, tokens=1_000_000)
    assert postings(sale, matched({ODE: 600_000, ESSAY: 100_000})) == {
        "vendor:acme:receivable": 22_500_000_000,
        "vendor:acme:settled-direct": 127_500_000_000,
        "party:equipment:direct": -2_000_000_000,
        "party:power:direct": -1_250_000_000,
        "party:data-centre:direct": -750_000_000,
        "party:cloud:direct": -16_000_000_000,
        "vendor:acme:kept": -107_500_000_000,
        "platform:fee": -1_575_000_000,
        "line:1": -12_150_000_000,
        "line:2": -2_025_000_000,
        "pool:unmatched:acme:2026-10": -6_750_000_000,
    }


def test_an_entry_names_its_sale_as_source_and_subject():
    said = settle(a_sale(gross="1"), matched({}), STANDARD)
    assert (said.source, said.subject_sale_id) == (Source(Kind.SALE, 1), 1)
    assert said.currency == "USD"


def test_what_no_work_can_claim_goes_to_the_unmatched_pool():
    assert postings(a_sale(gross="0.001"), matched({ODE: 300_000}), ten_percent_pool()) == {
        "vendor:acme:receivable": 100_000,
        "vendor:acme:settled-direct": 900_000,
        "vendor:acme:kept": -900_000,
        "line:1": -30_000,
        "pool:unmatched:acme:2026-10": -70_000,
    }


def test_a_contract_may_leave_the_unmatched_with_the_vendor_for_text():
    contract = ten_percent_pool(UnmatchedGoesTo.VENDOR)
    assert postings(a_sale(gross="0.001"), matched({ODE: 300_000}), contract) == {
        "vendor:acme:receivable": 30_000,
        "vendor:acme:settled-direct": 970_000,
        "vendor:acme:kept": -970_000,
        "line:1": -30_000,
    }


def test_a_sale_without_text_feeds_the_pool_whatever_the_contract_says():
    contract = ten_percent_pool(UnmatchedGoesTo.VENDOR)
    assert postings(a_sale(gross="0.001"), matched({}, has_text=False), contract) == {
        "vendor:acme:receivable": 100_000,
        "vendor:acme:settled-direct": 900_000,
        "vendor:acme:kept": -900_000,
        "pool:unmatched:acme:2026-10": -100_000,
    }


def test_a_sale_of_zero_gross_gives_no_entry():
    sale = a_sale(gross="0", tier=Tier.FREE, tokens=1_000_000)
    assert settle(sale, matched({ODE: 1_000_000}), STANDARD) is None


def test_standard_tokens_pay_the_chain_and_no_sources():
    sale = a_sale(gross="3", tier=Tier.STANDARD, tokens=1_000_000)
    assert postings(sale, matched({ODE: 1_000_000})) == {
        "vendor:acme:settled-direct": 3_000_000_000,
        "party:equipment:direct": -1_200_000_000,
        "party:power:direct": -750_000_000,
        "party:data-centre:direct": -450_000_000,
        "party:cloud:direct": -600_000_000,
    }


def test_what_settles_on_the_platform_is_owed_through_it():
    margin = Contract(
        3,
        "acme",
        STANDARD.valid_from,
        "USD",
        (
            POOL,
            *[
                type(MARGIN)(
                    "margin", MARGIN.basis, MARGIN.rates, Settles.ON_PLATFORM, MARGIN.parties
                )
            ],
            REST,
        ),
    )
    assert postings(a_sale(gross="10"), matched({}), margin) == {
        "vendor:acme:receivable": 2_000_000_000,
        "vendor:acme:settled-direct": 8_000_000_000,
        "party:cloud:payable": -1_000_000_000,
        "vendor:acme:kept": -8_000_000_000,
        "pool:unmatched:acme:2026-10": -1_000_000_000,
    }


def test_every_step_says_what_it_took_and_what_it_was_cut_by():
    sale = a_sale(gross="6", tier=Tier.PREMIUM, tokens=1_000_000)
    told = [
        (step.step, step.taken_nanos, step.shortfall_nanos)
        for step in waterfall(sale, matched({ODE: 1_000_000}), STANDARD)
    ]
    assert told == [
        ("production", 5_000_000_000, 0),
        ("ip-pool", 600_000_000, 0),
        ("cloud-margin", 400_000_000, 200_000_000),
        ("vendor", 0, 0),
    ]


@given(contracts(), drawn_sales())
def test_the_entry_balances_and_its_debits_are_the_gross(contract, drawn):
    said = postings(drawn.sale, drawn.matched, contract)
    assert sum(said.values()) == 0
    assert sum(nanos for nanos in said.values() if nanos > 0) == drawn.sale.gross_nanos
    assert {account for account, nanos in said.items() if nanos > 0} <= {
        "vendor:acme:receivable",
        "vendor:acme:settled-direct",
    }
    kept = sum(
        -nanos
        for account, nanos in said.items()
        if account == "vendor:acme:kept" or account.endswith(":direct")
    )
    assert said.get("vendor:acme:settled-direct", 0) == kept


@pytest.mark.parametrize(
    ("shares", "unmatched", "lines"),
    [
        ({ODE: 300_000}, 700_001, {ODE: 1}),
        ({ODE: 300_000}, 700_000, {}),
        ({ODE: 300_000}, 700_000, {ESSAY: 2}),
    ],
)
def test_shares_that_are_not_whole_or_have_no_line_are_our_own_bug(shares, unmatched, lines):
    with pytest.raises(AssertionError):
        type(matched({}))(shares, lines, unmatched)
