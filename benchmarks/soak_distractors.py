"""The figures of every set again, with 100,000 passages in the index that are nobody's source.

SETS: folder of the evaluation sets. --passages N: how many distractors, 100,000 unless told.
--write: write docs/attribution-distractors.md and .json. Ends with a line of JSON.

A distractor never contains or comes from an original of the set it stands beside: it is a work of a
set of another group, or documentation that this machine holds. Distractors are registered before
the works of the set, so that ties go to them; what they are paid counts as paid to a wrong work.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from distractors import distractors

from attribution.coefficients import Coefficients, installed
from attribution.encoder import Encoder, open_encoder
from attribution.encoder_memory import RememberingEncoder
from attribution.training.folds import group_of, judge
from attribution.training.learning import learn
from attribution.training.material import SETS, Material, Output, material
from attribution.training.observations import Seen, observe
from attribution.training.report import NO_SHARE_TRUTH, figures, pooled
from attribution.values import WHOLE_PPM, Attribution

ROOT = Path(__file__).parents[1]
OWN = ROOT / "attribution" / "training"
PAGE = ROOT / "docs" / "attribution-distractors.md"
REMEMBERED = 400_000
COLUMNS = (
    "outputs", "recall_at_1", "auroc", "f1_star", "tpr_at_1pct_fpr", "ece", "share_mae",
    "share_recovered", "wrong_works", "paid_unrelated", "unrelated_over_5", "paid_distractors",
)  # fmt: skip
Rows = list[tuple[Output, Attribution]]
Told = Mapping[str, Coefficients]


def beside(each: Material, added: Mapping[str, str]) -> Material:
    """Register distractors first, then the set's own works."""
    return Material(each.name, dict(added) | dict(each.works), each.outputs)


def told_by_group(seen: Mapping[str, Sequence[Seen]]) -> dict[str, Coefficients]:
    """Learn, for every group of the sets, from all other groups, without distractors."""
    groups = {group_of(name, o) for name in SETS for part in seen[name] for o in part.outputs}
    learnt: dict[str, Coefficients] = {}
    for group in sorted(groups):
        learnt[group] = learn(seen, lambda name, output, own=group: group_of(name, output) != own)
        tell("groups", len(learnt), len(groups))
    return learnt


def judged(name: str, parts: Sequence[Seen], told: Told | Coefficients) -> Rows:
    """Attribute a set with the coefficients of each output's group, or with one for all."""
    if isinstance(told, Coefficients):
        return [pair for part in parts for pair in judge(part, told)]
    groups = {group_of(name, output) for part in parts for output in part.outputs}
    return [
        pair
        for group in sorted(groups)
        for part in parts
        if any(group_of(name, output) == group for output in part.outputs)
        for pair in judge(part, told[group])
        if group_of(name, pair[0]) == group
    ]


class Report:
    """Figures of one setting (with or without distractors, by one choice of coefficients)."""

    def __init__(self) -> None:
        self.sets: dict[str, tuple[Rows, Mapping[str, int]]] = {}
        self.rows: dict[str, dict[str, float]] = {}

    def add(self, name: str, rows: Rows, numbers: Mapping[str, int], distractor_count: int) -> None:
        """Take in one set; distractors have the lowest numbers."""
        self.sets[name] = rows, numbers
        told = figures(rows, numbers, shares=name not in NO_SHARE_TRUTH)
        paid = [
            sum(ppm for work, ppm in found.share_ppm.items() if work < distractor_count)
            for _, found in rows
        ]
        self.rows[name] = told | {"paid_distractors": sum(paid) / len(paid) / WHOLE_PPM}

    def closed(self) -> dict[str, dict[str, float]]:
        """Add the pool; give all rows."""
        return self.rows | {"pool": pooled(self.sets)}


def measure(sets: Path, encoder: Encoder, passages: int) -> dict[str, dict]:
    """Observe every set twice, judge by both choices of coefficients."""
    materials = material(sets, OWN)
    plain = {each.name: observe(each, encoder, tell) for each in materials}
    choices: dict[str, Told | Coefficients] = {
        "leave one group out": told_by_group(plain),
        "installed": installed(),
    }
    by_name = {each.name: each for each in materials}
    reports = {(choice, crowd): Report() for choice in choices for crowd in ("without", "with")}
    counts: dict[str, int] = {}
    for name in SETS:
        added = distractors(name, materials, passages)
        counts[name] = added.passages
        crowded = observe(beside(by_name[name], added.texts), encoder, tell)
        for choice, told in choices.items():
            for crowd, parts, count in (
                ("without", plain[name], 0),
                ("with", crowded, len(added.texts)),
            ):
                rows = judged(name, parts, told)
                reports[choice, crowd].add(name, rows, parts[0].numbers, count)
        del crowded
    told = {
        choice: {crowd: reports[choice, crowd].closed() for crowd in ("without", "with")}
        for choice in choices
    }
    return {"distractor_passages": counts, "figures": told}


def page(told: Mapping[str, dict], encoder: str) -> str:
    """Write the page, in Markdown."""
    counts = told["distractor_passages"]
    lines = [
        "# Attribution with distractors in the index",
        "",
        "Made by `make soak-distractors`; do not edit. Beside the works of each set stand passages",
        "that cannot be the source of any of its outputs: works and texts of the sets of other",
        "groups, and documentation (manual pages, docstrings, package documents, licences). They",
        "were registered first, so that ties go to them. What they are paid counts as paid to",
        "wrong works and, of outputs without a source, as paid on unrelated.",
        "",
        "Distractor passages: " + ", ".join(f"{n} {c:,}" for n, c in counts.items()) + ".",
        f"Encoder `{encoder[:12]}`, installed coefficients `{installed().digest[:12]}`.",
    ]
    for choice, crowds in told["figures"].items():
        lines += [
            "",
            f"## Coefficients: {choice}",
            "",
            "| set | distractors | " + " | ".join(COLUMNS) + " |",
            "|---|---|" + "---:|" * len(COLUMNS),
        ]
        for name in [*SETS, "pool"]:
            for crowd, rows in crowds.items():
                cells = [cell(rows[name].get(column)) for column in COLUMNS]
                lines.append(f"| {name} | {crowd} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(value: float | None) -> str:
    """Write one figure."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def tell(stage: str, done: int, count: int) -> None:
    """Say how far it is."""
    print(f"{stage}: {done} of {count}", file=sys.stderr)


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    opened = open_encoder(options.models, model=None, device="cpu", threads=2)
    encoder = RememberingEncoder(opened, limit=REMEMBERED)
    told = measure(options.sets, encoder, options.passages)
    if options.write:
        PAGE.write_text(page(told, encoder.digest), encoding="utf-8")
        PAGE.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")
    sys.stderr.write(page(told, encoder.digest))
    sys.stdout.write(json.dumps({"bench": "distractors"} | told) + "\n")


if __name__ == "__main__":
    main()
