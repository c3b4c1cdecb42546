"""A real LiteLLM reports each call once: answers and streams, synchronous and not.

Needs LiteLLM, some 230 MB: in this environment, or in that of WELLSPRING_TEST_LITELLM, a Python.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from fault_server import FaultServer

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("WELLSPRING_TEST_LITELLM", sys.executable if find_spec("litellm") else "")


@pytest.mark.skipif(not PYTHON, reason="no litellm here: make setup-vendors")
def test_every_call_of_litellm_is_one_sale(shop, tmp_path):
    with FaultServer(shop.server.port, resets=0.2) as road:
        settings = {
            "WELLSPRING_API_KEY": shop.key,
            "WELLSPRING_URL": road.address,
            "WELLSPRING_SPOOL": str(tmp_path / "spool"),
            "PYTHONPATH": str(ROOT / "clients" / "python" / "src"),
        }
        program = [PYTHON, str(Path(__file__).with_name("litellm_process.py")), "5"]
        subprocess.run(program, env=os.environ | settings, check=True, timeout=120, cwd=tmp_path)
    rows = shop.tells(
        "SELECT tier, count(*), count(DISTINCT external_id), min(model), min(text_chars) "
        "FROM sale GROUP BY tier ORDER BY tier"
    )
    assert rows == [(tier, 5, 5, "gpt-4o", 7) for tier in (0, 1, 2, 4)]
