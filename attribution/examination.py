"""How a new work stands to those registered before it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from attribution.values import WHOLE_PPM, Attribution, Evidence, Examination, Finding, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attribution.likeness import Likeness

STUFFED, EVASIVE = "stuffed", "evasive"
EVASIVE_ABOVE_PPM = 10_000
_COPY_FROM_PPM = 700_000
_COPY_FROM_GRAMS = 0.25
_STUFFED_FROM_PASSAGES = 4
_STUFFED_DISTINCT = 0.5
_STUFFED_TIMES = 2.5
_STUFFED_ROOTS = 2.0


def examined(fingerprint: Fingerprint, likeness: Likeness, found: Attribution) -> Examination:
    """Turn the attribution of a new work's text to earlier works into findings.

    A near copy: one earlier work explains at least 70 % of the text, and of the 3-grams of what it
    explains at least a quarter stand in it; a translation or a free retelling is a derivative.
    """
    of_work: dict[int, list[Evidence]] = defaultdict(list)
    for one in found.evidence:
        if one.paid:
            of_work[one.work_id].append(one)
    findings = sorted(
        (
            Finding(work_id, found.share_ppm[work_id], tuple(evidence))
            for work_id, evidence in of_work.items()
            if work_id in found.share_ppm
        ),
        key=lambda finding: (-finding.share_ppm, finding.work_id),
    )
    return Examination(
        originality_ppm=found.unmatched_ppm,
        findings=tuple(findings),
        near_copy=bool(findings) and _is_copy(findings[0], fingerprint, likeness),
        flags=tuple(flags_of(fingerprint)),
    )


def flags_of(fingerprint: Fingerprint) -> Sequence[str]:
    """Say what is odd about a text, work or output.

    "stuffed": at least half of its passages are repeated, its passages use each word 2.5 times on
    average, or the whole has no more different words than twice the square root of all (prose has
    more than three times that root: Heaps 1978); "evasive": normalisation took away or folded more
    than 1 % of its characters.
    """
    flags: list[str] = []
    if len(fingerprint) >= _STUFFED_FROM_PASSAGES:
        distinct = len(set(fingerprint.hashes)) / len(fingerprint)
        lexical = fingerprint.lexical
        words = int(lexical.counts.sum(dtype=np.int64))
        times = words / max(len(lexical.terms), 1)
        is_poor = len(np.unique(lexical.terms)) <= _STUFFED_ROOTS * words**0.5
        if distinct <= _STUFFED_DISTINCT or times >= _STUFFED_TIMES or is_poor:
            flags.append(STUFFED)
    if fingerprint.normalisation_changed_ppm > EVASIVE_ABOVE_PPM:
        flags.append(EVASIVE)
    return flags


def _is_copy(finding: Finding, fingerprint: Fingerprint, likeness: Likeness) -> bool:
    if finding.share_ppm < _COPY_FROM_PPM:
        return False
    starts = {one.output_start for one in finding.evidence}
    rows = [at for at, start in enumerate(fingerprint.starts.tolist()) if start in starts]
    taken = np.isin(likeness.rows, rows) & (likeness.work_ids == finding.work_id)
    grams = likeness.columns["grams_of_work"][taken]
    assert finding.share_ppm <= WHOLE_PPM, finding.share_ppm
    return len(grams) > 0 and float(grams.sum()) / len(rows) >= _COPY_FROM_GRAMS
