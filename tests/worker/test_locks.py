"""Advisory locks are numbers: two purposes that share one would shut each other out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = re.compile(r"^(_[A-Z_]+) = ([78]_\d00_000)$", re.MULTILINE)


def test_each_purpose_has_a_lock_of_its_own():
    found = {}
    for room in ("service", "worker"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for name, number in LOCK.findall(path.read_text(encoding="utf-8")):
                found.setdefault(number, []).append(f"{path.relative_to(ROOT)} {name}")
    assert len(found) >= 9, "locks are found by how they are written"
    assert [names for names in found.values() if len(names) > 1] == []
