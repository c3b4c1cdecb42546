"""Sales and what they matched, as tests tell them."""

from dataclasses import dataclass

from contracts import STANDARD
from hypothesis import strategies as st

from service.ledger.allocation import tie_of
from service.ledger.contract import Basis, Contract, Pool, Settles, Step, UnmatchedGoesTo
from service.ledger.money import MAX_NANOS, parse_nanos
from service.ledger.period import Period
from service.ledger.settlement import Matched, Sale, settle
from service.ledger.tiers import Tier

ODE, ESSAY = 1, 2
OCTOBER = Period.parse("2026-10")


def a_sale(*, gross, tier=Tier.PREMIUM, tokens=0, name="sale-1"):
    """One sale of Acme in October 2026; ``gross`` in dollars."""
    tie = tie_of("acme", name)
    return Sale(1, tie, "acme", OCTOBER, tier, tokens, parse_nanos(gross), "USD")


def matched(shares, *, has_text=True):
    """Shares in ppm by work, the rest unmatched; the line of work n is n."""
    lines = {work: work for work in shares}
    return Matched(shares, lines, 1_000_000 - sum(shares.values()), has_text=has_text)


def ten_percent_pool(unmatched=UnmatchedGoesTo.POOL):
    """Return a contract of nothing but a pool without fee, and the rest to the vendor."""
    rates = {Tier.PREMIUM: 100_000}
    pool = Step("ip-pool", Basis.OF_GROSS, rates, Settles.ON_PLATFORM, {}, Pool(0, unmatched))
    rest = Step("vendor", Basis.REST, {}, Settles.DIRECT, {})
    return Contract(2, "acme", STANDARD.valid_from, "USD", (pool, rest))


def postings(sale, what, contract=STANDARD):
    """Settle one sale; return nanos by account, empty where there is no entry."""
    said = settle(sale, what, contract)
    return said.as_mapping() if said else {}


@dataclass(frozen=True)
class Drawn:
    """One drawn sale with what it matched."""

    sale: Sale
    matched: Matched


@st.composite
def drawn_sales(draw, number=1):
    """Draw a sale of any size with up to four works, sometimes without text."""
    cuts = sorted(draw(st.lists(st.integers(1, 999_999), max_size=4, unique=True)))
    parts = [b - a for a, b in zip([0, *cuts], cuts, strict=False)]
    works = draw(st.permutations(range(1, 9)))[: len(parts)]
    gross = draw(st.integers(0, MAX_NANOS) | st.integers(0, 100))
    tie, tokens = draw(st.integers(0, 2**64 - 1)), draw(st.integers(0, 10**9))
    tier = draw(st.sampled_from([Tier.PREMIUM, Tier.ELITE]))
    sale = Sale(number, tie, "acme", OCTOBER, tier, tokens, gross, "USD")
    return Drawn(sale, matched(dict(zip(works, parts, strict=True)), has_text=draw(st.booleans())))
