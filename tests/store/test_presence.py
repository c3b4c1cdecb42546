"""In how many outputs works win a little: counted once each, whatever commits late or is killed."""

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.ledger.period import Period
from service.store import (
    attributions,
    examinations,
    parties,
    presence,
    rights,
    unmatched,
    widespread,
    works,
)
from service.store.attributions import EvidenceRow, Wanted
from service.store.database import Database, unit_of_work
from service.store.examinations import Examined, Found
from service.store.unmatched import UnmatchedPassage
from service.store.widespread import Place

ALL = 1_000_000
REGISTERED = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, 0, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 10, tzinfo=UTC)


@dataclass
class Desk:
    """Attributes outputs as told and counts; every call is one fact."""

    database: Database

    def work(self, title, *, holder="Ada", commons=False):
        new = works.NewWork(title, f"The text of {title}.", "en")
        with unit_of_work(self.database) as session:
            row = works.register(
                session, new, registered_at=REGISTERED, now=REGISTERED, commons=commons
            )
            if not commons:
                party = parties.holder_named(session, holder, now=REGISTERED).party_id
                day = REGISTERED.date()
                rights.first_version(session, row.work_id, {party: ALL}, day=day, now=REGISTERED)
            return row.work_id

    def attributed(
        self, text, chars=None, *, of=1_000, at=FEBRUARY, engine="one", era=REGISTERED, session=None
    ):
        """Attribute an output of so many characters, of which works won ``chars``, by number."""
        if session is None:
            with unit_of_work(self.database) as own:
                self.attributed(text, chars, of=of, at=at, engine=engine, era=era, session=own)
            return
        evidence, start = [], 0
        for work, length in (chars or {}).items():
            evidence.append(
                EvidenceRow(start, start + length, work, work, 0, length, 990_000, "verbatim")
            )
            start += length
        shares = {work: length * ALL // of for work, length in (chars or {}).items()}
        number = attributions.insert(
            session,
            Wanted(1, hashlib.sha256(text.encode()).digest(), era, 0),
            engine=attributions.engine_id(session, engine),
            share_ppm=shares,
            unmatched_ppm=ALL - sum(shares.values()),
            evidence=evidence,
            now=at,
        )
        if start < of:
            rest = UnmatchedPassage(0, start, of, b"", np.zeros(2, np.float32), b"")
            unmatched.keep(session, number, 1, [rest], keep_until=at + timedelta(days=400))

    def many(self, outputs, wins, *, work, at=FEBRUARY, engine="one"):
        """Attribute distinct outputs, in the first of which the work wins a tenth."""
        with unit_of_work(self.database) as session:
            for number in range(outputs):
                chars = {work: 100} if number < wins else {}
                text = f"{at} {number}"
                self.attributed(text, chars, at=at, engine=engine, session=session)

    @contextmanager
    def killed(self):
        """Do something in a transaction that is killed before its end."""
        with suppress(KeyboardInterrupt), unit_of_work(self.database) as session:
            yield session
            raise KeyboardInterrupt

    def counts(self):
        """Count all that waits; return how many attributions were taken."""
        total = 0
        while True:
            with unit_of_work(self.database) as session:
                taken = presence.count_next(session, limit=150)
            if not taken:
                return total
            total += taken

    def wins(self):
        """Return the outputs counted by month, and those won a little by month and work."""
        with unit_of_work(self.database) as session:
            months = session.connection().exec_driver_sql(
                "SELECT month, output_count FROM presence_in_use ORDER BY month"
            )
            of_works = session.connection().exec_driver_sql(
                "SELECT month, work_id, p.output_count FROM presence_in_use "
                "JOIN presence_work p USING (month, engine_id) ORDER BY month, work_id"
            )
            return [tuple(row) for row in months], [tuple(row) for row in of_works]

    def listed(self, *, commons=False, before=None, limit=100):
        with unit_of_work(self.database) as session:
            return widespread.listing(session, commons=commons, before=before, limit=limit)

    def flagged(self, **asked):
        return [one.title for one in self.listed(**asked)]

    def count(self):
        with unit_of_work(self.database) as session:
            return widespread.count(session)

    def waits(self):
        with unit_of_work(self.database) as session:
            return presence.any_waiting(session)


@pytest.fixture
def desk(books):
    return Desk(books.database)


def row(work, start, end, *, paid=True):
    return EvidenceRow(start, end, work, 1, 0, 1, 990_000, "verbatim", paid)


LITTLE = [
    ("nothing won", [], ALL, 900, set()),
    ("just less than a third", [row(1, 0, 299)], 667_777, 601, {1}),
    ("exactly a third", [row(1, 0, 300)], 666_667, 600, set()),
    ("two pieces, a third together", [row(1, 0, 150), row(1, 500, 650)], 666_667, 600, set()),
    ("each of two works", [row(1, 0, 100), row(2, 100, 700)], 300_000, 300, {1}),
    ("unpaid in the commons", [row(1, 0, 100, paid=False)], ALL, 900, {1}),
    ("all of it the commons'", [row(1, 0, 100, paid=False)], ALL, 0, set()),
    ("what was unmatched is no longer kept", [row(1, 0, 100)], 900_000, 0, {1}),
    ("the same, half of it won", [row(1, 0, 100)], 500_000, 0, set()),
]


@pytest.mark.parametrize(
    ("evidence", "unmatched_ppm", "unmatched_chars", "works_won"),
    [case[1:] for case in LITTLE],
    ids=[case[0] for case in LITTLE],
)
def test_less_than_a_third_is_a_little(evidence, unmatched_ppm, unmatched_chars, works_won):
    won = presence.wins_little(
        evidence, unmatched_ppm=unmatched_ppm, unmatched_chars=unmatched_chars
    )
    assert won == works_won


def test_outputs_count_in_the_utc_month_they_were_attributed_in(desk):
    desk.attributed("one", {7: 100}, at=JANUARY)
    desk.attributed("two", {7: 500, 8: 100}, at=JANUARY)
    desk.attributed("three", {7: 100}, at=FEBRUARY)
    assert desk.waits()
    assert desk.counts() == 3
    assert not desk.waits()
    assert desk.wins() == (
        [(202601, 2), (202602, 1)],
        [(202601, 7, 1), (202601, 8, 1), (202602, 7, 1)],
    )


def test_a_text_counts_once_in_a_month_whatever_eras_it_was_sold_in(desk):
    desk.attributed("one")
    desk.counts()
    for day in (2, 3):
        desk.attributed("one", {7: 100}, era=REGISTERED + timedelta(days=day))
        desk.counts()
    desk.attributed("one", {7: 100}, era=REGISTERED + timedelta(days=4))
    desk.attributed("one", {7: 100}, era=REGISTERED + timedelta(days=5))
    desk.counts()
    assert desk.wins() == ([(202602, 1)], [(202602, 7, 1)])
    desk.attributed("one", {7: 100}, at=MARCH, era=REGISTERED + timedelta(days=6))
    desk.counts()
    assert desk.wins() == ([(202602, 1), (202603, 1)], [(202602, 7, 1), (202603, 7, 1)])


BOUNDS = [
    (199, 199, False),
    (200, 10, False),
    (200, 11, True),
    (219, 10, False),
    (219, 11, True),
    (220, 11, False),
]


@pytest.mark.parametrize(("outputs", "wins", "is_flagged"), BOUNDS)
def test_above_five_percent_of_at_least_200_outputs_a_work_is_widespread(
    desk, outputs, wins, is_flagged
):
    work = desk.work("Yours truly")
    desk.many(outputs, wins, work=work)
    desk.counts()
    assert desk.flagged() == ["Yours truly"] * is_flagged
    assert desk.count() == is_flagged


def test_a_widespread_work_is_shown_with_its_holder_its_outputs_and_its_finding(desk):
    ode, work = desk.work("Ode", holder="Bo"), desk.work("Yours truly")
    found = Found(ode, "derived", 200_000, [])
    with unit_of_work(desk.database) as session:
        outcome = Examined(800_000, (), None, [found], {})
        examinations.store(session, work, outcome, now=FEBRUARY)
    desk.many(300, 20, work=work)
    desk.counts()
    (shown,) = desk.listed()
    assert (shown.month, shown.work_id, shown.title) == (Period(202602), work, "Yours truly")
    assert (shown.holders, shown.commons, shown.withdrawn_at) == (("Ada",), False, None)
    assert (shown.output_count, shown.of_output_count, shown.part_ppm) == (20, 300, 66_666)
    assert shown.finding_id == 1


def test_the_commons_are_never_flagged_and_how_often_they_win_is_told(desk):
    work = desk.work("Boilerplate", commons=True)
    desk.many(210, 210, work=work)
    desk.many(3, 2, work=work, at=MARCH)
    desk.counts()
    assert (desk.flagged(), desk.count()) == ([], 0)
    told = [(one.month.number, one.output_count, one.holders) for one in desk.listed(commons=True)]
    assert told == [(202603, 2, ()), (202602, 210, ())]


def test_what_is_withdrawn_stays_listed_and_alarms_nobody(desk):
    work = desk.work("Yours truly")
    desk.many(200, 20, work=work)
    desk.counts()
    with unit_of_work(desk.database) as session:
        works.withdraw(session, work, now=MARCH)
    assert [(one.title, one.withdrawn_at) for one in desk.listed()] == [("Yours truly", MARCH)]
    assert desk.count() == 0


def test_a_month_that_has_just_begun_does_not_hide_the_one_before(desk):
    work = desk.work("Yours truly")
    desk.many(200, 20, work=work)
    desk.many(199, 0, work=work, at=MARCH)
    desk.counts()
    assert desk.count() == 1
    desk.attributed("the 200th", at=MARCH)
    desk.counts()
    assert desk.count() == 0


def test_outputs_of_two_engines_are_not_mixed(desk):
    work = desk.work("Yours truly")
    desk.many(200, 20, work=work, engine="old")
    later = FEBRUARY + timedelta(days=9)
    desk.many(210, 5, work=work, at=later, engine="new")
    desk.counts()
    assert desk.flagged() == []
    assert desk.wins() == ([(202602, 210)], [(202602, work, 5)])
    desk.attributed("back again", at=later + timedelta(days=1), engine="old")
    desk.counts()
    assert desk.wins() == ([(202602, 201)], [(202602, work, 20)])
    assert desk.flagged() == ["Yours truly"]


def test_the_list_goes_on_below_a_place(desk):
    first, second = desk.work("One"), desk.work("Two")
    with unit_of_work(desk.database) as session:
        for number in range(200):
            chars = {first: 100, second: 100} if number < 20 else {}
            desk.attributed(f"{number}", chars, session=session)
            chars = {first: 100} if number < 30 else {second: 100}
            desk.attributed(f"{number}", chars, at=MARCH, era=MARCH, session=session)
    desk.counts()
    places, before = [], None
    while found := desk.listed(before=before, limit=1):
        before = found[0].place
        places.append(before)
    assert places == [
        Place(Period(202603), 170, second),
        Place(Period(202603), 30, first),
        Place(Period(202602), 20, second),
        Place(Period(202602), 20, first),
    ]


def test_what_commits_late_under_a_lower_number_is_counted_and_holds_up_nothing(desk, books):
    desk.attributed("before", {7: 100})
    desk.counts()
    with unit_of_work(desk.database) as stalled:
        desk.attributed("late", {7: 100}, session=stalled)
        desk.attributed("soon", {7: 100})
        assert desk.counts() == 1
        assert desk.wins() == ([(202602, 2)], [(202602, 7, 2)])
    assert books.ask("SELECT attribution_id FROM presence_waiting") == [(2,)]
    assert desk.counts() == 1
    assert desk.wins() == ([(202602, 3)], [(202602, 7, 3)])


def test_what_is_never_committed_is_never_counted(desk):
    with desk.killed() as session:
        desk.attributed("gone", {7: 100}, session=session)
    assert desk.counts() == 0


def test_who_is_killed_while_counting_has_counted_nothing(desk):
    desk.attributed("one", {7: 100})
    with desk.killed() as session:
        assert presence.count_next(session, limit=10) == 1
    assert desk.wins() == ([], [])
    assert desk.counts() == 1
    assert desk.wins() == ([(202602, 1)], [(202602, 7, 1)])


def test_one_process_counts_at_a_time(desk):
    desk.attributed("one", {7: 100})
    with unit_of_work(desk.database) as session:
        assert presence.count_next(session, limit=10) == 1
        desk.attributed("two", {7: 100})
        assert desk.counts() == 0
        assert desk.waits()
    assert desk.counts() == 1
    assert desk.wins() == ([(202602, 2)], [(202602, 7, 2)])


def test_texts_of_past_months_are_forgotten_and_their_counts_stay(desk, books):
    desk.attributed("one", {7: 100}, at=JANUARY)
    desk.attributed("two", {7: 100}, at=FEBRUARY)
    desk.counts()
    before = desk.wins()
    with unit_of_work(desk.database) as session:
        assert presence.forget_texts(session, now=MARCH) == 1
    assert books.ask("SELECT month FROM presence_output") == [(202602,)]
    assert books.ask("SELECT month FROM presence_win") == [(202602,)]
    assert desk.wins() == before


def test_nothing_is_forgotten_while_something_as_old_waits_to_be_counted(desk):
    desk.attributed("one", {7: 100}, at=JANUARY)
    desk.counts()
    desk.attributed("one", {7: 100}, at=JANUARY, era=REGISTERED + timedelta(days=1))
    with unit_of_work(desk.database) as session:
        assert presence.forget_texts(session, now=MARCH) == 0
    desk.counts()
    assert desk.wins() == ([(202601, 1)], [(202601, 7, 1)])
