"""Rights by valid day and known day, and changes that run downstream, in a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from service.ledger.derivation import Change
from service.ledger.rights import UpstreamCycle
from service.store import (
    audit,
    correction_jobs,
    parties,
    rights,
    rights_changes,
    rights_known,
    rights_questions,
    works,
)
from service.store.database import unit_of_work
from service.store.derivations import NobodysWork

ALL = 1_000_000
JANUARY, FEBRUARY, MARCH = (date(2026, month, 1) for month in (1, 2, 3))


class Shelf:
    """Works with one holder each, and changes told one after another, an hour apart."""

    def __init__(self, database, now):
        self.database, self.now = database, now
        with unit_of_work(database) as session:
            names = ("Ada", "Ben", "Cleo")
            self.ada, self.ben, self.cleo = (
                parties.add_holder(session, name, now=now).party_id for name in names
            )

    def registers(self, title, holder, *, day=JANUARY):
        with unit_of_work(self.database) as session:
            new = works.NewWork(title, f"The whole text of {title}.", "en")
            row = works.register(session, new, registered_at=self.now, now=self.now)
            rights.first_version(session, row.work_id, {holder: ALL}, day=day, now=self.now)
            return row.work_id

    def changes(self, work, day, shares=None, upstream=None, **how):
        self.now += timedelta(hours=1)
        with unit_of_work(self.database) as session:
            changed = Change(day, shares, upstream)
            return rights.change(
                session, work, changed, reason="agreed", by="op", now=self.now, **how
            )[1]

    def told(self, work, *, known_on=None):
        """Tell first day, split and upstream shares by work, now or as known at a day's end."""
        with unit_of_work(self.database) as session:
            line = (
                rights.history(session, work)
                if known_on is None
                else rights_known.history(session, work, known_on=known_on)
            )
            named = rights.versions(session, [v for one in line for v in one.upstream_ppm])
        return [
            (
                one.valid_from,
                one.shares_ppm,
                {(named[v].work_id, named[v].valid_from): p for v, p in one.upstream_ppm.items()},
            )
            for one in line
        ]

    def broken(self):
        with unit_of_work(self.database) as session:
            return [f for one in rights_questions.QUESTIONS for f in audit.ask(session, one)[1]]


@pytest.fixture
def shelf(database, now):
    return Shelf(database, now)


@pytest.fixture
def chain(shelf):
    """A song of Ada's, Ben's cover of it, Cleo's remix of the cover."""
    shelf.song = shelf.registers("song", shelf.ada)
    shelf.cover = shelf.registers("cover", shelf.ben)
    shelf.remix = shelf.registers("remix", shelf.cleo)
    shelf.changes(shelf.cover, JANUARY, upstream={shelf.song: 300_000})
    shelf.changes(shelf.remix, JANUARY, upstream={shelf.cover: 500_000})
    return shelf


def test_a_change_cuts_versions_downstream_in_one_commit(chain):
    chain.changes(chain.song, date(2026, 4, 1), {chain.ben: ALL})

    april = date(2026, 4, 1)
    assert chain.told(chain.cover) == [
        (JANUARY, {chain.ben: ALL}, {(chain.song, JANUARY): 300_000}),
        (april, {chain.ben: ALL}, {(chain.song, april): 300_000}),
    ]
    assert chain.told(chain.remix) == [
        (JANUARY, {chain.cleo: ALL}, {(chain.cover, JANUARY): 500_000}),
        (april, {chain.cleo: ALL}, {(chain.cover, april): 500_000}),
    ]
    assert chain.broken() == []


def test_what_was_known_on_a_day_is_told_on_every_later_day(chain):
    """On 10 February nobody knew what was agreed on the 15th about January."""
    chain.now = datetime(2026, 2, 15, 12, 0, tzinfo=UTC)
    chain.changes(chain.song, JANUARY, {chain.ben: ALL})
    chain.now = datetime(2026, 2, 20, 12, 0, tzinfo=UTC)
    chain.changes(chain.song, FEBRUARY, {chain.cleo: ALL})

    tenth = chain.told(chain.song, known_on=date(2026, 2, 10))
    fifteenth = chain.told(chain.song, known_on=date(2026, 2, 15))
    assert tenth == [(JANUARY, {chain.ada: ALL}, {})]
    assert fifteenth == [(JANUARY, {chain.ben: ALL}, {})]
    assert chain.told(chain.song, known_on=date(2026, 2, 20)) == chain.told(chain.song)
    assert chain.told(chain.song) == [
        (JANUARY, {chain.ben: ALL}, {}),
        (FEBRUARY, {chain.cleo: ALL}, {}),
    ]
    assert chain.told(chain.song, known_on=date(2026, 2, 9)) == []
    assert chain.told(chain.remix, known_on=date(2026, 2, 19)) == [
        (JANUARY, {chain.cleo: ALL}, {(chain.cover, JANUARY): 500_000})
    ]
    assert chain.broken() == []


def test_a_clock_that_goes_back_loses_nothing_that_was_known(chain):
    chain.changes(chain.song, FEBRUARY, {chain.ben: ALL})
    chain.now -= timedelta(days=3)
    chain.changes(chain.song, FEBRUARY, {chain.cleo: ALL})
    chain.changes(chain.song, FEBRUARY, {chain.ada: ALL})
    assert chain.broken() == []


def test_a_back_dated_change_asks_for_corrections_of_every_descendant(chain):
    chain.changes(chain.song, FEBRUARY, {chain.ben: ALL})

    with unit_of_work(chain.database) as session:
        change = rights_changes.listing(session, limit=1)[0]
        jobs = correction_jobs.listing(session, only_waiting=True, limit=3)
    assert (change.work_id, change.day, change.back_dated) == (chain.song, FEBRUARY, True)
    assert (change.works, change.waiting, change.corrected) == (3, 3, 0)
    since = datetime(2026, 2, 1, tzinfo=UTC)
    upstream = f"agreed (upstream work {chain.song} changed)"
    assert [(job.work_id, job.sold_from, job.reason) for job in reversed(jobs)] == [
        (chain.song, since, "agreed"),
        (chain.cover, since, upstream),
        (chain.remix, since, upstream),
    ]


def test_a_change_of_days_to_come_corrects_nothing(chain):
    with unit_of_work(chain.database) as session:
        before = correction_jobs.waiting_count(session)
    chain.changes(chain.song, date(2026, 2, 12), {chain.ben: ALL})
    with unit_of_work(chain.database) as session:
        assert correction_jobs.waiting_count(session) == before


def test_a_cycle_is_refused_and_nothing_is_stored(chain):
    before = [chain.told(work) for work in (chain.song, chain.cover, chain.remix)]
    with pytest.raises(UpstreamCycle) as refused:
        chain.changes(chain.song, MARCH, upstream={chain.remix: 1})
    assert refused.value.facts["path"] == [chain.song, chain.remix, chain.cover, chain.song]
    assert [chain.told(work) for work in (chain.song, chain.cover, chain.remix)] == before


def test_a_work_of_the_commons_is_due_nothing(chain):
    with unit_of_work(chain.database) as session:
        new = works.NewWork("Psalm", "The text of a psalm.", "en")
        psalm = works.register(
            session, new, registered_at=chain.now, now=chain.now, commons=True
        ).work_id
    with pytest.raises(NobodysWork):
        chain.changes(chain.song, MARCH, upstream={psalm: 1})


def test_two_ancestors_changed_at_once_are_both_named(shelf):
    """Each of sixteen parents is changed by a thread; the child names the newest of all."""
    parents = [shelf.registers(f"parent {n}", shelf.ada) for n in range(16)]
    child = shelf.registers("child", shelf.cleo)
    shelf.changes(child, JANUARY, upstream=dict.fromkeys(parents, 10_000))

    def change(parent):
        with unit_of_work(shelf.database) as session:
            changed = Change(MARCH, {shelf.ben: ALL})
            return rights.change(session, parent, changed, reason="", by="op", now=shelf.now)[1]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(change, parents))
    with unit_of_work(shelf.database) as session:
        line = rights.history(session, child)
    assert [one.valid_from for one in line] == [JANUARY, MARCH]
    assert set(line[1].upstream_ppm) == set(made)
    assert shelf.broken() == []


def test_two_works_that_would_derive_from_one_another_at_once_do_not(shelf):
    """Of two changes that close a cycle together one is refused, whichever comes second."""
    one, two = shelf.registers("one", shelf.ada), shelf.registers("two", shelf.ben)

    def derive(pair):
        work, upstream = pair
        try:
            with unit_of_work(shelf.database) as session:
                changed = Change(MARCH, None, {upstream: 1})
                rights.change(session, work, changed, reason="", by="op", now=shelf.now)
        except UpstreamCycle:
            return "refused"
        return "made"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(derive, [(one, two), (two, one)])) == ["made", "refused"]
    assert shelf.broken() == []


def test_a_new_split_of_days_to_come_starts_after_the_newest_split(shelf):
    """Not after the newest version: one that an upstream work cut is no new split."""
    song, cover = shelf.registers("song", shelf.ada), shelf.registers("cover", shelf.ben)
    shelf.changes(cover, JANUARY, upstream={song: 1})
    shelf.changes(song, date(2026, 6, 1), {shelf.cleo: ALL})
    with unit_of_work(shelf.database) as session:
        rights.change_split(session, cover, {shelf.ada: ALL}, day=date(2026, 5, 1), now=shelf.now)
    assert [(day, split) for day, split, _ in shelf.told(cover)] == [
        (JANUARY, {shelf.ben: ALL}),
        (date(2026, 5, 1), {shelf.ada: ALL}),
        (date(2026, 6, 1), {shelf.ada: ALL}),
    ]
    with unit_of_work(shelf.database) as session, pytest.raises(rights.SplitStartsTooEarly):
        rights.change_split(session, cover, {shelf.ben: ALL}, day=date(2026, 5, 1), now=shelf.now)


_KNOWN = (
    "INSERT INTO rights_known (rights_version_id, work_id, days, known) "
    "VALUES (1, 7, daterange(%s, %s), tstzrange(%s, %s))"
)


def test_no_two_versions_ever_counted_for_one_day_as_known_at_one_instant(urls):
    """The database refuses it, for what is known no longer, too."""
    with psycopg.connect(urls.app, autocommit=True) as connection:
        connection.execute(_KNOWN, ("2026-01-01", None, "2026-01-10", "2026-02-10"))
        connection.execute(_KNOWN, ("2026-01-01", None, "2026-02-10", None))
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(_KNOWN, ("2026-01-31", "2026-02-01", "2026-02-09", "2026-02-10"))


@pytest.mark.parametrize("role", ["app", "owner", "superuser"])
def test_what_was_known_ends_once_and_is_never_changed(urls, role):
    with psycopg.connect(getattr(urls, role), autocommit=True) as connection:
        connection.execute(_KNOWN, ("2026-01-01", None, "2026-01-10", None))
        ending = "UPDATE rights_known SET known = tstzrange('2026-01-10', '2026-01-20')"
        connection.execute(ending)
        refused = (psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)
        for change in (
            ending,
            "UPDATE rights_known SET known = tstzrange('2026-01-10', NULL)",
            "UPDATE rights_known SET days = daterange('2026-01-02', NULL)",
            "DELETE FROM rights_known",
            "TRUNCATE rights_known",
        ):
            with pytest.raises(refused):
                connection.execute(change)


def test_a_change_of_rights_is_recorded_for_ever(chain):
    with unit_of_work(chain.database) as session, pytest.raises(psycopg.Error) as refused:
        session.connection().connection.driver_connection.execute("DELETE FROM rights_change")
    assert isinstance(refused.value, psycopg.errors.InsufficientPrivilege)
    with unit_of_work(chain.database) as session:
        assert session.execute(text("SELECT count(*) FROM rights_change")).scalar_one() == 2
