"""What becomes of a unit credited to a work, exactly, whoever it reaches."""

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from service.ledger.dilution import floor_ppm, reach
from service.ledger.rights import RightsVersion

ALL = 1_000_000
DAY = date(2026, 1, 1)
ADA, BEN, CLEO, DEE = 1, 2, 3, 4


def version(number, shares, upstream=None):
    return RightsVersion(number, number * 10, DAY, shares, upstream or {})


def parts(version_id, *versions):
    found = reach(version_id, {v.rights_version_id: v for v in versions})
    return {one.work_id: dict(one.of_holder) for one in found}


def test_a_work_that_derives_from_nothing_is_its_holders():
    assert parts(1, version(1, {ADA: 600_000, BEN: 400_000})) == {
        10: {ADA: Fraction(3, 5), BEN: Fraction(2, 5)}
    }


def test_three_levels_leave_each_what_is_not_passed_on():
    song, cover = version(1, {ADA: ALL}), version(2, {BEN: ALL}, {1: 300_000})
    remix = version(3, {CLEO: 500_000, DEE: 500_000}, {2: 500_000})
    assert parts(3, song, cover, remix) == {
        30: {CLEO: Fraction(1, 4), DEE: Fraction(1, 4)},
        20: {BEN: Fraction(7, 20)},
        10: {ADA: Fraction(3, 20)},
    }


def test_both_ways_of_a_diamond_meet_in_one_work():
    song = version(1, {ADA: ALL})
    left, right = version(2, {BEN: ALL}, {1: 500_000}), version(3, {CLEO: ALL}, {1: 250_000})
    medley = version(4, {DEE: ALL}, {2: 400_000, 3: 400_000})
    assert parts(4, song, left, right, medley) == {
        40: {DEE: Fraction(1, 5)},
        20: {BEN: Fraction(1, 5)},
        30: {CLEO: Fraction(3, 10)},
        10: {ADA: Fraction(3, 10)},
    }


def test_thirds_are_exact_and_ppm_are_rounded_down():
    third = version(1, {ADA: 333_333, BEN: 666_667})
    derived = version(2, {CLEO: ALL}, {1: 333_333})
    ada = parts(2, third, derived)[10][ADA]
    assert ada == Fraction(333_333**2, 10**12)
    assert floor_ppm(ada) == 111_110


@given(st.data())
def test_the_parts_of_everybody_sum_to_the_unit(data):
    versions = []
    for number in range(1, 8):
        below = st.dictionaries(st.integers(1, max(number - 1, 1)), st.integers(1, 140_000))
        upstream = data.draw(below) if number > 1 else {}
        ada = data.draw(st.integers(1, ALL - 1))
        versions.append(version(number, {ADA: ada, BEN: ALL - ada}, upstream))
    found = reach(7, {v.rights_version_id: v for v in derived_from(7, versions)})
    assert sum(sum(one.of_holder.values()) for one in found) == 1
    assert all(sum(one.of_holder.values()) == one.kept for one in found)


def derived_from(number, versions):
    by_number = {v.rights_version_id: v for v in versions}
    met, waiting = {}, [number]
    while waiting:
        one = by_number[waiting.pop()]
        met[one.rights_version_id] = one
        waiting += [u for u in one.upstream_ppm if u not in met]
    return met.values()
