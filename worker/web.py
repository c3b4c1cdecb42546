"""Hands the worker's doors to the web: doorbell, preview, check of fingerprints, and what signs."""

from dataclasses import replace

from fastapi import FastAPI
from sqlmodel import Session

from service.api.application import create_api
from service.api.doors import Doorbell, WebContext
from service.portal.application import add_portal
from worker import proving
from worker.fingerprints import EngineFingerprints
from worker.operator_desk import WorkersDesk
from worker.preview import EnginePreview
from worker.receipt_key import signer_of
from worker.vendor_books.directory import BookDirectory, VendorTestBooks
from worker.workplace import Workplace


class SealedStatements:
    """Proves statements by the seals of their months."""

    def of_statement(self, session: Session, number: str) -> str | None:
        """Return the file as JSON, None where the month has no seal yet."""
        try:
            return proving.file_text(proving.prove_statement(session, number))
        except proving.NotSealed:
            return None


def create_app(
    workplace: Workplace, doorbell: Doorbell, *, directory: BookDirectory | None = None
) -> FastAPI:
    """Compose API and portal over one workplace; directory: None: one of its own."""
    context = context_in(workplace, doorbell, directory or BookDirectory(workplace))
    app = create_api(context)
    add_portal(app, context, WorkersDesk(workplace))
    return app


def context_in(workplace: Workplace, doorbell: Doorbell, directory: BookDirectory) -> WebContext:
    """Put together what the web is handed, with the test books where they are wanted."""
    live = WebContext(
        workplace.database,
        workplace.settings,
        doorbell,
        EnginePreview(workplace),
        workplace.clock,
        EngineFingerprints(workplace.room.encoder),
        signer_of(workplace.settings),
        SealedStatements(),
    )
    if not workplace.settings.test_mode:
        return live
    return replace(live, books=VendorTestBooks(directory, live))
