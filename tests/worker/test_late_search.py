"""Late registration: proposals on sales of before, never payments; only within the window."""

from datetime import UTC, datetime, timedelta

import pytest

from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import late_matches
from service.store.database import unit_of_work
from service.store.text_rules import BadText
from worker import drain, late_search

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ALL = 1_000_000


def matches(town, *, only_open=False):
    with unit_of_work(town.database) as session:
        return late_matches.listing(session, only_open=only_open, limit=10)


@pytest.fixture
def late(village, texts):
    """An output of January and February that no work won; its source is registered in March."""
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, at=JANUARY)
    village.sells("two", text=texts.ode, tier=Tier.ELITE, at=FEBRUARY)
    village.works()
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=MARCH)
    village.works()
    return village, ode


def test_passages_nobody_won_are_kept_without_their_text(village, texts):
    village.registers("Ode", texts.ode, {"Ada": ALL})
    village.sells("one", text=f"{texts.ode} {texts.nothing}", tier=Tier.PREMIUM, at=FEBRUARY)
    village.sells("two", text=texts.essay, tier=Tier.FREE, at=FEBRUARY)
    village.works()
    kept = village.tells(
        "SELECT start_char, length(vector), keep_until FROM unmatched_passage ORDER BY ordinal"
    )
    assert len(kept) == len(village.room.fingerprint([texts.nothing])[0])
    assert kept[0][0] == len(texts.ode) + 1
    assert {row[1:] for row in kept} == {(1024, village.clock() + timedelta(days=400))}


def test_a_late_work_is_matched_to_the_sales_of_before_as_a_proposal(late):
    town, ode = late
    (match,) = matches(town)
    assert (match.work_id, match.state, match.share_ppm) == (ode, "open", ALL)
    assert (match.sales_count, match.first_sold_at, match.last_sold_at) == (2, JANUARY, FEBRUARY)
    assert (match.registered_at, match.created_at) == (MARCH, town.clock())
    assert [one.kind for one in match.evidence] == ["verbatim"] * len(match.evidence)
    assert town.balances("line") == {}
    assert town.broken() == []


def test_a_share_is_one_of_the_whole_output(village, texts):
    village.registers("Essay", texts.essay, {"Bo": ALL})
    village.sells("one", text=f"{texts.essay} {texts.ode}", tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.registers("Ode", texts.ode, {"Ada": ALL}, on=MARCH)
    village.works()
    (match,) = matches(village)
    ((unmatched,),) = village.tells("SELECT unmatched_ppm FROM attribution")
    assert abs(match.share_ppm - unmatched) <= 1
    assert unmatched < 600_000


def test_sales_before_the_window_and_after_the_registration_are_not_claimed(village, texts):
    village.sells("old", text=texts.ode, tier=Tier.PREMIUM, at=MARCH - timedelta(days=366))
    village.works()
    ode = village.registers("Ode", texts.ode, {"Ada": ALL}, on=MARCH)
    village.works()
    assert matches(village) == []
    found = late_search.search_work(
        village.database, village.room, ode, window_days=367, now=village.clock()
    )
    assert (found, len(matches(village))) == (1, 1)


def test_what_draws_on_something_else_is_not_proposed(village, texts):
    village.sells("one", text=texts.nothing, tier=Tier.PREMIUM, at=JANUARY)
    village.works()
    village.registers("Ode", texts.ode, {"Ada": ALL}, on=MARCH)
    village.works()
    assert matches(village) == []


def test_searching_again_proposes_nothing_twice(late):
    town, ode = late
    again = late_search.search_work(
        town.database, town.room, ode, window_days=365, now=town.clock()
    )
    assert (again, len(matches(town))) == (0, 1)


def test_a_work_nobody_knows_or_of_the_commons_has_no_claim(village):
    with pytest.raises(late_search.NotExamined):
        late_search.search_work(
            village.database, village.room, 7, window_days=365, now=village.clock()
        )


def test_approval_needs_evidence_and_only_records(late):
    town, ode = late
    (match,) = matches(town)
    january, february = Period.parse("2026-01"), Period.parse("2026-02")
    with unit_of_work(town.database) as session, pytest.raises(BadText, match="evidence"):
        late_matches.approve(
            session, match.late_match_id, by="op", reason="ok", evidence="", now=town.clock()
        )
    with unit_of_work(town.database) as session:
        approved = late_matches.approve(
            session,
            match.late_match_id,
            by="op",
            reason="Published in 2019.",
            evidence="ISBN 978-3-16-148410-0",
            now=town.clock(),
        )
        assert (approved.state, approved.decided_by) == ("approved", "op")
        assert approved.reason == (
            "Published in 2019.\nEvidence of creation: ISBN 978-3-16-148410-0"
        )
        (one,) = late_matches.approved(session, january)
        assert (one.work_id, one.sold_at, one.share_ppm) == (ode, JANUARY, ALL)
        assert [each.sold_at for each in late_matches.approved(session, february)] == [FEBRUARY]
        assert late_matches.approved(session, Period.parse("2026-03")) == []
    assert matches(town, only_open=True) == []
    with unit_of_work(town.database) as session, pytest.raises(late_matches.LateMatchDecided):
        late_matches.dismiss(session, match.late_match_id, by="op", reason="no", now=town.clock())
    assert town.balances("line") == {}


def test_fingerprints_go_when_their_time_is_over(late):
    town, _ = late
    drain.tidy(town.place)
    assert town.tells("SELECT count(*) > 0 FROM unmatched_passage") == [(True,)]
    town.clock.now += timedelta(days=401)
    drain.tidy(town.place)
    assert town.tells("SELECT count(*) FROM unmatched_passage") == [(0,)]
