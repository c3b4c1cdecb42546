"""Fingerprints of stored rows, for decisions that need no text and no encoder."""

from attribution.lexical import LexicalPrints
from attribution.values import Fingerprint
from service.store.passages import StoredFingerprint


def kept_fingerprint(
    stored: StoredFingerprint, *, length_chars: int, normalisation_changed_ppm: int = 0
) -> Fingerprint:
    """Make the fingerprint that these rows were stored from."""
    return Fingerprint(
        starts=stored.starts,
        ends=stored.ends,
        vectors=stored.vectors,
        hashes=stored.hashes,
        lexical=LexicalPrints.unpacked(stored.prints),
        length_chars=length_chars,
        normalisation_changed_ppm=normalisation_changed_ppm,
    )
