"""Who must agree to a split, what waits until they do, and how proposals end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from service.ledger.derivation import Change
from service.ledger.proposal import (
    AnsweredAlready,
    NotAsked,
    NothingProposed,
    NotProposer,
    ProposalEnded,
    TooManyProposals,
)
from service.ledger.rights import SplitNotWhole, UpstreamCycle, UpstreamTooLarge
from service.store import (
    consent,
    holds,
    parties,
    proposals,
    registered_rights,
    rights,
    rights_changes,
    works,
)
from service.store.database import unit_of_work
from service.store.proposals import Proposer
from service.store.text_rules import BadText

ALL = 1_000_000
TODAY, APRIL = date(2026, 2, 10), date(2026, 4, 1)
NAMES = ("Ada", "Ben", "Cleo")


class Table:
    """Holders who propose and answer; a work of Ada's and what she says of its split."""

    def __init__(self, database, now):
        self.database, self.now = database, now
        with unit_of_work(database) as session:
            self.holder = {
                name: parties.add_holder(session, name, now=now).party_id for name in NAMES
            }

    def split(self, **shares):
        return {self.holder[name.title()]: ppm for name, ppm in shares.items()}

    def registers(self, title, *, by="Ada", **shares):
        proposer = Proposer(self.holder.get(by), by)
        with unit_of_work(self.database) as session:
            new = works.NewWork(title, f"The whole text of {title}.", "en")
            row = works.register(session, new, registered_at=self.now, now=self.now)
            registered_rights.first_split(
                session, row.work_id, self.split(**shares), proposer=proposer, day=TODAY,
                now=self.now,
            )  # fmt: skip
            return row.work_id

    def proposes(self, by, work, *, day=APRIL, upstream=None, message="as we said", **shares):
        with unit_of_work(self.database) as session:
            change = Change(day, self.split(**shares) or None, upstream)
            proposer = Proposer(self.holder.get(by), by)
            return consent.propose(
                session, work, change, message=message, proposer=proposer, now=self.now
            )

    def says(self, name, proposal, *, yes=True, reason=""):
        with unit_of_work(self.database) as session:
            return consent.answer(
                session, proposal, holder_id=self.holder[name], accepted=yes, reason=reason,
                by=name, now=self.now,
            )  # fmt: skip

    def decides(self, proposal, *, effect, reason="Both wrote to us."):
        with unit_of_work(self.database) as session:
            return consent.decide(
                session, proposal, effect=effect, reason=reason, by="op", now=self.now
            )

    def withdraws(self, name, proposal):
        with unit_of_work(self.database) as session:
            return consent.withdraw(
                session, proposal, holder_id=self.holder.get(name), reason="", by=name,
                now=self.now,
            )  # fmt: skip

    def passes(self, **time):
        self.now += timedelta(**time)
        with unit_of_work(self.database) as session:
            while consent.expire_next(session, now=self.now):
                pass

    def first(self, work):
        """Return the number of the proposal that a work's registration made."""
        with unit_of_work(self.database) as session:
            return proposals.listing(session, holder_id=None, work_id=work, limit=1)[0].proposal_id

    def state(self, proposal):
        with unit_of_work(self.database) as session:
            found = proposals.get(session, proposal)
            return str(found.state), found.reason

    def waiting(self, proposal):
        with unit_of_work(self.database) as session:
            return self.names(consent.waits_for(session, proposals.get(session, proposal)))

    def held(self, work):
        """Return whose earnings from a work wait for confirmation."""
        with unit_of_work(self.database) as session:
            found = holds.active_of(session, work_ids=[work])
            assert {(h.hold.share_ppm, str(h.hold.reason)) for h in found} <= {(ALL, "unconfirmed")}
            return self.names(one.hold.holder_id for one in found)

    def names(self, holder_ids):
        told = {number: name for name, number in self.holder.items()}
        return sorted(told[number] for number in holder_ids)

    def splits(self, work):
        told = {number: name for name, number in self.holder.items()}
        with unit_of_work(self.database) as session:
            return [
                (one.valid_from, {told[h]: ppm for h, ppm in one.shares_ppm.items()})
                for one in rights.history(session, work)
            ]

    def upstream(self, work):
        with unit_of_work(self.database) as session:
            newest = rights.history(session, work)[-1]
            named = rights.versions(session, list(newest.upstream_ppm))
            return {named[v].work_id: ppm for v, ppm in newest.upstream_ppm.items()}


@pytest.fixture
def table(database, now):
    return Table(database, now)


@pytest.fixture
def ode(table):
    """A work of Ada 60 % and Ben 40 %, both agreed."""
    work = table.registers("Ode", ada=600_000, ben=400_000)
    table.says("Ben", table.first(work))
    return work


def test_a_new_split_counts_at_once_and_every_unconfirmed_share_waits(table):
    work = table.registers("Ode", ada=500_000, ben=300_000, cleo=200_000)

    assert table.splits(work) == [(TODAY, {"Ada": 500_000, "Ben": 300_000, "Cleo": 200_000})]
    assert table.held(work) == ["Ben", "Cleo"]
    assert table.waiting(table.first(work)) == ["Ben", "Cleo"]


def test_each_confirms_their_own_share_whatever_the_others_do(table):
    work = table.registers("Ode", ada=500_000, ben=300_000, cleo=200_000)
    proposal = table.first(work)

    table.says("Ben", proposal)
    assert (table.held(work), table.state(proposal)) == (["Cleo"], ("open", None))
    table.says("Cleo", proposal, yes=False, reason="It was half.")
    why = f"holder {table.holder['Cleo']}: It was half."
    assert (table.held(work), table.state(proposal)) == (["Cleo"], ("declined", why))


def test_all_who_confirm_end_the_first_proposal(table):
    work = table.registers("Ode", ada=500_000, ben=500_000)
    ended = table.says("Ben", table.first(work))

    assert (str(ended.state), ended.change_id) == ("accepted", None)
    assert table.held(work) == []
    assert len(table.splits(work)) == 1


def test_nobody_confirms_what_is_the_proposers_alone(table):
    work = table.registers("Ode", ada=ALL)
    with unit_of_work(table.database) as session:
        assert proposals.listing(session, holder_id=None, work_id=work, limit=1) == []
    assert table.held(work) == []


def test_a_split_that_an_operator_registers_rests_on_what_is_on_file(table):
    work = table.registers("Ode", by="operator", ada=500_000, ben=500_000)
    assert table.held(work) == []


def test_what_nobody_confirms_in_time_goes_on_waiting(table):
    work = table.registers("Ode", ada=500_000, ben=500_000)
    proposal = table.first(work)

    table.passes(days=30, seconds=-1)
    assert table.state(proposal)[0] == "open"
    table.passes(seconds=1)
    assert table.state(proposal) == ("expired", "not everybody had answered in time")
    assert table.held(work) == ["Ben"]

    again = table.proposes("Ada", work, day=TODAY, ada=500_000, ben=500_000).proposal_id
    ended = table.says("Ben", again)
    assert (str(ended.state), ended.change_id) == ("accepted", None)  # it was so already
    assert table.held(work) == []


def test_a_change_counts_once_all_old_and_new_holders_have_accepted(table, ode):
    proposal = table.proposes("Ada", ode, ada=300_000, cleo=700_000).proposal_id
    assert table.waiting(proposal) == ["Ben", "Cleo"]

    table.says("Cleo", proposal)
    assert len(table.splits(ode)) == 1
    ended = table.says("Ben", proposal)

    assert (str(ended.state), ended.reason) == ("accepted", "everybody has accepted")
    assert table.splits(ode) == [
        (TODAY, {"Ada": 600_000, "Ben": 400_000}),
        (APRIL, {"Ada": 300_000, "Cleo": 700_000}),
    ]
    assert [(a.holder_id, a.accepted, a.answered_by) for a in ended.answers] == [
        (table.holder[name], True, name) for name in ("Ada", "Ben", "Cleo")
    ]
    assert table.held(ode) == []


def test_one_refusal_ends_a_change_with_its_reason(table, ode):
    proposal = table.proposes("Ada", ode, ada=ALL).proposal_id
    table.says("Ben", proposal, yes=False, reason="I wrote half of it.")

    why = f"holder {table.holder['Ben']}: I wrote half of it."
    assert table.state(proposal) == ("declined", why)
    assert len(table.splits(ode)) == 1
    with pytest.raises(ProposalEnded):
        table.says("Ben", proposal)


def test_a_refusal_says_why(table, ode):
    proposal = table.proposes("Ada", ode, ada=ALL).proposal_id
    with pytest.raises(BadText):
        table.says("Ben", proposal, yes=False)


def test_giving_shares_to_others_needs_those_others(table):
    work = table.registers("Ode", ada=ALL)
    proposal = table.proposes("Ada", work, ada=500_000, ben=500_000).proposal_id
    assert (table.waiting(proposal), len(table.splits(work))) == (["Ben"], 1)
    table.says("Ben", proposal)
    assert len(table.splits(work)) == 2


def test_only_who_is_asked_answers_and_only_once(table, ode):
    proposal = table.proposes("Ada", ode, ada=1, ben=ALL - 1).proposal_id
    with pytest.raises(proposals.ProposalNotFound):
        table.says("Cleo", proposal)
    with pytest.raises(AnsweredAlready):
        table.says("Ada", proposal)


def test_who_has_no_share_any_more_is_not_asked(table, ode):
    mine = table.proposes("Ada", ode, upstream={table.registers("Other", ada=ALL): 1}).proposal_id
    table.decides(table.proposes("Ada", ode, day=TODAY, ada=ALL).proposal_id, effect=True)
    with pytest.raises((NotAsked, proposals.ProposalNotFound)):
        table.says("Ben", mine)


def test_the_proposer_withdraws_and_nobody_else(table, ode):
    proposal = table.proposes("Ada", ode, ada=ALL).proposal_id
    with pytest.raises(NotProposer):
        table.withdraws("Ben", proposal)
    assert str(table.withdraws("Ada", proposal).state) == "withdrawn"
    with pytest.raises(ProposalEnded):
        table.withdraws("Ada", proposal)


def test_an_operator_decides_with_a_reason(table, ode):
    one = table.proposes("Ada", ode, ada=ALL).proposal_id
    other = table.proposes("Ben", ode, ben=ALL).proposal_id
    with pytest.raises(BadText):
        table.decides(one, effect=True, reason=" ")

    imposed, overtaken = table.decides(one, effect=True), table.state(other)
    assert (str(imposed.state), imposed.ended_by) == ("imposed", "op")
    assert table.splits(ode)[-1] == (APRIL, {"Ada": ALL})
    assert overtaken[0] == "open"  # until somebody looks at it
    assert str(table.decides(other, effect=True).state) == "overtaken"
    assert table.splits(ode)[-1] == (APRIL, {"Ada": ALL})


def test_an_operator_confirms_for_those_who_cannot_answer(table):
    work = table.registers("Ode", ada=500_000, ben=500_000)
    assert str(table.decides(table.first(work), effect=True).state) == "imposed"
    assert table.held(work) == []


def test_consent_to_one_split_is_none_to_another(table, ode):
    """Ada agreed when the split was 60:40; by now it is 50:50, and Ben's answer changes nothing."""
    first = table.proposes("Ada", ode, ada=700_000, ben=300_000).proposal_id
    second = table.proposes("Ada", ode, day=TODAY, ada=500_000, ben=500_000).proposal_id
    table.says("Ben", second)

    ended = table.says("Ben", first)
    assert (str(ended.state), ended.ended_by) == ("overtaken", "clock")
    assert ended.reason == "the split it was to change is another one by now"
    assert table.splits(ode) == [(TODAY, {"Ada": 500_000, "Ben": 500_000})]


def test_a_back_dated_agreement_asks_for_corrections(table, ode):
    table.now = datetime(2026, 3, 5, 12, tzinfo=UTC)
    proposal = table.proposes("Ada", ode, day=date(2026, 3, 1), ada=1, ben=ALL - 1)
    change_id = table.says("Ben", proposal.proposal_id).change_id
    with unit_of_work(table.database) as session:
        change = rights_changes.get(session, change_id)
    assert (change.back_dated, change.works, change.waiting) == (True, 1, 1)
    assert change.reason == f"proposal {proposal.proposal_id}"


def test_two_last_answers_at_once_take_effect_once(table, ode):
    proposal = table.proposes("Ada", ode, ada=300_000, cleo=700_000).proposal_id
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda name: table.says(name, proposal), ["Ben", "Cleo"]))
    assert sorted(str(one.state) for one in ended) == ["accepted", "open"]
    assert len(table.splits(ode)) == 2


def test_what_could_not_take_effect_is_refused_when_it_is_proposed(table, ode):
    cover = table.registers("Cover", ada=ALL)
    table.decides(table.proposes("Ada", cover, upstream={ode: 500_000}).proposal_id, effect=True)
    for refusal, change in (
        (SplitNotWhole, {"ada": 1}),
        (NothingProposed, {}),
        (UpstreamCycle, {"upstream": {cover: 1}}),
        (BadText, {"ada": ALL, "day": TODAY - timedelta(1)}),
    ):
        with pytest.raises(refusal):
            table.proposes("Ada", ode, **change)
    with pytest.raises(UpstreamTooLarge):
        table.proposes("Ada", cover, upstream={table.registers("Third", ada=ALL): 500_001})


def test_twenty_proposals_of_a_work_wait_at_most(table, ode):
    for _ in range(20):
        table.proposes("Ada", ode, ada=ALL)
    with pytest.raises(TooManyProposals):
        table.proposes("Ada", ode, ada=ALL)


def test_an_upstream_share_needs_the_holders_of_both_works(table, ode):
    cover = table.registers("Cover", by="Cleo", cleo=ALL)
    proposal = table.proposes("Cleo", cover, upstream={ode: 300_000}).proposal_id

    assert table.waiting(proposal) == ["Ada", "Ben"]
    table.says("Ben", proposal)
    assert table.upstream(cover) == {}
    table.says("Ada", proposal)
    assert table.upstream(cover) == {ode: 300_000}


def test_an_upstream_share_may_be_proposed_by_those_it_is_due_to(table, ode):
    cover = table.registers("Cover", by="Cleo", cleo=ALL)
    proposal = table.proposes("Ada", cover, upstream={ode: 300_000}).proposal_id
    assert table.waiting(proposal) == ["Ben", "Cleo"]


def test_what_a_person_said_is_written_over_and_what_was_agreed_stays(table, ode):
    """Ben is erased: his words go, his answer and its day stay; nobody else's words do."""
    mine = table.proposes("Ben", ode, ben=ALL, message="It is all mine.").proposal_id
    hers = table.proposes("Ada", ode, ada=ALL, message="It is not.").proposal_id
    table.says("Ben", hers, yes=False, reason="Ask my lawyer.")
    with unit_of_work(table.database) as session:
        proposals.erase(session, table.holder["Ben"], now=table.now)
        one, other = (proposals.get(session, number) for number in (mine, hers))

    assert (one.message, one.proposer.login, str(one.state)) == ("erased", "erased", "open")
    assert (other.message, other.proposer.login, other.reason) == ("It is not.", "Ada", "erased")
    assert [(a.accepted, a.reason, a.answered_by) for a in other.answers] == [
        (True, "", "Ada"),
        (False, "erased", "erased"),
    ]


def test_a_proposal_and_its_answers_are_kept_as_they_were(table, ode, urls):
    proposal = table.proposes("Ada", ode, ada=ALL).proposal_id
    table.says("Ben", proposal, yes=False, reason="No.")
    with psycopg.connect(urls.app, autocommit=True) as connection:
        for change in (
            "UPDATE proposal SET state = 'accepted'",
            "UPDATE proposal SET message = 'other'",
            "DELETE FROM proposal",
            "UPDATE proposal_answer SET accepted = true",
        ):
            refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)
            with pytest.raises(refused):
                connection.execute(change)
