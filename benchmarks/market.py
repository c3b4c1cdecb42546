"""A registry that treats new works as the product does: examined one by one, in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from attribution.encoder import Encoder
from attribution.examination import flags_of
from attribution.memory_registry import MemoryRegistry
from attribution.values import Attribution, Evidence, Examination, Fingerprint, Standing
from worker.examining import ORIGIN_FROM_CONFIDENCE, PROPOSED_FROM_PPM

NEAR_COPY, DERIVED = "near copy", "derived"
UNEXAMINED = 10**9  # the one owner of what waits for its examination


@dataclass(frozen=True, slots=True)
class Judged:
    """An output, what it got, and the work it was made of; None where of none."""

    found: Attribution
    source: int | None


class Market:
    """Works with owners, their examination, and attribution to those that may earn.

    ``remarks``: what examination said of each work, by its number.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.registry = MemoryRegistry(encoder)
        self.remarks: dict[int, list[str]] = {}
        self._owners: dict[int, int] = {}
        self._out: set[int] = set()
        self._commons: set[int] = set()

    def register(
        self,
        texts: Mapping[int, str],
        *,
        owners: Mapping[int, int] | None = None,
        examined: bool = True,
        at_once: bool = False,
    ) -> None:
        """Register works later than those that are there, by owners (each its own unless told).

        Each is examined before the next is registered, or all after the last where ``at_once``.
        """
        self._owners |= {work: work if owners is None else owners[work] for work in texts}
        if at_once or not examined:
            self._register(texts, examined=examined)
            return
        self.registry.engine.fingerprint(list(texts.values()))  # encodes all in one batch
        for work, text in texts.items():
            self._register({work: text}, examined=True)

    def close(self, work: int) -> None:
        """Take a work out of what may earn: for a sale before it was registered."""
        self._out.add(work)

    def give_to_all(self, works: Iterable[int]) -> None:
        """Make works commons: they win passages and are paid nothing."""
        self._commons.update(works)

    def standing(self, work: int) -> Standing:
        """Say what a work may do: a near copy does nothing while its conflict is open."""
        if work in self._commons:
            return Standing.COMMONS
        return Standing.OUT if work in self._out else Standing.EARNS

    def attribute(self, outputs: Sequence[tuple[str, int | None]]) -> list[Judged]:
        """Attribute outputs (text, true source)."""
        judged: list[Judged] = []
        for start in range(0, len(outputs), 128):
            some = outputs[start : start + 128]
            prints = self.registry.engine.fingerprint([text for text, _ in some])
            found = self.registry.engine.attribute(prints, self.standing)
            judged += [Judged(one, source) for one, (_, source) in zip(found, some, strict=True)]
        return judged

    def evasive_part(self, texts: Sequence[str]) -> float:
        """Say which part of texts normalisation finds evasive."""
        prints = self.registry.engine.fingerprint(texts)
        return float(np.mean([bool(flags_of(each)) for each in prints]))

    def _register(self, texts: Mapping[int, str], *, examined: bool) -> None:
        waiting = dict.fromkeys(texts, UNEXAMINED) if examined else self._owners
        prints = self.registry.register(texts, owners=waiting)
        ids = np.sort(self.registry.index.passage_ids())
        works = self.registry.lexicon.works_of(ids)
        for work, fingerprint in zip(texts, prints, strict=True):
            self.remarks[work] = list(flags_of(fingerprint))
            if examined:
                self._examine(work, fingerprint, ids[works == work])

    def _examine(self, work: int, fingerprint: Fingerprint, ids: np.ndarray) -> None:
        owner = self._owners[work]
        found = self.registry.engine.examine(fingerprint, lambda other: other < work)
        self._point(fingerprint, ids, found)
        of_others = [one for one in found.findings if self._owners[one.work_id] != owner]
        if found.near_copy and found.findings[0] in of_others:
            self.remarks[work].append(NEAR_COPY)
            self._out.add(work)
            self._owners[work] = self._owners[found.findings[0].work_id]
        elif any(one.share_ppm >= PROPOSED_FROM_PPM for one in of_others):
            self.remarks[work].append(DERIVED)
        self.registry.lexicon.reown(np.array([work]), np.array([self._owners[work]]), change=0)

    def _point(self, fingerprint: Fingerprint, ids: np.ndarray, found: Examination) -> None:
        """What matches a passage taken from an earlier work belongs to that one."""
        evidence = {
            each.output_start: each
            for one in reversed(found.findings)
            for each in one.evidence
            if each.confidence >= ORIGIN_FROM_CONFIDENCE
        }
        known = self.registry.catalogue.locate(ids)
        for passage, start in zip(ids.tolist(), fingerprint.starts.tolist(), strict=True):
            best: Evidence | None = evidence.get(start)
            if best is not None:
                self.registry.catalogue.add([replace(known[passage], origin=best.passage_id)])
