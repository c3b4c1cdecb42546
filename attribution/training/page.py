"""The committed page of figures."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from attribution.training.material import SETS
from attribution.training.report import NO_SHARE_TRUTH, figures, of_one_label, pooled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.training.material import Output
    from attribution.values import Attribution

COLUMNS = (
    "outputs",
    "recall_at_1",
    "auroc",
    "f1_star",
    "tpr_at_1pct_fpr",
    "ece",
    "ece_passages",
    "share_mae",
    "share_recovered",
    "wrong_works",
    "paid_unrelated",
    "unrelated_over_5",
)
_ARCHAIC = "Tyndale"
_ONE_LABEL = ", one label a text"


def figures_of(
    judged: Mapping[str, Sequence[tuple[Output, Attribution]]],
    numbers: Mapping[str, Mapping[str, int]],
) -> dict[str, dict[str, float]]:
    """Give the figures of every set and of the pool.

    Again of the Bible without its oldest translation, and of what has one label a text.
    """
    told = {
        name: figures(rows, numbers[name], shares=name not in NO_SHARE_TRUTH)
        for name, rows in judged.items()
    }
    modern = [(output, found) for output, found in judged["bible"] if _ARCHAIC not in output.sub]
    told["bible, modern spelling"] = figures(modern, numbers["bible"], shares=True)
    told["pool"] = pooled({name: (judged[name], numbers[name]) for name in SETS})
    agreed = {name: of_one_label(judged[name]) for name in SETS}
    for name, rows in agreed.items():
        if len(rows) < len(judged[name]):
            shares = name not in NO_SHARE_TRUTH
            told[name + _ONE_LABEL] = figures(rows, numbers[name], shares=shares)
    told["pool" + _ONE_LABEL] = pooled({name: (agreed[name], numbers[name]) for name in SETS})
    return told


def written(told: Mapping[str, Mapping[str, float]], encoder: str, coefficients: bytes) -> str:
    """Write the page, in Markdown."""
    digest = hashlib.sha256(coefficients).hexdigest()
    lines = [
        "# Attribution: figures, leave one group out",
        "",
        "Made by `make train-attribution`; do not edit. Every output was judged by coefficients",
        "that saw nothing of its group: the rewrites (raidar, detectrl, mosaic and their halves)",
        "together, the Bible, each topic of clough, each quarter of our own same-topic texts.",
        "One setting for all. The coefficients shipped are learnt from all groups.",
        "*One label a text*: without the outputs whose text stands in the set with other sources.",
        "",
        f"Encoder `{encoder[:12]}`, coefficients `{digest[:12]}`.",
        "",
        "| set | " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    for name, row in told.items():
        cells = [_cell(row.get(column)) for column in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4f}"
