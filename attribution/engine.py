"""Texts in, attributions out."""

from __future__ import annotations

from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from attribution.decide import METHOD, decide_v0, leaves_winner_open
from attribution.neighbours import near
from attribution.normaliser import normalise_v0
from attribution.registration import passages_of_normalised
from attribution.values import Attribution, Fingerprint, Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attribution.catalogue import Catalogue
    from attribution.encoder import Encoder
    from attribution.normaliser import Normalised
    from attribution.passage_index import PassageIndex


class Engine:
    """Attributes texts to the works of one index and catalogue.

    ``neighbours`` is how many passages are looked at for each passage of an output; more where
    works that may not earn crowd out those that may.
    """

    def __init__(
        self,
        encoder: Encoder,
        index: PassageIndex,
        catalogue: Catalogue,
        *,
        neighbours: int = 8,
    ) -> None:
        assert neighbours > 0, neighbours
        self._encoder = encoder
        self._index = index
        self._catalogue = catalogue
        self._neighbours = neighbours

    @property
    def version(self) -> str:
        """Name everything a result depends on, besides what is registered."""
        return f"normalise_v0/cut_v0/{self._encoder.digest[:12]}/{METHOD}"

    def fingerprint(self, texts: Sequence[str]) -> list[Fingerprint]:
        """Fingerprint each text; the passages of all are encoded in one batch."""
        normalised = [normalise_v0(text) for text in texts]
        cuts = [passages_of_normalised(each) for each in normalised]
        vectors = self._encoder.encode([piece for _, pieces, _ in cuts for piece in pieces])
        rows = _slices([len(passages) for passages, _, _ in cuts])
        return [
            _fingerprint(text, form, passages, hashes, vectors[own])
            for text, form, (passages, _, hashes), own in zip(
                texts, normalised, cuts, rows, strict=True
            )
        ]

    def attribute(
        self, fingerprints: Sequence[Fingerprint], eligible: Callable[[int], bool]
    ) -> list[Attribution]:
        """Attribute each fingerprint to works for which ``eligible(work_id)`` holds, in order.

        One search finds the neighbours of all passages. ``eligible`` is asked once a work.
        """
        if not fingerprints:
            return []
        allowed = cache(eligible)
        hits = near(
            np.concatenate([each.vectors for each in fingerprints]),
            index=self._index,
            catalogue=self._catalogue,
            eligible=allowed,
            is_open=leaves_winner_open,
            k=self._neighbours,
        )
        rows = _slices([len(each) for each in fingerprints])
        return [
            decide_v0(each, hits[own], allowed, engine_version=self.version)
            for each, own in zip(fingerprints, rows, strict=True)
        ]

    def attribute_text(self, text: str, eligible: Callable[[int], bool]) -> Attribution:
        """Attribute one text by way of its fingerprint: there is no other path."""
        return self.attribute(self.fingerprint([text]), eligible)[0]


def _slices(lengths: Sequence[int]) -> list[slice]:
    """Give each of several consecutive pieces its place in the whole."""
    return [slice(start, end) for start, end in pairwise(accumulate(lengths, initial=0))]


def _fingerprint(
    text: str,
    form: Normalised,
    passages: Sequence[Passage],
    hashes: Sequence[bytes],
    vectors: NDArray[np.float32],
) -> Fingerprint:
    return Fingerprint(
        starts=np.array([passage.start for passage in passages], dtype=np.int64),
        ends=np.array([passage.end for passage in passages], dtype=np.int64),
        vectors=vectors,
        hashes=tuple(hashes),
        length_chars=len(text),
        normalisation_changed_ppm=form.changed_ppm,
    )
