"""Several workers and operators at one claim: each step is taken once, and nobody deadlocks."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from claim_scene import DAY, PROOF, ode_of

from service.ledger.errors import LedgerError
from worker import claims

MILLION = 1_000_000


@pytest.fixture
def scene(town, texts):
    """Ode is Ada's; January earned 0.54, paid for and closed."""
    scene = ode_of(town, texts.ode, {"Ada": MILLION})
    town.closes("2026-01")
    for name in ("Ben", "Cleo"):
        scene.number(name)
    return scene


def at_once(*calls):
    """Run calls at the same time; return what each returned or the refusal it met."""

    def guarded(call):
        try:
            return call()
        except LedgerError as error:
            return error.code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(guarded, calls))


def test_workers_apply_what_the_clock_decided_once(scene):
    town = scene.town
    numbers = [scene.claim(name, town.ode, 100_000).claim.claim_id for name in ("Ben", "Cleo")]
    scene.takes("Ada", "contest", numbers[0])
    scene.decides(numbers[0], "upheld")
    town.clock.now += 40 * DAY

    def work():
        while claims.step(town.database, now=town.clock()):
            pass

    at_once(*[work] * 4)
    assert [one.action for one in scene.steps(numbers[0])] == [
        *("claim", "contest", "decide", "lapse"),
    ]
    assert [one.action for one in scene.steps(numbers[1])] == ["claim", "lapse"]
    town.works()
    town.closes("2026-02")
    # Cleo's claim is still to be decided: 10 % of the work are 111,112 ppm of Ada's 90 %
    assert scene.money("Ada", "Ben") == {
        "Ada": (54_000_432, 431_999_568),
        "Ben": (0, 54_000_000),
    }
    assert town.broken() == []


def test_two_operators_decide_once(scene):
    number = scene.claim("Ben", scene.town.ode, 100_000).claim.claim_id
    scene.takes("Ada", "contest", number)
    told = at_once(
        lambda: scene.decides(number, "upheld", by="op-1").claim.outcome,
        lambda: scene.decides(number, "rejected", by="op-2").claim.outcome,
    )
    assert Counter(told)["action-out-of-order"] == 1
    assert [one.action for one in scene.steps(number)] == ["claim", "contest", "decide"]


def test_one_claimant_has_one_claim_however_often_it_is_sent(scene):
    claim = lambda: scene.claim("Ben", scene.town.ode, 100_000).claim.state  # noqa: E731
    told = at_once(*[claim] * 4)
    assert Counter(told) == {"claimed": 1, "claim-open": 3}
    assert scene.town.tells("SELECT count(*) FROM hold WHERE ended_at IS NULL") == [(1,)]


def test_a_withdrawal_and_an_acceptance_at_once_end_it_one_way(scene):
    number = scene.claim("Ben", scene.town.ode, 100_000, evidence=PROOF).claim.claim_id
    told = at_once(
        lambda: scene.takes("Ben", "withdraw", number).claim.state,
        lambda: scene.takes("Ada", "accept", number).claim.state,
    )
    assert Counter(told)["action-out-of-order"] == 1
    scene.town.works()
    scene.town.closes("2026-02")
    stands = scene.money("Ada", "Ben")
    assert stands in (
        {"Ada": (0, 540_000_000), "Ben": (0, 0)},
        {"Ada": (0, 486_000_000), "Ben": (0, 54_000_000)},
    )
    assert scene.town.broken() == []
