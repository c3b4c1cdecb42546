"""Names and amounts as beancount and hledger take them: nothing is lost, no two become one."""

import re

from hypothesis import given
from hypothesis import strategies as st

from service.ledger import accounts
from service.ledger.period import Period
from service.ledger.plain_text import account, amount

slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
numbers = st.integers(1, 10**12)
names = st.one_of(
    st.just(accounts.BANK),
    st.just(accounts.PLATFORM_FEE),
    slugs.map(accounts.vendor_receivable),
    slugs.map(accounts.vendor_written_off),
    slugs.map(accounts.vendor_kept),
    slugs.map(accounts.party_direct),
    numbers.map(accounts.line),
    numbers.map(accounts.holder_held),
    st.tuples(slugs, st.sampled_from([Period(202601), Period(202612)])).map(
        lambda pair: accounts.unmatched_pool(*pair)
    ),
)
BEANCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


@given(names)
def test_every_account_has_a_name_that_both_take_and_that_can_be_undone(name):
    told = account(name)
    assert BEANCOUNT.fullmatch(told)
    assert told.partition(":")[2].lower() == name


@given(st.integers(-(2**70), 2**70))
def test_an_amount_has_all_its_places(nanos):
    told = amount(nanos)
    whole, _, part = told.lstrip("-").partition(".")
    assert len(part) == 9
    assert int(whole + part) * (-1 if told.startswith("-") else 1) == nanos
