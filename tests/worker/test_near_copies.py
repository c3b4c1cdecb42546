"""A near copy opens a conflict between the holders of two works, decided as one."""

from datetime import UTC, datetime

import pytest
from claim_scene import Disputes

from service.ledger.tiers import Tier
from service.store import findings, rights, works
from service.store.database import unit_of_work

DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 2, tzinfo=UTC)
ALL = 1_000_000
OWN = "Marigolds quarrel politely beneath seventeen umbrellas of purple velvet."
EARNED = 540_000_000


@pytest.fixture
def copied(village, texts):
    """Ada and Ben's Both; Bo's copy of it, registered later, with one sentence of its own."""
    scene = Disputes(village)
    both = f"{texts.ode} {texts.essay}"
    scene.both = village.registers("Both", both, {"Ada": 750_000, "Ben": 250_000}, on=DECEMBER)
    scene.copy = village.registers("Copy", f"{both} {OWN}", {"Bo": ALL}, on=JANUARY)
    village.works()
    return scene


def sells_and_closes(scene):
    """Sell an output that is the copy's own sentence for 6.00, on 10 March, and close the month."""
    scene.town.sells("one", text=OWN, tier=Tier.PREMIUM, at=scene.town.clock())
    scene.town.works()
    scene.pays(600_000_000)
    scene.town.closes(f"{scene.town.clock():%Y-%m}", early=True)


def holds_active(scene):
    return scene.town.tells("SELECT holder_id, share_ppm FROM hold WHERE ended_at IS NULL")


def found_of(scene):
    with unit_of_work(scene.database) as session:
        (finding,) = findings.of_work(session, scene.copy)
    return finding


def the_claim(scene):
    ((number,),) = scene.town.tells("SELECT claim_id FROM claim")
    return scene.get(number)


def test_the_holders_of_the_earlier_work_claim_what_of_the_text_is_theirs(copied):
    finding, stored = found_of(copied), the_claim(copied)
    share = finding.share_ppm
    assert (finding.kind, 900_000 < share < ALL) == ("near-copy", True)
    assert (stored.finding_id, stored.filed_by) == (finding.finding_id, "examination")
    claim = stored.claim
    assert (claim.state, claim.has_evidence, claim.work_id) == ("claimed", True, copied.copy)
    assert claim.respondents == {copied.number("Bo"): share}
    ada, ben = copied.number("Ada"), copied.number("Ben")
    assert claim.claimants.keys() == {ada, ben}
    assert abs(4 * claim.claimants[ben] - share) <= 2
    (step,) = copied.steps(claim.claim_id)
    assert step.said.evidence.text.startswith(f"Finding {finding.finding_id}: {share} ppm")


def test_the_same_part_of_whatever_the_copy_earns_is_under_a_hold(copied):
    assert holds_active(copied) == [(copied.number("Bo"), the_claim(copied).claim.claimed_ppm)]


def test_what_is_upheld_confirms_the_finding_and_moves_the_part(copied):
    stored = the_claim(copied)
    share, number = stored.claim.claimed_ppm, stored.claim.claim_id
    copied.takes("Bo", "contest", number)
    copied.decides(number, "upheld")
    assert found_of(copied).state == "open"
    copied.later(7)
    found = found_of(copied)
    assert (found.state, found.reason) == (
        "confirmed",
        f"claim {number} verified: upheld, {share} of {share} ppm",
    )
    with unit_of_work(copied.database) as session:
        split = rights.history(session, copied.copy)[-1].shares_ppm
    assert split[copied.number("Bo")] == ALL - share
    assert holds_active(copied) == []
    sells_and_closes(copied)
    assert copied.money("Bo", "Ada", "Ben") == dict.fromkeys(("Bo", "Ada", "Ben"), (0, 0))
    assert copied.town.broken() == []


def test_what_is_granted_in_part_lets_the_copy_earn_for_both(copied):
    number = the_claim(copied).claim.claim_id
    copied.takes("Bo", "contest", number)
    copied.decides(number, "partly", 400_000)
    copied.later(7)
    assert (copied.get(number).claim.state, found_of(copied).state) == ("verified", "dismissed")
    sells_and_closes(copied)
    assert copied.money("Bo", "Ada", "Ben") == {
        "Bo": (0, 324_000_000),  # 60 % of 0.54
        "Ada": (0, 162_000_000),  # three quarters of the rest
        "Ben": (0, 54_000_000),
    }
    assert copied.town.broken() == []


@pytest.mark.parametrize("end", ["withdrawn", "rejected"])
def test_what_fails_dismisses_the_finding_and_the_copy_earns_for_its_holder(copied, end):
    number = the_claim(copied).claim.claim_id
    if end == "withdrawn":
        copied.takes("Ada", "withdraw", number)
        assert copied.get(number).claim.state == "claimed"
        copied.takes("Ben", "withdraw", number)
    else:
        copied.takes("Bo", "contest", number)
        copied.decides(number, "rejected")
        copied.later(7)
    assert (copied.get(number).claim.state, found_of(copied).state) == (end, "dismissed")
    assert holds_active(copied) == []
    sells_and_closes(copied)
    assert copied.money("Bo") == {"Bo": (0, EARNED)}
    assert copied.town.broken() == []


def test_a_finding_that_an_operator_dismisses_ends_its_claim(copied):
    with unit_of_work(copied.database) as session:
        facts = {"by": "op", "reason": "A licence.", "now": copied.town.clock()}
        findings.dismiss(session, found_of(copied).finding_id, **facts)
    copied.town.works()
    stored = the_claim(copied)
    assert (stored.claim.state, stored.claim.decided_by) == ("rejected", "op")
    assert copied.steps(stored.claim.claim_id)[-1].said.reason.endswith("dismissed: A licence.")
    assert holds_active(copied) == []
    copied.town.works()
    assert copied.town.tells("SELECT count(*) FROM claim") == [(1,)]


def test_copies_of_the_commons_and_of_ones_own_open_no_conflict(village, texts):
    with unit_of_work(village.database) as session:
        new = works.NewWork("Hymn", texts.essay, "en")
        works.register(session, new, registered_at=DECEMBER, now=village.clock(), commons=True)
    village.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 500_000}, on=DECEMBER)
    village.registers("Ode anew", texts.ode + " Again.", {"Ada": ALL}, on=JANUARY)
    village.registers("My hymn", texts.essay + " Again.", {"Bo": ALL}, on=JANUARY)
    village.works()
    kinds = village.tells("SELECT kind, count(*) FROM finding GROUP BY kind")
    assert kinds == [("near-copy", 2)]
    assert village.tells("SELECT count(*) FROM claim") == [(0,)]


def test_a_holder_with_an_open_claim_of_its_own_gets_no_second(village, texts):
    scene = Disputes(village)
    village.registers("Ode", texts.ode, {"Ada": ALL}, on=DECEMBER)
    copy = village.registers("Copy", texts.ode + " The end.", {"Bo": ALL}, on=JANUARY)
    number = scene.claim("Ada", copy, 100_000).claim.claim_id
    village.works()
    assert village.tells("SELECT finding_id FROM claim") == [(None,)]
    scene.takes("Ada", "withdraw", number)
    village.works()
    ((finding,),) = village.tells("SELECT finding_id FROM claim WHERE state = 'claimed'")
    assert finding is not None
