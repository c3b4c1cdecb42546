"""Any terms, deals and sales: what is paid is what the plain rules say."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from licence_terms import vendor_id

from service.ledger.allocation import tie_of
from service.ledger.licence import USUAL, Against, Deal, Licence, Use, rate_of, scaled
from service.store import deals, licences, parties, rights, works
from service.store.database import unit_of_work
from service.store.deals import DealOverlaps
from service.store.licences import NewLicence
from service.store.sale_table import SaleTable, micros_of
from worker.eligible import eligible
from worker.licensing import uses_against_terms

ALL = 1_000_000
DAYS = [date(2026, 1, day) for day in range(10, 14)]
WORKS, VENDORS = range(3), ("Acme", "Borealis")
QUICK = settings(
    max_examples=50,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

days, vendors, work = st.sampled_from(DAYS), st.integers(0, 1), st.sampled_from(WORKS)
multipliers = st.sampled_from([10_000, 330_000, 990_000, 1_000_000, 1_010_000, 3_000_000, 10**7])
terms = st.tuples(
    work,
    days,
    st.frozensets(st.sampled_from(Use)) | st.just(frozenset(Use)),
    multipliers,
    st.none() | days,
    st.frozensets(vendors, max_size=1),
)
agreed = st.tuples(work, vendors, days, st.integers(1, 3), multipliers)


@st.composite
def sales(draw):
    """Return a vendor, an instant and shares of works, at most a million ppm together."""
    instant = datetime.combine(draw(days), datetime.min.time(), UTC)
    instant += timedelta(microseconds=draw(st.sampled_from([0, 1, 43_200 * 10**6, 86_399_999_999])))
    shares, left = {}, ALL
    for each in draw(st.permutations(WORKS)):
        part = draw(st.sampled_from([0, 0, 1, 7, left // 3, left // 2, left]))
        if 0 < part <= left:
            shares[each] = part
            left -= part
    return draw(vendors), instant, shares


def table_of(told, work_ids, vendor_ids):
    """Put sales as settlement reads them."""
    count = len(told)
    rows = [row for row, (*_, shares) in enumerate(told) for _ in shares]
    return SaleTable(
        np.arange(1, count + 1),
        np.array([vendor_ids[vendor] for vendor, *_ in told], np.int64),
        np.array([micros_of(at) for _, at, _ in told], np.int64),
        np.full(count, 2, np.int64),
        np.full(count, 1_000, np.int64),
        np.full(count, 6_000_000, np.int64),
        np.full(count, b"USD", "S3"),
        np.array([tie_of("v", str(row)) for row in range(count)], np.uint64),
        np.ones(count, np.int64),
        np.array(rows, np.int64),
        np.array([work_ids[each] for *_, shares in told for each in shares], np.int64),
        np.array([share for *_, shares in told for share in shares.values()], np.int64),
    )


@pytest.fixture
def catalogue(new_village):
    """Found a village with three works of Ada's, as often as the property wants one."""

    def founded():
        village, numbers = new_village(), []
        with unit_of_work(village.database) as session:
            ada = parties.holder_named(session, "Ada", now=village.clock()).party_id
            for n in WORKS:
                new = works.NewWork(f"Work {n}", f"Text of work {n}.", "en")
                start = datetime(2026, 1, 1, tzinfo=UTC)
                row = works.register(session, new, registered_at=start, now=village.clock())
                rights.first_version(
                    session, row.work_id, {ada: ALL}, day=start.date(), now=village.clock()
                )
                numbers.append(row.work_id)
        return village, numbers, [vendor_id(village, name) for name in VENDORS]

    return founded


@QUICK
@given(
    st.lists(terms, max_size=5),
    st.lists(agreed, max_size=6),
    st.lists(sales(), min_size=4, max_size=10),
)
def test_what_is_paid_is_what_the_plain_rules_say(catalogue, set_terms, dealt, told):
    village, work_ids, vendor_ids = catalogue()
    licence_of, deals_of = {}, {}
    with unit_of_work(village.database) as session:
        for each, day, uses, multiplier, embargo, excluded in set_terms:
            barred = frozenset(vendor_ids[vendor] for vendor in excluded)
            licence = Licence(uses, multiplier, embargo, barred)
            new = NewLicence(work_ids[each], day, licence)
            licences.set_terms(
                session, new, earliest=date.min, seen=None, by="op", now=village.clock()
            )
            licence_of.setdefault(each, {})[day] = licence
        for each, vendor, start, length, multiplier in dealt:
            deal = Deal(vendor_ids[vendor], start, start + timedelta(days=length), multiplier)
            try:
                deals.insert(session, [work_ids[each]], deal, offer_id=None, now=village.clock())
            except DealOverlaps:
                continue
            deals_of.setdefault(each, []).append(deal)
        table = table_of(told, work_ids, vendor_ids)
        found = eligible(session, table)
        against = uses_against_terms(table, found.licensed)

    assert (found.shares > 0).all()
    paid_in = np.bincount(found.rows, weights=found.shares, minlength=len(told))
    assert (paid_in + found.unmatched_ppm == ALL).all()
    assert (found.unmatched_ppm >= 0).all()
    listed = []
    for row, (vendor, at, shares) in enumerate(told):
        rates = {}
        for each in shares:
            since = [day for day in licence_of.get(each, {}) if day <= at.date()]
            licence = licence_of[each][max(since)] if since else USUAL
            of_work = tuple(deals_of.get(each, ()))
            rate = rate_of(licence, of_work, vendor_id=vendor_ids[vendor], day=at.date())
            if isinstance(rate, Against):
                listed.append((row + 1, work_ids[each], rate.number, shares[each]))
            else:
                rates[work_ids[each]] = (shares[each], rate)
        expected, unmatched = scaled(
            {number: share for number, (share, _) in rates.items()},
            {number: rate for number, (_, rate) in rates.items()},
            tie=tie_of("v", str(row)),
        )
        mine = found.rows == row
        got = dict(zip(found.works[mine].tolist(), found.shares[mine].tolist(), strict=True))
        assert (got, int(found.unmatched_ppm[row])) == (expected, unmatched)
    assert [(u.sale_id, u.work_id, u.against, u.share_ppm) for u in against] == listed
