"""Texts in, attributions out."""

from __future__ import annotations

from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from attribution.coefficients import Coefficients, installed
from attribution.decide import METHOD, decide_v2
from attribution.examination import examined
from attribution.fingerprint_file import fingerprint_version
from attribution.gate import log_odds_of, suspects_of
from attribution.lexical import LexicalPrints
from attribution.likeness import Likeness, likeness_of
from attribution.neighbours import pairs_of
from attribution.normaliser import normalise_v1
from attribution.registration import passages_of_normalised
from attribution.terms import terms_v1
from attribution.values import Attribution, Examination, Fingerprint, Passage, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attribution.catalogue import Catalogue
    from attribution.encoder import Encoder
    from attribution.lexical_index import LexicalIndex
    from attribution.normaliser import Normalised
    from attribution.passage_index import PassageIndex


class Engine:
    """Attributes texts to the works of one index, one lexical index and one catalogue.

    ``coefficients``: what training found; None takes those the package came with.
    """

    def __init__(
        self,
        encoder: Encoder,
        index: PassageIndex,
        lexicon: LexicalIndex,
        catalogue: Catalogue,
        coefficients: Coefficients | None = None,
    ) -> None:
        self._encoder = encoder
        self._index = index
        self._lexicon = lexicon
        self._catalogue = catalogue
        self._coefficients = coefficients or installed()

    @property
    def version(self) -> str:
        """Name everything a result depends on, besides what is registered."""
        coefficients = self._coefficients.digest[:12]
        return f"{fingerprint_version(self._encoder)}/{coefficients}/{METHOD}"

    def fingerprint(self, texts: Sequence[str]) -> list[Fingerprint]:
        """Fingerprint each text; the passages of all are encoded in one batch."""
        normalised = [normalise_v1(text) for text in texts]
        cuts = [passages_of_normalised(each) for each in normalised]
        pieces = [piece for _, pieces, _ in cuts for piece in pieces]
        vectors = self._encoder.encode(pieces)
        lexical = terms_v1(pieces)
        rows = _slices([len(passages) for passages, _, _ in cuts])
        return [
            _fingerprint(text, form, passages, hashes, vectors[own], lexical, own)
            for text, form, (passages, _, hashes), own in zip(
                texts, normalised, cuts, rows, strict=True
            )
        ]

    def likeness(
        self, fingerprints: Sequence[Fingerprint], allowed: Callable[[int], bool]
    ) -> Likeness:
        """Compare the passages of all fingerprints with those of allowed works."""
        vectors = np.concatenate([each.vectors for each in fingerprints])
        lexical = LexicalPrints.joined([each.lexical for each in fingerprints])
        pairs = pairs_of(
            vectors,
            lexical,
            index=self._index,
            lexicon=self._lexicon,
            catalogue=self._catalogue,
            allowed=allowed,
        )
        lengths = [len(each) for each in fingerprints]
        output_of = np.repeat(np.arange(len(lengths)), lengths)
        return likeness_of(
            vectors, lexical, output_of, pairs, index=self._index, lexicon=self._lexicon
        )

    def attribute(
        self, fingerprints: Sequence[Fingerprint], standing: Callable[[int], Standing]
    ) -> list[Attribution]:
        """Attribute each fingerprint to the works that may earn or are of the commons, in order.

        ``standing`` is asked once a work.
        """
        if not fingerprints:
            return []
        of_work = cache(standing)
        likeness = self.likeness(fingerprints, lambda work: of_work(work) is not Standing.OUT)
        return judged(fingerprints, likeness, of_work, self._coefficients, self.version)

    def examine(self, fingerprint: Fingerprint, earlier: Callable[[int], bool]) -> Examination:
        """Compare a new work with those for which ``earlier(work_id)`` holds, as an output is."""
        of_work = cache(lambda work: Standing.EARNS if earlier(work) else Standing.OUT)
        likeness = self.likeness([fingerprint], lambda work: of_work(work) is Standing.EARNS)
        found = judged([fingerprint], likeness, of_work, self._coefficients, self.version)[0]
        return examined(fingerprint, likeness, found)

    def attribute_text(self, text: str, standing: Callable[[int], Standing]) -> Attribution:
        """Attribute one text by way of its fingerprint: there is no other path."""
        return self.attribute(self.fingerprint([text]), standing)[0]


def judged(
    fingerprints: Sequence[Fingerprint],
    likeness: Likeness,
    standing: Callable[[int], Standing],
    told: Coefficients,
    engine_version: str,
) -> list[Attribution]:
    """Decide on each fingerprint from what it is like."""
    suspects = suspects_of(
        likeness,
        log_odds_of(likeness, told.passage),
        [each.ends - each.starts for each in fingerprints],
        prior=told.prior,
        habits=told.habits,
    )
    return [
        decide_v2(each, likeness, suspected, standing, told, engine_version=engine_version)
        for each, suspected in zip(fingerprints, suspects, strict=True)
    ]


def _slices(lengths: Sequence[int]) -> list[slice]:
    """Give each of several consecutive pieces its place in the whole."""
    return [slice(start, end) for start, end in pairwise(accumulate(lengths, initial=0))]


def _fingerprint(
    text: str,
    form: Normalised,
    passages: Sequence[Passage],
    hashes: Sequence[bytes],
    vectors: NDArray[np.float32],
    lexical: LexicalPrints,
    own: slice,
) -> Fingerprint:
    return Fingerprint(
        starts=np.array([passage.start for passage in passages], dtype=np.int64),
        ends=np.array([passage.end for passage in passages], dtype=np.int64),
        vectors=vectors,
        hashes=tuple(hashes),
        lexical=lexical.take(np.arange(own.start, own.stop, dtype=np.int64)),
        length_chars=len(text),
        normalisation_changed_ppm=form.changed_ppm,
    )
