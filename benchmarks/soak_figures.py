"""How a long run reports: a table for people on stderr, one line of JSON on stdout."""

import json
import sys

from rich.console import Console
from rich.table import Table

Figures = dict[str, dict[str, object]]


def figure(
    value: float, unit: str, *, target: float | None = None, better: str = "lower"
) -> dict[str, object]:
    """Make one figure; without a target it counts as met."""
    met = target is None or (value >= target if better == "higher" else value <= target)
    shown = value if isinstance(value, int) else round(value, 3)
    return {"value": shown, "target": target, "better": better, "met": met, "unit": unit}


def show(name: str, figures: Figures, **notes: object) -> None:
    """Print what was seen; notes stand beside the figures."""
    table = Table("figure", "value", "unit", "target", "met", title=name)
    for key, one in figures.items():
        target = "" if one["target"] is None else str(one["target"])
        table.add_row(key, f"{one['value']:,}", str(one["unit"]), target, str(one["met"]))
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"bench": name, "figures": figures} | notes) + "\n")


def tell(sentence: str) -> None:
    """Say how far it is."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
