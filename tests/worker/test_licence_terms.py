"""Licence terms at settlement: who earns from which sale, and at which rate."""

from datetime import UTC, date, datetime

import pytest
from changed_facts import reattribute, refund
from licence_terms import agrees, corrects_terms, sets_terms, uses_against, vendor_id

from service.ledger.licence import Use
from service.ledger.tiers import Tier
from service.store.database import unit_of_work
from worker.explain_sale import explain_sale

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
NEW_YEAR = date(2026, 1, 1)
ALL = 1_000_000
POOL = 600_000_000
"""IP pool of a million premium tokens: a tenth of $6; works get nine tenths of their part."""


@pytest.fixture
def works(village, texts):
    """The village with an ode and an essay."""
    return (
        village.registers("Ode", texts.ode, {"Ada": ALL}),
        village.registers("Essay", texts.essay, {"Cleo": ALL}),
    )


def lines(town):
    """Return what each work earned, by title and vendor's public id."""
    rows = town.tells(
        "SELECT w.title, v.slug, -sum(d.delta) FROM balance_delta d JOIN account a "
        "USING (account_id) JOIN line l ON a.name = 'line:' || l.line_id "
        "JOIN work w USING (work_id) JOIN party v ON v.party_id = l.vendor_id GROUP BY 1, 2"
    )
    return {(title, vendor): int(nanos) for title, vendor, nanos in rows if nanos}


def pool(town, vendor="acme"):
    return sum(town.balances(f"pool:unmatched:{vendor}").values())


def test_works_without_terms_are_settled_as_ever(village, texts, works):
    village.sells("one", text=texts.ode, at=JANUARY)
    village.works()
    assert lines(village) == {("Ode", "acme"): 540_000_000}
    before = village.tells("SELECT kind, source_id, accounts, amounts FROM journal_entry")
    assert pool(village) == 0
    sets_terms(village, works[1], since=NEW_YEAR, excluded_vendor_ids=frozenset({1, 2, 3}))
    assert village.broken() == []
    assert village.tells("SELECT kind, source_id, accounts, amounts FROM journal_entry") == before


def test_an_excluded_vendor_pays_the_pool_and_others_the_work(village, texts, works):
    acme = vendor_id(village, "Acme")
    sets_terms(village, works[0], since=NEW_YEAR, excluded_vendor_ids=frozenset({acme}))
    for vendor in ("Acme", "Borealis"):
        village.sells("one", text=texts.ode, at=JANUARY, vendor=vendor)
    village.works()
    assert lines(village) == {("Ode", "borealis"): 540_000_000}
    assert (pool(village), pool(village, "borealis")) == (POOL, 0)
    assert uses_against(village) == [(works[0], "Acme", 202601, "vendor excluded", 1)]
    assert village.broken() == []


def test_a_work_that_allows_no_output_earns_nothing_and_others_in_the_text_do(
    village, texts, works
):
    sets_terms(village, works[0], since=NEW_YEAR, uses=frozenset({Use.TRAINING}))
    village.sells("one", text=f"{texts.ode} {texts.essay}", at=JANUARY)
    village.works()
    # the essay's 488,721 ppm of $0.60 less a tenth; the ode's 511,278 and one that nobody had
    assert lines(village) == {("Essay", "acme"): 263_909_340}
    assert pool(village) == 306_767_400
    assert uses_against(village) == [(works[0], "Acme", 202601, "output not allowed", 1)]
    assert village.broken() == []


@pytest.mark.parametrize(
    ("at", "earns"),
    [
        (datetime(2026, 1, 19, 23, 59, 59, 999_999, tzinfo=UTC), False),
        (datetime(2026, 1, 20, tzinfo=UTC), True),
        (datetime.fromisoformat("2026-01-20T00:30:00+01:00"), False),
        (datetime.fromisoformat("2026-01-19T23:30:00-01:00"), True),
    ],
)
def test_an_embargo_ends_with_the_first_instant_of_its_day_in_utc(village, texts, works, at, earns):
    sets_terms(village, works[0], since=NEW_YEAR, embargo_until=date(2026, 1, 20))
    village.sells("one", text=texts.ode, at=at)
    village.works()
    assert lines(village) == ({("Ode", "acme"): 540_000_000} if earns else {})
    assert pool(village) == (0 if earns else POOL)
    assert len(uses_against(village)) == (0 if earns else 1)
    assert village.broken() == []


def test_terms_count_from_their_day_on_and_until_those_of_the_next(village, texts, works):
    sets_terms(village, works[0], since=date(2026, 1, 10), multiplier_ppm=500_000)
    sets_terms(village, works[0], since=date(2026, 1, 20), multiplier_ppm=250_000)
    for day in (9, 10, 19, 20):
        village.sells(f"s{day}", text=texts.ode, at=datetime(2026, 1, day, 23, tzinfo=UTC))
    village.works()
    earned = village.tells(
        "SELECT s.external_id, -p.amount_nanos FROM posting p JOIN account a USING (account_id) "
        "JOIN sale s ON s.sale_id = p.source_id WHERE a.name LIKE 'line:%' ORDER BY s.sale_id"
    )
    assert earned == [
        ("s9", 540_000_000),
        ("s10", 270_000_000),
        ("s19", 270_000_000),
        ("s20", 135_000_000),
    ]
    assert village.broken() == []


def test_less_than_the_usual_royalty_leaves_the_rest_unmatched(village, texts, works):
    sets_terms(village, works[0], since=NEW_YEAR, multiplier_ppm=250_000)
    village.sells("one", text=texts.ode, at=JANUARY)
    village.works()
    assert lines(village) == {("Ode", "acme"): 135_000_000}
    assert pool(village) == 450_000_000
    assert uses_against(village) == []
    assert village.broken() == []


def test_more_comes_out_of_the_unmatched_first(village, texts, works):
    sets_terms(village, works[0], since=NEW_YEAR, multiplier_ppm=1_200_000)
    village.sells("one", text=f"{texts.ode} {texts.nothing}", at=JANUARY)
    village.works()
    # 562,913 ppm become 675,495.6: the larger remainder is rounded up, 324,504 stay unmatched
    assert lines(village) == {("Ode", "acme"): 364_767_840}
    assert pool(village) == 194_702_400
    assert village.broken() == []


def test_two_works_at_rates_of_their_own_share_the_pool_by_weight(village, texts, works):
    sets_terms(village, works[0], since=NEW_YEAR, multiplier_ppm=2_000_000)
    sets_terms(village, works[1], since=NEW_YEAR, multiplier_ppm=500_000)
    village.sells("one", text=f"{texts.ode} {texts.essay}", at=JANUARY)
    village.works()
    # 2 x 511,278 to 0.5 x 488,721 of a million: 807,122 and 192,878 ppm
    assert lines(village) == {("Ode", "acme"): 435_845_880, ("Essay", "acme"): 104_154_120}
    assert pool(village) == 0
    assert village.broken() == []


def test_a_deal_gives_one_vendor_a_rate_within_its_term(village, texts, works):
    everybody = frozenset({vendor_id(village, "Acme"), vendor_id(village, "Borealis")})
    sets_terms(village, works[0], since=NEW_YEAR, excluded_vendor_ids=everybody)
    term = {"since": date(2026, 1, 10), "until": date(2026, 1, 20)}
    agrees(village, works[0], "Acme", **term, multiplier_ppm=500_000)
    for vendor in ("Acme", "Borealis"):
        for day in (9, 10, 19, 20):
            at = datetime(2026, 1, day, 12, tzinfo=UTC)
            village.sells(f"s{day}", text=texts.ode, at=at, vendor=vendor)
    village.works()
    assert lines(village) == {("Ode", "acme"): 2 * 270_000_000}
    assert uses_against(village) == [
        (works[0], "Acme", 202601, "vendor excluded", 2),
        (works[0], "Borealis", 202601, "vendor excluded", 4),
    ]
    assert village.broken() == []


def test_new_terms_leave_earlier_days_as_they_were_whatever_is_corrected(village, texts, works):
    village.sells("one", text=texts.ode, at=JANUARY)
    village.works()
    sets_terms(village, works[0], since=date(2026, 1, 21), multiplier_ppm=500_000)
    village.sells("two", text=texts.ode, at=datetime(2026, 1, 21, tzinfo=UTC))
    village.works()
    refund(village, "r1", "one", 3_000_000_000)
    refund(village, "r2", "two", 3_000_000_000)
    reattribute(village, vendor_id=vendor_id(village, "Acme"))
    village.works()
    assert lines(village) == {("Ode", "acme"): 270_000_000 + 135_000_000}
    assert village.broken() == []


def test_back_dated_terms_correct_the_sales_of_their_days_only(village, texts, works):
    acme = vendor_id(village, "Acme")
    sets_terms(village, works[0], since=date(2026, 2, 1), multiplier_ppm=500_000)
    for month, day in ((1, 9), (1, 10), (2, 1)):
        at = datetime(2026, month, day, 12, tzinfo=UTC)
        village.sells(f"s{month}/{day}", text=texts.ode, at=at)
    village.works()
    village.closes("2026-01")
    corrects_terms(
        village, works[0], since=date(2026, 1, 10), excluded_vendor_ids=frozenset({acme})
    )
    village.works()
    caused = village.tells(
        "SELECT s.external_id, c.cause, c.reason FROM correction c JOIN sale s USING (sale_id)"
    )
    assert caused == [("s1/10", "licence", "agreed late")]
    assert uses_against(village) == [(works[0], "Acme", 202601, "vendor excluded", 1)]
    assert village.broken() == []
    corrects_terms(village, works[0], since=date(2026, 1, 10), reason="it was not so")
    village.works()
    assert uses_against(village) == []
    village.closes("2026-02")
    (february,) = [
        line for line in village.statement("Ada", "2026-02").lines if str(line.kind) == "earned"
    ]
    assert february.nanos == 270_000_000
    assert village.broken() == []


def test_explain_shows_what_terms_made_of_the_shares(village, texts, works):
    acme = vendor_id(village, "Acme")
    sets_terms(village, works[0], since=NEW_YEAR, excluded_vendor_ids=frozenset({acme}))
    sets_terms(village, works[1], since=NEW_YEAR, multiplier_ppm=1_500_000)
    village.sells("one", text=f"{texts.ode} {texts.essay}", at=JANUARY, tier=Tier.ELITE)
    village.works()
    with unit_of_work(village.database) as session:
        told = explain_sale(session, "acme/one")
    (table,) = [one for one in told.tables if one[0].startswith("Licence terms")]
    assert table[1:] == (
        ("work", "title", "attributed ppm", "terms of the day", "paid ppm"),
        [
            (works[0], "Ode", 511_278, "vendor excluded", 0),
            (works[1], "Essay", 488_721, "x 1500000 ppm", 733_082),
            ("unmatched", "", "", "what is left of 1000000", 266_918),
        ],
    )
