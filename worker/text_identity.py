"""What a text says about itself: its ISCC (ISO 24138) and the language it is written in."""

import io
from functools import cache
from typing import Any

LANGUAGE_CHARS = 20_000
LEAST_CHARS = 200
SURE = 0.99


def iscc_of(title: str, body: str) -> str:
    """Return the ISCC of Meta-, Text-, Data- and Instance-Code; the last two of the UTF-8 bytes.

    Similar texts have similar codes, so it names no text uniquely. About 3 s a million characters.
    """
    import iscc_core

    raw = body.encode()
    units = [
        iscc_core.gen_meta_code(title)["iscc"],
        iscc_core.gen_text_code(body)["iscc"],
        iscc_core.gen_data_code(io.BytesIO(raw))["iscc"],
        iscc_core.gen_instance_code(io.BytesIO(raw))["iscc"],
    ]
    return str(iscc_core.gen_iscc_code(units)["iscc"])


def detected_language(body: str) -> str | None:
    """Guess the language (ISO 639-1) from the first 20,000 characters; None where it is unsure."""
    if len(body) < LEAST_CHARS:
        return None
    language, probability = _identifier().classify(body[:LANGUAGE_CHARS])
    return str(language) if probability >= SURE else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
