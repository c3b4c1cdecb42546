"""Fingerprints that vendors send instead of texts: checked at the door, opened to be attributed."""

from collections.abc import Mapping, Sequence

from attribution.encoder import Encoder
from attribution.fingerprint_file import content_hash, fingerprint_version, opened_for
from attribution.fingerprint_layout import FingerprintRefused
from attribution.values import Fingerprint
from service.ledger.errors import LedgerError
from service.ledger.sale_report import SaleFingerprint
from worker.engine_room import EngineRoom


class FingerprintOutdated(LedgerError):
    """A fingerprint was taken, and the engine in force now cannot compare it with anything."""

    def __init__(self, refused: FingerprintRefused) -> None:
        super().__init__(str(refused), place=refused.place, rule=refused.rule)


class EngineFingerprints:
    """Takes the fingerprints that this process's encoder could have made."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def version(self) -> str:
        """Name the fingerprints that are taken."""
        return fingerprint_version(self._encoder)

    def check(self, sealed: bytes) -> SaleFingerprint | str:
        """Return the fingerprint as it can be stored, or the rule that the bytes break."""
        try:
            fingerprint = self.opened(sealed)
        except FingerprintRefused as refused:
            return f"{refused.place} {refused.rule}"
        return SaleFingerprint(sealed, content_hash(sealed), fingerprint.length_chars)

    def opened(self, sealed: bytes) -> Fingerprint:
        """Open a fingerprint for a decision; raise FingerprintRefused."""
        return opened_for(sealed, version=self.version, dimension=self._encoder.dimension)


def fingerprints_of(
    room: EngineRoom,
    hashes: Sequence[bytes],
    texts: Mapping[bytes, str],
    sealed: Mapping[bytes, bytes],
) -> tuple[dict[bytes, Fingerprint], dict[bytes, FingerprintOutdated]]:
    """Fingerprint the outputs of these hashes: texts are encoded, what is sealed is opened.

    An output that is kept no more has an empty text. Sealed fingerprints that will not do any more
    come back as errors.
    """
    encoded = [one for one in dict.fromkeys(hashes) if one not in sealed]
    made = dict(zip(encoded, room.fingerprint([texts.get(h, "") for h in encoded]), strict=True))
    outdated: dict[bytes, FingerprintOutdated] = {}
    taken = EngineFingerprints(room.encoder)
    for one, sent in sealed.items():
        try:
            made[one] = taken.opened(sent)
        except FingerprintRefused as refused:
            outdated[one] = FingerprintOutdated(refused)
    return made, outdated
