"""``python -m attribution.training SETS --models FOLDER``: coefficients and their report."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from attribution.coefficients import FILE
from attribution.encoder import open_encoder
from attribution.encoder_memory import RememberingEncoder
from attribution.training import page
from attribution.training.folds import leave_one_group_out
from attribution.training.learning import everything, learn_file
from attribution.training.material import material
from attribution.training.observations import observe

_HERE = Path(__file__).parent
_REMEMBERED = 250_000


def main() -> None:
    """Observe every set once, judge each group by the others, then learn from all."""
    parser = argparse.ArgumentParser(prog="python -m attribution.training")
    parser.add_argument("sets", type=Path, help="folder of the evaluation sets")
    parser.add_argument("--models", type=Path, required=True, help="folder of the encoder's file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--coefficients", type=Path, default=_HERE.parent / FILE)
    parser.add_argument("--report", type=Path, default=Path("docs/attribution-figures.md"))
    options = parser.parse_args()
    encoder = RememberingEncoder(
        open_encoder(options.models, model=None, device="cpu", threads=options.threads),
        limit=_REMEMBERED,
    )
    sets = material(options.sets, _HERE)
    seen = {each.name: observe(each, encoder, _tell) for each in sets}
    judged = leave_one_group_out(seen, _tell)
    content = learn_file(seen, everything)
    options.coefficients.write_bytes(content)
    numbers = {name: parts[0].numbers for name, parts in seen.items()}
    told = page.figures_of(judged, numbers)
    options.report.write_text(page.written(told, encoder.digest, content), encoding="utf-8")
    options.report.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")
    sys.stdout.write(json.dumps({name: told[name] for name in ("pool",)}) + "\n")


def _tell(stage: str, done: int, count: int) -> None:
    sys.stderr.write(f"{stage}: {done} of {count}\n")


if __name__ == "__main__":
    main()
