"""Terms asked for in columns say what the plain rule says of each share."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ledger.licence import USUAL, Against, Deal, Licence, Use, rate_of
from service.store import deals, licence_days, licences
from service.store.database import unit_of_work
from service.store.deals import DealOverlaps
from service.store.licences import LicenceChanged, LicenceStartsTooEarly, NewLicence
from service.store.text_rules import BadText

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
DAYS = [date(2026, 1, day) for day in range(1, 13)]
FAR = date(2000, 1, 1)
WORKS, VENDORS = (3, 5, 9), (1, 2, 40)

days = st.sampled_from(DAYS)
multipliers = st.sampled_from([10_000, 500_000, 1_000_000, 2_500_000, 10_000_000])
terms = st.builds(
    Licence,
    uses=st.frozensets(st.sampled_from(Use)),
    multiplier_ppm=multipliers,
    embargo_until=st.none() | days,
    excluded_vendor_ids=st.frozensets(st.sampled_from(VENDORS)),
)
agreed = st.builds(
    lambda vendor, start, length, multiplier: Deal(
        vendor, start, start + timedelta(days=length), multiplier
    ),
    st.sampled_from(VENDORS),
    days,
    st.integers(1, 5),
    multipliers,
)
ON_FILE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def set_terms(session, work, day, licence, *, seen=None, earliest=FAR, uri=None):
    new = NewLicence(work, day, licence, uri)
    return licences.set_terms(session, new, earliest=earliest, seen=seen, by="op", now=NOW)


def number(day):
    return (day - date(2000, 1, 1)).days


@ON_FILE
@given(
    st.lists(st.tuples(st.sampled_from(WORKS), days, terms), max_size=6),
    st.lists(st.tuples(st.sampled_from(WORKS), agreed), max_size=4),
)
def test_columns_and_the_plain_rule_agree_on_every_work_vendor_and_day(emptied, told, dealt):
    database, kept = emptied(), []
    with unit_of_work(database) as session:
        for work, day, licence in told:
            set_terms(session, work, day, licence)
        for work, deal in dealt:
            try:
                deals.insert(session, [work], deal, offer_id=None, now=NOW)
            except DealOverlaps:
                continue
            kept.append((work, deal))
        asked = [(w, v, d) for w in range(len(WORKS)) for v in VENDORS for d in DAYS]
        found = licence_days.of_works(session, np.array(WORKS, np.int64))
        if not told and not kept:
            assert found is None
            return
        columns = [(place, vendor, number(day)) for place, vendor, day in asked]
        rates = found.on(*np.array(columns, np.int64).T)
        said = [
            Against.numbered(against) or multiplier
            for against, multiplier in zip(
                rates.against.tolist(), rates.multipliers.tolist(), strict=True
            )
        ]
        expected = []
        for place, vendor, day in asked:
            work = WORKS[place]
            newest = {since: licence for name, since, licence in told if name == work}
            since = max((one for one in newest if one <= day), default=None)
            licence = newest[since] if since else USUAL
            of_work = tuple(deal for name, deal in kept if name == work)
            expected.append(rate_of(licence, of_work, vendor_id=vendor, day=day))
    assert said == expected


def test_works_without_terms_cost_one_question(database):
    with unit_of_work(database) as session:
        assert licence_days.of_works(session, np.array(WORKS, np.int64)) is None


def test_history_is_what_counts_by_day(database):
    with unit_of_work(database) as session:
        set_terms(session, 3, DAYS[2], Licence(multiplier_ppm=500_000))
        set_terms(session, 3, DAYS[0], Licence(uses=frozenset()))
        set_terms(session, 3, DAYS[2], Licence(multiplier_ppm=750_000))
        found = licences.history(session, 3)
    assert [(one.licence_id, one.valid_from) for one in found] == [(2, DAYS[0]), (3, DAYS[2])]
    rates = [licences.terms_on(found, day).multiplier_ppm for day in DAYS[1:3]]
    assert rates == [1_000_000, 750_000]
    assert licences.terms_on(found, FAR) == USUAL


def test_terms_are_set_for_days_without_sales_and_over_those_that_were_seen(database):
    with unit_of_work(database) as session:
        with pytest.raises(LicenceStartsTooEarly):
            set_terms(session, 3, DAYS[2], Licence(), earliest=DAYS[3])
        assert set_terms(session, 3, DAYS[3], Licence(), earliest=DAYS[3], seen=0) == 1
        with pytest.raises(LicenceChanged):
            set_terms(session, 3, DAYS[4], Licence(), seen=0)
        assert set_terms(session, 3, DAYS[4], Licence(), seen=1) == 2


@pytest.mark.parametrize(
    "uri", ["ode", "ftp://example.org/ode", "https://", "https:///ode", "https://a.org/o de", "\0"]
)
def test_what_is_no_address_is_refused(database, uri):
    with unit_of_work(database) as session, pytest.raises(BadText):
        set_terms(session, 3, DAYS[3], Licence(), uri=uri)


def test_the_database_refuses_deals_that_overlap(database):
    insert = (
        "INSERT INTO licence_deal (work_id, vendor_id, days, multiplier_ppm, agreed_at) "
        "VALUES (3, 1, daterange(%s, %s), 1000000, now())"
    )
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(insert, (DAYS[0], DAYS[3]))
        connection.execute(insert, (DAYS[3], DAYS[5]))
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(insert, (DAYS[4], DAYS[6]))
