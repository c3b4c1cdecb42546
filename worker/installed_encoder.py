"""The encoder that the settings name."""

import os
import sys
from pathlib import Path

from attribution.encoder import Encoder, open_encoder
from service.settings import Settings


def models_folder(settings: Settings) -> Path:
    """Give the folder of encoder files: the settings', the environment's, or one under ``home``.

    The environment's, ``share/wellspring/models`` beside the installed libraries, comes before
    ``home`` where it is there or can be made: a file that was made at set-up then serves every
    home, and an image may bring it along read-only.
    """
    if settings.models is not None:
        return settings.models
    shared = Path(sys.prefix) / "share" / "wellspring" / "models"
    there = next(folder for folder in (shared, *shared.parents) if folder.is_dir())
    return shared if there == shared or os.access(there, os.W_OK) else settings.home / "models"


def installed_encoder(settings: Settings, *, threads: int | None) -> Encoder:
    """Give the encoder of this installation, not loaded yet; threads: None: all cores."""
    return open_encoder(
        models_folder(settings),
        model=None if settings.encoder_model is None else str(settings.encoder_model),
        device=settings.encoder_device,
        threads=threads,
    )
