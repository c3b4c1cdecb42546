"""Leave one group out: no output is judged by coefficients that saw its group."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attribution.engine import judged
from attribution.training.learning import learn
from attribution.training.material import OWN
from attribution.values import Attribution, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from attribution.coefficients import Coefficients
    from attribution.training.material import Output
    from attribution.training.observations import Seen

_OWN_PARTS = 4


def group_of(set_name: str, output: Output) -> str:
    """Name the group of an output: those of one group share sources, writers or a topic."""
    if set_name == "clough":
        return f"clough {output.topic}"
    if set_name == OWN:
        return f"{OWN} {sum(output.topic.encode()) % _OWN_PARTS}"
    return set_name if set_name == "bible" else "rewrites"


def leave_one_group_out(
    seen: Mapping[str, Sequence[Seen]], progress: Callable[[str, int, int], None]
) -> dict[str, list[tuple[Output, Attribution]]]:
    """Attribute every output with coefficients learnt from all other groups, by set."""
    groups = sorted(
        {group_of(name, o) for name, parts in seen.items() for part in parts for o in part.outputs}
    )
    made: dict[str, list[tuple[Output, Attribution]]] = defaultdict(list)
    for done, group in enumerate(groups, start=1):
        told = learn(seen, _all_but(group))
        for name, parts in seen.items():
            for part in parts:
                if any(group_of(name, output) == group for output in part.outputs):
                    attributed = judge(part, told)
                    made[name].extend(
                        pair for pair in attributed if group_of(name, pair[0]) == group
                    )
        progress("groups", done, len(groups))
    return made


def _all_but(group: str) -> Callable[[str, Output], bool]:
    return lambda name, output: group_of(name, output) != group


def judge(part: Seen, told: Coefficients) -> list[tuple[Output, Attribution]]:
    """Attribute outputs from what was seen of them."""
    found = judged(part.fingerprints, part.likeness, lambda _work: Standing.EARNS, told, "training")
    return list(zip(part.outputs, found, strict=True))
