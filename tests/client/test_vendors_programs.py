"""A real LiteLLM and a real exporter of OpenTelemetry report to a running server: N calls, N sales.

They run in a process of their own, as a vendor's program does, behind a line that resets every
fifth request, while the server is killed and started again, and report everything twice.
"""

import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import psycopg
import pytest
from flaky_line import FlakyLine

from service.ledger.tiers import Tier

PROGRAM = Path(__file__).with_name("vendor_program.py")
CALLS = 40


def needs(distribution):
    missing = not any(distributions(name=distribution))
    return pytest.mark.skipif(missing, reason=f"no {distribution} here: make setup-vendors")


@pytest.fixture
def line(shop):
    opened = FlakyLine(shop.server.port)
    yield opened
    opened.close()


def reports(kind, address, key, count=CALLS):
    """Let the program make its calls; return their ids."""
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), kind, address, key, str(count)],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
    return json.loads(ended.stdout.splitlines()[-1])


def rules(shop, model, tier):
    """Set the tier of a model for the shop's key."""
    statement = (
        "INSERT INTO tier_rules SELECT key_id, 1, %s, %s, '', 'test', now() FROM api_key "
        "ON CONFLICT DO NOTHING"
    )
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute(statement, ([model], [tier.number]))


def restarts(shop):
    shop.server.kill()
    shop.server.start()


@needs("litellm")
@pytest.mark.parametrize("log_format", ["json_array", "ndjson"])
def test_litellm_logs_each_call_as_one_sale(shop, line, log_format):
    line.at_request[4] = lambda: restarts(shop)

    ids = reports(f"litellm-{log_format}", line.address, shop.key)

    assert len(set(ids)) == CALLS
    assert shop.ids() == sorted(ids)
    assert shop.tells("SELECT count(*) FROM sale_conflict") == [(0,)]
    assert line.lost >= 1
    assert line.swallowed >= 1
    assert shop.tells(
        "SELECT tier, model, count(*), count(DISTINCT text_hash), min(output_tokens) > 0 FROM sale "
        "GROUP BY 1, 2"
    ) == [(2, "gpt-4o-mini", CALLS, CALLS, True)]
    assert shop.tells("SELECT sum(sale_count) FROM work_batch") == [(CALLS,)]


@needs("opentelemetry-sdk")
@needs("opentelemetry-exporter-otlp-proto-http")
def test_an_exporter_traces_each_call_as_one_sale(shop, line):
    line.at_request[4] = lambda: restarts(shop)

    ids = reports("traces", line.address, shop.key)

    assert len(set(ids)) == CALLS
    assert shop.ids() == sorted(ids)
    assert shop.tells("SELECT count(*) FROM sale_conflict") == [(0,)]
    assert line.lost >= 1
    assert line.swallowed >= 1
    assert shop.tells(
        "SELECT tier, model, count(*), count(DISTINCT text_hash), sum(output_tokens) FROM sale "
        "GROUP BY 1, 2"
    ) == [(4, "acme-large", CALLS, 1, 40 * 10 + 780)]


@needs("litellm")
def test_litellm_meters_calls_without_asyncio_too(shop):
    """Its events name no tier: a rule of the key does. Their time differs each time they come."""
    rules(shop, "gpt-4o*", Tier.PREMIUM)

    ids = reports("openmeter", shop.address, shop.key, count=6)

    assert len(set(ids)) == 6
    assert shop.ids() == sorted(ids)
    assert shop.tells("SELECT count(*) FROM sale_conflict") == [(0,)]
    assert shop.tells("SELECT DISTINCT tier, tier_by, format, model FROM sale") == [
        (2, 2, 4, "gpt-4o-mini")
    ]
