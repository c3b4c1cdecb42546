"""Whatever is changed of a claim past its steps is found by ``verify``."""

import psycopg
import pytest
from claim_scene import ode_of

INVARIANT = "claims stand where their last step left them, and hold until they have ended"


@pytest.fixture
def scene(town, texts):
    """Of two claims over Ada's share one is open, contested, and one was withdrawn."""
    scene = ode_of(town, texts.ode, {"Ada": 600_000, "Ben": 400_000})
    number = scene.claim("Cleo", town.ode, 180_000, against=["Ada"]).claim.claim_id
    scene.takes("Ada", "contest", number)
    gone = scene.claim("Dan", town.ode, 100_000).claim.claim_id
    scene.takes("Dan", "withdraw", gone)
    town.works()
    assert town.broken() == []
    return scene


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        (
            "UPDATE claim SET state = 'unanswered' WHERE claim_id = 1",
            "claim 1 is unanswered after 2 steps, its last step is 2 and left it contested",
        ),
        (
            "DELETE FROM claim_step WHERE claim_id = 2 AND step_no = 2",
            "claim 2 is withdrawn after 2 steps, its last step is 1 and left it claimed",
        ),
        (
            "UPDATE claim SET granted_ppm = 5 WHERE claim_id = 1",
            "claim 1 is contested after 2 steps, its last step is 2 and left it contested",
        ),
        (
            "UPDATE claim_said SET reason = 'x' WHERE claim_id = 1 AND step_no = 2",
            "step 2 of claim 1 says something else",
        ),
        (
            "UPDATE claim_party SET share_ppm = 5 WHERE claim_id = 1 AND side = 'respondent'",
            "claim 1 claims 180000 ppm and contests 5",
        ),
        (
            "UPDATE hold SET ended_at = started_at, outcome = 'x' WHERE cause = 'claim 1'",
            "claim 1 is contested and has 0 holds of holder 7",
        ),
        (
            "UPDATE hold SET ended_at = NULL, outcome = '' WHERE cause = 'claim 2'",
            "claim 2 is settled and has 1 holds of holder 7",
        ),
        (
            "UPDATE claim SET settled_at = NULL WHERE claim_id = 2",
            "claim 2 is withdrawn and has 0 holds of holder 7",
        ),
    ],
)
def test_what_no_step_did_is_found(scene, urls, statement, fact):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement).rowcount > 0
    assert f"{INVARIANT}: {fact}" in scene.town.broken()
