"""Fingerprints made here, so that no text leaves: with the extra ``fingerprint``.

They are made as sales are sent, not as they are recorded: the caller does not wait for the encoder.
Until then the text waits in the spool, on this machine. The same text makes the same fingerprint,
so a retry is the same report.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any


class Fingerprints:
    """Puts the fingerprint of a text where the text was. Loads the encoder when first used."""

    def __init__(self) -> None:
        try:
            from worker.cli.fingerprints import FingerprintMaker
            from worker.installed_encoder import installed_encoder
        except ImportError as error:
            raise ValueError(
                "fingerprint=True needs pip install 'wellspring-client[fingerprint]'"
            ) from error
        self._make = FingerprintMaker
        self._encoder = installed_encoder
        self._maker: Any = None

    def prepared(self, bodies: Sequence[bytes]) -> list[bytes]:
        """Return sales with fingerprints instead of texts; those without a text as they are."""
        sales = [json.loads(body) for body in bodies]
        texts = [sale["text"] for sale in sales if "text" in sale]
        made = iter(self._sealed(texts) if texts else ())
        return [
            _with(sale, next(made)) if "text" in sale else body
            for sale, body in zip(sales, bodies, strict=True)
        ]

    def _sealed(self, texts: Sequence[str]) -> list[bytes]:
        if self._maker is None:
            from service.settings import Settings

            self._maker = self._make(self._encoder(Settings(), threads=None))
        return list(self._maker.sealed(texts))


def _with(sale: dict[str, Any], fingerprint: bytes) -> bytes:
    del sale["text"]
    sale["fingerprint"] = b64encode(fingerprint).decode()
    return json.dumps(sale, separators=(",", ":")).encode()
