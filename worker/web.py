"""Hands the worker's doors to the web: doorbell and preview."""

from fastapi import FastAPI

from service.api.application import create_api
from service.api.doors import Doorbell, PreviewedAttribution, PreviewSpan, WebContext
from service.portal.application import add_portal
from service.store import eligibility
from service.store.database import unit_of_work
from worker.attributing import evidence_rows
from worker.workplace import Workplace


class EnginePreview:
    """Attributes a text on the engine of this process, among the works that may earn now."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def attribute(self, text: str) -> PreviewedAttribution:
        """Return what the text draws on; nothing is stored."""
        room, now = self._workplace.room, self._workplace.clock()
        with unit_of_work(self._workplace.database) as session:
            windows = eligibility.eras(session).windows
        room.refresh()
        fingerprints = room.fingerprint([text])
        (found,) = room.attribute(
            fingerprints, lambda work_id: work_id in windows and windows[work_id].covers(now)
        )
        spans = [
            PreviewSpan(
                row.output_start,
                row.output_end,
                row.work_id,
                row.source_start,
                row.source_end,
                row.confidence_ppm,
                row.kind,
            )
            for row in evidence_rows(found)
        ]
        return PreviewedAttribution(
            dict(found.share_ppm), found.unmatched_ppm, spans, found.engine_version
        )


def create_app(workplace: Workplace, doorbell: Doorbell) -> FastAPI:
    """Compose API and portal over one workplace."""
    context = WebContext(
        workplace.database,
        workplace.settings,
        doorbell,
        EnginePreview(workplace),
        workplace.clock,
    )
    app = create_api(context)
    add_portal(app, context)
    return app
