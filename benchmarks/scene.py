"""The texts that are gamed: works, outputs, and what else is known of them."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

OWN = Path(__file__).parents[1] / "attribution" / "training"
SETS = ("raidar", "detectrl")
WORKS, WITH_SOURCE, UNRELATED = 150, 200, 100
Text = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Scene:
    """Sampled works by number, outputs (text, number of the source), and other texts beside them.

    ``rewrites``: of each work all rewrites by kind; ``beside``: unrelated texts not judged.
    """

    name: str
    works: Mapping[int, str]
    outputs: Sequence[Text]
    rewrites: Mapping[int, Mapping[str, str]]
    beside: Sequence[str]


def scene(sets: Path) -> Scene:
    """Draw works and outputs, the same each time."""
    folders = [sets / name for name in SETS if (sets / name).is_dir()]
    files = [(one / "works.jsonl", one / "outputs.jsonl") for one in folders]
    if not files:
        print(f"no sets at {sets}: our own same-topic texts are taken instead", file=sys.stderr)
        files = [(OWN / "same_topic_works.jsonl", OWN / "same_topic_outputs.jsonl")]
    chance = np.random.default_rng(36)
    names: dict[str, int] = {}
    works: dict[int, str] = {}
    rewrites: dict[int, dict[str, str]] = {}
    unrelated: list[str] = []
    for works_file, outputs_file in files:
        rows = read(works_file)
        count = min(len(rows), WORKS // len(files))
        for at in sorted(chance.choice(len(rows), count, replace=False).tolist()):
            names[rows[at]["id"]] = len(works)
            rewrites[len(works)] = {}
            works[len(works)] = rows[at]["text"]
        for row in read(outputs_file):
            source = names.get(row["label"][0]) if row["label"] else None
            if not row["label"]:
                unrelated.append(row["text"])
            elif source is not None and row["sub"] != "copy":
                rewrites[source][row["sub"]] = row["text"]
    unrelated = [unrelated[at] for at in chance.permutation(len(unrelated)).tolist()]
    whole = [(text, work) for work, kinds in rewrites.items() for text in kinds.values()]
    chosen = chance.permutation(len(whole))[:WITH_SOURCE].tolist()
    outputs: list[Text] = [whole[at] for at in chosen]
    outputs += [(text, None) for text in unrelated[:UNRELATED]]
    name = " + ".join(folder.name for folder in folders) or "same-topic"
    return Scene(name, works, outputs, rewrites, unrelated[UNRELATED:])


def read(path: Path) -> list[dict]:
    """Read a file of JSON objects, one a line."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
