"""Fingerprints made here, so that no text leaves: with the extra ``fingerprint``.

They are made as sales are sent, not as they are recorded: the caller does not wait for the encoder.
Until then the text waits in the spool, on this machine. The same text makes the same fingerprint,
so a retry is the same report.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NotPrepared:
    """Why a sale cannot be sent as it is."""

    reason: str


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

    def prepared(self, bodies: Sequence[bytes]) -> list[bytes | NotPrepared]:
        """Return sales with fingerprints instead of texts; those without a text as they are.

        Raises what the encoder raises where it cannot be loaded: then nothing is set aside.
        """
        sales = [json.loads(body) for body in bodies]
        texts = [sale["text"] for sale in sales if "text" in sale]
        made = iter(self._sealed(texts) if texts else ())
        return [
            _with(sale, next(made)) if "text" in sale else body
            for sale, body in zip(sales, bodies, strict=True)
        ]

    def _sealed(self, texts: Sequence[str]) -> list[bytes | NotPrepared]:
        if self._maker is None:
            self._maker = self._loaded()
        try:
            return list(self._maker.sealed(texts))
        except Exception as error:  # noqa: BLE001 - one text of them: found by itself, set aside
            if len(texts) > 1:
                return [one for text in texts for one in self._sealed([text])]
            return [NotPrepared(f"no fingerprint can be made: {type(error).__name__}")]

    def _loaded(self) -> Any:
        from service.settings import Settings

        return self._make(self._encoder(Settings(), threads=1))


def _with(sale: dict[str, Any], fingerprint: bytes | NotPrepared) -> bytes | NotPrepared:
    if isinstance(fingerprint, NotPrepared):
        return fingerprint
    del sale["text"]
    sale["fingerprint"] = b64encode(fingerprint).decode()
    return json.dumps(sale, separators=(",", ":")).encode()
