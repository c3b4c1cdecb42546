"""An adjustment run releases what corrections moved, and nothing else."""

from datetime import date

from service.ledger.adjustment import Adjustment, LineOf, StatedLine, run
from service.ledger.period import Period
from service.ledger.release import Credit, Line
from service.ledger.rights import RightsVersion
from service.ledger.tiers import Tier

ALL = 1_000_000
ADA, BEN, EVE = 1, 2, 3
SONG, COVER = 10, 20
JANUARY, FEBRUARY = Period(202601), Period(202602)
PREMIUM = Tier.PREMIUM.number


def version(number, work, shares, upstream=None):
    return RightsVersion(number, work, date(2026, 1, 1), shares, upstream or {})


OLD_SONG, NEW_SONG = version(1, SONG, {ADA: ALL}), version(2, SONG, {ADA: 500_000, EVE: 500_000})
OLD_COVER = version(3, COVER, {BEN: ALL}, {1: 300_000})
NEW_COVER = version(4, COVER, {BEN: ALL}, {2: 300_000})


def line_of(of):
    return LineOf(of.work_id, of.rights_version_id, "acme", PREMIUM, "USD")


LINES = {
    line_of(of): Line(0, of, "acme", Tier.PREMIUM, "USD")
    for of in (OLD_SONG, NEW_SONG, OLD_COVER, NEW_COVER)
}


def moved(frm, to, nanos, month=JANUARY):
    return {line_of(frm): [Credit(month, -nanos)], line_of(to): [Credit(month, nanos)]}


def told(deltas):
    return {(line.holder_id, line.work_id, str(line.month)): n for line, n in deltas.items()}


def test_what_moves_between_versions_changes_hands():
    deltas = run(moved(OLD_SONG, NEW_SONG, 1_000), LINES, {line_of(OLD_SONG): 1_000})
    assert told(deltas) == {(ADA, SONG, "2026-01"): -500, (EVE, SONG, "2026-01"): 500}


def test_what_a_derivative_passes_on_is_moved_upstream():
    """Ben's statements do not change: his 700 leave one version's line and come to the other's."""
    deltas = run(
        moved(OLD_COVER, NEW_COVER, 1_000),
        LINES,
        {line_of(OLD_COVER): 1_000, line_of(OLD_SONG): 300},
    )
    assert told(deltas) == {(ADA, SONG, "2026-01"): -150, (EVE, SONG, "2026-01"): 150}


def test_each_month_of_sale_is_a_line_of_its_own():
    both = {
        key: [*moved(OLD_SONG, NEW_SONG, 100)[key], *moved(OLD_SONG, NEW_SONG, 7, FEBRUARY)[key]]
        for key in (line_of(OLD_SONG), line_of(NEW_SONG))
    }
    assert told(run(both, LINES, {line_of(OLD_SONG): 107})) == {
        (ADA, SONG, "2026-01"): -50,
        (EVE, SONG, "2026-01"): 50,
        (ADA, SONG, "2026-02"): -4,
        (EVE, SONG, "2026-02"): 4,
    }


def test_nothing_moved_adjusts_nothing():
    assert run({}, LINES, {}) == {}


def test_corrected_is_original_and_delta():
    line = StatedLine(ADA, SONG, "acme", PREMIUM, "USD", JANUARY)
    assert Adjustment(line, 1_000, -500).corrected_nanos == 500
