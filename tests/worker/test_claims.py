"""A claim keeps back exactly what it contests, and every end of it moves exactly that."""

from datetime import UTC, date, datetime

import pytest
from changed_facts import back_date
from claim_scene import DAY, OWED, PROOF, Disputes, ode_of

from service.ledger.claim import Actor, ClaimOutOfRange, NothingToClaim
from service.ledger.dispute_refusals import ActionOutOfOrder, SameOperator
from service.ledger.rights import NoHolder
from service.ledger.threshold import Threshold
from service.ledger.tiers import Tier
from service.store import claims, erasures, money_states, works
from service.store.claim_filing import ClaimedBefore, ClaimOpen
from service.store.claim_steps import Evidence
from service.store.claims import ClaimNotFound
from service.store.database import unit_of_work
from service.store.works import WorkNotFound

MILLION = 1_000_000
ADA, BEN = 324_000_000, 216_000_000  # 60 % and 40 % of Ode's 0.54
CONTESTED = 97_200_000  # 30 % of Ada's
FEBRUARY = datetime(2026, 2, 20, tzinfo=UTC)


@pytest.fixture
def scene(town, texts):
    """Ode is Ada's for 60 % and Ben's for 40 %; it earned 0.54 in January, which is paid for."""
    return ode_of(town, texts.ode, {"Ada": 600_000, "Ben": 400_000})


@pytest.fixture
def contested(scene):
    """Cleo claims 18 % of Ode, all of it from Ada, on the day it was registered; January closes."""
    scene.claim("Cleo", scene.town.ode, 180_000, against=["Ada"])
    scene.town.closes("2026-01")
    return scene


def only(scene):
    return scene.town.tells("SELECT max(claim_id) FROM claim")[0][0]


def test_a_claim_over_thirty_percent_of_one_share_holds_exactly_thirty_percent(contested):
    assert contested.money("Ada", "Ben", "Cleo") == {
        "Ada": (CONTESTED, ADA - CONTESTED),
        "Ben": (0, BEN),
        "Cleo": (0, 0),
    }
    stated = contested.town.statement("Ada", "2026-01").closing
    assert (stated.held_nanos, stated.payable_nanos) == (CONTESTED, 220_000_000)
    assert contested.town.broken() == []


def test_a_withdrawn_claim_gives_back_to_the_nano(contested):
    number = only(contested)
    contested.takes("Cleo", "withdraw", number)
    contested.town.works()
    assert contested.money("Ada", "Ben") == {"Ada": (0, ADA), "Ben": (0, BEN)}
    assert contested.get(number).settled_at == contested.town.clock()
    assert contested.town.tells("SELECT nanos FROM hold_posting ORDER BY 1") == [
        (-CONTESTED,),
        (CONTESTED,),
    ]
    assert contested.town.broken() == []


def test_a_rejected_claim_is_held_until_the_appeal_time_is_over(contested):
    number = only(contested)
    contested.takes("Ada", "contest", number)
    contested.decides(number, "rejected")
    contested.later(6)
    assert contested.get(number).claim.state == "decided"
    assert contested.money("Ada") == {"Ada": (CONTESTED, ADA - CONTESTED)}
    contested.later(1)
    assert contested.get(number).claim.state == "rejected"
    assert contested.money("Ada") == {"Ada": (0, ADA)}
    assert contested.town.broken() == []


def uphold(scene, number, outcome="upheld", granted=None):
    scene.takes("Ada", "contest", number)
    scene.decides(number, outcome, granted)
    scene.later(7)


def test_what_is_upheld_moves_and_nothing_leaks_while_it_does(contested):
    number = only(contested)
    uphold(contested, number)
    assert contested.get(number).claim.state == "verified"
    # the sale is corrected, and no close has released it yet
    assert contested.town.tells("SELECT count(*) FROM correction") == [(1,)]
    assert contested.get(number).settled_at is None
    assert contested.money("Ada", "Cleo") == {
        "Ada": (CONTESTED, ADA - CONTESTED),
        "Cleo": (0, 0),
    }
    contested.reserve("2026-01")
    paid = 220_000_000  # Ada's 0.2268, floored to the cent; nothing of what is contested
    assert contested.money("Ada")["Ada"] == (CONTESTED, ADA - CONTESTED - paid)

    contested.town.closes("2026-02")

    assert contested.get(number).settled_at == contested.town.clock()
    assert contested.money("Ada", "Ben", "Cleo") == {
        "Ada": (0, ADA - CONTESTED - paid),
        "Ben": (0, BEN - 210_000_000),
        "Cleo": (0, CONTESTED),
    }
    cleo = contested.town.statement("Cleo", "2026-02")
    assert (cleo.earned_nanos, cleo.closing.payable_nanos) == (CONTESTED, 90_000_000)
    ada = contested.town.statement("Ada", "2026-02")
    assert (ada.earned_nanos, ada.closing.held_nanos) == (-CONTESTED, 0)
    assert contested.town.broken() == []


def test_what_is_upheld_in_part_moves_in_part(contested):
    uphold(contested, only(contested), "partly", 60_000)
    contested.town.closes("2026-02")
    assert contested.money("Ada", "Ben", "Cleo") == {
        "Ada": (0, 291_600_000),  # 54 %
        "Ben": (0, BEN),
        "Cleo": (0, 32_400_000),  # 6 %
    }
    assert contested.town.broken() == []


def test_sales_after_the_first_day_contested_belong_to_the_claimant_too(contested, texts):
    number = only(contested)
    contested.town.sells("two", text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=FEBRUARY)
    contested.town.works()
    contested.pays(OWED)
    uphold(contested, number)
    contested.town.closes("2026-02")
    assert contested.money("Ada", "Ben", "Cleo") == {
        "Ada": (0, 2 * (ADA - CONTESTED)),
        "Ben": (0, 2 * BEN),
        "Cleo": (0, 2 * CONTESTED),
    }
    assert contested.town.broken() == []


def test_all_respondents_accept_and_it_moves_without_an_operator(contested):
    number = only(contested)
    contested.takes("Ada", "accept", number)
    assert contested.get(number).claim.state == "verified"
    contested.town.works()
    contested.town.closes("2026-02")
    assert contested.money("Ada", "Cleo") == {"Ada": (0, ADA - CONTESTED), "Cleo": (0, CONTESTED)}
    assert contested.town.broken() == []


def test_an_appeal_keeps_the_hold_and_another_operator_ends_it(contested):
    for login in ("op", "other"):
        contested.town.tells(
            "INSERT INTO portal_user "
            "(login, login_key, member_role, password_hash, role, created_at) "
            "VALUES (:login, :login, 'admin', '', 'operator', now()) RETURNING 1",
            login=login,
        )
    number = only(contested)
    contested.takes("Ada", "contest", number)
    contested.decides(number, "upheld")
    contested.takes("Ada", "appeal", number)
    contested.later(100)
    assert contested.money("Ada") == {"Ada": (CONTESTED, ADA - CONTESTED)}
    with pytest.raises(SameOperator):
        contested.decides(number, "rejected")
    contested.decides(number, "rejected", by="other")
    contested.town.works()
    assert contested.money("Ada") == {"Ada": (0, ADA)}
    said = [(one.action, one.taken_by, one.state) for one in contested.steps(number)]
    assert said == [
        ("claim", "cleo", "claimed"),
        ("contest", "ada", "contested"),
        ("decide", "op", "decided"),
        ("appeal", "ada", "appealed"),
        ("decide", "other", "rejected"),
    ]
    assert contested.town.broken() == []


def test_a_counter_claim_keeps_the_first_ones_hold(scene):
    town = scene.town
    first = scene.claim("Ben", town.ode, 600_000, evidence=None).claim.claim_id
    town.closes("2026-01")
    _, counter = scene.counters("Ada", first, town.ode, 100_000)
    assert (counter.counters, counter.claim.respondents) == (first, {scene.number("Ben"): 100_000})
    scene.later(31)
    assert scene.get(first).claim.state == "contested"
    assert scene.money("Ada", "Ben") == {
        "Ada": (ADA, 0),
        "Ben": (BEN // 4, BEN - BEN // 4),
    }
    scene.takes("Ada", "withdraw", counter.claim.claim_id)
    town.works()
    # no counter-claim any more, no evidence in thirty days
    assert scene.get(first).claim.state == "expired"
    assert scene.money("Ada", "Ben") == {"Ada": (0, ADA), "Ben": (0, BEN)}
    assert town.broken() == []


@pytest.mark.parametrize(("evidence", "state"), [(PROOF, "unanswered"), (None, "expired")])
def test_what_nobody_answers_waits_on_its_evidence_or_expires(scene, evidence, state):
    number = scene.claim("Cleo", scene.town.ode, 1, evidence=evidence).claim.claim_id
    scene.later(29)
    assert scene.get(number).claim.state == "claimed"
    scene.later(500)
    scene.town.works()
    assert scene.get(number).claim.state == state
    assert [one.action for one in scene.steps(number)] == ["claim", "lapse"]
    scene.later(-600)
    assert scene.get(number).claim.state == state
    assert scene.town.broken() == []


def test_nobody_acts_after_the_time_though_no_worker_came_by(scene):
    number = scene.claim("Cleo", scene.town.ode, 1).claim.claim_id
    scene.town.clock.now += 30 * DAY
    with pytest.raises(ActionOutOfOrder, match="is unanswered: contest does not follow"):
        scene.takes("Ada", "contest", number)
    assert scene.get(number).claim.state == "claimed"
    scene.decides(number, "rejected")
    assert [one.taken_by for one in scene.steps(number)] == ["cleo", "clock", "op"]


def test_a_claim_after_five_days_holds_from_its_month_on(scene, texts):
    town = scene.town
    town.closes("2026-01")
    town.clock.now = datetime(2026, 3, 16, tzinfo=UTC)
    stored = scene.claim("Cleo", town.ode, 180_000, against=["Ada"])
    assert (stored.claim.held_from, stored.from_first_day) == (date(2026, 3, 16), False)
    town.works()
    assert scene.money("Ada") == {"Ada": (0, ADA)}
    for name, day in (("two", 15), ("three", 16)):
        at = datetime(2026, 3, day, 12, tzinfo=UTC)
        town.sells(name, text=texts.ode, tier=Tier.PREMIUM, tokens=MILLION, at=at)
    town.works()
    scene.pays(2 * OWED)
    town.closes("2026-02")
    town.closes("2026-03", early=True)
    assert scene.money("Ada") == {"Ada": (2 * CONTESTED, 3 * ADA - 2 * CONTESTED)}
    uphold(scene, stored.claim.claim_id)
    town.clock.now = datetime(2026, 4, 10, tzinfo=UTC)
    town.closes("2026-04", early=True)
    # of the day of the claim and later: one sale of three
    assert scene.money("Ada", "Cleo") == {
        "Ada": (0, 3 * ADA - CONTESTED),
        "Cleo": (0, CONTESTED),
    }
    assert town.broken() == []


def test_a_claim_larger_than_what_a_refund_left_holds_no_more_than_there_is(contested):
    """A refund of all but 0.60 came meanwhile: 0.054 is left, 30 % of Ada's part of it is held."""
    town, number = contested.town, only(contested)
    town.refunds("most", "one", 5_400_000_000)
    town.works()
    town.closes("2026-02")
    assert contested.money("Ada", "Ben") == {
        "Ada": (9_720_000, 22_680_000),
        "Ben": (0, 21_600_000),
    }
    uphold(contested, number)
    town.closes("2026-03", early=True)
    assert contested.money("Ada", "Cleo") == {"Ada": (0, 22_680_000), "Cleo": (0, 9_720_000)}
    assert town.broken() == []


def test_a_claim_over_a_share_that_was_paid_out_and_refunded_holds_nothing(scene):
    town = scene.town
    town.closes("2026-01")
    scene.reserve("2026-01")
    scene.claim("Cleo", town.ode, 600_000, against=["Ada"])
    town.refunds("all", "one")
    town.works()
    town.closes("2026-02")
    assert scene.money("Ada") == {"Ada": (0, -320_000_000)}
    assert town.broken() == []


def test_two_that_claim_more_than_the_whole_hold_the_whole_once(scene):
    town = scene.town
    first = scene.claim("Cleo", town.ode, 600_000, against=["Ada"])
    second = scene.claim("Dan", town.ode, 400_000, against=["Ada"])
    assert (first.over_ppm, second.over_ppm) == (600_000, 1_000_000)
    town.closes("2026-01")
    assert scene.money("Ada", "Ben") == {"Ada": (ADA, 0), "Ben": (0, BEN)}
    for stored, name in ((first, "Cleo"), (second, "Dan")):
        scene.takes("Ada", "accept", stored.claim.claim_id)
        assert scene.get(stored.claim.claim_id).claim.state == "verified", name
    town.works()
    town.closes("2026-02")
    # Ada had nothing left to give to the second
    assert scene.money("Ada", "Cleo", "Dan") == {"Ada": (0, 0), "Cleo": (0, ADA), "Dan": (0, 0)}
    assert town.broken() == []


def active(scene):
    return scene.town.tells(
        "SELECT name, share_ppm, from_period FROM hold JOIN party ON party_id = holder_id "
        "WHERE ended_at IS NULL ORDER BY name"
    )


def test_a_contested_share_is_given_away_as_it_is_contested(contested):
    """Ada gives 50 % of Ode to Ben, from 10 January on, while Cleo claims 18 % from her."""
    town, number = contested.town, only(contested)
    assert active(contested) == [("Ada", 300_000, None)]
    back_date(town, town.ode, {"Ada": 100_000, "Ben": 900_000}, day=date(2026, 1, 10))
    town.works()
    # all of the 10 % that Ada has left, and of what Ben got by it the 8 % that are short
    assert active(contested) == [("Ada", 1_000_000, None), ("Ben", 88_889, 202601)]
    with unit_of_work(contested.database) as session:
        ben = contested.actor("Ben")
        assert claims.get_seen(session, ben, number).claim.claim_id == number
        assert [one.claim.claim_id for one in claims.listing(
            session, holder_id=ben.holder_id, limit=5)] == [number]  # fmt: skip
    assert contested.money("Ada", "Ben") == {
        "Ada": (ADA, 0),
        "Ben": (19_200_024, BEN - 19_200_024),
    }
    uphold(contested, number)
    town.closes("2026-02")
    assert contested.money("Ada", "Ben", "Cleo") == {
        "Ada": (0, 0),
        "Ben": (0, 442_800_000),  # 82 %
        "Cleo": (0, CONTESTED),
    }
    assert active(contested) == []
    assert town.broken() == []


def test_a_hold_that_followed_a_share_ends_with_the_claim(contested):
    town, number = contested.town, only(contested)
    back_date(town, town.ode, {"Dan": 600_000, "Ben": 400_000}, day=date(2026, 1, 10))
    town.works()
    assert active(contested) == [("Ada", 300_000, None), ("Dan", 300_000, 202601)]
    contested.takes("Cleo", "withdraw", number)
    town.works()
    town.closes("2026-02")
    assert active(contested) == []
    assert contested.money("Ada", "Ben", "Dan") == {"Ada": (0, 0), "Ben": (0, BEN), "Dan": (0, ADA)}
    assert town.broken() == []


@pytest.mark.parametrize(
    ("name", "ppm", "against", "refusal"),
    [
        ("Cleo", 0, None, ClaimOutOfRange),
        ("Cleo", 1_000_001, None, ClaimOutOfRange),
        ("Cleo", 600_001, ["Ada"], ClaimOutOfRange),
        ("Ada", 400_001, None, ClaimOutOfRange),
        ("Cleo", 1, ["Dan"], NothingToClaim),
    ],
)
def test_a_claim_that_is_none_is_refused_and_holds_nothing(scene, name, ppm, against, refusal):
    with pytest.raises(refusal):
        scene.claim(name, scene.town.ode, ppm, against=against)
    assert scene.town.tells("SELECT count(*) FROM hold") == [(0,)]


def test_a_claim_over_no_work_and_a_step_of_a_stranger(scene):
    with pytest.raises(WorkNotFound):
        scene.claim("Cleo", 99, 1)
    number = scene.claim("Cleo", scene.town.ode, 1, against=["Ada"]).claim.claim_id
    for name in ("Ben", "Dan"):
        with pytest.raises(ClaimNotFound):
            scene.takes(name, "evidence", number, evidence=PROOF)


def test_the_same_is_claimed_once_and_not_again_once_it_failed(scene):
    number = scene.claim("Cleo", scene.town.ode, 1).claim.claim_id
    with pytest.raises(ClaimOpen):
        scene.claim("Cleo", scene.town.ode, 2)
    scene.takes("Cleo", "withdraw", number)
    with pytest.raises(ClaimedBefore):
        scene.claim("Cleo", scene.town.ode, 2)
    again = scene.claim("Cleo", scene.town.ode, 2, by=Actor("op"))
    assert again.filed_by == "op"


def test_a_change_of_upstream_shares_proposes_nothing_anew_about_who_holds_a_work(scene):
    """A version that such a change cuts is young; the split in it is as old as it was."""
    town = scene.town
    town.clock.now += 20 * DAY
    back_date(town, town.ode, {"Ada": 600_000, "Ben": 400_000}, day=date(2026, 3, 1))
    stored = scene.claim("Cleo", town.ode, 1)
    assert (stored.claim.held_from, stored.from_first_day) == (date(2026, 3, 30), False)


def test_a_new_split_is_a_proposal_that_a_claim_within_five_days_reaches_back_to(scene):
    town = scene.town
    town.clock.now += 20 * DAY
    back_date(town, town.ode, {"Ada": 500_000, "Ben": 500_000}, day=date(2026, 3, 1))
    town.clock.now += 5 * DAY
    stored = scene.claim("Cleo", town.ode, 1)
    assert (stored.claim.held_from, stored.from_first_day) == (date(2026, 3, 1), True)
    assert town.tells("SELECT DISTINCT from_period FROM hold") == [(202603,)]


def test_a_holder_is_told_what_is_held_for_which_claim_and_until_when(contested):
    def told(name):
        who, day = contested.number(name), contested.town.clock().date()
        with unit_of_work(contested.database) as session:
            (standing,) = money_states.of_holder(session, who, threshold=Threshold(), today=day)
        return [
            (one.nanos, one.why, one.note, one.may_change_on)
            for one in standing.unpaid
            if one.state == "held"
        ]

    number = only(contested)
    claim = f"claim {number}"
    assert told("Ada") == [(CONTESTED, "contested", claim, date(2026, 4, 9))]
    assert told("Ben") == []
    contested.takes("Ada", "contest", number)
    assert told("Ada") == [(CONTESTED, "contested", claim, None)]
    contested.decides(number, "rejected")
    assert told("Ada") == [(CONTESTED, "contested", claim, date(2026, 3, 17))]


def test_a_work_of_a_thousand_holders_is_contested_to_the_ppm_and_has_no_room_for_another(town):
    """One claim, a thousand holds; a verdict that would make 1,001 holders is refused at once."""
    names = {f"H{n:04}": 1_000 for n in range(1_000)}
    work = town.registers("Anthology", "A thousand hands wrote this one together.", names)
    scene = Disputes(town)
    stored = scene.claim("Cleo", work, 300_000)
    assert town.tells("SELECT count(*), min(share_ppm), max(share_ppm) FROM hold") == [
        (1_000, 300_000, 300_000)
    ]
    number = stored.claim.claim_id
    scene.takes("H0007", "contest", number)
    with pytest.raises(NoHolder, match="holders, not 1001"):
        scene.decides(number, "upheld")
    assert scene.get(number).claim.state == "contested"
    scene.decides(number, "rejected")


def test_a_text_of_the_commons_is_nobodys_to_claim_from(town):
    with unit_of_work(town.database) as session:
        new = works.NewWork("Hymn", "Nobody owns the tide.", "en")
        facts = {"registered_at": town.clock(), "now": town.clock(), "commons": True}
        work = works.register(session, new, **facts).work_id
    with pytest.raises(NothingToClaim):
        Disputes(town).claim("Cleo", work, 1)


def rows_with(scene, word):
    """Return the tables in which any column of any row has a word."""
    names = [row[0] for row in scene.town.tells(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]  # fmt: skip
    return {
        name
        for name in names
        if scene.town.tells(f"SELECT 1 FROM {name} t WHERE t::text LIKE :word", word=f"%{word}%")
    }


def test_what_somebody_said_of_a_claim_is_erased_with_the_person(contested):
    """Words go; who took which step when, what was decided and the money stay."""
    town, number = contested.town, only(contested)
    told = Evidence("My xyzzy diary", "https://example.org/xyzzy", "cd" * 32)
    contested.takes("Cleo", "evidence", number, reason="See xyzzy.", evidence=told)
    contested.takes("Ada", "accept", number, reason="I plugh it.")
    town.works()
    town.closes("2026-02")
    assert rows_with(contested, "xyzzy") == {"claim_said"}
    assert rows_with(contested, "plugh") == {"claim_said"}
    before = contested.money("Ada", "Cleo")
    for name in ("Cleo", "Ada"):
        facts = {"reason": "asked", "by": "op", "even_owed": True, "now": town.clock()}
        with unit_of_work(contested.database) as session:
            erasures.erase(session, contested.actor(name).holder_id, **facts)
    assert rows_with(contested, "xyzzy") == rows_with(contested, "plugh") == set()
    steps = [(s.action, s.said.reason, s.said.evidence) for s in contested.steps(number)]
    kept = Evidence("", "", "ab" * 32), Evidence("", "", "cd" * 32)
    assert steps == [
        ("claim", "erased", kept[0]),
        ("evidence", "erased", kept[1]),
        ("accept", "erased", None),
    ]
    assert {before["Ada"], before["Cleo"]} == {(0, ADA - CONTESTED), (0, CONTESTED)}
    assert town.broken() == []
