"""Licence terms on the command line."""

import json

import pytest

WORK = {"id": "ode", "title": "Ode", "text": "The lamp turned once every eleven seconds."}
SALE = {"id": "s1", "tier": "premium", "text": WORK["text"], "output_tokens": 1_000_000}


@pytest.fixture
def cli(wellspring, tmp_path):
    def run(*arguments, code=0):
        exit_code, out, err = wellspring(*arguments)
        assert exit_code == code, err
        return json.loads(out) if code == 0 and "--json" in arguments else err

    path = tmp_path / "works.jsonl"
    path.write_text(json.dumps(WORK))
    run("works", "import", path, "--holder", "Ada", "--registered-at", "2026-01-01")
    path.write_text(json.dumps(SALE | {"sold_at": "2026-01-20T10:00:00Z"}))
    run("sales", "import", path, "--vendor", "Acme")
    run("drain")
    return run


def test_terms_of_settled_days_are_a_correction_with_a_reason(cli):
    terms = ("licences", "set", "1", "--from", "2026-01-10", "--exclude", "acme")
    assert "earlier days may have sales" in cli(*terms, code=1)
    assert "reason: must not be empty" in cli(*terms, "--back-dated", code=1)
    told = cli(*terms, "--back-dated", "--reason", "signed in May", "--json")
    assert told == {"licence": 1, "work": 1, "from": "2026-01-10"}
    cli("drain")
    assert cli("licences", "against", "--json") == [
        {
            "month": "2026-01",
            "work": 1,
            "title": "Ode",
            "vendor": "Acme",
            "tier": "premium",
            "against": "vendor excluded",
            "sales": 1,
            "output_tokens": 1_000_000,
        }
    ]
    (job,) = cli("corrections", "list", "--json")
    assert (job["cause"], job["reason"], job["corrected"]) == ("licence", "signed in May", 1)
    cli("verify")


def test_terms_are_shown_by_day(cli):
    cli("licences", "set", "1", "--from", "2030-01-01", "--no-use")
    options = ("--use", "output", "--use", "training", "--multiplier-ppm", "1500000")
    cli("licences", "set", "1", "--from", "2029-01-01", *options, "--uri", "https://ada.example/")
    shown = cli("licences", "show", "1", "--json")
    assert [(row["from"], row["until"], row["uses"]) for row in shown] == [
        ("2029-01-01", "2030-01-01", "output, training"),
        ("2030-01-01", None, "none"),
    ]
    assert cli("licences", "show", "9", code=1) == "error: no work 9\n"
    assert "multiplier 5 ppm" in cli(
        "licences", "set", "1", "--from", "2029-01-01", "--multiplier-ppm", "5", code=1
    )
