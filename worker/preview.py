"""What a text would be attributed to now, with the reason for each of its passages."""

from attribution.values import Evidence, Fingerprint, PassageVerdict
from service.api.doors import PreviewedAttribution, PreviewPassage, PreviewSpan
from service.ledger.money import PPM
from service.store import eligibility
from service.store.database import unit_of_work
from worker.fingerprints import EngineFingerprints
from worker.standing import as_works, standing_at
from worker.workplace import Workplace

_STATES = {"paid": "work", "commons": "commons"}


class EnginePreview:
    """Attributes a text on the engine of this process, among the works that count now."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def attribute(self, text: str) -> PreviewedAttribution:
        """Return what the text draws on; nothing is stored."""
        return self._previewed(*self._workplace.room.fingerprint([text]))

    def attribute_fingerprint(self, sealed: bytes) -> PreviewedAttribution:
        """Do as ``attribute`` for a text that was not sent; raise FingerprintRefused."""
        return self._previewed(EngineFingerprints(self._workplace.room.encoder).opened(sealed))

    def _previewed(self, fingerprint: Fingerprint) -> PreviewedAttribution:
        room, now = self._workplace.room, self._workplace.clock()
        with unit_of_work(self._workplace.database) as session:
            windows = eligibility.eras(session).windows
        room.refresh()
        (found,) = room.attribute([fingerprint], standing_at(windows, now))
        found = as_works(found, windows)
        return PreviewedAttribution(
            dict(found.share_ppm),
            found.unmatched_ppm,
            [_span(one) for one in found.evidence if one.paid],
            found.engine_version,
            [_passage(one) for one in found.passages],
        )


def _span(one: Evidence) -> PreviewSpan:
    return PreviewSpan(
        one.output_start,
        one.output_end,
        one.work_id,
        one.source_start,
        one.source_end,
        round(one.confidence * PPM),
        one.kind,
    )


def _passage(one: PassageVerdict) -> PreviewPassage:
    near = one.work_id is not None
    return PreviewPassage(
        one.start,
        one.end,
        _STATES.get(one.reason, "none"),
        one.work_id,
        one.source_start if near else None,
        one.source_end if near else None,
        round(one.confidence * PPM),
        one.kind,
        one.reason,
    )
