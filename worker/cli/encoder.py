"""The command that prepares the encoder: at set-up, or after another model was chosen."""

from pathlib import Path

import typer

from attribution.encoder_export import prepare
from attribution.sentence_model import chosen_device, packaged_model
from service.settings import Settings
from worker.cli import screen
from worker.cli.books import Json
from worker.installed_encoder import installed_encoder, models_folder


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("encoder")(prepare_encoder)


def prepare_encoder(*, as_json: Json = False) -> None:
    """Make the encoder's file where it is missing; print its digest, size and device."""
    settings = Settings()
    encoder = installed_encoder(settings, threads=1)
    device = chosen_device(settings.encoder_device)
    told: dict[str, object] = {
        "digest": encoder.digest,
        "dimension": encoder.dimension,
        "device": device,
    }
    if device == "cpu":
        folder = models_folder(settings)
        _, content = prepare(_source(settings), folder)
        told |= {"bytes": len(content), "folder": str(folder)}
    screen.facts(told, as_json=as_json)


def _source(settings: Settings) -> Path:
    return packaged_model() if settings.encoder_model is None else settings.encoder_model
