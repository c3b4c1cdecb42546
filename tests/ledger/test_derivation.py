"""A change of rights cuts versions downstream: every day names what counts upstream that day."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.ledger.derivation import Change, check_no_cycle, plan
from service.ledger.rights import (
    RightsVersion,
    TooManyUpstream,
    UpstreamCycle,
    UpstreamTooLarge,
)

ALL = 1_000_000
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))
ADA, BEN, CLEO = 1, 2, 3
SONG, COVER, REMIX, MEDLEY = 10, 20, 30, 40


@dataclass
class Shelf:
    """Versions in memory, and a plan carried out on them as the store does it."""

    lines: dict[int, list[RightsVersion]] = field(default_factory=dict)
    last: int = 0

    def registers(self, work, shares, *, day=JANUARY):
        self.last += 1
        self.lines[work] = [RightsVersion(self.last, work, day, shares)]

    def work_of(self):
        return {v.rights_version_id: work for work, line in self.lines.items() for v in line}

    def derives_from(self, work):
        """All that derives from a work, with what it derives from among these."""
        of = self.work_of()
        edges = {w: {of[u] for v in line for u in v.upstream_ppm} for w, line in self.lines.items()}
        found = {work}
        while True:
            more = {w for w, upstream in edges.items() if upstream & found} - found
            if not more:
                return {w: sorted(edges[w] & found) for w in sorted(found - {work})}
            found |= more

    def changes(self, work, day, shares=None, **upstream):
        named = {number(name): ppm for name, ppm in upstream.items()} or None
        return self.carries_out(work, Change(day, shares, named))

    def carries_out(self, work, change):
        made = plan(work, change, self.lines, self.derives_from(work))
        ids = {one.number: self.last + at for at, one in enumerate(made.made, start=1)}
        self.last += len(made.made)
        for name, line in self.lines.items():
            kept = [v for v in line if v.rights_version_id not in made.superseded]
            kept += [
                RightsVersion(
                    ids[one.number],
                    name,
                    one.valid_from,
                    one.shares_ppm,
                    {ids.get(v, v): ppm for v, ppm in one.upstream_ppm.items()},
                )
                for one in made.made
                if one.work_id == name
            ]
            self.lines[name] = sorted(kept, key=lambda v: v.valid_from)
        self.check_ends(made, ids)
        return made

    def check_ends(self, made, ids):
        """What the plan says of last days is what the next version's first day says."""
        ends = {ids[one.number]: one.until for one in made.made} | dict(made.ends)
        for line in self.lines.values():
            following = [v.valid_from for v in line[1:]]
            for version, end in zip(line, [*following, None], strict=True):
                if version.rights_version_id in ends:
                    assert ends[version.rights_version_id] == end

    def on(self, work, day):
        began = [v for v in self.lines[work] if v.valid_from <= day]
        return began[-1] if began else self.lines[work][0]

    def told(self, work):
        """Tell a work's timeline: first day, split, and upstream as (work, its first day): ppm."""
        versions = {v.rights_version_id: v for line in self.lines.values() for v in line}
        return [
            (
                v.valid_from,
                dict(v.shares_ppm),
                {
                    (versions[u].work_id, versions[u].valid_from): p
                    for u, p in v.upstream_ppm.items()
                },
            )
            for v in self.lines[work]
        ]


def number(name):
    return {"song": SONG, "cover": COVER, "remix": REMIX, "medley": MEDLEY}[name]


@pytest.fixture
def shelf():
    """A song of Ada's, Ben's cover of it and Cleo's remix of the cover, all of January."""
    found = Shelf()
    for work, holder in ((SONG, ADA), (COVER, BEN), (REMIX, CLEO), (MEDLEY, CLEO)):
        found.registers(work, {holder: ALL})
    found.changes(COVER, JANUARY, song=300_000)
    found.changes(REMIX, JANUARY, cover=500_000)
    return found


def test_a_change_upstream_cuts_versions_downstream_through_any_depth(shelf):
    shelf.changes(SONG, MARCH, {ADA: 400_000, BEN: 600_000})

    assert shelf.told(SONG) == [
        (JANUARY, {ADA: ALL}, {}),
        (MARCH, {ADA: 400_000, BEN: 600_000}, {}),
    ]
    assert shelf.told(COVER) == [
        (JANUARY, {BEN: ALL}, {(SONG, JANUARY): 300_000}),
        (MARCH, {BEN: ALL}, {(SONG, MARCH): 300_000}),
    ]
    assert shelf.told(REMIX) == [
        (JANUARY, {CLEO: ALL}, {(COVER, JANUARY): 500_000}),
        (MARCH, {CLEO: ALL}, {(COVER, MARCH): 500_000}),
    ]


def test_works_that_do_not_derive_from_it_keep_their_version(shelf):
    made = shelf.changes(COVER, MARCH, {BEN: ALL - 1, ADA: 1})

    assert {one.work_id for one in made.made} == {COVER, REMIX}
    assert len(shelf.lines[SONG]) == len(shelf.lines[MEDLEY]) == 1


def test_a_back_dated_split_leaves_later_splits_of_descendants_as_they_are(shelf):
    shelf.changes(COVER, MARCH, {BEN: 1, CLEO: ALL - 1})
    shelf.changes(SONG, FEBRUARY, {ADA: 1, BEN: ALL - 1})

    assert shelf.told(COVER) == [
        (JANUARY, {BEN: ALL}, {(SONG, JANUARY): 300_000}),
        (FEBRUARY, {BEN: ALL}, {(SONG, FEBRUARY): 300_000}),
        (MARCH, {BEN: 1, CLEO: ALL - 1}, {(SONG, FEBRUARY): 300_000}),
    ]


def test_a_back_dated_split_leaves_later_upstream_shares_of_the_work_as_they_are(shelf):
    shelf.changes(COVER, MARCH, song=450_000)
    shelf.changes(COVER, FEBRUARY, {BEN: 1, CLEO: ALL - 1})

    assert shelf.told(COVER) == [
        (JANUARY, {BEN: ALL}, {(SONG, JANUARY): 300_000}),
        (FEBRUARY, {BEN: 1, CLEO: ALL - 1}, {(SONG, JANUARY): 300_000}),
        (MARCH, {BEN: 1, CLEO: ALL - 1}, {(SONG, JANUARY): 450_000}),
    ]


def test_a_back_dated_split_takes_the_place_of_later_ones(shelf):
    shelf.changes(SONG, MARCH, {BEN: ALL})
    made = shelf.changes(SONG, FEBRUARY, {CLEO: ALL})

    assert len(made.superseded) == 3  # of March: the song's, the cover's, the remix's
    assert [told[:2] for told in shelf.told(SONG)] == [
        (JANUARY, {ADA: ALL}),
        (FEBRUARY, {CLEO: ALL}),
    ]
    assert [told[0] for told in shelf.told(REMIX)] == [JANUARY, FEBRUARY]


def test_a_split_of_before_the_first_one_reaches_up_to_it(shelf):
    before = date(2025, 12, 1)
    shelf.changes(SONG, before, {BEN: ALL})

    assert shelf.told(SONG) == [(before, {BEN: ALL}, {})]
    assert shelf.told(COVER) == [(JANUARY, {BEN: ALL}, {(SONG, before): 300_000})]


def test_a_version_that_stands_in_for_days_before_it_is_replaced_there_too():
    """The cover is older in the register than the song: the song's first version stands in."""
    shelf = Shelf()
    shelf.registers(SONG, {ADA: ALL}, day=FEBRUARY)
    shelf.registers(COVER, {BEN: ALL}, day=JANUARY)
    shelf.changes(COVER, JANUARY, song=1)
    shelf.changes(SONG, FEBRUARY, {CLEO: ALL})

    assert shelf.told(COVER) == [(JANUARY, {BEN: ALL}, {(SONG, FEBRUARY): 1})]


def test_an_upstream_share_of_zero_ends_it(shelf):
    shelf.changes(COVER, MARCH, song=0)
    made = shelf.changes(SONG, APRIL, {CLEO: ALL})

    assert shelf.told(COVER) == [
        (JANUARY, {BEN: ALL}, {(SONG, JANUARY): 300_000}),
        (MARCH, {BEN: ALL}, {}),
    ]
    assert {one.work_id for one in made.made} == {SONG}


def test_a_diamond_is_cut_once(shelf):
    shelf.changes(MEDLEY, JANUARY, cover=200_000, remix=300_000)
    made = shelf.changes(SONG, MARCH, {BEN: ALL})

    assert [one.work_id for one in made.made] == [SONG, COVER, REMIX, MEDLEY]
    assert shelf.told(MEDLEY)[-1] == (
        MARCH,
        {CLEO: ALL},
        {(COVER, MARCH): 200_000, (REMIX, MARCH): 300_000},
    )


def test_a_cycle_is_refused_with_its_path(shelf):
    with pytest.raises(UpstreamCycle) as refused:
        shelf.changes(SONG, APRIL, remix=1)
    assert refused.value.facts == {"path": [SONG, REMIX, COVER, SONG]}
    assert refused.value.sentence == (
        "a work cannot derive from itself: "
        "work 10 derives from work 30 derives from work 20 derives from work 10"
    )


def test_a_work_does_not_derive_from_itself():
    with pytest.raises(UpstreamCycle) as refused:
        check_no_cycle(SONG, [SONG], {})
    assert refused.value.facts == {"path": [SONG, SONG]}


def test_ending_an_upstream_share_is_no_cycle(shelf):
    shelf.changes(SONG, APRIL, remix=0)
    assert shelf.told(SONG)[-1] == (APRIL, {ADA: ALL}, {})


def test_all_upstream_shares_together_fit_one_royalty(shelf):
    with pytest.raises(UpstreamTooLarge) as refused:
        shelf.changes(COVER, MARCH, medley=700_001)
    assert refused.value.facts == {"total_ppm": 1_000_001}
    shelf.changes(COVER, MARCH, medley=700_000)
    assert sum(shelf.lines[COVER][-1].upstream_ppm.values()) == ALL


def test_a_work_derives_from_a_hundred_others_and_no_more():
    shelf = Shelf()
    for work in range(1, 103):
        shelf.registers(work, {ADA: ALL})
    change = Change(MARCH, None, dict.fromkeys(range(2, 102), 1))
    shelf.carries_out(1, change)
    with pytest.raises(TooManyUpstream):
        shelf.carries_out(1, Change(MARCH, None, {102: 1}))


works = st.integers(0, 5)
days = st.integers(0, 6)
splits = st.sampled_from([{ADA: ALL}, {BEN: ALL}, {ADA: 1, CLEO: ALL - 1}])
changes = st.tuples(
    works,
    days,
    st.none() | splits,
    st.none() | st.dictionaries(works, st.sampled_from([0, 1, 300_000, 500_000]), max_size=3),
)


@settings(max_examples=300)
@given(st.lists(changes, max_size=14), st.lists(days, min_size=6, max_size=6))
def test_on_every_day_each_work_names_what_counts_upstream_that_day(asked, first_days):
    """Own facts are kept day by day beside; what a plan makes of them must come to the same."""
    shelf, facts = Shelf(), {}
    for work, day in enumerate(first_days):
        shelf.registers(work, {ADA: ALL}, day=JANUARY + timedelta(day))
        facts[work] = {JANUARY + timedelta(d): ({ADA: ALL}, {}) for d in range(8)}
    for work, day, shares, upstream in asked:
        since = JANUARY + timedelta(day)
        try:
            shelf.carries_out(work, Change(since, shares, upstream))
        except (UpstreamCycle, UpstreamTooLarge):
            continue
        first = shelf.lines[work][0].valid_from
        for one, (split, above) in facts[work].items():
            if one >= since:
                named = {u: p for u, p in (above | (upstream or {})).items() if p}
                facts[work][one] = (shares or split, named)
        began = facts[work][first]
        facts[work] = {d: began if d < first else told for d, told in facts[work].items()}
    of = shelf.work_of()
    for work, by_day in facts.items():
        for day, (split, above) in by_day.items():
            version = shelf.on(work, day)
            assert (dict(version.shares_ppm)) == split
            assert {of[v]: p for v, p in version.upstream_ppm.items()} == above
            counted = max(day, shelf.lines[work][0].valid_from)
            assert set(version.upstream_ppm) == {
                shelf.on(u, counted).rights_version_id for u in above
            }
